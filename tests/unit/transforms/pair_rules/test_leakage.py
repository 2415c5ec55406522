import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.growth import assert_linear, repeated
from tests.places import ROOT
from transforms.pair_rules.leakage import LEAKS, find_leak
from transforms.records import ANSWER_TYPES

ROWS = [json.loads(line) for line in (ROOT / "tests" / "data" / "leakage.jsonl").read_text("utf-8").split("\n") if line]
FRAGMENTS = (
    "Which |is |the |(|)|5|12 km|twelve |1,000|World |Health |Organization |WHO|who |a or b|: |? |A|'s |- |May |4 May 1923|1923|"
    "and |, |.|x^2|=|$|%|\\|[|İ|ſ|ﬁ|é|\u00ad|one |half "
).split("|")
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=10).map("".join))


def leak_of(row: dict[str, Any]) -> str | None:
    return find_leak(row["question"], row["answer"], row["aliases"], row["document"], row.get("answer_type"))


@pytest.mark.parametrize(
    ("question", "answer", "answer_type", "leak"),
    [
        ("Wann wurde die am 1. Mai 1890 eröffnete Brücke eröffnet?", "1. Mai 1890", "date", "verbatim"),
        ("Welche Brücken führen über den Rhein?", "die Brücke", "term", "inflected"),
        ("Wie viele Bögen hat die Brücke mit 5 Bögen?", "5", "number", None),  # what the 5 counts is not read
        ("Fließt der Rhein oder die Elbe durch Köln?", "der Rhein", "name", None),
        ("Welche Länder außer Frankreich verbindet der Rhein?", "Frankreich und Schweiz", "list", "part_of_answer"),
        ("Où habitait Curie en 1900 ?", "Marie Curie", "name", "part_of_answer"),
        ("Quelle fille d'Irène Joliot a reçu le prix?", "Marie Curie", "name", None),
        ("Welche Abkürzung hat die Weltgesundheitsorganisation (WHO)?", "WHO", "term", "spelled_out_in_parentheses"),
        ("2013年6月26日に登録された山はいつ登録されましたか。", "2013-06-26", "date", "date_variant"),
        ("2013年に登録された山は何月何日に登録されましたか。", "2013年6月26日", "date", None),
        ("โทมัส เอดิสัน เป็นใคร", "โทมัส เอดิสัน", "name", "verbatim"),
    ],
)
def test_leaks_in_other_languages(question: str, answer: str, answer_type: str, leak: str | None) -> None:
    assert find_leak(question, answer, (), "", answer_type) == leak


def test_the_labelled_set_is_large_and_balanced() -> None:
    leaks = [row for row in ROWS if row["leak"]]
    assert len(ROWS) >= 150
    assert 0.4 <= len(leaks) / len(ROWS) <= 0.6
    assert {row["kind"] for row in leaks} == set(LEAKS)
    assert len({(row["question"], row["answer"]) for row in ROWS}) == len(ROWS)


def test_precision_and_recall_on_the_labelled_set() -> None:
    found = {row["id"]: leak_of(row) for row in ROWS}
    wrong = [(row["id"], row["kind"], found[row["id"]]) for row in ROWS if bool(found[row["id"]]) != row["leak"]]
    right = sum(bool(found[row["id"]]) and row["leak"] for row in ROWS)
    assert right / sum(bool(kind) for kind in found.values()) >= 0.95, wrong
    assert right / sum(row["leak"] for row in ROWS) >= 0.95, wrong


@pytest.mark.parametrize("kind", LEAKS)
def test_kinds_are_named(kind: str) -> None:
    rows = [row for row in ROWS if row["leak"] and row["kind"] == kind]
    named = [row for row in rows if leak_of(row) == kind]
    assert len(named) >= 0.75 * len(rows)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What does the abbreviation DNA stand for?", "deoxyribonucleic acid"),
        ("Which markup language, the Hypertext Markup Language, did Berners-Lee devise?", "HTML"),
        ("Which file format is the Portable Document Format?", "PDF"),
    ],
)
def test_abbreviations_made_of_inner_letters(question: str, answer: str) -> None:
    assert find_leak(question, answer) in ("abbreviation", "expansion")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which DNA base pairs with thymine?", "adenine"),
        ("What does the USB port of a phone carry?", "data and power"),
        ("Which Hungarian Town Manager Liked Tea?", "HTML page"),
    ],
)
def test_capitals_that_abbreviate_something_else(question: str, answer: str) -> None:
    assert find_leak(question, answer) is None


def test_only_a_question_of_yes_or_no_is_exempt() -> None:
    assert find_leak("Which sign does the negative pole have?", "negative", answer_type="term") == "verbatim"
    assert find_leak("Is the pole negative, yes or no?", "no", answer_type="yes_no") is None
    assert find_leak("Was the estimate correct?", "correct", answer_type="yes_no") is None
    assert find_leak("Is there no water on the Moon?", "No") is None


@pytest.mark.parametrize(
    ("question", "answer", "leak"),
    [
        ("How many years did the decade of drought last?", "10", "number_word"),
        ("How many years are there in a decade?", "10", None),
        ("How often was he king, who was crowned twice?", "twice", "verbatim"),
        ("What is the sum of one and a half thousand and 20?", "1,520", None),
        ("Which king was Henry the 8th?", "Henry VIII", "number_word"),
        ("Which king came after Louis XV?", "Louis XVI", None),
        ("In which state is Reno, NV?", "Nevada", "abbreviation"),
        ("Which rank did Capt. Cook hold?", "captain", "abbreviation"),
        ("Which city is Firenze in Italian?", "Florence", "other_name"),
        ("What is the Italian name for Florence?", "Firenze", None),
        ("Which city lies on the Donau?", "Vienna", None),
        ("Which capital is spelt R, O, M, E?", "Rome", "spelling"),
        ("What is 'stressed' spelt backwards?", "desserts", None),
        ("What do beekeepers keep?", "bees", "inflected"),
        ("Which metal is used for the waterfall turbine's blades?", "water", None),
        ("What do the strong have?", "strength", "inflected"),
        ("What is the plural of 'leaf'?", "leaves", None),
        (
            "Since the sum of the first ten odd numbers is one hundred, what is the sum of the first ten odd numbers?",
            "100",
            "told_before",
        ),
        ("Since a square has four sides, how many corners has a pentagon?", "5", None),
    ],
)
def test_answers_given_away_in_other_words(question: str, answer: str, leak: str | None) -> None:
    assert find_leak(question, answer) == leak


@pytest.mark.parametrize(
    ("question", "answer", "leak"),
    [
        ("Iron rusts, doesn't it?", "yes", "presupposed"),
        ("Iron does not rust, does it?", "no", "presupposed"),
        ("Given that penguins cannot fly, can penguins fly?", "no", "presupposed"),
        ("Given that penguins are birds, can penguins fly?", "no", None),
        ("Does iron rust?", "yes", None),
    ],
)
def test_a_question_of_yes_or_no_leaks_what_it_presupposes(question: str, answer: str, leak: str | None) -> None:
    assert find_leak(question, answer, answer_type="yes_no") == leak


@pytest.mark.parametrize(
    ("question", "answer", "leak"),
    [
        ("Who wrote Emma? (A) 1815 (B) Jane Austen (C) London, in print", "Jane Austen", "only_option"),
        ("Who wrote Emma? (A) Mary Shelley (B) Jane Austen (C) Charlotte Bronte", "Jane Austen", None),
        ("Which act is wrong, if any is? (A) Wrong, right (B) Right, wrong (C) Wrong, wrong", "Wrong, wrong", None),
        ("Which gas do the oxygen makers make? (A) oxygen (B) helium (C) neon", "oxygen", "verbatim"),
    ],
)
def test_marked_choices(question: str, answer: str, leak: str | None) -> None:
    assert find_leak(question, answer) == leak


def test_code_leaks_only_as_it_is_written() -> None:
    assert find_leak("What does 'hello world'.title() give?", "Hello World", answer_type="code") is None
    assert find_leak("Which function, calloc, clears memory?", "calloc", answer_type="code") == "verbatim"
    assert find_leak("Which function (calloc) clears memory?", "calloc", answer_type="code") == "spelled_out_in_parentheses"


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=2), TEXTS, st.sampled_from([None, *ANSWER_TYPES]))
@settings(max_examples=2000)
def test_never_raises(question: str, answer: str, aliases: list[str], document: str, answer_type: str | None) -> None:
    assert find_leak(question, answer, aliases, document, answer_type) in (None, *LEAKS)


@given(TEXTS)
def test_an_empty_question_leaks_nothing(answer: str) -> None:
    assert find_leak("", answer) is None
    assert find_leak(answer, "") is None


@pytest.mark.parametrize(
    "unit",
    [
        "a ",
        "(",
        "World ",
        "1,",
        "or ",
        "A",
        "x^2=",
        "twelve ",
        "\\",
        "'s ",
        "(A) b ",
        "W-",
        "_",
        "Since a, is ",
        "half a ",
        "Wien ",
        "XV ",
    ],
)
def test_hostile_questions_take_linear_time(unit: str) -> None:
    def find(text: str) -> None:
        for answer in (text, text[:400], "World Health Organization", "WHO", "12 km", "x^2"):
            find_leak(text, answer, (), text)

    assert_linear(find, repeated(unit), 12_500, 200_000)
