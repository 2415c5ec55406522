"""The course of a run over time: requests in flight, replies, tokens and latencies, sampled in bounded memory.

Works where the stages run in this process. A tick is a tenth of a second at first; whenever `MOST_POINTS` are full, two
neighbours become one and a tick twice as long, so that a run of seconds and one of days have about as many points.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beam_pipeline.run.progress import look
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

    def joined(self, other: "Point") -> "Point":
        """This tick and the next as one."""
        return Point(
            self.looks + other.looks,
            self.in_flight + other.in_flight,
            max(self.most_in_flight, other.most_in_flight),
            self.waiting + other.waiting,
            self.held_back + other.held_back,
            self.answered + other.answered,
            self.tokens + other.tokens,
            tuple(a + b for a, b in zip(self.latencies, other.latencies, strict=True)),
        )


class Timeline:
    """Looks at the runtime of this process again and again, from a thread; a context manager."""

    def __init__(self, wanted: bool, most_points: int = MOST_POINTS) -> None:
        self._wanted = wanted
        self._most = most_points
        self._points: list[Point] = []
        self._pending: list[Point] = []  # looks of a tick that is not over
        self._looks_a_point = 1
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timeline", daemon=True)
        self._began = 0.0
        self._seconds = 0.0

    def __enter__(self) -> "Timeline":
        self._began = time.time()
        if self._wanted:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._wanted:
            self._thread.join()

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
        looks = sum(point.looks for point in points)
        if not any(point.in_flight or point.answered for point in points):
            return {}
        tick = self._seconds / looks if self._seconds else FIRST_TICK_S  # what a look took on a busy machine
        ends, seen = [], 0
        for point in points:
            seen += point.looks
            ends.append(round(seen * tick, 2))
        return {
            "began": round(self._began, 3),
            "at_s": ends,
            "in_flight": [round(point.in_flight / point.looks, 1) for point in points],
            "most_in_flight": [point.most_in_flight for point in points],
            "waiting": [round(point.waiting / point.looks, 1) for point in points],
            "held_back": [round(point.held_back / point.looks, 1) for point in points],
            "answered": [point.answered for point in points],
            "tokens": [point.tokens for point in points],
            "latency_median_s": [quantile(point.latencies, 0.5) for point in points],
            "latency_p95_s": [quantile(point.latencies, 0.95) for point in points],
        }

    def _run(self) -> None:
        began, before = time.monotonic(), look()  # an earlier run in this process may have left something
        over = False
        while not over:
            over = self._done.wait(FIRST_TICK_S)  # one more look at the end: what was answered last
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


def _join(points: Sequence[Point]) -> Point:
    first, *others = points
    for other in others:
        first = first.joined(other)
    return first


def quantile(counts: Sequence[int], share: float) -> float | None:
    """A quantile in seconds of latencies that were counted in bins (`LATENCY_STEP`); None without any."""
    wanted, seen = share * sum(counts), 0
    for number, count in enumerate(counts):
        seen += count
        if count and seen >= wanted:
            return float(f"{LATENCY_FLOOR_S * LATENCY_STEP ** (number + 0.5):.3g}")
    return None
