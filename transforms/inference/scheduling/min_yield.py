"""Yield of the stages: nothing more is asked where next to nothing of what a stage is given passes it.

No Beam here. A stage is judged by the first `FIRST` elements that it asks about, and not by the first that end: short
replies come first, and they tend to say no. What the journal answers does not count, because it costs nothing and a
changed prompt asks anew. A draft counts for the rules of Check where its reply was paid for; one that is written anew counts
when the rules have seen it again, and Repair is not judged by itself, because it is given the bad ones only.
"""

import logging
import math
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from transforms.errors import NotStarted
from transforms.inference.config import FIRST
from transforms.records import NOT_STARTED, DeadLetter, Item, Rejection, task_of

_LOGGER = logging.getLogger(__name__)

OPTION = "min_stage_yield"
# The one stage of rules that is judged as well, and the one whose passed elements it is given.
RULES, BEFORE_RULES, RULES_AGAIN = "check", "synthesize", "repair"


class LowYield(NamedTuple):
    """Why nothing more is asked: of so many elements of a stage so many passed, and what became of most others."""

    stage: str
    passed: int
    of: int
    reason: str
    number: int


@dataclass
class _Seen:
    """The first elements of a stage: how many must pass, names of those under way, what became of the others."""

    needed: int
    waiting: set[str] = field(default_factory=set)
    passed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def ended(self) -> int:
        return self.passed + self.reasons.total()

    @property
    def open(self) -> bool:
        return self.passed < self.needed and self.ended + len(self.waiting) < FIRST


def name_of(item: Item) -> str:
    """What tells an element of any stage from the others, and a draft by the name of its task."""
    return (task_of(item) or item).id


def _why_not(result: Any) -> str:
    """Why a result did not pass; "" where it did."""
    match result:
        case Rejection():
            return result.reason
        case DeadLetter():
            return result.error
    return ""


class Yields:
    """What passes each stage of this process. Call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stages: dict[str, _Seen] = {}
        self.low: LowYield | None = None

    def check(self) -> None:
        """Look before a request is sent. Raises NotStarted where a stage passed too little."""
        if self.low is not None:
            raise NotStarted(f"--{OPTION}: {self.low.stage} passed {self.low.passed} of its first {self.low.of} elements")

    def asked(self, stage: str, name: str, least: float) -> None:
        """A stage asks about an element; at least that share of the first must pass, 0 for any."""
        if least:
            with self._lock:
                for each in {stage, RULES} - {RULES_AGAIN}:
                    self._stages.setdefault(each, _Seen(math.ceil(least * FIRST - 1e-9)))
                if stage != RULES_AGAIN:
                    self._begin(stage, name)

    def ended(self, stage: str, name: str, results: Sequence[Any], replayed: bool = False) -> None:
        """What came of an element; `replayed` where all its replies are the journal's."""
        with self._lock:
            whys = [why for result in results if (why := _why_not(result))]
            passed = len(whys) < len(results)
            if stage == BEFORE_RULES and passed and not replayed and RULES in self._stages:
                self._begin(RULES, name)
            stage = RULES if stage == RULES_AGAIN else stage
            seen = self._stages.get(stage)
            if seen is None or name not in seen.waiting:
                return
            seen.waiting.discard(name)
            if replayed or not results or NOT_STARTED in whys:
                return
            if passed:
                seen.passed += 1
            else:
                seen.reasons[whys[0]] += 1
            self._judge(stage, seen)

    def saw(self, stage: str, result: Any) -> None:
        """A stage has given a result: the way on which one without a model is heard of."""
        if stage == RULES and RULES in self._stages and getattr(result, "fault", None) is None:
            self.ended(stage, result.task_id if _why_not(result) else name_of(result), [result])

    def _begin(self, stage: str, name: str) -> None:
        if (seen := self._stages[stage]).open:
            seen.waiting.add(name)

    def _judge(self, stage: str, seen: _Seen) -> None:
        """Stop where even all that are under way could not make enough."""
        if self.low or seen.open or seen.passed + len(seen.waiting) >= seen.needed:
            return
        [(reason, number)] = seen.reasons.most_common(1)
        self.low = LowYield(stage, seen.passed, seen.ended, reason, number)
        _LOGGER.warning("nothing more is asked: %s passed %d of its first %d elements", stage, seen.passed, seen.ended)
