"""Strikes and edits of single records, at every kind of stage."""

from dataclasses import replace
from typing import Any

import pytest

from transforms.records import (
    NOT_STARTED,
    DeadLetter,
    Document,
    Fault,
    Persona,
    PersonaTask,
    QAPair,
    Rejection,
    VerifiedQA,
    qa_row,
)
from transforms.review import STRUCK, Edit, apply_edits, does, passed_by, review_row, wait_for_review
from transforms.stages import BEFORE_MODELS, STAGES

TEXT = "Mount Tambora on Sumbawa erupted in April 1815. It threw out 160 cubic kilometres of rock, and 71,000 people died."
DOCUMENT = Document("volcano", TEXT, "field notes", where="a.jsonl:1")
TASK = PersonaTask(DOCUMENT, "Natural Science", Persona("geologist", "volcanoes"))
PAIR = QAPair(TASK, "How many people died when Mount Tambora erupted in April 1815?", "71,000", "number")
CHECKED = replace(PAIR, place=(TEXT.index("71,000"), TEXT.index("71,000") + 6))
VERIFIED = VerifiedQA(CHECKED, "71,000 people died")


def edited(item: Any, stage: str, strike: bool = False, reason: str = "", **values: Any) -> Any:
    edit = Edit(item.id, "edits.jsonl:1", strike, reason, tuple(values.items()))
    [result] = apply_edits(item, {item.id: edit}, stage)
    return result


@pytest.mark.parametrize(
    ("item", "stage"),
    [
        (DOCUMENT, "screen"),
        (DOCUMENT, "filter"),
        (TASK, "classify"),
        (PAIR, "synthesize"),
        (CHECKED, "check"),
        (VERIFIED, "verify"),
    ],
)
def test_a_struck_row_is_rejected_with_the_reviewers_words(item: Any, stage: str) -> None:
    assert isinstance(item, passed_by(stage))
    result = edited(item, stage, strike=True, reason="dull")
    assert isinstance(result, Rejection)
    assert (result.stage, result.reason, result.detail, result.where) == (stage, STRUCK, "dull", "a.jsonl:1")
    assert result.task_id == ("" if isinstance(item, Document) else TASK.id)


def test_others_pass_as_they_are() -> None:
    other = Edit("another id", "edits.jsonl:1", strike=True)
    assert list(apply_edits(PAIR, {other.id: other}, "check")) == [PAIR]
    assert edited(PAIR, "check", question=PAIR.question, answer=PAIR.answer, aliases=()) is PAIR
    assert edited(DOCUMENT, "filter") is DOCUMENT


def test_an_edited_draft_says_so_and_goes_to_the_rules_that_come() -> None:
    result = edited(PAIR, "synthesize", question="?", aliases=("71 000",))
    assert (result.question, result.aliases, result.edited, result.edited_from) == (
        "?",
        ("71 000",),
        ("question", "aliases"),
        PAIR.id,
    )
    assert result.id != PAIR.id


def test_behind_check_the_rules_look_at_what_is_edited() -> None:
    good = edited(CHECKED, "check", answer="160 cubic kilometres", question="How much rock did Mount Tambora throw out in 1815?")
    assert isinstance(good, QAPair) and good.place is not None and TEXT[slice(*good.place)] == "160 cubic kilometres"
    bad = edited(CHECKED, "check", answer="72,000")
    assert isinstance(bad, Rejection) and (bad.stage, bad.reason) == ("check", "answer_not_in_document")
    late = edited(VERIFIED, "verify", answer="72,000")
    assert isinstance(late, Rejection) and (late.stage, late.reason) == ("verify", "answer_not_in_document")


def test_an_edit_takes_a_fault_away_and_keeps_what_was_dated() -> None:
    faulty = replace(CHECKED, fault=Fault("question_multiple", "and"))
    result = edited(faulty, "check", question="How many people died at Mount Tambora in 1815?", valid_as_of="1815")
    assert result.fault is None and result.valid_as_of == "1815"


def test_a_verified_pair_keeps_its_verdicts_and_gets_one_more() -> None:
    result = edited(VERIFIED, "verify", question="How many people died at Mount Tambora in 1815?")
    assert isinstance(result, VerifiedQA) and result.verdicts[-1].check == "review"
    row = qa_row(result, "0")
    assert row["provenance"]["edited"] == ["question"] and row["provenance"]["edited_from"] == VERIFIED.id
    assert qa_row(VERIFIED, "0")["provenance"]["edited"] == []


def test_without_its_document_a_pair_is_taken_as_edited() -> None:
    result = edited(VERIFIED.without_text(), "deduplicate", answer="seventy thousand")
    assert result.pair.answer == "seventy thousand"


def test_two_rounds_remember_the_first_id() -> None:
    once = edited(PAIR, "synthesize", question="How many people died at Mount Tambora?")
    twice = edited(once, "synthesize", answer="71,000 people")
    assert twice.edited == ("question", "answer") and twice.edited_from == PAIR.id


def test_rows_to_review_are_edits_that_change_nothing() -> None:
    row = review_row(CHECKED, "check")
    values = {
        name: tuple(row[name]) if name == "aliases" else row[name] for name in ("question", "answer", "answer_type", "aliases")
    }
    assert edited(CHECKED, "check", row["strike"], row["reason"], **values) is CHECKED
    assert "71,000" in row["passage"] and row["document_id"] == "volcano" and row["stage"] == "check"
    assert does(CHECKED, Edit(CHECKED.id, "", values=tuple(values.items()))) is None
    assert does(CHECKED, Edit(CHECKED.id, "", values=(("answer", "1"),))) == {"from": {"answer": "71,000"}, "to": {"answer": "1"}}
    assert review_row(DOCUMENT, "filter")["passage"] == TEXT
    long = review_row(Document("d", "x" * 10_000), "screen")["passage"]
    assert len(long) < 800


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "read"])
def test_what_waits_is_work_that_was_not_begun(stage: str) -> None:
    item = {Document: DOCUMENT, PersonaTask: TASK, QAPair: PAIR, VerifiedQA: VERIFIED}[passed_by(stage)]
    [letter] = wait_for_review(item, stage)
    assert isinstance(letter, DeadLetter) and letter.error == NOT_STARTED and letter.where == "a.jsonl:1"
    assert (letter.stage in BEFORE_MODELS) == (stage == "screen")
    assert letter.stage != "filter", "which would say that the document was never begun"
