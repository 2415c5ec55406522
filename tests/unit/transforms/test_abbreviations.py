"""A document's own abbreviations are spelt out in its questions."""

import pytest

from transforms.english.abbreviations import long_form, spell_out

TEXT = "Tests of working memory (WM) and of drug susceptibility testing (DST) by the Department of Health (DH), see (XYZ)."


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("WM", "working memory"),
        ("DST", "drug susceptibility testing"),
        ("DH", "Department of Health"),
        ("XYZ", None),
        ("AB", None),
    ],
)
def test_the_long_form_has_the_letters(short: str, long: str | None) -> None:
    assert long_form(short, TEXT) == long


def test_only_the_first_is_spelt_out() -> None:
    assert spell_out("Does WM help WM?", TEXT) == "Does working memory (WM) help WM?"


@pytest.mark.parametrize(
    "question",
    [
        "Does working memory (WM) help?",
        "Is the working memory, or WM, large?",
        "What is XYZ?",
        "What is a WM-like test?",
        "What does W.M. do?",
    ],
)
def test_nothing_is_said_twice_and_nothing_guessed(question: str) -> None:
    assert spell_out(question, TEXT) == question


def test_what_everybody_knows_is_left() -> None:
    assert spell_out("Where is DNA?", "deep new art (DNA)") == "Where is DNA?"
