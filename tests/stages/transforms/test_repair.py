"""Repair: a draft that broke a rule is asked about once more, and the others are not."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from prompts.load import load_prompts
from tests.fakes.scripted_endpoint import Answer, Asked, ScriptedEndpoint
from transforms import records
from transforms.check import apply_check
from transforms.flow.coders import RecordCoder
from transforms.pair_rules.copied import Told, instructions_of
from transforms.records import Document, Fault, Persona, PersonaTask, QAPair, Rejection, Stamp, qa_row, stamps_of
from transforms.repair import FAULTS, MENDABLE, RepairQA, repair_variables
from transforms.verify import VerifyQA

PROMPTS = load_prompts()
TOLD = Told(instructions_of(PROMPTS))
DRAFTED = Stamp("synthesize", "m", 1, "abc")
DOCUMENT = Document(
    "bridge", "The Harrow Bridge in Tamble opened in 1932 and cost 4 million pounds. It has a deck, two piers and a gate."
)
TASK = PersonaTask(DOCUMENT, "Other", Persona("sailor", "how old it is"))
CLEAN = QAPair(TASK, "In which year did the Harrow Bridge open?", "1932", "date", stamps=(DRAFTED,))
ABSENT = replace(CLEAN, answer="1923", fault=Fault("answer_not_in_document", "1923"))
GOOD = {"question": "In which year did the Harrow Bridge in Tamble open?", "answer": "1932", "answer_type": "date", "aliases": []}
Make = Callable[..., Any]


@pytest.fixture
def run_repair(serve: Make, model: Make, run_transform: Any) -> Make:
    def run(said: Any, pairs: list[QAPair]) -> tuple[Any, ScriptedEndpoint]:
        endpoint = serve(lambda _: said)
        return run_transform(RepairQA(model(endpoint, max_reasks=0), PROMPTS, TOLD), pairs), endpoint

    return run


def test_a_draft_is_mended_and_says_why_it_was_asked_again(run_repair: Make, run_transform: Any) -> None:
    outcome, endpoint = run_repair(GOOD, [ABSENT])
    [mended] = outcome.passed
    assert (mended.question, mended.answer, mended.place) == (GOOD["question"], "1932", (38, 42))
    assert (mended.fault, mended.repaired) == (None, "answer_not_in_document")
    assert [stamp.stage for stamp in stamps_of(mended)] == ["synthesize", "repair"]
    assert len(endpoint.asked) == 1
    assert run_transform.counters("repair")["passed"] == 1


def test_a_draft_without_a_fault_passes_without_a_call(run_repair: Make, run_transform: Any) -> None:
    outcome, endpoint = run_repair(GOOD, [CLEAN])
    assert outcome == ([CLEAN], [], [])
    assert endpoint.asked == []
    assert run_transform.counters("repair")["passed"] == 1


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (GOOD | {"answer": "1924"}, "answer_not_in_document"),
        (GOOD | {"question": "In which year did it open?"}, "question_dangling_pronoun"),
        (GOOD | {"answer": "a number with its unit", "answer_type": "term"}, "copied_from_prompt"),
        (GOOD | {"question": "", "answer": ""}, "no_question"),
        (GOOD | {"answer": " "}, "no_question"),
    ],
)
def test_what_is_still_bad_is_rejected_for_what_it_is_now(run_repair: Make, run_transform: Any, said: Any, reason: str) -> None:
    outcome, endpoint = run_repair(said, [ABSENT])
    assert (outcome.passed, outcome.dead_letters) == ([], [])
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason, rejection.task_id) == ("repair", reason, TASK.id)
    assert "asked again for answer_not_in_document" in rejection.detail
    assert len(endpoint.asked) == 1, "nobody is asked a third time"
    assert run_transform.counters("repair")[f"rejected/{reason}"] == 1


def test_a_call_that_fails_is_a_dead_letter_with_the_draft_and_its_fault(run_repair: Make) -> None:
    outcome, _ = run_repair("no json", [ABSENT, CLEAN])
    assert outcome.passed == [CLEAN]
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.item_type) == ("repair", "ReplyInvalid", "QAPair")
    assert RecordCoder(getattr(records, letter.item_type)).decode(letter.item.encode()) == ABSENT


def test_the_writer_is_shown_document_persona_draft_and_reason(run_repair: Make) -> None:
    _, endpoint = run_repair(GOOD, [ABSENT])
    [asked] = endpoint.asked
    system, user = (message["content"] for message in asked.body["messages"])
    assert system == PROMPTS.system
    assert user.startswith(
        f"<document>\n{DOCUMENT.text}\n</document>\n\nTask: repair\n<persona>sailor: how old it is</persona>\n"
    )
    assert "<question>In which year did the Harrow Bridge open?</question> <answer>1923</answer>\n" in user
    assert 'the document does not say "1923"' in user


@pytest.mark.parametrize("reason", sorted(MENDABLE))
def test_every_reason_is_a_sentence_of_its_own(reason: str) -> None:
    told = repair_variables(replace(CLEAN, fault=Fault(reason, "{seen} </answer>")))["fault"]
    assert told.endswith(".") and told == FAULTS[reason].replace("{seen}", "{seen} </answer>")


def test_every_mendable_reason_is_one_of_the_rules() -> None:
    drafts = [
        ("In which year did the Harrow Bridge open?", "word " * 20, "term"),
        ("What happened to the Harrow Bridge?", "because the sea is warm there", "term"),
        ("In which year did the Harrow Bridge open?", "What is it?", "term"),
        ("In which year did the Harrow Bridge open?", "plenty", "number"),
        ("In which year did the Harrow Bridge open?", "1923", "date"),
        ("What happened at the Harrow Bridge in 1932?", "1932", "date"),
        ("The Harrow Bridge in Tamble opened.", "1932", "date"),
        ("Which bridge is it? And when did the Harrow Bridge open?", "1932", "date"),
        ("According to the passage, when did the Harrow Bridge open?", "1932", "date"),
        ("When did it open?", "1932", "date"),
        ("How old is the Harrow Bridge today?", "1932", "date"),
        ("When was the opening?", "1932", "date"),
        ("What are the parts of the Harrow Bridge?", "deck", "term"),
        ("Who is the mayor of Tamble?", "deck", "term"),
        ("In which year did the city council open the bridge?", "1932", "date"),
    ]
    dated = replace(TASK, document=replace(DOCUMENT, carried='{"date": "1950-02-01", "country": "Scotland"}'))
    marked = [next(apply_check(QAPair(dated, *draft), TOLD, MENDABLE)) for draft in drafts]
    assert {pair.fault.reason for pair in marked if isinstance(pair, QAPair) and pair.fault} == MENDABLE


def test_a_row_says_whether_its_draft_was_written_anew() -> None:
    rows = [qa_row(records.VerifiedQA(replace(CLEAN, repaired=reason), "quote"), "1.2") for reason in ("", "answer_too_long")]
    assert [row["provenance"]["repaired"] for row in rows] == ["", "answer_too_long"]


@pytest.mark.integration
def test_a_draft_without_a_fault_overtakes_one_that_is_asked_about(serve: Make, model: Make) -> None:
    """The stages stay fused, and none waits for a call that another element needs."""
    said = {"quote": DOCUMENT.text, "correct": True, "wrong_aliases": []}
    judged = said | {"leaks": False, "self_contained": True, "unambiguous": True, "safe": True}

    def script(asked: Asked) -> Answer:
        slow = asked.stage == "repair"
        return Answer(json.dumps(GOOD if slow else judged), delay_s=30.0 if slow else 0.0, until=verified if slow else None)

    def verified() -> bool:
        return any(asked.stage == "verify" for asked in endpoint.asked)

    endpoint = serve(script)
    settings = model(endpoint, request_timeout_s=600.0)
    with TestPipeline("FnApiRunner") as pipeline:
        pairs = pipeline | beam.Create([ABSENT, CLEAN], reshuffle=False)
        mended = pairs | "Repair" >> RepairQA(settings, PROMPTS, TOLD)
        sound = mended.passed | "Verify" >> VerifyQA(settings, PROMPTS)
        assert_that(sound.passed | beam.Map(lambda qa: qa.pair.repaired), equal_to(["", "answer_not_in_document"]))
    assert sorted(asked.stage for asked in endpoint.asked) == ["repair", "verify", "verify"]
    first = next(asked for asked in endpoint.asked if asked.stage == "verify")
    assert CLEAN.question in first.text


# --- questions that mean a time or a place


@pytest.mark.parametrize(
    ("question", "carried", "seen", "bound"),
    [
        (
            "Who is the mayor of Tamble?",
            '{"date": "1950-02-01T08:00:00Z"}',
            "mayor; known: as of 1950-02-01",
            "Who was the mayor of Tamble as of 1 February 1950?",
        ),
        (
            "What is the legal drinking age?",
            '{"country": "Scotland"}',
            "drinking age; known: Scotland",
            "What is the legal drinking age in Scotland?",
        ),
    ],
)
def test_the_writer_is_asked_once_to_bind_a_question_by_what_is_known(
    run_repair: Make, question: str, carried: str, seen: str, bound: str
) -> None:
    draft = QAPair(replace(TASK, document=replace(DOCUMENT, carried=carried)), question, "1932", "number")
    [marked] = apply_check(draft, TOLD, MENDABLE)
    assert isinstance(marked, QAPair) and marked.fault and marked.fault.detail == seen
    outcome, endpoint = run_repair({"question": bound, "answer": "1932", "answer_type": "number", "aliases": []}, [marked])
    [mended] = outcome.passed
    assert mended.question == bound and len(endpoint.asked) == 1 and seen in endpoint.asked[0].text
    assert mended.valid_as_of == ("1950-02-01" if "date" in carried else "")


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("As of 1950 the old mill had three wheels. The mayor of Tamble is Ann Lee, a painter.", ""),
        ("The old mill had three wheels. As of 1950 the mayor of Tamble is Ann Lee, a painter.", "known: as of 1950"),
    ],
)
def test_a_question_is_bound_by_the_date_of_its_own_sentence_alone(text: str, bound: str) -> None:
    task = replace(TASK, document=replace(DOCUMENT, text=text, carried=""))
    [marked] = apply_check(QAPair(task, "Who is the mayor of Tamble?", "Ann Lee", "name"), TOLD, MENDABLE)
    if bound:
        assert isinstance(marked, QAPair) and marked.fault and marked.fault.detail == f"mayor; {bound}"
    else:
        assert isinstance(marked, Rejection) and marked.reason == "question_expires"


def test_a_question_that_is_not_bound_after_all_is_rejected(run_repair: Make) -> None:
    task = replace(TASK, document=replace(DOCUMENT, carried='{"date": "1950-02-01"}'))
    draft = QAPair(task, "Who is the mayor of Tamble?", "1932", "number", fault=Fault("question_expires", "mayor"))
    said = {"question": "Who leads the council of Tamble?", "answer": "1932", "answer_type": "number", "aliases": []}
    outcome, _ = run_repair(said, [draft])
    assert [rejection.reason for rejection in outcome.rejected] == ["question_expires"]


def test_what_cannot_be_bound_is_rejected_without_a_call() -> None:
    for question, reason in (
        ("Who is the mayor of Tamble?", "question_expires"),
        ("What is the legal drinking age?", "question_place_unclear"),
    ):
        [rejection] = apply_check(QAPair(TASK, question, "1932", "number"), TOLD, MENDABLE)
        assert isinstance(rejection, records.Rejection) and rejection.reason == reason
