"""Requests measured together: what their latencies say of the endpoint that served them."""

import math
import statistics
from dataclasses import dataclass, field

# A stage counts in a comparison when both measurements have so many of its replies.
SMALLEST_SAMPLE = 12
# The last quarter of the first burst over the first quarter; log-normal lengths alone (sigma 0.6, 64
# replies each) give 1.3 once in fifty runs.
BURST_WAITED = 1.4
# Room above what the server was seen to work on: slots must not wait for the client, and the estimate
# may be low.
HEADROOM = 1.4
# Replies in a quarter of a full first burst: with fewer, chance is larger by the root of the ratio.
FULL_QUARTER = 64


@dataclass
class Measurement:
    """Requests begun one after the other under the same limit, measured together.

    `widest` is the most in flight when one of them began, itself included; `replies` came in this order.
    """

    size: int
    begun: dict[str, int] = field(default_factory=dict)
    replies: list["Ticket"] = field(default_factory=list)
    widest: int = 0

    @property
    def full(self) -> bool:
        return sum(self.begun.values()) >= self.size

    @property
    def back(self) -> int:
        return len(self.replies)

    @property
    def load(self) -> float:
        """How many were in flight when its requests began."""
        return statistics.median(reply.rank for reply in self.replies) + 1

    @property
    def latency_s(self) -> float:
        return statistics.median(reply.latency_s for reply in self.replies)

    @property
    def reach(self) -> int:
        """How far into the burst the first replies came from.

        A server that works on all takes them in any order, one with a line in the order of their ranks.
        """
        return max(reply.rank for reply in self.replies[:SMALLEST_SAMPLE]) + 1

    def begin(self, stage: str, rank: int) -> None:
        self.begun[stage] = self.begun.get(stage, 0) + 1
        self.widest = max(self.widest, rank + 1)

    def medians(self) -> dict[str, float]:
        """Median latency of each stage, those not back yet counted as longer than any."""
        found = {}
        for stage, begun in self.begun.items():
            latencies = sorted(reply.latency_s for reply in self.replies if reply.stage == stage)
            if begun >= SMALLEST_SAMPLE and len(latencies) > begun // 2:
                found[stage] = latencies[begun // 2]
        return found


@dataclass
class Ticket:
    """A request, as the limiter knows it. `rank` counts those in flight before it; `latency_s` is known of one that came back.

    `load` tells limits apart: it was begun under the limiter's so-manieth.
    """

    stage: str
    rank: int
    measurement: Measurement | None
    latency_s: float = 0.0
    load: int = 0


def read_burst(measurement: Measurement) -> float | None:
    """How many requests keep the server busy, by the first burst: infinity if none of it waited.

    With `slots` served at a time, request number `rank` takes `rank / slots` times as long as the first ones. Means say how
    many times; whether at all, medians say more surely. The fewer replies, the clearer the difference must be and the more
    room is left. None if they are too few. Only the commonest stage counts: another's replies may be longer by themselves.
    """
    quarter = measurement.widest // 4
    stage = max(measurement.begun, key=lambda name: measurement.begun[name])
    first = [reply.latency_s for reply in measurement.replies if reply.stage == stage and reply.rank < quarter]
    last = [
        reply.latency_s for reply in measurement.replies if reply.stage == stage and reply.rank >= measurement.widest - quarter
    ]
    if len(first) < SMALLEST_SAMPLE or len(last) < SMALLEST_SAMPLE:
        return None
    uncertain = math.sqrt(FULL_QUARTER / min(len(first), len(last)))
    if statistics.median(last) < BURST_WAITED**uncertain * statistics.median(first):
        return math.inf
    worked_on = (measurement.widest - quarter / 2) * statistics.fmean(first) / statistics.fmean(last)
    return worked_on * HEADROOM**uncertain
