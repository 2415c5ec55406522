"""Wrong keys planted among right ones: how many are in the first tenth of the list, and whether the interval has their share.

Answers of real systems stand in for the round trip, the solver and further answerers, each for itself. Of Natural Questions
(EVOUNA) five systems answered, and people judged them: an answer that they called right stands for the true answer, the
others are read for a name, a number or a date. 5% of the keys are replaced by the key of another question of the same type, or
by a near value. A third of the questions, by their hash, is shut.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from beam_pipeline.audit.checkable import type_of
from tests.quality.cases import HELD_OUT, TUNE, Area, Case, read_rows
from tests.quality.judged import NQ, PARTS, READER, is_shut
from transforms.answers.agreement import answers_match
from transforms.doubt.estimate import Estimate, estimate
from transforms.doubt.explanations import Pattern
from transforms.doubt.said import Answer, is_near, label
from transforms.english.function_words import GRAMMAR
from transforms.text import normalise, words

SHARE, PLANTINGS = 0.05, 10
TWO = (READER, "gpt4")
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(rf"\b(?:{_MONTH} \d{{1,2}},? \d{{4}}|\d{{1,2}} {_MONTH} \d{{4}}|{_MONTH} \d{{4}}|\d{{4}})\b")
_NAME = re.compile(r"\b(?:[A-Z][\w'.-]*(?: (?:of|the|de|and|von|van|[A-Z][\w'.-]*))*|\d[\d,.]*(?: (?:million|billion|percent))?)")
_OPENING = re.compile(r"^(?:The|In|According to|As|It|He|She|An?) ")
_NO_ANSWER = frozenset("The It He She As In Bing Hello Wikipedia There This AI No".split())
_MOST_CANDIDATES = 12


@dataclass(frozen=True)
class Answered:
    """A question with its keys and what each system answered: the key where people called it right, else its own words."""

    question: str
    keys: tuple[str, ...]
    answers: dict[str, str]
    right: frozenset[str]  # the systems that people called right
    answer_type: str

    def pattern(self, planted: str | None = None, systems: Sequence[str] = ()) -> Pattern:
        """Who said what of the key, or of another in its place."""
        key, aliases = (self.keys[0], self.keys[1:]) if planted is None else (planted, ())
        said = [
            Answer(name, text, name in self.right if planted is None else answers_match(text, planted, self.answer_type))
            for name, text in self.answers.items()
            if name in (systems or self.answers)
        ]
        labels = label(key, said, self.answer_type, aliases)
        return tuple(sorted(zip((answer.who for answer in said), labels, strict=True)))


def natural_questions(shut: bool) -> list[Answered]:
    """The questions of one part that all five systems answered."""
    rows = defaultdict(list)
    for row in read_rows(NQ):
        if is_shut(row) == shut:
            rows[row["question"]].append(row)
    found = []
    for question, said in rows.items():
        if len(said) < 5:
            continue
        key = said[0]["golds"][0]
        right = frozenset(row["model"] for row in said if row["correct"])
        wrong = {row["model"]: _candidates(question, row) for row in said if not row["correct"]}
        answers = {row["model"]: key if row["correct"] else _commonest(row["model"], wrong) for row in said}
        found.append(Answered(question, tuple(said[0]["golds"]), answers, right, type_of(question, key)))
    return found


def _candidates(question: str, row: dict[str, str]) -> list[str]:
    """What a wrong response may be saying: names, numbers and dates that the question does not have."""
    if row["model"] == READER:
        return [row["response"]]
    known, found = set(words(normalise(question))), []
    for match in (*_DATE.finditer(row["response"]), *_NAME.finditer(row["response"])):
        text = _OPENING.sub("", match[0].strip(" .,'"))
        said = set(words(normalise(text))) - GRAMMAR
        if said and not said <= known and text not in _NO_ANSWER:
            found.append(text)
    return [*dict.fromkeys(found)][:_MOST_CANDIDATES]


def _commonest(name: str, said: dict[str, list[str]]) -> str:
    """Of what a response may be saying, what the most wrong responses have."""

    def support(text: str) -> int:
        return sum(any(is_near(text, other) for other in others) for others in said.values())

    return max(said[name], key=support, default="")


def near_value(key: str, generator: random.Random) -> str | None:
    """The key with its last number a little off; None where it has none."""
    found = [*re.finditer(r"\d+", key)]
    if not found:
        return None
    last = found[-1]
    number = int(last[0]) + generator.choice((1, 2, 3) if int(last[0]) < 4 else (-2, -1, 1, 2, 3))
    return f"{key[: last.start()]}{number}{key[last.end() :]}"


def plant(rows: Sequence[Answered], seed: int, near: bool) -> dict[int, str]:
    """Wrong keys by the number of their row."""
    generator = random.Random(seed)
    by_type = defaultdict(list)
    for row in rows:
        by_type[row.answer_type].append(row.keys[0])
    able = [at for at, row in enumerate(rows) if not near or near_value(row.keys[0], generator)]
    planted = {}
    for at in generator.sample(able, min(len(able), round(SHARE * len(rows)))):
        row = rows[at]
        drawn = (near_value(row.keys[0], generator) if near else generator.choice(by_type[row.answer_type]) for _ in range(50))
        wrong = (key for key in drawn if key and not any(answers_match(key, own, row.answer_type) for own in row.keys))
        planted[at] = next(wrong, "Harrow Bridge")
    return planted


def first_tenth(patterns: Sequence[Pattern], learnt: Estimate) -> set[int]:
    """The numbers of the most doubtful tenth of the rows."""
    order = sorted(range(len(patterns)), key=lambda at: learnt.right[patterns[at]])
    return set(order[: len(order) // 10])


def planted_keys(
    name: str, read: Callable[[bool], list[Answered]], near: bool = False, systems: Sequence[str] = (), confirmed: bool = False
) -> Area:
    """Positive means planted, and found means in the first tenth of the list. `confirmed` leaves out keys nobody agreed with."""
    cases: list[Case] = []
    notes = []
    for part, shut in ((TUNE, False), (HELD_OUT, True)):
        rows = [row for row in read(shut) if row.right or not confirmed]
        if not rows:
            continue
        before = estimate(Counter(row.pattern(None, systems) for row in rows))
        rates, held, held_own = [], 0, 0
        share = 0.0
        for seed in range(PLANTINGS):
            planted = plant(rows, seed, near)
            patterns = [row.pattern(planted.get(at), systems) for at, row in enumerate(rows)]
            learnt = estimate(Counter(patterns))
            low, high = learnt.low or 0.0, learnt.high or 0.0
            share = len(planted) / len(rows)
            rates.append(learnt)
            held += low <= share <= high
            held_own += low <= share + (1 - share) * (before.error_rate or 0.0) <= high
            if not seed:
                cases += _cases(rows, planted, first_tenth(patterns, learnt), part)
        notes.append(
            f"{PARTS[part]}: {share:.1%} planted of {len(rows)}; estimated {_mean(rates, 'error_rate'):.1%} "
            f"({_mean(rates, 'low'):.1%} to {_mean(rates, 'high'):.1%}), without planting {before.error_rate or 0:.1%} "
            f"({before.low or 0:.1%} to {before.high or 0:.1%}); of {PLANTINGS} intervals {held} have the planted share, "
            f"{held_own} that and the set's own"
        )
    return Area(name, "planted", cases, notes, PARTS, silent=True)


def _mean(rates: Sequence[Estimate], name: str) -> float:
    return sum(getattr(rate, name) or 0.0 for rate in rates) / len(rates)


def _cases(rows: Sequence[Answered], planted: dict[int, str], tenth: set[int], part: str) -> Iterator[Case]:
    for at, row in enumerate(rows):
        shown = f"[{planted.get(at, row.keys[0])}] {row.question}"
        yield Case(f"{at}", "planted" if at in planted else "as it was", part, at in planted, at in tenth, "", shown)


def measures() -> tuple[Callable[[], Area], ...]:
    """What can be measured here."""
    if not NQ.is_file():
        missing = Area("planted wrong keys", "planted", notes=["../shared/data/labelled is not here"])
        return (lambda: missing,)
    return (
        partial(planted_keys, "wrong keys, NQ", natural_questions),
        partial(planted_keys, "  near values", natural_questions, near=True),
        partial(planted_keys, "  two answerers", natural_questions, systems=TWO),
        partial(planted_keys, "  confirmed keys", natural_questions, confirmed=True),
        partial(planted_keys, "  confirmed, two answerers", natural_questions, systems=TWO, confirmed=True),
    )
