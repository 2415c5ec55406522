"""Asks a judge about rollouts that the rules cannot tell, many at once, and about a sample of the others."""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Protocol

from beam_pipeline.reverify.regrade import Regraded
from transforms.text import stable_seed

# Graded rollouts that may wait behind one that a judge still thinks about.
_WAITING = 2_000


class Asked(Protocol):
    """What is asked, as `transforms.reward_with_judge.Judge` is; a verdict of None is none."""

    def ask(self, question: str, response: str, ground_truth: str, answer: str = "") -> "Future[bool | None]":
        """Begin to ask whether a response agrees with the stored answer."""


def ask_judge(items: Iterable[Regraded], judge: Asked, unsure_only: bool = True) -> Iterator[Regraded]:
    """The same in the same order, the unsure ones with the judge's verdict, or all."""
    waiting: deque[tuple[Regraded, Future[bool | None] | None]] = deque()
    for item in items:
        asks = item.grade.verdict == "unsure" or not unsure_only
        waiting.append((item, _ask(item, judge) if asks else None))
        while waiting and (waiting[0][1] is None or waiting[0][1].done() or len(waiting) > _WAITING):
            yield _with_verdict(*waiting.popleft())
    while waiting:
        yield _with_verdict(*waiting.popleft())


class Sample:
    """Up to so many of the right and of the wrong ones, the same in every run."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, list[tuple[int, int, Regraded]]] = {"right": [], "wrong": []}
        self._seen = 0

    def add(self, item: Regraded) -> None:
        """Look at one more."""
        kept = self._kept.get(item.grade.verdict)
        if kept is None or not self._most:
            return
        self._seen += 1
        entry = (-stable_seed(item.rollout.where, item.rollout.response), self._seen, item)
        if len(kept) < self._most:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)

    def items(self) -> list[Regraded]:
        """What was drawn, in the order in which it came."""
        drawn = [entry for kept in self._kept.values() for entry in kept]
        return [item for _, _, item in sorted(drawn, key=lambda entry: entry[1])]


def disagrees(item: Regraded) -> bool:
    """Whether a judge says otherwise than the rules; to an unsure verdict it adds one."""
    return item.judged is not None and item.grade.verdict != ("right" if item.judged else "wrong")


def _ask(item: Regraded, judge: Asked) -> "Future[bool | None]":
    rollout = item.rollout
    return judge.ask(rollout.question, rollout.response, rollout.answer, item.grade.answer)


def _with_verdict(item: Regraded, verdict: "Future[bool | None] | None") -> Regraded:
    return item if verdict is None else replace(item, asked=True, judged=verdict.result())
