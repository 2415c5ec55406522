"""Grades texts by the rules, in this process or in several; a process of its own loads the reward and nothing else."""

import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from typing import NamedTuple

from transforms.reward import Grade, grade

# Fewer are graded before other processes have started.
_WORTH_PROCESSES = 2_000
_AT_ONCE = 100
_WAITING = 4  # parts that wait for each process


class Case(NamedTuple):
    """What the reward is asked: the arguments of `grade`."""

    response: str
    answer: str
    answer_type: str | None
    aliases: tuple[str, ...]
    question: str


def grade_all(cases: Iterable[Case], processes: int = 1) -> Iterator[Grade]:
    """Grade cases, in their order, some ahead of what is taken: a few hundred for each process."""
    cases = iter(cases)
    if processes > 1:
        first = list(islice(cases, _WORTH_PROCESSES))
        cases = chain(first, cases)
        if len(first) == _WORTH_PROCESSES:
            yield from _by_processes(cases, processes)
            return
    yield from (grade(*case) for case in cases)


def _by_processes(cases: Iterator[Case], processes: int) -> Iterator[Grade]:
    # Spawned: a fork would copy locks that threads of the libraries for files may hold.
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_ignore_interrupts) as pool:
        waiting: deque[Future[list[Grade]]] = deque()
        for part in iter(lambda: list(islice(cases, _AT_ONCE)), []):
            waiting.append(pool.submit(_grade_part, part))
            if len(waiting) >= _WAITING * processes:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _grade_part(cases: list[Case]) -> list[Grade]:
    return [grade(*case) for case in cases]


def _ignore_interrupts() -> None:
    """Ctrl-C is for the process that waits for the grades."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
