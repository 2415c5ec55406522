"""Records: ids that never change, where a record leads back to, and the rows that people read."""

import json
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from transforms.records import (
    DeadLetter,
    Document,
    Item,
    Persona,
    PersonaTask,
    QAPair,
    Stamp,
    Verdict,
    VerifiedQA,
    dead_letter_row,
    document_of,
    item_row,
    qa_row,
    reject,
    rejection_row,
    stamps_of,
    task_of,
)
from transforms.text import stable_hash

FILTERED, CLASSIFIED, DRAFTED, VERIFIED = (
    Stamp(stage, "m", number, stage[0] * 4) for number, stage in enumerate(("filter", "classify", "synthesize", "verify"), 1)
)
DOCUMENT = Document("bridge", "The bridge opened in 1932.", "encyclopedia", "documents.jsonl:1", stamps=(FILTERED,))
TASK = PersonaTask(DOCUMENT, "Other", Persona("sailor", "how old it is"), (CLASSIFIED,))
PAIR = QAPair(TASK, "When did the bridge open?", "1932", "date", ("in 1932",), (DRAFTED,))
QA = VerifiedQA(PAIR, "opened in 1932", (Verdict("grounding", True), Verdict("correct", True, VERIFIED)), (VERIFIED,))
ITEMS: list[Item] = [DOCUMENT, TASK, PAIR, QA]


def by_type(item: Any) -> str:
    return type(item).__name__


def test_ids_are_what_they_were() -> None:
    """Outputs, journals and exemplar samples of earlier runs hold these ids: change them and nothing joins up."""
    assert TASK.id == "f2b148be66a90cca"
    assert PAIR.id == QA.id == "676da852e1bc0ded"


def test_ids_depend_on_content_alone() -> None:
    again = PersonaTask(Document("bridge", "Another text."), "Math", Persona("sailor", "another interest"))
    assert again.id == TASK.id
    assert replace(PAIR, task=again, answer_type="number", aliases=(), stamps=()).id == PAIR.id


@pytest.mark.parametrize(
    "changed",
    [
        replace(PAIR, question="When was the bridge opened?"),
        replace(PAIR, answer="1933"),
        replace(PAIR, task=replace(TASK, document=replace(DOCUMENT, id="bridge#2"))),
    ],
    ids=["question", "answer", "document"],
)
def test_another_pair_has_another_id(changed: QAPair) -> None:
    assert changed.id != PAIR.id


def test_tasks_of_a_document_differ_by_persona() -> None:
    assert replace(TASK, persona=Persona("historian")).id != TASK.id


@pytest.mark.parametrize("item", ITEMS, ids=by_type)
def test_every_item_leads_back_to_its_document_and_task(item: Item) -> None:
    assert document_of(item) is DOCUMENT
    assert task_of(item) is (None if item is DOCUMENT else TASK)


@pytest.mark.parametrize(
    ("item", "stamped"), list(zip(ITEMS, range(1, 5), strict=True)), ids=["Document", "PersonaTask", "QAPair", "QA"]
)
def test_stamps_add_up_oldest_first(item: Item, stamped: int) -> None:
    assert stamps_of(item) == (FILTERED, CLASSIFIED, DRAFTED, VERIFIED)[:stamped]


@pytest.mark.parametrize("item", ITEMS, ids=by_type)
def test_records_cannot_be_changed(item: Any) -> None:
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        item.stamps = ()


# --- rows


def test_a_row_of_pairs_says_where_it_came_from_and_who_judged_it() -> None:
    assert qa_row(QA, "1.2") == {
        "id": "676da852e1bc0ded",
        "document_id": "bridge",
        "source": "encyclopedia",
        "attributes": {},
        "domain": "Other",
        "persona": "sailor",
        "question": "When did the bridge open?",
        "answer": "1932",
        "answer_type": "date",
        "aliases": ["in 1932"],
        "answer_start": None,
        "answer_end": None,
        "valid_as_of": None,
        "quote": "opened in 1932",
        "pass_rate": None,
        "pass_rate_samples": 0,
        "verdicts": [
            {"check": "grounding", "passed": True, "model": "", "prompt_version": 0, "detail": "", "verifier": 0},
            {"check": "correct", "passed": True, "model": "m", "prompt_version": 4, "detail": "", "verifier": 0},
        ],
        "provenance": {
            "pipeline_version": "1.2",
            "demo": False,
            "calls": [
                {"stage": "filter", "model": "m", "prompt_version": 1, "prompt_sha256": "ffff"},
                {"stage": "classify", "model": "m", "prompt_version": 2, "prompt_sha256": "cccc"},
                {"stage": "synthesize", "model": "m", "prompt_version": 3, "prompt_sha256": "ssss"},
                {"stage": "verify", "model": "m", "prompt_version": 4, "prompt_sha256": "vvvv"},
            ],
            "repaired": "",
            "edited": [],
            "edited_from": "",
        },
    }


def test_a_pass_rate_says_of_how_many_samples() -> None:
    measured = replace(QA, samples=8, solved=3)
    row = qa_row(measured, "1.2")
    assert (row["pass_rate"], row["pass_rate_samples"]) == (0.375, 8)
    rejected = rejection_row(reject("pass_rate", "too_hard", measured))["item"]
    assert (rejected["pass_rate"], rejected["pass_rate_samples"]) == (0.375, 8)


def test_further_verdicts_come_after_earlier_ones() -> None:
    stamp = Stamp("round_trip", "n", 1, "rrrr")
    judged = QA.judged([Verdict("round_trip", False, stamp, "in 1933")], [stamp])
    assert judged.verdicts == (*QA.verdicts, Verdict("round_trip", False, stamp, "in 1933"))
    assert stamps_of(judged) == (FILTERED, CLASSIFIED, DRAFTED, VERIFIED, stamp)
    assert judged.id == QA.id
    assert item_row(judged)["verdicts"][-1] == {
        "check": "round_trip",
        "passed": False,
        "model": "n",
        "prompt_version": 1,
        "detail": "in 1933",
        "verifier": 0,
    }


def test_a_rejected_document_is_shown_whole() -> None:
    assert rejection_row(reject("screen", "too_short", DOCUMENT, "6 words")) == {
        "stage": "screen",
        "reason": "too_short",
        "detail": "6 words",
        "document_id": "bridge",
        "where": "documents.jsonl:1",
        "attributes": {},
        "domain": "",
        "persona": "",
        "item": {"id": "bridge", "source": "encyclopedia", "text": "The bridge opened in 1932."},
    }


@pytest.mark.parametrize("item", ITEMS[1:], ids=by_type)
def test_a_rejection_after_the_document_names_its_task(item: Item) -> None:
    rejection = reject("check", "leak", item)
    assert (rejection.task_id, rejection.domain, rejection.persona) == (TASK.id, "Other", "sailor")
    assert (rejection.document_id, rejection.where) == ("bridge", "documents.jsonl:1")
    row = rejection_row(rejection)
    assert row["item"] == item_row(item)
    assert "text" not in row["item"], "a document is not written again for each of its pairs"


def test_a_rejected_item_keeps_its_letters_readable() -> None:
    assert "Z\u00fcrich" in reject("filter", "not_informative", replace(DOCUMENT, text="Z\u00fcrich")).item


def test_a_row_of_dead_letters_holds_its_item_as_an_object() -> None:
    letter = DeadLetter(
        "filter", "Refused", "HTTP 500", "f:1", "bridge", item='{"id": "bridge"}', item_type="Document", attempts=5
    )
    row = dead_letter_row(letter)
    assert row["item"] == {"id": "bridge"}
    assert (row["stage"], row["error"], row["where"], row["attempts"]) == ("filter", "Refused", "f:1", 5)
    assert json.loads(json.dumps(row)) == row


def test_a_first_task_has_the_id_that_it_had_when_a_persona_had_one() -> None:
    assert replace(TASK, number=1).id == TASK.id == stable_hash("task", "bridge", "sailor")
    assert len({replace(TASK, number=number).id for number in range(1, 6)}) == 5
