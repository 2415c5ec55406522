import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.reward.mentions import text_mentions, values_in, words_of
from transforms.reward.truth import Truth


def named(sentence: str, answer: str, answer_type: str | None) -> bool:
    return bool(text_mentions(words_of(sentence), Truth(answer, answer_type)))


@pytest.mark.parametrize(
    ("sentence", "answer", "answer_type"),
    [
        ("The capital is Paris.", "Paris", "place"),
        ("the physicist Marie Curie discovered it", "Marie Curie", "name"),
        ("It was Dr. Marie Curie.", "Marie Curie", "name"),
        ("It was Albert Einstein.", "Einstein", "name"),
        ("It was written by E. Durkheim.", "Émile Durkheim", "name"),
        ("the author is J.K. Rowling.", "J. K. Rowling", "name"),
        ("Plants release oxygen.", "oxygen", "term"),
        ("Oxygen makes up 21%.", "oxygen", "term"),
        ("Double-blind trials are best.", "double blind trial", "term"),
        ("They keep a data base.", "database", "term"),
    ],
)
def test_mentions(sentence: str, answer: str, answer_type: str) -> None:
    assert named(sentence, answer, answer_type)


@pytest.mark.parametrize(
    ("sentence", "answer", "answer_type"),
    [
        ("Carbon dioxide is a gas.", "carbon", "term"),
        ("It is low blood pressure.", "blood pressure", "term"),
        ("It is zero gravity.", "gravity", "term"),
        ("Paris Hilton is famous.", "Paris", "place"),
        ("the Paris agreement", "Paris", "place"),
        ("Marie Curie's husband", "Marie Curie", "name"),
        ("It is the University of Oxford.", "University", "name"),
        ("Mount Kilimanjaro National Park", "Mount Kilimanjaro", "place"),
        ("It is the Big Apple.", "Apple", "name"),
        ("hydrocarbon", "carbon", "term"),
        ("P a r i s", "Paris", "place"),
    ],
)
def test_parts_of_something_else_are_no_mentions(sentence: str, answer: str, answer_type: str) -> None:
    assert not named(sentence, answer, answer_type)


@pytest.mark.parametrize(
    ("sentence", "answer", "answer_type", "right"),
    [
        ("There are 8 planets.", "8", "number", [True]),
        ("eight or nine", "8", "number", [False, False]),
        ("In 2006 it fell to 8.", "8", "number", [True]),
        ("Apollo 11 landed in 1969", "1969", "number", [True]),
        ("It was 5:30", "5", "number", [False, False]),
        ("see Figure 8", "8", "number", []),
        ("5 of the 8", "5", "number", [True]),
        ("5 km in 2 hours", "5 km", "number", [True]),
        ("It opened on May 4, 1923.", "4 May 1923", "date", [True]),
        ("on 4 May 1923", "1923", "date", [True]),
        ("from 1914 to 1918", "1914", "date", [False, False]),
        ("in 1923 BC", "1923", "date", [False]),
    ],
)
def test_values(sentence: str, answer: str, answer_type: str, right: list[bool]) -> None:
    assert [value.right for value in values_in(sentence, Truth(answer, answer_type))] == right


def test_a_truth_is_said_by_its_spellings_and_by_what_is_more_exact() -> None:
    assert Truth("World Health Organization", "name", ("WHO",)).said_by("the W.H.O.")
    assert Truth("Paris", "place").said_by("Paris, France")
    assert not Truth("Georgia", "place").said_by("Atlanta, Georgia")
    assert Truth("March 2011", "date").said_by("11 March 2011")
    assert not Truth("11 March 2011", "date").said_by("March 2011")
    assert Truth("Einstein", "name").said_by("Albert Einstein")
    assert not Truth("Albert Einstein", "name").said_by("Einstein")


@given(st.text(max_size=80))
def test_words_lie_where_they_say(sentence: str) -> None:
    assert all(sentence[word.start : word.end] == word.text for word in words_of(sentence))
