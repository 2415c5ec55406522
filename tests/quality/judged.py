"""Answers that others have judged: how often the reward says what they say, and what two simple rules would say.

The sets lie beside the checkout, in ../shared/data/labelled; samples of two of them are in `tests/data` (LICENCES.md there).
A third of each set, by the hash of its questions, is shut: counted and never shown, so that no rule is made after it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from hashlib import sha1
from pathlib import Path
from typing import Any

from tests.places import DATA, SHARED
from tests.quality.cases import HELD_OUT, TUNE, Area, Case, read_rows
from tests.quality.rewards import said_by, unsure
from transforms.reward import grade

LABELLED = SHARED / "labelled"
NQ, MATH_HARD, MATH_VERIFY = (LABELLED / f"answers_{name}.jsonl" for name in ("nq", "math_hard", "math_verify"))
NQ_SAMPLE, MATH_SAMPLE = DATA / "judged_nq.jsonl", DATA / "judged_math_hard.jsonl"
READER = "fid"  # of the five systems that answered, the one that gives a few words; the others are chat models
PARTS = {TUNE: "open", HELD_OUT: "shut"}


@dataclass(frozen=True)
class Judged:
    """An answer with the verdict of those who judged it, and what the reward is told with it."""

    id: str
    by: str
    is_shut: bool
    is_right: bool
    response: str
    golds: tuple[str, ...]
    answer_type: str | None
    question: str


def is_shut(row: dict[str, Any]) -> bool:
    """Whether a row is of the third that nobody looks at: its question decides, or what stands for one."""
    key = row.get("question") or f"{row['ground_truth']}|{row['response']}"
    return int(sha1(key.encode()).hexdigest(), 16) % 3 == 0


def read(path: Path, answer_type: str | None = None, boxed: bool = False) -> list[Judged]:
    """The answers of a file, in a box or as they are."""
    return [
        Judged(
            id=f"{path.stem}:{number}",
            by=row.get("model", "model"),
            is_shut=is_shut(row),
            is_right=row["correct"],
            response=f"\\boxed{{{row['response']}}}" if boxed else row["response"],
            golds=tuple(row.get("golds") or [row["ground_truth"]]),
            answer_type=answer_type,
            question=row.get("question", ""),
        )
        for number, row in enumerate(read_rows(path), 1)
    ]


def of_reader(path: Path) -> list[Judged]:
    """The short answers."""
    return [answer for answer in read(path) if answer.by == READER]


def of_chat_models(path: Path) -> list[Judged]:
    """The answers in sentences."""
    return [answer for answer in read(path) if answer.by != READER]


# --- What is asked about each: whether it is right, and why


def rewarded(answer: Judged) -> tuple[bool, str]:
    """The reward, called as a trainer calls it."""
    given = grade(answer.response, answer.golds[0], answer.answer_type, answer.golds[1:], answer.question)
    return given.verdict == "right", said_by(given)


def contains(answer: Judged) -> tuple[bool, str]:
    """A gold answer stands in the response, both normalised."""
    said = normalised(answer.response)
    return any(normalised(gold) in said for gold in answer.golds), ""


def equals(answer: Judged) -> tuple[bool, str]:
    """The response is a gold answer, both normalised."""
    return normalised(answer.response) in map(normalised, answer.golds), ""


def normalised(text: str) -> str:
    """As SQuAD's measure has it: small letters, no punctuation, no articles, single spaces."""
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", re.sub(r"[^\w\s]|_", "", text.lower())).split())


RULES = {"  gold contained": contains, "  exact match": equals}


def area(name: str, answers: Callable[[], Iterable[Judged]], rule: Callable[[Judged], tuple[bool, str]] = rewarded) -> Area:
    """A rule measured on judged answers; positive means that people called it right."""
    cases = []
    for answer in answers():
        found, said = rule(answer)
        shown = f"[{answer.golds[0]}] {answer.response}"
        cases.append(Case(answer.id, answer.by, HELD_OUT if answer.is_shut else TUNE, answer.is_right, found, said, shown))
    return Area(name, "right", cases, [unsure(cases, PARTS)] if rule is rewarded else [], PARTS, silent=True)


def samples() -> tuple[Callable[[], Area], ...]:
    """What can be measured in every checkout, on the samples in it."""
    return (
        partial(area, "reward, NQ sample, short", partial(of_reader, NQ_SAMPLE)),
        partial(area, "reward, NQ sample, chat", partial(of_chat_models, NQ_SAMPLE)),
        *_mathematics("reward, mathematics sample", MATH_SAMPLE),
    )


def measures() -> tuple[Callable[[], Area], ...]:
    """What can be measured here: the samples, and the whole sets where they are."""
    if not LABELLED.is_dir():
        missing = Area("reward, others' verdicts", "right", notes=["../shared/data/labelled is not here: only the samples"])
        return *samples(), lambda: missing
    return (
        *samples(),
        *_with_simple_rules("reward, NQ short answers", partial(of_reader, NQ)),
        *_with_simple_rules("reward, NQ chat answers", partial(of_chat_models, NQ)),
        *_mathematics("reward, hard mathematics", MATH_HARD),
        partial(area, "reward, Math-Verify's cases", partial(read, MATH_VERIFY, "expression")),
    )


def _with_simple_rules(name: str, answers: Callable[[], Iterable[Judged]]) -> list[Callable[[], Area]]:
    return [partial(area, name, answers), *(partial(area, other, answers, rule) for other, rule in RULES.items())]


def _mathematics(name: str, path: Path) -> list[Callable[[], Area]]:
    return [
        partial(area, name, partial(read, path, "expression", boxed=True)),
        partial(area, "  without a type", partial(read, path, boxed=True)),
    ]
