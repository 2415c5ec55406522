import re
from fractions import Fraction
from itertools import chain

import pytest

from transforms.answers.quantities import as_percentage, parse_quantity, quantities_in, read_quantity
from transforms.answers.units import CURRENCIES
from transforms.english import number_words
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


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.234.567,89", Fraction(123456789, 100)), ("1 234 567,89", Fraction(123456789, 100)), ("1'234,50", Fraction(2469, 2)),
     ("1.234,50", Fraction(2469, 2)), ("1.234", Fraction(617, 500)), ("1,234", Fraction(1234)),
     ("1.234.567", Fraction(1234567)),
     ("0.(3)", Fraction(1, 3)), ("0.1666...", Fraction(1, 6)), ("0.142857142857...", Fraction(1, 7)),
     ("0.3 recurring", Fraction(1, 3)),
     (r"33.\overline{3}", Fraction(100, 3)), ("42_{10}", Fraction(42)), ("42\u2081\u2080", Fraction(42)),
     ("one-fourth", Fraction(1, 4))],
)  # fmt: skip
def test_numbers_as_they_are_written_elsewhere(text: str, value: Fraction) -> None:
    quantity = parse_quantity(text)
    assert quantity is not None
    assert quantity.value == value


@pytest.mark.parametrize(
    "text", ["1,234,567,89", "1.234.50", "1.234.567.89", "42_8", "42\u2088", "1.234,567,8", "0.3(", "5\u03c0", "1920s"]
)
def test_what_can_be_read_in_no_way_is_no_number(text: str) -> None:
    assert parse_quantity(text) is None


def test_a_fraction_is_a_share() -> None:
    for written, percent in (("3/4", 75), ("half", 50), ("\u00bd", 50), (r"\frac{1}{4}", 25)):
        quantity = parse_quantity(written)
        assert quantity is not None
        assert str(as_percentage(quantity, unify(written))) == f"{percent}%"
    for written in ("0.75", "75", "75%", "two and a half", "3/2"):
        quantity = parse_quantity(written)
        assert quantity is not None
        assert as_percentage(quantity, written) == quantity


def test_no_word_that_may_begin_a_quantity_is_passed_over() -> None:
    """`quantities_in` reads at few words only: at every word at which `read_quantity` reads something."""
    tables = (number_words.SMALL_NUMBERS, number_words.TENS, number_words.SCALES, number_words.PARTS)
    names = (name for code, spellings in CURRENCIES.items() for name in (code, *spellings))
    known = {word for text in (*chain(*tables), *names) for word in re.findall(r"[A-Za-z]{3,9}", text)}
    for word in sorted(known | {"minus", "negative", "plus", "about", "dozen", "hundred", "krone", "Euro"}):
        for text in (
            f"{word} 5",
            f"{word} twenty",
            f"{word} five",
            f"{word} a mile",
            f"{word} hundred",
            f"{word} dollar 5",
            word,
        ):
            read = read_quantity(text)
            found = next(iter(quantities_in(text)), None)
            assert (found is not None and found[0] == 0) == (read is not None), text
