"""The course of a run over time: requests in flight, replies, tokens and latencies, sampled in bounded memory.

Works where the stages run in this process. A tick is a tenth of a second at first; whenever `MOST_POINTS` are full, two
neighbours become one and a tick twice as long, so that a run of seconds and one of days have about as many points.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from beam_pipeline.run.progress import look, repeated
from transforms.inference.scheduling.retries import LATENCY_FLOOR_S, LATENCY_STEP

FIRST_TICK_S = 0.1
MOST_POINTS = 240


@dataclass(frozen=True, slots=True)
class Point:
    """One tick, or several joined. `in_flight`, `waiting` and `held_back` are sums over `looks` looks at the runtime."""

    looks: int
    in_flight: int
    most_in_flight: int
    waiting: int
    held_back: int
    answered: int
    tokens: int
    latencies: tuple[int, ...]


class Timeline:
    """The course of one run, as points."""

    def __init__(self, most_points: int = MOST_POINTS) -> None:
        self._most = most_points
        self._points: list[Point] = []
        self._pending: list[Point] = []  # looks of a tick that is not over
        self._looks_a_point = 1
        self._began = 0.0
        self._seconds = 0.0

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Look at the runtime of this process again and again, from a thread."""
        self._began, began = time.time(), time.monotonic()
        before = look()  # an earlier run in this process may have left something

        def tick() -> None:
            nonlocal before
            now = look()
            self.add(
                Point(
                    looks=1,
                    in_flight=now.in_flight,
                    most_in_flight=now.in_flight,
                    waiting=now.waiting,
                    held_back=now.held_back,
                    answered=now.answered - before.answered,
                    tokens=now.tokens - before.tokens,
                    latencies=tuple(a - b for a, b in zip(now.latencies, before.latencies, strict=True)),
                )
            )
            before = now
            self._seconds = time.monotonic() - began

        with repeated(tick, FIRST_TICK_S):
            yield

    def add(self, point: Point) -> None:
        """Take the next look."""
        self._pending.append(point)
        if len(self._pending) < self._looks_a_point:
            return
        self._points.append(_join(self._pending))
        self._pending = []
        if len(self._points) >= self._most:
            self._points = [_join(self._points[at : at + 2]) for at in range(0, len(self._points), 2)]
            self._looks_a_point *= 2

    def as_row(self) -> dict[str, Any]:
        """The course as columns, ready for JSON; {} where nothing was seen, as on workers elsewhere.

        Times are seconds. Latencies are of one try on the wire that was answered; None where none was in a tick.
        """
        points = [*self._points, *([_join(self._pending)] if self._pending else [])]
        if not any(point.in_flight or point.answered for point in points):
            return {}
        seen = list(accumulate(point.looks for point in points))
        tick = self._seconds / seen[-1] if self._seconds else FIRST_TICK_S  # what a look took on a busy machine
        return {
            "began": round(self._began, 3),
            "at_s": [round(looks * tick, 2) for looks in seen],
            "in_flight": [round(point.in_flight / point.looks, 1) for point in points],
            "most_in_flight": [point.most_in_flight for point in points],
            "waiting": [round(point.waiting / point.looks, 1) for point in points],
            "held_back": [round(point.held_back / point.looks, 1) for point in points],
            "answered": [point.answered for point in points],
            "tokens": [point.tokens for point in points],
            "latency_median_s": [quantile(point.latencies, 0.5) for point in points],
            "latency_p95_s": [quantile(point.latencies, 0.95) for point in points],
        }


def _join(points: Sequence[Point]) -> Point:
    return Point(
        sum(point.looks for point in points),
        sum(point.in_flight for point in points),
        max(point.most_in_flight for point in points),
        sum(point.waiting for point in points),
        sum(point.held_back for point in points),
        sum(point.answered for point in points),
        sum(point.tokens for point in points),
        tuple(map(sum, zip(*(point.latencies for point in points), strict=True))),
    )


def quantile(counts: Sequence[int], share: float) -> float | None:
    """A quantile in seconds of latencies that were counted in bins (`LATENCY_STEP`); None without any."""
    wanted, seen = share * sum(counts), 0
    for number, count in enumerate(counts):
        seen += count
        if count and seen >= wanted:
            return float(f"{LATENCY_FLOOR_S * LATENCY_STEP ** (number + 0.5):.3g}")
    return None
