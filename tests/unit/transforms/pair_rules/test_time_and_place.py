"""Questions whose answer changes with time or place, and those that keep theirs."""

import pytest

from tests.fakes.growth import assert_linear, repeated
from transforms.check import question_problem
from transforms.english.phrases import Phrases, plain_words
from transforms.pair_rules.expiring import question_expires
from transforms.pair_rules.unclear_place import question_place_is_unclear
from transforms.records import Document, Persona, PersonaTask, QAPair


def pair(question: str) -> QAPair:
    return QAPair(PersonaTask(Document("d", ""), "Other", Persona("reader")), question, "", "")


def expires(question: str) -> str | None:
    fault = question_expires(pair(question))
    assert fault is None or fault.reason == "question_expires"
    return fault.detail if fault else None


def unclear(question: str) -> str | None:
    fault = question_place_is_unclear(pair(question))
    assert fault is None or fault.reason == "question_place_unclear"
    return fault.detail if fault else None


@pytest.mark.parametrize(
    ("question", "seen"),
    [
        ("Who is the governor of Bavaria?", "governor"),
        ("Who chairs the Bank of Tamble?", "chairs"),
        ("What is the busiest harbour of Norway?", "busiest"),
        ("What is the tallest tower in Spain?", "tallest tower"),
        ("who has the most titles in snooker", "most titles in"),
        ("When was the last time the Thames froze over?", "last time"),
        ("Which is the newest line of the Oslo Metro?", "newest"),
        ("Who won the Stanley Cup?", "who won the stanley cup"),
        ("How many employees does Volvo have?", "how many employees"),
        ("How many goals has Putellas scored?", "how many ... so far"),
        ("What is the population of Bergen?", "population"),
        ("How much does a day ticket in Vienna cost?", "how much does"),
        ("How old is Paul Simon?", "how old is"),
        ("Which country will host the next European Games?", "next european games"),
        ("Does Malta still have a navy?", "still"),
    ],
)
def test_what_changes_with_time_expires(question: str, seen: str) -> None:
    assert expires(question) == seen
    assert question_problem(question) == "question_expires"


@pytest.mark.parametrize(
    "question",
    [
        "Who was the governor of Bavaria in 1950?",
        "As of May 2019, who chairs the Bank of Tamble?",
        "Who was the first governor of Bavaria?",
        "Who is the president in the film Independence Day?",
        "What is the largest moon of Saturn?",
        "Which is the oldest university in Spain?",
        "Who won the Stanley Cup in 1994?",
        "How many bones does a cat have?",
        "How many states are there in Austria?",
        "What is the unit of electric current?",
        "What is the price elasticity of a luxury good?",
        "What is the newest version of Bluetooth that Linux 5.10 supports?",
        "Ann is 12 years old. How old is she in seven years?",
        "A town has 12,000 people and grows by 3% a year. What is its population after two years?",
        "What does the acronym CEO stand for?",
        "Who plays Jack in Titanic?",
        "Wie hoch ist die Bevölkerung von Bergen?",
        "",
    ],
)
def test_what_stays_as_it_is_does_not(question: str) -> None:
    assert expires(question) is None


@pytest.mark.parametrize(
    ("question", "seen"),
    [
        ("What is the legal age of consent?", "age of consent"),
        ("How old do you have to be to rent a car?", "how old do you have to"),
        ("Who appoints the attorney general?", "attorney general"),
        ("Who was the first king?", "king"),
        ("What is the national flower?", "national flower"),
        ("When did the country join the United Nations?", "the country"),
        ("When does the school year end?", "school year"),
        ("On which side of the road do people drive?", "side of the road"),
        ("Which ministry regulates food safety?", "which ministry"),
        ("When was slavery abolished?", "slavery abolished"),
    ],
)
def test_what_each_country_has_its_own_way_means_a_place(question: str, seen: str) -> None:
    assert unclear(question) == seen
    assert question_problem(question) == "question_place_unclear"


@pytest.mark.parametrize(
    "question",
    [
        "What is the legal age of consent in Spain?",
        "what is the legal age of consent in spain",
        "Who appoints the US attorney general?",
        "Under French law, how old do you have to be to rent a car?",
        "Who was the last king of Italy?",
        "Which agency, the WHO, declared smallpox eradicated in 1980?",
        "In a bicameral parliament, how many chambers are there?",
        "What is the term for a government headed by a king?",
        "Which piece in chess is worth the most after the king?",
        "A state taxes each bottle at 5 cents. How much tax is paid on 40 bottles?",
        "If a law needs two thirds of 90 votes, how many votes is that?",
        "Of which country is Sofia the capital?",
        "How does an increase in the minimum wage affect the number of jobs?",
        "James pays 8% sales tax on a dress of $50. How much is it?",
        "At what age can a child sit without support?",
        "Welche Farbe hat die Nationalflagge?",
        "",
    ],
)
def test_a_question_that_names_its_place_or_needs_none_does_not(question: str) -> None:
    assert unclear(question) is None


def test_phrases_are_found_in_any_number_and_the_longest_first() -> None:
    table = Phrases("tax, tax rate, chief executive", "mother's day")
    words = plain_words("The Tax rates of chief-executives on Mother's Day")
    assert table.find(words) == range(1, 3) and table.find(words, 3) == range(4, 6) and table.find(words, 6) == range(7, 9)
    assert table.find(words, 1, 2) == range(1, 2) and table.find([]) is None
    assert "tax" in table and "rate" not in table


@pytest.mark.parametrize("unit", ["who is the ", "the most ", "A", "1,", "the king of ", "when ", "United ", "(", "'s "])
def test_hostile_questions_take_linear_time(unit: str) -> None:
    assert_linear(
        lambda text: (question_expires(pair(text)), question_place_is_unclear(pair(text))), repeated(unit), 12_500, 200_000
    )


@pytest.mark.parametrize("question", ["Who won the Super Bowl for?", "Who won the Oscar for"])
def test_a_question_may_end_anywhere(question: str) -> None:
    assert expires(question) is None
