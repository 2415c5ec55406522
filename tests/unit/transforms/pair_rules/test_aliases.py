"""Other names of an answer; most of these were given by a model of 1.5 billion parameters."""

import pytest

from transforms.pair_rules.aliases import MOST_READ, alias_problem, grounded_aliases
from transforms.records import Document, Persona, PersonaTask, QAPair


def kept(question: str, answer: str, answer_type: str, aliases: list[str], text: str) -> tuple[str, ...]:
    task = PersonaTask(Document("d", text), "Other", Persona("reader"))
    return grounded_aliases(QAPair(task, question, answer, answer_type, tuple(aliases)))


INCOME = "In 2020, the median household income was $67,521 (some call it the middle income level)."
ALGA = "The alga Cyanophora, a glaucophyte, was one of the first organisms to contain a chloroplast."
CELL = "Cells store energy in adenosine triphosphate (ATP), which mitochondria make."
MYANMAR = "Burma, now called Myanmar, has 54 million inhabitants."


@pytest.mark.parametrize(
    ("question", "answer", "answer_type", "aliases", "text", "expected"),
    [
        ("What was the median income in 2020?", "$67,521", "money", ["median income", "middle income level"], INCOME, ()),
        ("What was the median income in 2020?", "$67,521", "money", ["67,521 dollars"], INCOME, ("67,521 dollars",)),
        ("Which of the first organisms with a chloroplast is an alga?", "Cyanophora", "name", ["first organisms"], ALGA, ()),
        ("Which alga has a chloroplast?", "Cyanophora", "name", ["a glaucophyte"], ALGA, ("a glaucophyte",)),
        ("Which molecule, ATP or not, stores energy?", "adenosine triphosphate", "term", ["ATP"], CELL, ("ATP",)),
        ("What do mitochondria make?", "ATP", "term", ["adenosine triphosphate"], CELL, ("adenosine triphosphate",)),
        ("Which country, Burma in old books, is this?", "Myanmar", "place", ["Burma"], MYANMAR, ("Burma",)),
        ("How many inhabitants has Burma?", "54 million", "number", ["Burma", "54,000,000", "54 million inhabitants"], MYANMAR,
         ("54,000,000", "54 million inhabitants")),
        ("Is Burma called Myanmar now?", "yes", "yes_no", ["Myanmar"], MYANMAR, ()),
    ],
)  # fmt: skip
def test_what_is_kept_is_a_name_of_the_answer(
    question: str, answer: str, answer_type: str, aliases: list[str], text: str, expected: tuple[str, ...]
) -> None:
    assert kept(question, answer, answer_type, aliases, text) == expected


def test_what_the_document_does_not_say_is_not_kept() -> None:
    assert kept("Which alga?", "Cyanophora", "name", ["Cyanidium", "", "Cyanophora"], ALGA) == ()


def test_long_aliases_and_documents_take_no_longer_than_their_length() -> None:
    text = "ATP, or also, " * 20_000
    assert kept("What is it?", "adenosine", "term", ["ATP", "x" * 100_000], text) == ("ATP",)


PRIZE = "Who got the first Nobel Prize in physics?"


@pytest.mark.parametrize(
    ("question", "answer", "answer_type", "alias", "problem"),
    [
        (PRIZE, "Wilhelm Conrad Röntgen", "name", "W. C. Röntgen", ""),
        (PRIZE, "Wilhelm Conrad Röntgen", "name", "the inventor of X-ray pictures", ""),
        (PRIZE, "Wilhelm Conrad Röntgen", "name", "first Nobel Prize", "it has only words of the question"),
        (PRIZE, "Wilhelm Conrad Röntgen", "name", "wilhelm conrad röntgen", "the pair has it already"),
        (PRIZE, "Wilhelm Conrad Röntgen", "name", " ", "it is empty"),
        (PRIZE, "Wilhelm Conrad Röntgen", "name", "x" * 301, "it is longer than 300 characters"),
        ("How much rock was it?", "150 cubic kilometres", "number", "150 km3", ""),
        ("How much rock was it?", "150 cubic kilometres", "number", "much rock", "it has no number"),
        ("Which city is NYC on the tickets?", "New York City", "place", "NYC", "the question says it"),
        ("Is Burma called Myanmar now?", "yes", "yes_no", "indeed", "yes and no have no other names"),
    ],
)
def test_what_somebody_accepted_needs_no_document_and_keeps_the_other_rules(
    question: str, answer: str, answer_type: str, alias: str, problem: str
) -> None:
    pair = QAPair(PersonaTask(Document("d", ""), "Other", Persona("reader")), question, answer, answer_type)
    assert alias_problem(alias, pair) == problem


def test_a_pair_does_not_get_more_aliases_than_are_read() -> None:
    task = PersonaTask(Document("d", ""), "Other", Persona("reader"))
    pair = QAPair(task, "Which alga?", "Cyanophora", "name", tuple(f"name {number}" for number in range(MOST_READ)))
    assert alias_problem("a glaucophyte", pair) == f"the pair has {MOST_READ} aliases already"


def test_a_part_of_the_answer_is_no_other_name_of_it() -> None:
    text = "The empire held Central Asia and China."
    assert kept("What did the empire hold?", "Central Asia and China", "place", ["Central Asia", "China"], text) == ()
