from fractions import Fraction

import pytest

from transforms.quantities import parse_quantity, quantities_in
from transforms.text import unify


def test_quantities_in_a_sentence() -> None:
    text = unify("In 1969, 12 km of cable cost $1.5 million, or twenty-two percent of 30 in total; it was -5 °C at 5 pm.")
    assert [str(quantity) for _, _, quantity in quantities_in(text)] == [
        "1969",
        "12 km",
        "1500000 USD",
        "22%",
        "30",
        "-5 °C",
        "5",
    ]


def test_quantity_of_a_whole_text_only() -> None:
    quantity = parse_quantity("12 km")
    assert quantity is not None
    assert (quantity.value, quantity.unit) == (Fraction(12), "km")
    assert parse_quantity("12 Angry Men") is None
    assert parse_quantity("4/5/1923") is None


@pytest.mark.parametrize("text", ["5 or six", "5 or so", "5 at most", "5 not 6", "5 is wrong", "5 maybe", "5 to seven"])
def test_what_is_not_counted_is_no_unit(text: str) -> None:
    assert parse_quantity(text, "number") is None


def test_a_fraction_may_end_a_sentence() -> None:
    assert [quantity.value for _, _, quantity in quantities_in("It is 2/3.")] == [Fraction(2, 3)]
    assert [quantity.value for _, _, quantity in quantities_in("It is 1 1/2, no more.")] == [Fraction(3, 2)]


def test_a_unit_may_come_before_the_half() -> None:
    quantity = parse_quantity("an hour and a half", "duration")
    assert quantity is not None
    assert str(quantity) == "1.5 h"
