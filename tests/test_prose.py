import pytest

from transforms.mentions import Truth
from transforms.prose import contradicts_prose, split_sentences, states_prose

PARIS = Truth("Paris", "place")
TWELVE = Truth("12", "number")


@pytest.mark.parametrize(
    "text",
    ["Paris", "So, Paris.", "The capital is Paris.", "Paris. It has been so since 987.", "Sure! It is Paris.", "1. Paris",
     "Paris \u2705",
     "I thought about it for long. The capital of France is Paris."],
)  # fmt: skip
def test_says_paris(text: str) -> None:
    assert states_prose(text, PARIS)


@pytest.mark.parametrize(
    "text",
    ["", "Lyon", "Paris. Lyon.", "It is Paris. It is Lyon.", "Paris\nLyon", "Paris. Maybe Lyon.",
     "Lyon is the capital. Paris is big.",
     "a) Paris b) Lyon", "France has cities. Paris is one. Lyon is another. " * 20],
)  # fmt: skip
def test_does_not_say_paris(text: str) -> None:
    assert not states_prose(text, PARIS)


@pytest.mark.parametrize(
    "text",
    ["12", "3 * 4 = 12", "There are 4 rows.\nEach has 3.\nSo there are 12.", "12, because 3 * 4 = 12",
     "12 is the product of 3 and 4.",
     "There are 12, while others have 30 of them.", "p = 12"],
)  # fmt: skip
def test_says_twelve(text: str) -> None:
    assert states_prose(text, TWELVE)


@pytest.mark.parametrize(
    "text", ["3 * 4 = 12, 12 + 1 = 13", "12\n13", "11 or 12", "12 - 1 = 11", "3 * 4", "x != 12", "12 (13)", "12 to 14"]
)
def test_does_not_say_twelve(text: str) -> None:
    assert not states_prose(text, TWELVE)


def test_contradictions() -> None:
    assert contradicts_prose("Lyon.", PARIS)
    assert contradicts_prose("It is Lyon.", PARIS)
    assert contradicts_prose("Lyon is the capital.", PARIS)
    assert not contradicts_prose("It has been so since 987.", PARIS)
    assert not contradicts_prose("Let me think.", PARIS)
    assert not contradicts_prose("I hope this helps!", PARIS)
    assert contradicts_prose("13", TWELVE)
    assert not contradicts_prose("Each row has 4.", TWELVE)


def test_sentences_end_where_abbreviations_do_not() -> None:
    assert split_sentences('Dr. A. Smith left. "Really?" Yes; no.\nEnd') == [
        "Dr. A. Smith left.",
        '"Really?"',
        "Yes",
        "no.",
        "End",
    ]
