"""How many requests one endpoint should have in flight: found by itself, from a cold start.

The limit grows while completions per second grow, stops at the knee, and looks again now and then.
An endpoint that refuses (429, 503) or does not answer in time is cut back, then approached again
step by step. There is no number to tune; a number given is a ceiling.

Why growth of throughput and not latency decides: the latency of a model call depends on how many
tokens it happens to write, and grows with the batch even where a larger batch is the better deal.
"""

from dataclasses import dataclass
from enum import Enum

# vLLM and SGLang run hundreds of sequences at once, and a request beyond that only waits in the
# server's queue, which costs nothing but order. Starting low costs idle slots at every start: from
# 128, a server of 256 slots is full after less than one mean latency.
INITIAL_LIMIT = 128
MAX_LIMIT = 2048
# Completions per second vary by chance: with log-normal lengths (sigma 0.6) a window of 128
# completions is off by about 6% (one standard deviation), so growth under 10% is no sign.
GROWTH_THAT_COUNTS = 1.10
WINDOWS_WITHOUT_GROWTH = 2
MIN_WINDOW_S = 0.5
SMALLEST_WINDOW = 32
# Look for a higher knee again after so many windows: servers scale up.
WINDOWS_BETWEEN_PROBES = 30
# A few refusals are noise of the path; this share of a window means that less load is wanted.
OVERLOAD_SHARE = 0.2
BACK_OFF = 0.85
RECOVERY = 1.05


class Phase(Enum):
    GROWING = "growing"  # one more for every completion, until throughput stops growing
    STEADY = "steady"  # at the knee
    RECOVERING = "recovering"  # cut back; 5% more for every window without overload


@dataclass
class Limiter:
    """The limit of one endpoint. Call from one thread; `now` is monotonic seconds.

    Attributes:
        ceiling: never more than this in flight.
        limit: how many requests may be in flight now.
    """

    ceiling: int = MAX_LIMIT
    limit: float = 0.0
    phase: Phase = Phase.GROWING
    _best_rate: float = 0.0
    _best_limit: float = 0.0
    _idle_windows: int = 0
    _started: float = -1.0
    _window: float = 0.0  # outcomes that make a window: one for each request in flight when it began
    _completed: int = 0
    _refused: int = 0
    _starved: bool = False

    def __post_init__(self) -> None:
        self.limit = float(min(self.ceiling, INITIAL_LIMIT))
        self._window = max(self.limit, SMALLEST_WINDOW)

    def completed(self, now: float, latency_s: float, wanted_more: bool) -> None:
        """A request ended well. `wanted_more`: the limit, not the supply, held other work back."""
        self._completed += 1
        self._starved |= not wanted_more
        if self.phase is Phase.GROWING and wanted_more:
            self.limit = min(self.ceiling, self.limit + 1)  # doubles in one mean latency
        self._tick(now, latency_s)

    def refused(self, now: float, latency_s: float) -> None:
        """The endpoint asked for less (429, 503) or did not answer in time."""
        self._refused += 1
        self._tick(now, latency_s)

    def _tick(self, now: float, latency_s: float) -> None:
        if self._started < 0:
            self._started = now
        elapsed = now - self._started
        outcomes = self._completed + self._refused
        if elapsed < MIN_WINDOW_S or outcomes < 8:
            return
        # Overload needs no full window: every further request makes it worse.
        if self._refused > OVERLOAD_SHARE * max(outcomes, self.limit / 2):
            self.limit, self.phase = max(1.0, self.limit * BACK_OFF), Phase.RECOVERING
            self._best_rate = 0.0
        elif outcomes < self._window or elapsed < latency_s:
            return
        elif not self._starved:  # a starved window says how much work there was, not what the endpoint can do
            self._learn(self._completed / elapsed)
        self._started, self._completed, self._refused, self._starved = now, 0, 0, False
        self._window = max(self.limit, SMALLEST_WINDOW)

    def _learn(self, rate: float) -> None:
        if self.phase is Phase.RECOVERING:
            self.limit = min(self.ceiling, self.limit * RECOVERY + 1)
            return
        if rate > self._best_rate * GROWTH_THAT_COUNTS:
            self._best_rate, self._best_limit, self._idle_windows = rate, self.limit, 0
            return
        self._idle_windows += 1
        if self.phase is Phase.GROWING and self._idle_windows >= WINDOWS_WITHOUT_GROWTH:
            self.limit, self.phase, self._idle_windows = self._best_limit, Phase.STEADY, 0
        elif self.phase is Phase.STEADY and self._idle_windows >= WINDOWS_BETWEEN_PROBES:
            self._best_rate, self._best_limit, self._idle_windows = rate, self.limit, 0
            self.phase = Phase.GROWING
