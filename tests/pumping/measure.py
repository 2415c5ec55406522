"""What a call costs, and whether that grows faster than its text. Time is the processor's, of this thread."""

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from tests.pumping.texts import Pump

# A call is cut off here: what is exponential would never end.
MOST_S = 2.0
# Four times the text costs four times as much where growth is linear, and 16 times where it is quadratic: half way, as a power.
TIMES, MOST_TIMES = 4, 8.0
TRIES = 6


class TooLong(Exception):
    """A call was cut off."""


@dataclass(frozen=True, slots=True)
class Slow:
    """A call that costs more than its text explains: its cost with `size` characters, and how often that of a quarter."""

    name: str
    pump: Pump
    size: int
    seconds: float
    times: float

    def __str__(self) -> str:
        spent = "cut off" if self.seconds >= MOST_S else f"{1e3 * self.seconds:.1f} ms, {self.times:.1f} times that of a quarter"
        return f"{self.name}: {spent}, with {self.size:,} characters of {self.pump}"


def cost(call: Callable[[str], object], text: str, most_s: float = MOST_S) -> float:
    """Seconds of a call; `most_s` for one that was cut off."""
    gc.disable()
    started = time.thread_time()
    try:
        with _cut_off(most_s):
            call(text)
    except TooLong:
        return most_s
    finally:
        gc.enable()
    return max(time.thread_time() - started, 1e-6)


@contextmanager
def _cut_off(seconds: float) -> Iterator[None]:
    """Raise `TooLong` after so many seconds of the processor: expressions look for signals too. Not in other threads."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def growth(call: Callable[[str], object], pump: Pump, size: int) -> tuple[float, float]:
    """The cost with `size` characters and how often it is that of a quarter: the least of several, none with the same text.

    It ends early where it is less than what counts as too fast.
    """
    small = large = MOST_S
    for attempt in range(TRIES):
        large = min(large, cost(call, pump(size + attempt)))
        if large >= MOST_S:
            return large, float("inf")
        small = min(small, *(cost(call, pump(size // TIMES + attempt + again * TRIES)) for again in range(3)))
        if large < MOST_TIMES * small:
            break
    return large, large / small


def find_slow(name: str, call: Callable[[str], object], pump: Pump, size: int, noise_s: float) -> Slow | None:
    """The call as `Slow` if it was cut off, or costs more than `noise_s` and grows too fast up to `size` and beyond.

    Beyond: a rule that does nothing with half a sentence and something with a whole one has grown, too, but does not go on.
    """
    if cost(call, pump(size)) < noise_s:
        return None
    for length in (size, TIMES * size):
        seconds, times = growth(call, pump, length)
        if seconds >= MOST_S:
            return Slow(name, pump, length, seconds, times)
        if times < MOST_TIMES:
            return None
    return Slow(name, pump, length, seconds, times)
