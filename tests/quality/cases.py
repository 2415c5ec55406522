"""Judged cases and what they add up to."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.intervals import wilson
from tests.places import DATA

TUNE, HELD_OUT = "tune", "held_out"
PARTS = {TUNE: "tune", HELD_OUT: "held out"}


@dataclass(frozen=True)
class Case:
    """One labelled case: what was expected of the rule and what it found.

    `part` is `TUNE` or `HELD_OUT`. `said` is what the rule said, `shown` what it was about, both for a reader.
    """

    id: str
    kind: str
    part: str
    expected: bool
    found: bool
    said: str = ""
    shown: str = ""

    @property
    def right(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True)
class Area:
    """One rule, or one stage, measured on one set.

    Attributes:
        name: as the table shows it.
        positive: what a case that is expected, or found, is ("drop", "leak"): the sense of precision and recall.
        cases: every case; none where there is nothing to measure with, and then `notes` says what is missing.
        notes: lines to print under the table.
        parts: what the parts are called.
        silent: whether no case of the held-out part is shown to anybody, so that no rule is made after it.
    """

    name: str
    positive: str
    cases: Sequence[Case] = ()
    notes: Sequence[str] = field(default=())
    parts: Mapping[str, str] = field(default_factory=lambda: PARTS)
    silent: bool = False

    def scores(self, part: str | None = None) -> "Scores":
        return score(case for case in self.cases if part in (None, case.part))


@dataclass(frozen=True)
class Scores:
    """Counts of the four outcomes."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def cases(self) -> int:
        return self.true_positives + self.false_positives + self.false_negatives + self.true_negatives

    @property
    def positives(self) -> int:
        """Cases labelled positive."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> int:
        return self.false_positives + self.true_negatives

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """The two numbers that each share is made of."""
        return {
            "precision": (self.true_positives, self.true_positives + self.false_positives),
            "recall": (self.true_positives, self.positives),
            "accuracy": (self.true_positives + self.true_negatives, self.cases),
        }

    @property
    def precision(self) -> float:
        """Of what was found, how much should have been; 1 where nothing was found."""
        return _share(*self.counts["precision"])

    @property
    def recall(self) -> float:
        """Of what should be found, how much was; 1 where there is nothing to find."""
        return _share(*self.counts["recall"])

    @property
    def accuracy(self) -> float:
        return _share(*self.counts["accuracy"])

    @property
    def false_alarms(self) -> float:
        """Of what should not be found, how much was; 0 where there is no such case."""
        return 1 - _share(self.true_negatives, self.negatives)


def figure(part: int, whole: int) -> str:
    """A share as a person reads it, with its 95% interval; "-" of nothing."""
    low, high = wilson(part, whole)
    return f"{part / whole:.1%} ({100 * low:.1f}-{100 * high:.1f})" if whole else "-"


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def score(cases: Iterable[Case]) -> Scores:
    outcomes = [(case.expected, case.found) for case in cases]
    return Scores(*(outcomes.count(outcome) for outcome in ((True, True), (False, True), (True, False), (False, False))))


def by_kind(cases: Iterable[Case]) -> dict[str, tuple[int, int]]:
    """(right, all) for each kind of case, in the order in which kinds first come."""
    counts: dict[str, tuple[int, int]] = {}
    for case in cases:
        right, total = counts.get(case.kind, (0, 0))
        counts[case.kind] = right + case.right, total + 1
    return counts


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file; none where there is no such file."""
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line] if path.exists() else []


def labelled(name: str) -> list[dict[str, Any]]:
    """The rows of one of the sets in `tests/data`."""
    return read_rows(DATA / f"{name}.jsonl")


def part_of(row: dict[str, Any]) -> str:
    return HELD_OUT if row.get("split") == HELD_OUT else TUNE
