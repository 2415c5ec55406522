"""Every fault of a row, what its answer is, and what of it a reward can check."""

import json

import pytest

from beam_pipeline.audit.checkable import CHECK, MISSES, reward_verdict, type_of
from beam_pipeline.audit.look import look_at, rules_for, settle
from beam_pipeline.audit.tally import OTHER, audit_of, counts_of, group_of
from beam_pipeline.summary.audit_notes import NO_KEY, PAID
from transforms.check import QUESTION_RULES, RULES
from transforms.records import Document, Persona, PersonaTask, QAPair, Rejection, VerifiedQA


def made(question: str, answer: str, kind: str = "", document: str = "") -> VerifiedQA:
    task = PersonaTask(Document("a:1", document, where="a:1"), "set", Persona(""))
    return VerifiedQA(QAPair(task, question, answer, kind or type_of(question, answer)), "")


def reasons(qa: VerifiedQA, **settings: object) -> list[str]:
    return [verdict.check for verdict in look_at(qa, **settings).verdicts if not verdict.passed]  # type: ignore[arg-type]


def test_all_faults_are_found_and_not_only_the_first() -> None:
    found = reasons(made("According to the text, is he currently the mayor of Paris, France?", "Paris"))
    assert {"question_refers_to_document", "question_deictic_date", "answer_in_question"} <= set(found)
    assert reasons(made("In which year was the Harrow Bridge opened?", "1907")) == []


def test_a_document_is_asked_only_where_there_is_one() -> None:
    question = "In which year was the Harrow Bridge opened?"
    assert reasons(made(question, "1907", document="The Harrow Bridge was opened in 1911.")) == ["answer_not_in_document"]
    looked = look_at(made(question, "1911", document="The Harrow Bridge was opened in 1911."))
    assert looked.pair.place == (32, 36) and looked.pair.task.document.text == ""


def test_a_row_without_an_answer_is_at_fault_only_where_others_have_one() -> None:
    qa = made("In which year was the Harrow Bridge opened?", "")
    assert reasons(qa, keyed=True) == ["answer_empty"] and reasons(qa, keyed=False) == []
    assert rules_for(qa.pair, keyed=False) == QUESTION_RULES
    assert look_at(qa, keyed=False).verdicts[-1].detail == NO_KEY


def test_rules_that_are_added_are_asked_without_more() -> None:
    asked = rules_for(made("Who built it?", "Ann", document="Ann built it.").pair)
    assert asked == RULES
    assert len(rules_for(made("Who built it?", "Ann").pair)) == len(RULES) - 3


def test_options_make_a_question_of_half_a_sentence() -> None:
    qa = made("The capital of France is\nA) Paris\nB) Rome", "A", "option")
    assert reasons(qa) == []
    assert "question_not_a_question" in reasons(made("The capital of France is", "Paris"))


def test_a_reason_may_be_ignored() -> None:
    qa = made("What did the author of the paper say about Rome?", "it fell")
    assert "question_refers_to_document" in reasons(qa)
    assert "question_refers_to_document" not in reasons(qa, ignored=("question_refers_to_document",))
    long = made(
        "What happens to packets?", "the whole message is put together again in the right order by their numbers, at last"
    )
    assert MISSES not in reasons(long, ignored=(MISSES,))


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("How many legs has a spider?", "8", "number"),
        ("What does it cost?", "$5.20", "money"),
        ("How much of it is water?", "71%", "percentage"),
        ("How long did it last?", "3 hours", "duration"),
        ("How long did it last?", "12 years", "duration"),
        ("How long is it?", "3 km", "number"),
        ("When did it open?", "4 May 1907", "date"),
        ("Who wrote Emma?", "Jane Austen", "name"),
        ("Is it open?", "no", "yes_no"),
        ("What is x?", "\\frac{1}{2}", "expression"),
        ("Which are the Baltic states?", "Estonia, Latvia and Lithuania", "list"),
        ("What turns light into sugar?", "photosynthesis", "term"),
        ("What is asked?", "", ""),
        ("What is asked?", "x" * 5_000, "term"),
    ],
)
def test_an_answer_without_a_type_is_read(question: str, answer: str, kind: str) -> None:
    assert type_of(question, answer) == kind


def test_a_type_that_is_given_stays_if_it_is_one_of_ours() -> None:
    assert type_of("Who?", "8", given="name") == "name" and type_of("How many?", "8", given="integer") == "number"


def test_what_no_reward_can_pay_is_found() -> None:
    paid = reward_verdict(made("How many legs has a spider?", "8").pair)
    assert (paid.check, paid.passed, paid.detail) == (CHECK, True, PAID)
    never = reward_verdict(made("Is the bridge open?", "maybe", "yes_no").pair)
    assert (never.check, never.passed) == (MISSES, False) and "unsure" in never.detail


def test_a_row_ends_once_with_all_of_its_reasons() -> None:
    clean = look_at(made("In which year was the Harrow Bridge opened?", "1907"))
    assert [*settle(clean)] == [clean]
    (rejection,) = settle(look_at(made("According to the text, is he currently the mayor of Paris?", "Paris")))
    assert isinstance(rejection, Rejection) and rejection.stage == "check"
    assert rejection.detail.count(": ") >= 2 and rejection.where == "a:1"
    assert [row["check"] for row in json.loads(rejection.item)["verdicts"]][-1] == CHECK


def test_a_row_counts_once_and_its_reasons_each() -> None:
    (flagged,) = settle(look_at(made("According to the text, is he currently the mayor of Paris?", "Paris")))
    counts: dict[str, int] = {}
    for end in (flagged, look_at(made("In which year was the Harrow Bridge opened?", "1907"))):
        for key, number in counts_of(end):  # type: ignore[arg-type]
            counts[key] = counts.get(key, 0) + number
    audit = audit_of(counts)
    assert audit["rows"] == {"clean": 1, "flagged": 1} and audit["groups"]["questions"] == 1
    assert audit["findings"]["questions"] | audit["findings"]["leaks"] == {
        "question_refers_to_document": 1,
        "question_deictic_date": 1,
        "answer_in_question": 1,
        **{name: 1 for name in audit["findings"]["questions"]},
    }
    assert audit["answers"]["date"] == {PAID: 1} and counts["pairs"] == 1


@pytest.mark.parametrize(
    ("stage", "reason", "group"),
    [
        ("check", "question_expires", "questions"),
        ("check", "answer_in_question", "leaks"),
        ("check", "answer_too_long", "answers"),
        ("reward", MISSES, "answers"),
        ("decontaminate", "benchmark_signature", "benchmarks"),
        ("deduplicate", "near_duplicate_question", "duplicates"),
        ("check", "something_new", OTHER),
    ],
)
def test_reasons_that_nobody_knew_have_a_group(stage: str, reason: str, group: str) -> None:
    assert group_of(stage, reason) == group
