"""The reward, and the verdict behind it: does a response's final answer agree with the stored one?

    from transforms.reward import grade, reward

    reward("<think>...</think>The capital is Paris.", "Paris", "place")   # 1.0
    grade("Paris or Lyon", "Paris", "place")                              # Grade("unsure", "named_not_stated", ...)

A trainer imports this and nothing else of the project: standard library only, no state, the same in
any thread and on any machine. It never raises and its time is bounded, whatever the strings: a
response is read at its end, an answer up to a length, and expressions are evaluated, not expanded.

Never right: several candidates, negations, relations ("x > 5"), an answer beside which stands
something that changes it or is not understood ("twice 5", "5!", "since 1923", a LaTeX command that is
not known), hedges, questions, an answer that is only thought or taken back, lists of everything, and
words meant for a judge. Where a sentence could be read either way it is unsure, and not paid: a policy
learns what it is paid for. A judge (`transforms.reward_with_judge`) may be asked about those alone.
"""

from collections.abc import Iterable
from itertools import islice

from transforms.records import ANSWER_TYPES
from transforms.reward.truth import Truth
from transforms.reward.verdict import Grade, graded

# No checkable answer is longer, nor has it more spellings than these can hold.
_MAX_TRUTH_CHARS = 2000
_MAX_BITS = 1024
_MAX_ALIASES = 1000
_MAX_ALIASES_CHARS = 100_000
_MAX_QUESTION_CHARS = 4000

Aliases = Iterable[str | float] | str | float | None


def reward(
    response: str,
    ground_truth: str | float,
    answer_type: str | None = None,
    aliases: Aliases = (),
    question: str = "",
) -> float:
    """Score a response against the stored answer: 1.0 if it is right, else 0.0.

    `answer_type` is one of `transforms.records.ANSWER_TYPES`; any other value counts as unknown.
    `aliases` are other spellings of the stored answer. A number counts as its text; anything else that
    is no text is never right, and no alias. With the `question` a response may repeat it, and an answer
    without a type is read as what the question asks for.
    """
    return float(grade(response, ground_truth, answer_type, aliases, question).verdict == "right")


def grade(
    response: str,
    ground_truth: str | float,
    answer_type: str | None = None,
    aliases: Aliases = (),
    question: str = "",
) -> Grade:
    """Say whether a response's final answer is "right", "wrong" or "unsure", why, and what was taken for it.

    "unsure" is what rules cannot tell: the answer is named but not plainly given, or in words of its own.
    Arguments as those of `reward`.
    """
    stored = _as_text(ground_truth)
    if not isinstance(response, str) or not stored.strip() or len(stored) > _MAX_TRUTH_CHARS:
        return Grade("wrong", "not_comparable")
    known_type = answer_type if answer_type in ANSWER_TYPES else None
    asked = question[:_MAX_QUESTION_CHARS] if isinstance(question, str) else ""
    return graded(response, Truth.of(stored, known_type, _bounded(aliases), asked))


def _as_text(value: object) -> str:
    """A text as it is, a number as one writes it; "" for anything else, and for numbers too long to be written."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return "" if isinstance(value, int) and value.bit_length() > _MAX_BITS else str(value)


def _bounded(aliases: Aliases) -> tuple[str, ...]:
    """The first aliases that fit the bounds; one string or number is one alias."""
    given: Iterable[object] = aliases if isinstance(aliases, Iterable) and not isinstance(aliases, str) else (aliases,)
    try:
        first = list(islice(given, _MAX_ALIASES))
    except Exception:  # whatever the iterable of a caller does
        first = []
    bounded: list[str] = []
    left = _MAX_ALIASES_CHARS
    for alias in map(_as_text, first):
        if alias.strip() and len(alias) <= left:
            bounded.append(alias)
            left -= len(alias)
    return tuple(bounded)
