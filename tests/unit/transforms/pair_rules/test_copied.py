"""Copies: what a small model repeated of its prompt, and what only looks so."""

import pytest

from prompts.exemplar_bank import Exemplar, load_bank, sample_exemplars
from prompts.load import load_domains, load_prompts
from tests.fakes.growth import assert_linear, repeated
from transforms.pair_rules.copied import (
    Told,
    content_words,
    copied_from_exemplar,
    copied_from_prompt,
    copied_persona,
    instructions_of,
)
from transforms.records import Document, Persona, PersonaTask, QAPair

RECIPE = (
    "Southwestern Cornbread Salad. Crumble the cornbread into a large bowl. Add two cups of black beans, one cup of corn and "
    "a chopped red onion. Stir in the dressing and chill the salad for 30 min before serving. This recipe feeds eight people."
)
BRIDGES = (
    "Every bearing of a bridge is sized by a structural engineer for rotation and load. Elastomeric bearings carry most short "
    "spans; the engineer who is sizing them looks at the thrust of the deck first."
)
INSTRUCTIONS = """Choose the document's domain.
- "Coding": programming languages, software engineering, commands
- `name`: the reader in 3 to 10 words ("structural engineer sizing
  bridge bearings"), and `interest`, what that reader would want to know.

- `answer`: a number with its unit, a date, a name, a term: as few words as possible, copied from the document.
Write the one question that the given persona would most want answered from the document.
"""
HEAP = "What is the tight worst-case time bound for building a binary heap from n elements by bottom-up sifting?"
GUERNICA = "In which city has Picasso's painting Guernica been permanently exhibited since 1992?"
# "What is the boiling point of water?", and the same of alcohol.
BOILING = "\u6c34\u306e\u6cb8\u70b9\u306f\u4f55\u5ea6\u3067\u3059\u304b"
ALCOHOL = BOILING.replace("\u6c34", "\u9152\u7cbe")
BANK = (
    Exemplar("heap", "Coding", "student", "Sifting down builds a binary heap in O(n).", HEAP, "O(n)", "expression"),
    Exemplar("guernica", "Other", "visitor", "Guernica has hung in Madrid since 1992.", GUERNICA, "Madrid", "place"),
    Exemplar("prey", "Other", "pupil", "A pink tower has ten cubes.", "How many cubes has a pink tower?", "10 cubes", "number"),
    Exemplar("chess", "Other", "player", "It is allowed.", "May a player castle?", "yes", "yes_no"),
    Exemplar("japanese", "Other", "\u5b66\u751f", "x", BOILING, "100\u5ea6", "number"),
)  # fmt: skip


def pair(question: str, answer: str, text: str = RECIPE, answer_type: str = "term") -> QAPair:
    return QAPair(PersonaTask(Document("d", text), "Other", Persona("cook")), question, answer, answer_type)


# --- personas


@pytest.mark.parametrize(
    ("name", "text", "copied"),
    [
        ("structural engineer sizing bridge bearings", RECIPE, True),
        ("Structural Engineers, sizing bridge bearings", RECIPE, True),
        ("structural engineer", RECIPE, True),  # a part of what stands in quotes
        ("structural engineer sizing bridge bearings", BRIDGES, False),
        ("software engineer", RECIPE, False),  # of a description, and a reader of many documents
        ("mechanical engineer", RECIPE, False),
        ("home cook planning a party", RECIPE, False),
        ("reader", RECIPE, False),
        ("\u6a4b\u306e\u6280\u8853\u8005", RECIPE, False),
        ("", RECIPE, False),
    ],
)
def test_a_persona_of_the_prompt(name: str, text: str, copied: bool) -> None:
    assert copied_persona(name, INSTRUCTIONS, text) == (name if copied else None)


# --- exemplars


@pytest.mark.parametrize(
    ("question", "answer", "text", "exemplar"),
    [
        (HEAP, "30 min", RECIPE, "heap"),
        ("What is the worst-case time bound for building a binary heap from n elements?", "30 min", RECIPE, "heap"),
        (HEAP, "O(n)", RECIPE, "heap"),
        ("What is the price of the salad?", "Madrid", RECIPE, "guernica"),
        (GUERNICA, "30 min", RECIPE, "guernica"),
        (GUERNICA, "Madrid", f"{RECIPE} It was first made in Madrid.", "guernica"),
        ("How many cubes has a pink tower?", "two", RECIPE, "prey"),
        (BOILING, "30", "\u76ee\u9ed2\u99c5\u306e\u99c5\u9577\u306f30\u4eba\u3060\u3063\u305f\u3002", "japanese"),
    ],
    ids=["whole", "most of it", "with its answer", "answer alone", "another answer", "answer said", "short", "without spaces"],
)  # fmt: skip
def test_an_exemplar_instead_of_the_document(question: str, answer: str, text: str, exemplar: str) -> None:
    fault = copied_from_exemplar(pair(question, answer, text), BANK)
    assert fault is not None and fault.reason == "copied_from_exemplar"
    assert fault.detail.startswith(f"exemplar {exemplar}: ")


@pytest.mark.parametrize(
    ("question", "answer", "text", "answer_type"),
    [
        # About what the exemplar is about, in its words or in others.
        (GUERNICA, "Madrid", "Picasso painted Guernica in Paris. Madrid has shown the canvas since 1992.", "place"),
        (HEAP, "O(n)", "To build a binary heap of n elements by sifting takes O(n) in the worst case.", "expression"),
        # In the exemplar's form, about something else.
        ("What is the time bound for preparing a Southwestern Cornbread Salad?", "30 min", RECIPE, "duration"),
        ("In which city has the Pergamon Altar been exhibited since 1901?", "Berlin", "The Altar is in Berlin.", "place"),
        ("How many cups of black beans are in the salad?", "two", RECIPE, "number"),
        ("How many people?", "eight", RECIPE, "number"),
        # "Yes" is an answer to anything, and so is what the document says.
        ("Does the salad hold corn?", "yes", RECIPE, "yes_no"),
        ("Where was the salad first made?", "Madrid", f"{RECIPE} It was first made in Madrid.", "place"),
        (ALCOHOL, "78\u5ea6", "\u9152\u7cbe\u306e\u6cb8\u70b9\u306f78\u5ea6\u3067\u3042\u308b\u3002", "number"),
        ("", "", RECIPE, "term"),
    ],
)  # fmt: skip
def test_what_the_document_is_about_is_no_copy(question: str, answer: str, text: str, answer_type: str) -> None:
    assert copied_from_exemplar(pair(question, answer, text, answer_type), BANK) is None


def test_every_exemplar_asked_of_a_recipe_is_found() -> None:
    shown = load_bank(load_domains())
    missed = [
        one.id for bank in shown.values() for one in bank if copied_from_exemplar(pair(one.question, "30 min"), [one]) is None
    ]
    assert not missed


def test_only_exemplars_that_were_shown_count() -> None:
    told = Told("", {"Other": BANK}, 1)
    task = pair("Who?", "x").task
    assert told.exemplars_for(task) == sample_exemplars(BANK, "d", 1)
    assert not Told().exemplars_for(task)


# --- instructions


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How long is the salad chilled?", "a number with its unit"),
        ("How long is the salad chilled?", "a date, a name, a term"),
        ("What is the one question that the persona would most want answered from the document?", "30 min"),
    ],
)
def test_the_words_of_the_prompt(question: str, answer: str) -> None:
    fault = copied_from_prompt(pair(question, answer), INSTRUCTIONS)
    assert fault is not None and (fault.reason, fault.detail in (question, answer)) == ("copied_from_prompt", True)


@pytest.mark.parametrize(
    ("question", "answer", "text"),
    [
        ("How long is the salad chilled?", "30 min", RECIPE),
        ("What is chopped?", "a red onion", RECIPE),
        ("What does a date have?", "a number with its unit", "A measurement is a number with its unit."),
        ("What field?", "software engineering", "She took up software engineering."),
        ("Which persona would want a question answered?", "the reader", "A persona would want a question answered first."),
    ],
)
def test_what_the_document_says_as_well_is_no_copy(question: str, answer: str, text: str) -> None:
    assert copied_from_prompt(pair(question, answer, text), INSTRUCTIONS) is None


def test_what_stands_behind_the_document_was_shown_too() -> None:
    told = instructions_of(load_prompts())
    assert "Task: synthesize" in told and load_prompts().system in told


# --- words


def test_words_without_spaces_are_pairs_of_neighbours() -> None:
    assert content_words("\u6c34\u306e\u6cb8 and the bridges") == ["\u6c34\u306e", "\u306e\u6cb8", "bridg"]
    assert content_words("\u6c34") == ["\u6c34"]


@pytest.mark.parametrize("unit", ["alpha beta ", "\u6c34", "\n- ", '"a', "((", "-7 // 2 "])
def test_any_text_takes_linear_time(unit: str) -> None:
    make = repeated(unit)

    def look(text: str) -> None:
        for one in (pair(text, "x"), pair("What is it?", text), pair(HEAP, "x", text)):
            copied_from_exemplar(one, BANK)
            copied_from_prompt(one, INSTRUCTIONS + text)
        copied_persona(text, INSTRUCTIONS + text, text)

    assert_linear(look, make, 1000, 16_000)
