"""When refusals mean that less is wanted."""

import pytest

from transforms.inference.scheduling.overload import OVERLOAD_WINDOW_S, OverloadWindow


def told(refusals: int, others: int, limit: float = 8.0, seconds: float = 1.0) -> bool:
    """Whether a window of so many outcomes, evenly over some seconds, was ever one of too many refusals."""
    window, count = OverloadWindow(), refusals + others
    refused = [number * refusals // count != (number + 1) * refusals // count for number in range(count)]
    return any([window.count(seconds * number / count, one, limit) for number, one in enumerate(refused)])


@pytest.mark.parametrize(
    ("refusals", "others", "limit", "too_many"),
    [
        pytest.param(30, 70, 8, True, id="a third"),
        pytest.param(5, 95, 8, False, id="one in twenty"),
        pytest.param(3, 0, 8, False, id="three are too few to say anything"),
        pytest.param(30, 0, 1024, False, id="few of all that are in flight"),
        pytest.param(300, 0, 1024, True, id="a third of what is in flight"),
    ],
)
def test_a_share_of_a_window_is_too_many(refusals: int, others: int, limit: int, too_many: bool) -> None:
    assert told(refusals, others, limit) is too_many


def test_all_within_a_moment_are_not_judged_before_the_window_is_over() -> None:
    assert not told(60, 0, seconds=OVERLOAD_WINDOW_S / 2)


def test_after_too_many_the_count_begins_anew() -> None:
    window = OverloadWindow()
    ends = [window.count(number / 50, True, 8.0) for number in range(60)]
    assert 1 <= sum(ends) <= 3
