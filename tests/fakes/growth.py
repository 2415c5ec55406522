"""How the cost of a function grows with its input: as a ratio of two sizes in one run, or in calls, never in seconds."""

import gc
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")
# Sixteen times the input costs sixteen times as much where growth is linear, and 256 times where it is quadratic.
HALF_WAY = 1.5  # as a power: 64 times
TRIES = 8


def assert_linear(function: Callable[[Made], object], make_input: Callable[[int], Made], small: int, large: int) -> None:
    """Assert that the time grows with the input, and not with its square: the bound is half way between, on a scale of powers.

    The time is the processor's, of this thread, and the least of several measurements. No two of them have the
    same input, so nothing remembered answers. A ratio that is too large is measured again before it counts.
    """
    more = iter(range(0, 7 * 3 * TRIES, 7))
    least = [float("inf"), float("inf")]
    for attempt in range(TRIES):
        for side, size in enumerate((small, large)):
            for _ in range(1 if side or attempt else 2):  # the first call compiles and loads what the others find
                least[side] = min(least[side], _seconds(function, make_input(size + next(more))))
        if least[1] < (large / small) ** HALF_WAY * least[0]:
            return
    raise AssertionError(f"{large / small:.0f} times the input costs {least[1] / least[0]:.0f} times the time")


def repeated(unit: str) -> Callable[[int], str]:
    """Make texts that are one piece again and again, of exactly so many characters."""
    return lambda size: (unit * (size // len(unit) + 1))[:size]


def _seconds(function: Callable[[Made], object], given: Made) -> float:
    """Of the processor, at least a microsecond; the garbage that others left is not collected meanwhile."""
    gc.collect(0)
    gc.disable()
    try:
        started = time.thread_time()
        function(given)
        return max(time.thread_time() - started, 1e-6)
    finally:
        gc.enable()


def count_calls(function: Callable[[], object]) -> int:
    """How many calls of functions, Python's and the interpreter's own, a call costs: about the same on every machine."""
    calls = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls
