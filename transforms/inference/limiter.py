"""How many requests one endpoint should have in flight: found by itself, from a cold start.

The first burst tells most: if the last requests of it take much longer than the first, they waited
in the server's own line, and how much longer says how many the server really works on. From then on
the limiter tries a higher and a lower limit now and then and keeps what is better: higher if that
finishes clearly more work a second, lower if that finishes no less. An endpoint that refuses (429, 503)
or does not answer in time is cut back and approached again step by step. There is no number to
tune; a number given is a ceiling.

Work finished a second is `limit / latency` (Little's law), compared stage by stage: stages write
replies of different lengths, and a count of tokens or replies would mistake a change in the mix of
stages for a change of the endpoint. Medians, because the longest replies come last and say least.
"""

import statistics
from dataclasses import dataclass, field
from enum import Enum

# vLLM's default of sequences at a time; more than that waits in its line. Starting lower leaves slots
# idle at every start, starting higher only makes the line longer until the first burst is read.
INITIAL_LIMIT = 256
MAX_LIMIT = 2048
# Requests whose latencies make one measurement, and the share that must be back: a median needs half.
SMALLEST_COHORT, LARGEST_COHORT = 96, 192
ENOUGH_BACK = 0.7
# Of the first burst nearly all: its last requests are what it is read by.
ENOUGH_BURST_BACK = 0.9
# A stage counts in a comparison when both measurements have so many of its replies.
SMALLEST_SAMPLE = 12
# The last quarter of the first burst over the first quarter; log-normal lengths alone (sigma 0.6, 64
# replies each) give 1.3 once in fifty runs.
BURST_WAITED = 1.4
# Room above what the server was seen to work on: slots must not wait for the client, and the estimate
# may be low.
HEADROOM = 1.4
STEP = 1.5
# A step of 1.5 brings 1.5 times the work of an idle server and none of a busy one; the borders lie
# where chance (a tenth, one standard deviation) seldom reaches from either side.
GROWTH_THAT_COUNTS = 1.12
LOSS_THAT_COUNTS = 0.95
# Measurements at rest between two looks around: servers scale, mixes change.
REST = 8
# A few refusals are noise of the path; this share of a window means that less load is wanted.
OVERLOAD_SHARE = 0.2
OVERLOAD_WINDOW_S = 0.5
BACK_OFF = 0.85
RECOVERY = 1.05


class Phase(Enum):
    BURST = "burst"  # reading the first burst
    STEADY = "steady"  # measuring at the limit
    HIGHER = "higher"  # measuring a step above it
    LOWER = "lower"  # measuring a step below it
    RECOVERING = "recovering"  # cut back; a little more for every measurement without overload


@dataclass
class Cohort:
    """Requests begun one after the other under the same limit, measured together."""

    size: int
    begun: dict[str, int] = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    ranks: list[tuple[int, float]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return sum(self.begun.values()) >= self.size

    @property
    def back(self) -> int:
        return sum(map(len, self.latencies.values()))

    def medians(self) -> dict[str, float]:
        """Median latency of each stage, those not back yet counted as longer than any."""
        found = {}
        for stage, begun in self.begun.items():
            latencies = sorted(self.latencies.get(stage, ()))
            if begun >= SMALLEST_SAMPLE and len(latencies) > begun // 2:
                found[stage] = latencies[begun // 2]
        return found


@dataclass
class Ticket:
    """A request on its way, as the limiter knows it. `rank` counts those in flight before it."""

    stage: str
    rank: int
    cohort: Cohort | None


class Limiter:
    """The limit of one endpoint. Call from one thread; `now` is monotonic seconds.

    Attributes:
        ceiling: never more than this in flight.
        limit: how many requests may be in flight now.
        base: the limit that it settled on, from which it looks around.
    """

    def __init__(self, ceiling: int = MAX_LIMIT) -> None:
        self.ceiling = ceiling
        self.limit = float(min(ceiling, INITIAL_LIMIT))
        self.phase = Phase.BURST
        self._cohort = Cohort(int(self.limit))
        self.base = self.limit
        self._base_medians: dict[str, float] = {}
        self._rested = 0
        self._look_higher = True
        self._window_began = -1.0
        self._outcomes = self._refusals = 0

    def begin(self, stage: str, in_flight: int) -> Ticket:
        """A request goes out, with `in_flight` others before it."""
        cohort = self._cohort
        # Only requests under the full limit say something about it; the first burst fills up to it.
        counts = self.phase is Phase.BURST or 0.9 * self.limit <= in_flight + 1 <= self.limit
        if cohort.full or not counts:
            return Ticket(stage, in_flight, None)
        cohort.begun[stage] = cohort.begun.get(stage, 0) + 1
        return Ticket(stage, in_flight, cohort)

    def completed(self, ticket: Ticket, now: float, latency_s: float) -> None:
        """A request ended well after `latency_s` seconds on the wire."""
        self._count(now, refused=False)
        cohort, ticket.cohort = ticket.cohort, None
        if cohort is None or cohort is not self._cohort:
            return
        cohort.latencies.setdefault(ticket.stage, []).append(latency_s)
        cohort.ranks.append((ticket.rank, latency_s))
        enough = ENOUGH_BURST_BACK if self.phase is Phase.BURST else ENOUGH_BACK
        if cohort.full and cohort.back >= enough * cohort.size:
            self._learn(cohort)

    def dropped(self, ticket: Ticket) -> None:
        """A request ended without saying anything about the endpoint's speed; nothing after `completed`."""
        if ticket.cohort is not None:
            ticket.cohort.begun[ticket.stage] -= 1
            ticket.cohort = None

    def refused(self, now: float) -> None:
        """The endpoint asked for less (429, 503) or did not answer in time."""
        self._count(now, refused=True)

    def _count(self, now: float, refused: bool) -> None:
        if self._window_began < 0:
            self._window_began = now
        self._outcomes += 1
        self._refusals += refused
        if now - self._window_began < OVERLOAD_WINDOW_S or self._outcomes < 8:
            return
        if self._refusals > OVERLOAD_SHARE * max(self._outcomes, self.limit / 2):
            self._move(Phase.RECOVERING, self.limit * BACK_OFF)
        if self._outcomes >= self.limit or self._refusals > OVERLOAD_SHARE * self._outcomes:
            self._window_began, self._outcomes, self._refusals = now, 0, 0

    def _learn(self, cohort: Cohort) -> None:
        medians = cohort.medians()
        match self.phase:
            case Phase.BURST:
                worked_on = _read_burst(cohort)
                self.base = self.limit if worked_on is None else min(self.limit, max(1.0, worked_on * HEADROOM))
                self._move(Phase.STEADY, self.base)
            case Phase.RECOVERING:
                self._move(Phase.RECOVERING, self.limit * RECOVERY + 1)
            case Phase.STEADY:
                self.base, self._base_medians = self.limit, medians
                self._rested -= 1
                if self._rested > 0:
                    self._move(Phase.STEADY, self.base)
                elif self._look_higher and self.limit < self.ceiling:
                    self._move(Phase.HIGHER, self.base * STEP)
                else:
                    self._move(Phase.LOWER, self.base / STEP)
            case Phase.HIGHER:
                gain = self._gain(medians)
                if gain >= GROWTH_THAT_COUNTS:
                    self._move(Phase.STEADY, self.limit)  # and look further up
                else:
                    self.base *= max(1.0, gain)
                    self._rest(look_higher=False)
            case Phase.LOWER:
                if self._gain(medians) >= LOSS_THAT_COUNTS:
                    self.base = self.limit * HEADROOM
                self._rest(look_higher=True)

    def _rest(self, look_higher: bool) -> None:
        """Stay at the base for a while, then look the other way."""
        self._look_higher, self._rested = look_higher, REST
        self._move(Phase.STEADY, self.base)

    def _gain(self, medians: dict[str, float]) -> float:
        """Work a second at this limit over that at the base; 1 if nothing can be compared."""
        ratios = [self._base_medians[stage] / medians[stage] for stage in medians if self._base_medians.get(stage)]
        return self.limit / self.base * statistics.geometric_mean(ratios) if ratios else 1.0

    def _move(self, phase: Phase, limit: float) -> None:
        self.phase, self.limit = phase, max(1.0, min(float(self.ceiling), limit))
        self._cohort = Cohort(round(min(LARGEST_COHORT, max(SMALLEST_COHORT, self.limit))))


def _read_burst(cohort: Cohort) -> float | None:
    """How many requests the server works on, by the first burst; None if none of it waited.

    With `slots` served at a time, the request that came as number `rank` takes `rank / slots` times as
    long as the first ones.
    """
    quarter = cohort.size // 4
    first = [latency for rank, latency in cohort.ranks if rank < quarter]
    last = [(rank, latency) for rank, latency in cohort.ranks if rank >= cohort.size - quarter]
    if len(first) < SMALLEST_SAMPLE or len(last) < SMALLEST_SAMPLE:
        return None
    waited = statistics.median(latency for _, latency in last) / statistics.median(first)
    return None if waited < BURST_WAITED else (cohort.size - quarter / 2) / waited
