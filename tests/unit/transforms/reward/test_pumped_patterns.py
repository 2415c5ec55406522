"""Every compiled expression that a response meets, pumped: none may take more than linear time, or nearly so."""

import importlib
import pkgutil
import re
import sys
import time
from collections.abc import Iterator

import pytest

from tests.fakes.growth import assert_linear, repeated

ROOMS = ("transforms.reward", "transforms.answers", "transforms.english", "transforms.languages")
UNITS = (
    " ",
    "a",
    "1",
    ",",
    ".",
    "(",
    "[",
    "{",
    "\\",
    "$",
    "'",
    '"',
    "-",
    "A",
    "a ",
    "1 ",
    "A ",
    "a, ",
    "1,",
    "1.",
    "A. ",
    "a-",
    "\n",
    "\u6c49",
)
LENGTH = 4000
# Steps cannot be counted, and seconds are the machine's: a pattern that is quadratic takes some hundred times as long as this
# many passes over the text.
PASSES = 600


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for room in ROOMS:
        for found in pkgutil.iter_modules(importlib.import_module(room).__path__):
            module = importlib.import_module(f"{room}.{found.name}")
            for name, value in vars(module).items():
                held = value if isinstance(value, (tuple, list)) else value.values() if isinstance(value, dict) else (value,)
                for pattern in held:
                    if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
                        yield f"{room}.{found.name}.{name}", pattern


@pytest.mark.parametrize("room", ROOMS)
def test_no_pattern_is_worse_than_linear(room: str) -> None:
    for name, pattern in patterns():
        if not name.startswith(f"{room}."):
            continue
        for unit in UNITS:
            text = repeated(unit)(LENGTH)
            if _is_slow(pattern, text):
                assert_linear(pattern.search, repeated(unit), LENGTH // 16, LENGTH)


def _is_slow(pattern: re.Pattern[str], text: str) -> bool:
    """Whether one search costs more than so many plain passes over the text: only then is its growth measured."""
    plain = re.compile("[^a-z]{1,9}\u0000")
    started = time.thread_time()
    for _ in range(20):
        plain.search(text)
    once = (time.thread_time() - started) / 20
    started = time.thread_time()
    pattern.search(text)
    return time.thread_time() - started > PASSES * max(once, 1e-6)


def test_patterns_are_found() -> None:
    assert len(list(patterns())) > 200
    assert "transforms.reward.score" in sys.modules
