"""Every regular expression of the packages, pumped: none may take more than linear time, or nearly so."""

import random
import re

import pytest

from tests.pumping.measure import find_slow
from tests.pumping.patterns import BOUNDED, find_patterns
from tests.pumping.texts import Pump, pumps_for

PATTERNS = find_patterns()
SIZE = 2000
# With so many characters a pattern that is linear takes some 0.1 ms, and one that is quadratic ten times that or more.
NOISE_S = 0.0008
SHARES = 4  # of the patterns: so many tests, to run beside each other


@pytest.mark.parametrize("share", range(SHARES))
def test_no_pattern_is_worse_than_linear(share: int) -> None:
    slow = []
    for one in PATTERNS[share::SHARES]:
        draw = random.Random(one.pattern.pattern)
        size = min(SIZE, BOUNDED.get(one.name, SIZE))
        noise_s = NOISE_S if one.name not in BOUNDED else SIZE * NOISE_S / 20  # a bounded one may take what prose takes elsewhere
        calls = [(f"{one.name}.{method}", one.call(method)) for method in sorted(one.methods)]
        pumped = (find_slow(name, call, pump, size, noise_s) for pump in pumps_for(one.pattern, draw) for name, call in calls)
        slow += [str(found) for found in (next(filter(None, pumped), None),) if found]
    assert not slow, "\n".join(slow)


def test_patterns_are_found_wherever_they_stand() -> None:
    names = {one.name for one in PATTERNS}
    assert len(names) > 500
    assert {
        "transforms.grounding.find._PIECE",
        "prompts.load._SLUG",
        "transforms.pair_rules.leakage, `_is_formula_answer`",
    } <= names
    assert set(BOUNDED) <= names
    by_name = {one.name: one.methods for one in PATTERNS}
    assert by_name["transforms.reward.truth._ASKED"] == {"match"}  # in a table, through the variable of a loop


@pytest.mark.parametrize(
    ("pattern", "before", "unit"),
    [(r"\s+$", "", " "), (r"(?:a?)(?:a*)*b", "", "a"), (r"x\w*\w*=", "x", "a"), (r"<\s*/?\s*>", "<", " ")],
)
def test_slow_patterns_are_told(pattern: str, before: str, unit: str) -> None:
    slow = re.compile(pattern)
    assert find_slow("slow", slow.search, Pump(before, unit, "\0"), SIZE, NOISE_S)
    assert any(Pump(pump.before, pump.unit, "\0") for pump in pumps_for(slow, random.Random(1)) if unit in pump.unit)
