import pytest

from transforms.answers.units import parse_unit, read_currency, read_unit, unit_spellings


def test_a_unit_has_one_symbol() -> None:
    assert parse_unit("km/h") == parse_unit("kph") == parse_unit("kilometres per hour")
    assert parse_unit("banana") is None
    for symbol in ("km", "h", "m^2", "km/h", "°C", "%", "lb", "kWh", "MB"):
        unit = parse_unit(symbol)
        assert unit is not None
        assert unit.symbol == symbol
        for spelling in unit_spellings(symbol):
            assert parse_unit(spelling) == unit, spelling


@pytest.mark.parametrize(
    ("text", "symbol", "rest"), [(" km/h of", "km/h", " of"), ("-metre race", "m", " race"), (" sq. ft.", "ft^2", "")]
)
def test_reads_the_longest_unit(text: str, symbol: str, rest: str) -> None:
    found = read_unit(text, 0)
    assert found is not None
    assert (found[0].symbol, text[found[1] :].strip(".") or "") == (symbol, rest)


def test_a_word_is_no_unit() -> None:
    assert read_unit(" bananas", 0) is None
    assert read_unit(" in total", 0) is None


def test_currencies_are_read_before_a_number() -> None:
    found = read_currency("US$5")
    assert found is not None
    assert (found[0].symbol, found[1]) == ("USD", 3)
    assert read_currency("5 dollars") is None
