"""What was said of a key: which answers agree with it, with each other, or with none; and the words for it."""

from typing import Any

import pytest

from transforms.doubt.said import ALONE, KEY, Answer, is_near, label, said_of

NAN = float("nan")
ODD = {"answer": 5, "answer_type": [], "aliases": 7, "verdicts": [1, {"check": "pass_rate"}], "pass_rate_samples": NAN}


def row(
    answer: str = "1907", answer_type: str = "date", rate: float | None = None, samples: int = 0, **verdicts: Any
) -> dict[str, Any]:
    """A row with verdicts: name=(passed, detail)."""
    made = [
        {"check": name, "passed": passed, "detail": detail, "verifier": 0, "model": "m"}
        for name, (passed, detail) in verdicts.items()
    ]
    return {
        "answer": answer,
        "answer_type": answer_type,
        "aliases": [],
        "verdicts": made,
        "pass_rate": rate,
        "pass_rate_samples": samples,
    }


def test_answers_are_told_apart_only_as_far_as_they_agree() -> None:
    said = [
        Answer("one", "1912", False),
        Answer("two", "in 1912", False),
        Answer("three", "1931", False),
        Answer("four", "", True),
    ]
    assert label("1907", said, "date") == ["a", "a", ALONE, KEY]


def test_the_larger_group_has_the_first_letter() -> None:
    said = [Answer(name, text, False) for name, text in zip("pqrst", ("x", "y", "y", "x", "y"), strict=True)]
    assert label("z", said, "term") == ["b", "a", "a", "b", "a"]


@pytest.mark.parametrize(
    ("one", "other", "answer_type", "near"),
    [
        ("1907", "May 1907", "date", True),
        ("the Bach", "J. S. Bach", "name", True),
        ("5", "5 million", "number", False),
        ("May 1907", "June 1907", "date", False),
        ("the", "of", "term", False),
        ("", "x", "term", False),
    ],
)
def test_a_part_of_a_name_or_date_is_no_other_answer(one: str, other: str, answer_type: str, near: bool) -> None:
    assert is_near(one, other, answer_type) is near
    assert is_near(other, one, answer_type) is near


def test_round_trip_and_solver_that_agree_on_another_answer() -> None:
    said = said_of(row(rate=0.25, samples=4, round_trip=(False, "1912"), pass_rate=(True, "1 of 4 right; wrong: '1912' (3)")))
    assert dict(said.pattern) == {"round trip": "a", "solver": "a"}
    assert said.why == "round trip says '1912', as another; solver right 1 of 4, '1912' 3 of 4 as another"
    assert said.weight == 1.5


def test_samples_that_each_say_something_else_are_no_answer() -> None:
    said = said_of(
        row(rate=0.0, samples=3, round_trip=(True, "1907"), pass_rate=(True, "0 of 3 right; wrong: '1' (1), '2' (1), '3' (1)"))
    )
    assert dict(said.pattern) == {"round trip": KEY, "solver": ALONE}


def test_wrong_samples_in_another_spelling_are_one_answer() -> None:
    said = said_of(row(rate=0.25, samples=4, pass_rate=(True, "1 of 4 right; wrong: 'the year 1912' (1), '1912' (1), '7' (1)")))
    assert said.pattern == (("solver", ALONE),) and "2 of 4" in said.why


def test_answers_with_quotes_and_brackets_are_read_back() -> None:
    detail = "0 of 4 right; wrong: \"O'Neill (1)\" (2), 'x, y' (2)"
    assert '"O\'Neill (1)" 2 of 4' in said_of(row("Smith", "name", 0.0, 4, pass_rate=(True, detail))).why


def test_verifiers_are_heard_of_the_answer_alone() -> None:
    said = said_of(row(correct=(False, ""), no_leak=(False, "")))
    assert said.pattern == (("verifier m", "no"),) and said.why == "verifier against it"


@pytest.mark.parametrize(
    "odd", [{}, {"verdicts": None}, {"verdicts": [{}], "answer": None}, {"verdicts": [{"check": "pass_rate"}]}, ODD]
)
def test_of_an_odd_row_nothing_was_said(odd: dict[str, Any]) -> None:
    assert said_of(odd).pattern == ()
