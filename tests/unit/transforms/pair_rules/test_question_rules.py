"""Questions that stand alone, and those that only seem to. `tests/data/checks.jsonl` has many more."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.pair_rules import question_rules
from transforms.records import Document, Fault, Persona, PersonaTask, QAPair

Rule = Callable[[QAPair], Fault | None]
RULES: list[Rule] = [rule for name, rule in vars(question_rules).items() if name.startswith("question_")]
TASK = PersonaTask(Document("d", "Some text."), "Other", Persona("reader"))


def faults(question: str) -> set[str]:
    return {fault.reason for rule in RULES if (fault := rule(QAPair(TASK, question, "answer", "term")))}


@pytest.mark.parametrize(
    "question",
    [
        "Wer ist er?",  # nothing is known of German pronouns
        "Was steht in Artikel 5 des Grundgesetzes?",
        "Que garantit l'article 3 du code civil ?",
        "Wer regiert today in Bern, und was ist die Rolle der Kantone?",
        "漱石はどこで生まれましたか",
        "ใครเป็นผู้ประดิษฐ์โทรศัพท์",
        "Hoeveel inwoners heeft Utrecht",
        "من كتب هذا الكتاب؟",
        "რომელ წელს დაიბადა ტესლა",  # a language of which nothing is known
    ],
)
def test_rules_for_english_say_nothing_of_other_languages(question: str) -> None:
    assert faults(question) == set()


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Wer war Goethe? Wann lebte er?", "question_multiple"),
        ("谁写的？何时写的？", "question_multiple"),
        ("Qui, selon cet article, a écrit Candide?", "question_refers_to_document"),
        ("この文章の主人公は誰ですか？", "question_refers_to_document"),
        ("Goethe war ein Dichter aus Frankfurt.", "question_not_a_question"),
        ("谁？", "question_too_short"),
        ("Who wrote Emma, and in which year was it published?", "question_multiple"),
        ("When and where was Mozart born?", "question_multiple"),
        ("What is the boiling point of ethanol and who first distilled it?", "question_multiple"),
        ("What does Figure 3 show the pressure to be?", "question_refers_to_document"),
        ("What does the word 'it' refer to in line 4?", "question_refers_to_document"),
        ("Which two cities are mentioned?", "question_refers_to_document"),
        ("Which of the options below is a mammal?", "question_refers_to_document"),
        ("What year does the narrator leave Dublin?", "question_refers_to_document"),
        ("What did our team find about sleep?", "question_refers_to_document"),
        ("What is the last item in the list?", "question_refers_to_document"),
        ("Who was the company's first chairman?", "question_dangling_pronoun"),
        ("How many votes did the bill receive?", "question_dangling_pronoun"),
        ("What is the name of the drink?", "question_dangling_pronoun"),
        ("What was the full name of the second ship?", "question_dangling_pronoun"),
        ("What was the score of the game?", "question_dangling_pronoun"),
        ("Who is now the mayor of Genoa?", "question_deictic_date"),
        ("Who is the current world chess champion?", "question_deictic_date"),
    ],
)
def test_faults(question: str, reason: str) -> None:
    assert reason in faults(question)


@pytest.mark.parametrize(
    "question",
    """Who was the king who built Versailles and who died in 1715?
What explains both how birds fly and how planes do?
What is the difference between where a whale feeds and where it breeds called?
Which table of the Ptolemaic Almagest lists 1,022 stars?
In Chapter 11 of the US Bankruptcy Code, who keeps control of the firm?
In which book of the Bible is Lilith mentioned?
How far above and below the equator do coral reefs grow?
What was the topic of the lecture that Feynman gave at Caltech in 1959?
Who is the narrator of Moby-Dick?
When a company buys another, what must the company publish?
Which film did Fritz Lang make after he saw New York?
What is the city once called Constantinople known as today?
Which country is now called Myanmar?
Was it Newton or Leibniz who wrote the integral sign as a long s?
Which current flows along the west coast of South America?
Which galaxy will collide with our galaxy in 4 billion years?
In the following reaction, 2 H2 + O2 -> 2 H2O, how many moles of oxygen react with 4 of hydrogen?
Which instrument plays the duck's part of the story in Peter and the Wolf?""".split("\n"),
)
def test_innocent(question: str) -> None:
    assert faults(question) == set()


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from("the film |it |and who |? |Which |, |was |1900 |today ".split("|"))).map("".join)
)
def test_any_text_has_an_answer(question: str) -> None:
    assert all(isinstance(reason, str) for reason in faults(question))


@pytest.mark.parametrize(
    ("question", "two"),
    [
        ("What is the risk of diabetes for smokers compared to others?", True),
        ("How much does copper cost compared with steel?", True),
        ("What is the relative risk of diabetes for smokers compared to others?", False),
        ("How much higher is the risk of smokers compared with others?", False),
        ("By what percentage does it reduce the risk compared to nothing?", False),
    ],
)
def test_a_figure_compared_with_another_is_whose(question: str, two: bool) -> None:
    fault = question_rules.question_asks_twice(QAPair(TASK, question, "12%", "percentage"))
    assert (fault is not None) == two
    assert question_rules.question_asks_twice(QAPair(TASK, question, "smoking", "term")) is None


@pytest.mark.parametrize("thing", ["recipe", "dish", "trial", "dataset"])
def test_a_thing_that_nothing_names_is_nobodys(thing: str) -> None:
    assert "question_dangling_pronoun" in faults(f"Which vegetable is used in the {thing}?")
    assert "question_dangling_pronoun" not in faults(f"Which vegetable is used in the {thing} of Julia Child?")


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What is the name of the museum? A. The Louvre B. The Prado", False),
        ("What is the name of the drink? The drink is chilled, sweet and popular.", True),
    ],
)
def test_what_follows_a_question_may_say_of_which_thing_it_is(question: str, named: bool) -> None:
    assert ("question_dangling_pronoun" in faults(question)) == (not named)


def test_what_is_current_is_so_on_some_day() -> None:
    assert "question_deictic_date" in faults("What is the current stock of the vending machine at Lyme?")
    assert "question_deictic_date" not in faults("What is the current in a circuit of 2 ohm and 4 volt?")


@pytest.mark.parametrize("question", ["What was one of the tools that he took over?", "Name one of the moons of Mars."])
def test_one_of_several_has_several_answers(question: str) -> None:
    fault = question_rules.question_asks_twice(QAPair(TASK, question, "siege warfare", "term"))
    assert fault
    assert fault.reason == "question_multiple"


def test_one_of_several_that_is_told_apart_is_one() -> None:
    question = "Which of the moons of Mars is the larger one?"
    assert question_rules.question_asks_twice(QAPair(TASK, question, "Phobos", "name")) is None
