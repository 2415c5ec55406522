"""Answers that can be compared, and those that cannot. `tests/data/checks.jsonl` has many more."""

import pytest

from transforms.pair_rules import answer_rules
from transforms.records import Document, Persona, PersonaTask, QAPair

RULES = [rule for name, rule in vars(answer_rules).items() if name.startswith("answer_")]
TASK = PersonaTask(Document("d", "Some text."), "Other", Persona("reader"))


def faults(answer: str, answer_type: str = "term", question: str = "Which one is it in Norway?") -> set[str]:
    return {fault.reason for rule in RULES if (fault := rule(QAPair(TASK, question, answer, answer_type)))}


@pytest.mark.parametrize(
    ("question", "answer", "answer_type", "reason"),
    [
        ("Welcher Fluss fließt durch Kairo?", "Nil", "place", ""),
        ("Wie viele Räder hatte der Wagen?", "zwölf", "number", ""),
        ("Qui a peint ce tableau en 1503?", "Ils ont was will has does it.", "term", ""),
        ("東京は日本の首都ですか。", "はい。", "yes_no", ""),
        ("東京は日本の首都ですか。", "東京", "yes_no", "answer_type_mismatch"),
        ("東京はどこにありますか。", "n/a", "place", "answer_placeholder"),
        ("東京はどこにありますか。", "東京は日本の関東地方にある都市で" * 5, "place", "answer_too_long"),
    ],
)
def test_rules_for_english_say_nothing_of_other_languages(question: str, answer: str, answer_type: str, reason: str) -> None:
    assert faults(answer, answer_type, question) == ({reason} if reason else set())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('""', "answer_empty"),
        (" . ", "answer_empty"),
        ("No information is given.", "answer_placeholder"),
        ("It made books cheap and spread literacy", "answer_open_ended"),
        ("They crack when water freezes", "answer_open_ended"),
        ("Who goes there in the night?", "answer_is_question"),
    ],
)
def test_faults(answer: str, reason: str) -> None:
    assert reason in faults(answer)


@pytest.mark.parametrize(
    ("answer", "answer_type", "question"),
    [
        ("It Happened One Night", "term", "Which film won five Academy Awards in 1935?"),
        ("Who's Afraid of Virginia Woolf?", "term", "Which play by Albee opened in 1962?"),
        ("not applicable", "term", "What do the letters N/A on a form stand for?"),
        ("?", "code", "Which character makes a group optional in a regular expression?"),
        ('""', "code", "What does str() return in Python?"),
        ("No Country for Old Men", "term", "Which novel did McCarthy publish in 2005?"),
    ],
)
def test_innocent(answer: str, answer_type: str, question: str) -> None:
    assert faults(answer, answer_type, question) == set()


@pytest.mark.parametrize(
    ("question", "fits"),
    [
        ("Did baseline severity differ between men and women?", True),
        ("After thrombolysis, did men and women differ?", True),
        ("Whether or not they differ: do men and women differ in severity?", True),
        ("What is the difference in severity between men and women?", False),
        ("In what way do men and women differ in severity?", False),
    ],
)
def test_yes_and_no_answer_no_question_with_what(question: str, fits: bool) -> None:
    assert ("answer_type_mismatch" in faults("no", "yes_no", question)) == (not fits)


@pytest.mark.parametrize(
    ("answer", "exact"),
    [("millions of animals", False), ("hundreds", False), ("two millions", True), ("1.5 millions", True), ("a million", True)],
)
def test_an_order_of_magnitude_is_no_number(answer: str, exact: bool) -> None:
    assert ("answer_type_mismatch" in faults(answer, "number", "How many animals live in Kenya?")) == (not exact)


SERIES = (
    "Chloroplasts carry out fatty acid synthesis, much amino acid synthesis, and the immune response. Both cats and dogs purr."
)


def incomplete(question: str, answer: str, answer_type: str = "term") -> bool:
    task = PersonaTask(Document("d", SERIES), "Other", Persona("reader"))
    return answer_rules.answer_is_part_of_a_series(QAPair(task, question, answer, answer_type)) is not None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What other functions do chloroplasts perform?", "fatty acid synthesis"),
        ("What are the functions of chloroplasts?", "fatty acid synthesis"),
    ],
)
def test_one_of_a_series_is_half_an_answer_to_who_asks_for_all(question: str, answer: str) -> None:
    assert incomplete(question, answer)


@pytest.mark.parametrize(
    ("question", "answer", "answer_type"),
    [
        ("What function of chloroplasts makes fats?", "fatty acid synthesis", "term"),
        ("What are the functions of chloroplasts?", "fatty acid synthesis, amino acid synthesis, immune response", "list"),
        ("What are the functions of chloroplasts?", "carry out", "term"),
        ("What are chloroplasts called?", "fatty acid synthesis", "term"),
        ("What is the basis of life?", "fatty acid synthesis", "term"),
        ("Quelles sont les fonctions des chloroplastes ?", "fatty acid synthesis", "term"),
    ],
)
def test_who_asks_for_one_gets_one(question: str, answer: str, answer_type: str) -> None:
    assert not incomplete(question, answer, answer_type)


def bounded(question: str, answer: str, answer_type: str, text: str) -> bool:
    task = PersonaTask(Document("d", text), "Other", Persona("reader"))
    return answer_rules.answer_is_a_bound(QAPair(task, question, answer, answer_type)) is not None


def test_a_bound_is_no_number() -> None:
    text = "There are over 150 currencies. Short-term loans come due within one year. The 30 largest have at least 30 members."
    assert bounded("How many currencies are there?", "150", "number", text)
    assert bounded("How long do short-term loans last?", "one year", "duration", text)
    assert not bounded("Over how many currencies are there?", "150", "number", text)
    assert not bounded("How many currencies are there?", "over 150", "number", text)
    assert not bounded("How many of the largest are there?", "30", "number", text)  # it is said without a bound as well
    assert not bounded("How many currencies are there?", "1500", "number", text)
