import pytest

from transforms.reward.match_prose import contradicts_prose, states_prose
from transforms.reward.truth import Truth

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
     "There are 12, while others have 30 of them.", "p = 12", "12, not 13", "12 (not 13)", "12 rather than 13 or 14",
     "twelve (12)",
     "12 rows", "Twice 6 is 12.", "There are 12!", "|12|", "We obtain 12", "every 12"],
)  # fmt: skip
def test_says_twelve(text: str) -> None:
    assert states_prose(text, TWELVE)


@pytest.mark.parametrize(
    "text",
    [
        "3 * 4 = 12, 12 + 1 = 13",
        "12\n13",
        "11 or 12",
        "12 - 1 = 11",
        "3 * 4",
        "x != 12",
        "12 (13)",
        "12 to 14",
        "(12, 12)",
        "12; 12",
        "12'",
        "12!",
        "12 squared",
        "blorp 12",
        "12 blorp",
        r"\foo 12",
        "x >= 12",
        "12.0...",
        r"\neq 12",
        "13, not 12",
        "12, not quite",
        "12, not 13 but 14",
        "> 12",
        "twice 12",
        "12 ∪ 13",
        "- 12",
        "12, not 12",
    ],
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


def test_other_things_than_the_answer_counts() -> None:
    length = Truth("12 km", "number")
    assert states_prose("12", length)
    assert states_prose("It is 12 kilometres long.", length)
    assert states_prose("It is 12 long kilometres.", length)
    for said in ("12 apples", "There are 12 apples.", "12 miles", "12 square km"):
        assert not states_prose(said, length)
    assert states_prose("30 standing committees", Truth("30 committees", "number"))


def test_brackets_mean_a_debt() -> None:
    assert states_prose("($42)", Truth("-$42", "money"))
    assert not states_prose("($42)", Truth("$42", "money"))


def test_a_place_of_the_same_name() -> None:
    for said in ("Paris, Texas", "Paris (Texas)", "It is Paris, Texas.", "Paris in Ontario", "Paris, TX"):
        assert not states_prose(said, PARIS)
    for said in (
        "Paris, France",
        "Paris (France)",
        "It is in Paris, France.",
        "Paris, not London",
        "Paris (and not London, as many think).",
    ):
        assert states_prose(said, PARIS)


def test_a_date_that_is_only_a_border() -> None:
    opened = Truth("1923", "date")
    for said in ("since 1923", "It lasted until 1923.", "by 1923", "1923 onwards", "the 1920s", "1923s"):
        assert not states_prose(said, opened)
    assert states_prose("It dates from 1923.", opened)
    assert states_prose("since 1923", Truth("since 1923", "date"))
    assert states_prose("in the 1920s", Truth("the 1920s", "term"))
    assert not states_prose("1920", Truth("the 1920s", "term"))
