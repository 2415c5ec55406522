"""Wilson's interval, against values of the literature, and at the ends where simpler ones have no width."""

from math import isnan

import pytest

from tests.intervals import wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(50, 100, 0.4038, 0.5962), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_intervals(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_of_nothing_nothing_is_known() -> None:
    assert all(map(isnan, wilson(0, 0)))
