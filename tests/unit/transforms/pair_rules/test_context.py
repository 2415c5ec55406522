"""Questions that look whole and mean nothing without their document, and those that do stand alone."""

import time

import pytest

from transforms.pair_rules.context import question_misses_context
from transforms.records import Document, Persona, PersonaTask, QAPair

RECIPE = "# Dumplings\n\n## Ingredients\n\n- 1 cup flour\n- 2 eggs\n\n## Directions\n\nMix, and boil for ten minutes."


def seen(question: str, document: str = "Some text.", answer: str = "x") -> str | None:
    """What the rules name, or None."""
    fault = question_misses_context(
        QAPair(PersonaTask(Document("d", document), "Other", Persona("reader")), question, answer, "term")
    )
    assert fault is None or fault.reason == "question_context_missing"
    return fault.detail if fault else None


@pytest.mark.parametrize(
    "question",
    [
        "How many patients started treatment before the results came?",
        "What percentage of women reported pain after surgery?",
        "What proportion of participants prefer the new form?",
        "What was the median survival of the treated mice?",
        "What is the mortality rate in both groups?",
        "Which group showed a statistically significant effect?",
        "What share of smokers cough? (n = 3955)",
    ],
)
def test_what_was_measured_in_a_study_needs_the_study(question: str) -> None:
    assert seen(question)


@pytest.mark.parametrize(
    "question",
    [
        "In the Framingham Heart Study, how many participants were enrolled?",
        "How many patients were treated with penicillin at Albany General Hospital in 1942?",
        "What percentage of adults with type 1 diabetes have antibodies?",
        "How many eyes does a spider have?",
        "What is the mean of a sample called when it is taken again and again?",
        "A trial treats 40 patients. Half of them recover. How many patients recovered?",
        "How many students are needed for a class to have two with one birthday more likely than not?",
    ],
)
def test_a_named_study_and_a_fact_of_all_people_stand_alone(question: str) -> None:
    assert seen(question) is None


def test_a_figure_with_its_spread_was_measured_somewhere() -> None:
    assert seen("What is the mean prescribed dose?", answer="31.85 \u00b1 36.06 Gy") == "\u00b1"


MEASURED = "Laparoscopic myomectomy is common. In our patients the mean operating time was 60 minutes. A day has 24 hours."


def test_a_figure_that_was_found_once_is_of_that_study() -> None:
    assert seen("What is the mean operating time for laparoscopic myomectomy?", MEASURED, "60 minutes")
    assert seen("What is the mean operating time at Albany Hospital?", MEASURED, "60 minutes") is None
    assert seen("What is the number of hours in a day?", MEASURED, "24") is None
    assert seen("What is the mean operating time?", "It is always 60 minutes. It was 60 minutes.", "60 minutes") is None


def test_samples_are_somebodys() -> None:
    assert seen("Which bacteria grow in the urine samples?")
    assert seen("Which bacteria grow in the samples of Apollo 11?") is None


def test_what_is_the_readers_is_not_known() -> None:
    assert seen("What is the length of your first name?")
    assert seen("How many bones are in your body?") is None
    assert seen("What is the sum of 2 and 3, if your answer is in base 4?") is None


@pytest.mark.parametrize(
    "question",
    [
        "What did the band do after the tour?",
        "Why was the second season delayed?",
        "Who wrote the song?",
        "How did the king reward him?",
        "Did the musical win any awards?",
    ],
)
def test_what_once_happened_needs_a_name_or_a_year(question: str) -> None:
    assert seen(question.replace("Who wrote", "Who recorded"))


@pytest.mark.parametrize(
    "question",
    [
        "What did Zappa do after the tour?",
        "Why did the British leave Boston?",
        "Which treaty was signed in 1648?",
        "Who invented the telephone?",
        "Which animals were domesticated earliest?",
        "Who was the first woman in space?",
        'Who sang "yesterday" in the film?',
        "What did NASA land on the Moon?",
        "Which metal is liquid at room temperature?",
        "Wie viele Patienten wurden behandelt?",
    ],
)
def test_what_is_named_or_known_to_all_stands_alone(question: str) -> None:
    assert seen(question) is None


def test_an_abbreviation_that_the_document_made_is_no_name() -> None:
    made = "The Free Tool Works (FTW) was founded by a smith."
    assert seen("Who was the head of FTW?", made)
    assert seen("Who was the head of FTW?", "FTW made tools.") is None


@pytest.mark.parametrize("question", ["How much flour is needed to make dumplings?", "How long should dumplings boil?"])
def test_an_amount_of_a_recipe_needs_its_cook(question: str) -> None:
    assert seen(question, RECIPE)
    assert seen(question, "Boil dumplings for ten minutes.") is None


def test_a_recipe_that_is_named_stands_alone() -> None:
    assert seen("How much flour is in Julia Child's recipe for dumplings?", RECIPE) is None


def test_what_a_variable_holds_needs_the_program() -> None:
    assert seen("What is the total of the fruit_count dictionary?")
    assert seen("What is the total of the fruit_count dictionary {'apple': 3, 'pear': 4}?") is None
    assert seen("Which built-in type stores the max_heap list?".replace("the max_heap list", "keys and values")) is None


@pytest.mark.parametrize("unit", ["how many ", "A", "was ", "A B", '"', "(n = 1", "[", "ingredients\n", "a_b list "])
def test_no_text_takes_long(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    began = time.process_time()
    seen(f"What was {text}?", text)
    assert time.process_time() - began < 5
