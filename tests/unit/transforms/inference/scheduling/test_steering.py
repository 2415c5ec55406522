"""Where a limit should go by the times of replies."""

import random

import pytest

from transforms.inference.scheduling.steering import JUDGED_BY, MOST_DOWN, MOST_UP, SMALLEST_CHANGE, Steering


def steered(limit: int, slots: int, looks: int = 60, may_rise: bool = True) -> int:
    """The limit after so many looks at a server that writes so many replies at once, a tenth of a second a token."""
    steering, chance = Steering(), random.Random(1)
    for _ in range(looks):
        waiting = max(0.0, limit / slots - 1) * 10.0
        while not steering.enough(limit):
            written = chance.randint(20, 180)
            steering.add("verify", written, waiting + written / 10)
        if aim := steering.aim(limit, limit, may_rise):
            assert limit / MOST_DOWN - 1 <= round(aim) <= MOST_UP * limit + 1
            assert abs(aim - limit) >= SMALLEST_CHANGE * limit
            limit = max(1, round(aim))
    return limit


@pytest.mark.parametrize("slots", [16, 64, 256])
@pytest.mark.parametrize("first", [32, 64, 512])
def test_it_settles_above_what_is_written_at_once_wherever_it_begins(slots: int, first: int) -> None:
    assert 1.3 * slots < steered(first, slots) < 2.1 * slots


def test_it_does_not_rise_beyond_what_is_in_use() -> None:
    assert steered(32, 64, may_rise=False) == 32


def test_times_that_do_not_depend_on_lengths_say_nothing() -> None:
    steering, chance = Steering(), random.Random(1)
    for _ in range(2 * JUDGED_BY):
        steering.add("verify", chance.randint(20, 180), chance.lognormvariate(0, 0.5))
    assert steering.aim(64, 64, True) is None
    assert not steering.known
