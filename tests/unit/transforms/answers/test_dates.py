import pytest

from transforms.answers.dates import parse_date, parse_era


def test_partial_dates_stay_partial() -> None:
    assert str(parse_date("May 1923")) == "1923-05"
    assert parse_date("31 February 1923") is None
    assert parse_date("2023-13-01") is None


@pytest.mark.parametrize(
    ("text", "form"), [("AD 79", "79"), ("44 BCE", "44 bc"), ("44 B.C.", "44 bc"), ("44", None), ("BC", None)]
)
def test_years_with_an_era(text: str, form: str | None) -> None:
    assert parse_era(text) == form
