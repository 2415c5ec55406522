"""What a reward can check of a stored answer: its type where the row says none, and whether a right response is paid."""

from beam_pipeline.summary.audit_notes import NO_KEY, PAID
from transforms.answers.canonical import list_items
from transforms.answers.units import CURRENCIES
from transforms.records import ANSWER_TYPES, QAPair, Verdict
from transforms.reward.score import grade
from transforms.reward.truth import Truth

# The name of the verdict, and of the finding where it fails.
CHECK, MISSES = "reward", "reward_misses_key"
_DURATIONS = ("s", "month")  # what units of time convert to
_MOST_CHARACTERS = 2_000


def type_of(question: str, answer: str, aliases: tuple[str, ...] = (), given: str = "") -> str:
    """The type of an answer: the one that is given, where it is one of ours; else what the answer reads as; "" of none."""
    if given in ANSWER_TYPES or not answer.strip():
        return given if given in ANSWER_TYPES else ""
    if len(answer) > _MOST_CHARACTERS:
        return "term"
    truth = Truth.of(answer, None, aliases, question)
    if truth.answer_type:
        return truth.answer_type
    if truth.dates:
        return "date"
    if truth.quantities:
        unit, base = truth.quantities[0].unit, truth.quantities[0].base
        return "money" if unit in CURRENCIES else "percentage" if unit == "%" else "duration" if base in _DURATIONS else "number"
    items = list_items(answer)
    return "list" if len(items) > 2 and all(len(item.split()) <= 5 for item in items) else "term"


def reward_verdict(pair: QAPair) -> Verdict:
    """Whether a response that gives the stored answer in a box is paid."""
    if not pair.answer.strip():
        return Verdict(CHECK, True, None, NO_KEY)
    boxed = grade(f"\\boxed{{{pair.answer}}}", pair.answer, pair.answer_type or None, pair.aliases, pair.question)
    if boxed.verdict == "right":
        return Verdict(CHECK, True, None, PAID)
    return Verdict(MISSES, False, None, f"a response of the stored answer alone is {boxed.verdict}: {boxed.reason}")
