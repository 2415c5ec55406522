"""What models write around questions and answers, and what only looks like it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.clean_draft import clean_aliases, clean_answer, clean_question, fitting_type
from transforms.records import ANSWER_TYPES, AnswerType

DOCUMENT = """The 1. FC K\u00f6ln was founded in 1948. The dose is 300 mg, for 1.5 million people. Madrid is not in the list:
1. Paris
2. London"""


@pytest.mark.parametrize(
    ("written", "answer_type", "answer"),
    [
        # its type or unit behind it
        ("bh\u00b3/12 (expression)", "expression", "bh\u00b3/12"),
        ("300 mg (number)", "number", "300 mg"),
        ("1984 (date)", "date", "1984"),
        ("yes (yes/no)", "yes_no", "yes"),
        ("Mercury [name].", "name", "Mercury"),
        ("12 (metres)", "number", "12 metres"),
        ("300 mg (milligrams)", "number", "300 mg"),
        ("5 (dollars)", "money", "5 dollars"),
        # what dresses all of it
        ('"Paris"', "place", "Paris"),
        ("\u201cmoral hazard\u201d", "term", "moral hazard"),
        ("**Paris**", "place", "Paris"),
        ("**x^2**", "expression", "x^2"),
        ("```python\nx = 1\n```", "code", "x = 1"),
        ("```\nmake list\n```", "code", "make list"),
        ("`pip install numpy`", "code", "pip install numpy"),
        # marks of a list
        ("1. Paris", "place", "Paris"),
        ("1. Madrid", "place", "Madrid"),
        ("1. 300 mg", "number", "300 mg"),
        ("- Paris", "place", "Paris"),
        ("\u2022 Paris", "place", "Paris"),
        ("a) Paris", "place", "Paris"),
        ("2) Paris", "place", "Paris"),
        ("(a) Madrid", "place", "Madrid"),
        # labels
        ("Answer: Paris", "place", "Paris"),
        ("The correct answer is: Paris", "place", "Paris"),
        ("The answer is 42", "number", "42"),
        ("**Answer:** `Paris`.", "place", "Paris"),
        ("Paris (answer: Paris)", "place", "Paris"),
        # a final full stop
        ("Paris.", "place", "Paris"),
        ("3.5.", "number", "3.5"),
        ("E = mc^2.", "expression", "E = mc^2"),
        # as Qwen2.5-Coder-1.5B wrote it
        ("Actinobaculum schaalii is CO(2)-dependent.", "term", "Actinobaculum schaalii is CO(2)-dependent"),
        # a list keeps its items
        ("split, sort, merge.", "list", "split, sort, merge"),
        ("- split\n- sort\n- merge", "list", "split, sort, merge"),
        ("1. Paris, 2. London and 3. Rome", "list", "Paris, London, Rome"),
        ("1) Paris\n2) Rome, Italy", "list", "Paris; Rome, Italy"),
        ('["Paris", "Rome"]', "list", "Paris, Rome"),
        ("**Paris, Rome**", "list", "Paris, Rome"),
    ],
)
def test_what_is_not_of_the_answer_goes(written: str, answer_type: str, answer: str) -> None:
    assert clean_answer(written, answer_type, DOCUMENT) == answer


RIGHT = {
    "name": ["1. FC K\u00f6ln", "C. elegans", "Acme Inc.", "'S Wonderful", "Answer to Job"],
    "term": [
        "(S)-ibuprofen",
        "C.",
        "1. e4",
        "(1) x",
        "3)",
        '"A" and "B"',
        '"',
        "...",
        "etc.",
        "a.m.",
        "A: B",
        "Answer",
        "NaCl (aq)",
    ],
    "place": ["U.S.", "Washington, D.C."],
    "expression": ["f(x)", "- x", "3) x + 1", "{x}", "a*b*c", "f (number)"],
    "code": ["**kwargs", "__init__", "**", "**bold**", '"abc"', "int(number)", "answer: 42", "print('a.b').", "- name: x"],
    "number": ["- 5", "-5", "- five", "1. 5 million", "5 km (miles)", "12 km (7.5 mi)", "5'10\""],
    "date": ["3. Oktober 1990", "It was opened to the public in 1932."],  # a sentence, which Check knows by its full stop
    "option": ["a) Paris", "(b)"],
    "list": ["1.5, 2.5", "[1, 2]", "Paris, Rome", "['a', 'b']", "2. Paris, 1. Rome"],
}


@pytest.mark.parametrize(("answer_type", "answer"), [(kind, answer) for kind, answers in RIGHT.items() for answer in answers])
def test_nothing_that_is_right_is_damaged(answer_type: str, answer: str) -> None:
    assert clean_answer(answer, answer_type, DOCUMENT) == answer


@pytest.mark.parametrize(
    ("written", "question"),
    [
        ("Question: What is X?", "What is X?"),
        ("**Question:** What\n is X?", "What is X?"),
        ("Q1: What is X?", "What is X?"),
        ('"What is X?"', "What is X?"),
        ("**What is X?**", "What is X?"),
        ("What is X? (answer: f(x))", "What is X?"),
        ("What is X?\n**Answer:** 5", "What is X?"),
        ("What is X? (expression)", "What is X?"),
        *((same, same) for same in ("Is it so (answer yes or no)?", 'Who is "A", and who is "B"?', "Which answer: a or b?")),
        *(
            (same, same)
            for same in ("Which is larger (number)?", "Question time: who hosts it?", "What does **kwargs collect?", "")
        ),
    ],
)
def test_a_question_stands_without_its_label_and_answer(written: str, question: str) -> None:
    assert clean_question(written) == question


def test_other_names_are_cleaned_and_said_once() -> None:
    given = ["", " ", "UK", "- UK", '"UK"', "United  Kingdom", "Britain.", "**Great Britain**"]
    assert clean_aliases(given, "place", "", "Great Britain") == ("UK", "United Kingdom", "Britain")


PIECES = st.sampled_from([*"\"'`*()[].:1a \n", "answer:", "(answer: ", "1. ", "- ", "```", "(number)", "**", "? "])


@given(st.text() | st.lists(PIECES).map("".join), st.sampled_from(ANSWER_TYPES), st.text())
def test_cleaning_never_raises_and_leaves_one_line(text: str, answer_type: str, document: str) -> None:
    assert clean_answer(text, answer_type, document).split("\n") == [" ".join(clean_answer(text, answer_type, document).split())]
    clean_question(text)


@pytest.mark.parametrize(
    "piece", [" ", "(answer:x)", "? answer:", "(number) ", "1. a, ", "- a\n", "*", "[", "`", "(a ", "12 (", "\\"]
)
def test_time_grows_with_the_text_alone(piece: str) -> None:
    text, began = piece * (100_000 // len(piece)), time.process_time()
    for answer_type in ("term", "number", "list", "code"):
        clean_answer(text + "x", answer_type, text)
    clean_question(text + "x")
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    ("kind", "answer", "fits"),
    [
        ("expression", "ternary operator", "term"),
        ("expression", "God's alone to grant", "term"),
        ("expression", "x + y", "expression"),
        ("expression", "sin x", "expression"),
        ("expression", "entropy", "expression"),
        ("code", "corresponding responsibility", "term"),
        ("code", "git commit", "code"),
        ("code", "bool", "code"),
        ("list", "a drug plan", "term"),
        ("list", "salt, pepper", "list"),
        ("money", "1 cup flour", "number"),
        ("money", "5 pounds", "money"),
        ("money", "200 drachmas", "money"),
        ("money", "12 million", "money"),
        ("name", "Ada", "name"),
    ],
)
def test_the_type_is_one_that_the_answer_can_have(kind: AnswerType, answer: str, fits: str) -> None:
    assert fitting_type(kind, answer, "Type `git commit` to keep it.") == fits


@pytest.mark.parametrize("unit", ["a ", "ab", "`", "    ", "1 ", "$ a", "plain words "])
def test_no_text_takes_long_to_be_typed(unit: str) -> None:
    text = unit * (50_000 // len(unit))
    began = time.process_time()
    for kind in ("code", "money", "list"):
        fitting_type(kind, text[:20_000], text)
        fitting_type(kind, "plain words", text)
        fitting_type(kind, "plain words", f"`{text}")
    assert time.process_time() - began < 5


def test_a_sentence_is_no_formula() -> None:
    said = "Colorectal cancer is a disease in which malignant (cancer) cells form in the tissues of the colon."
    assert fitting_type("expression", said, said) == "term"
    assert fitting_type("expression", "a force is mass times speed = F", "x") == "expression"
