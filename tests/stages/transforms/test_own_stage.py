"""A stage of one's own: what it may be, and what becomes of what it says."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.typehints.decorators import no_annotations

from transforms.errors import FatalError
from transforms.flow.heartbeat import WAKE
from transforms.flow.outcome import Outcome, apply_rules, as_outcome
from transforms.own_stage import RECORDS, OwnStage, _OwnFn, find_own, record_after
from transforms.records import Document, Persona, PersonaTask, QAPair, Rejection, VerifiedQA, reject
from transforms.stages import STAGES

Make = Callable[..., Any]
DOCUMENT = Document("bridge", "The bridge opened in 1932.", where="a.jsonl:1")
PAIR = QAPair(PersonaTask(DOCUMENT, "Other", Persona("historian")), "When did the bridge open?", "1932", "date")
PAIRS = [replace(PAIR, question=question) for question in ("short", "long enough", "bad")]


def words(pair: QAPair) -> QAPair | str:
    """Long ones."""
    if pair.question == "bad":
        raise ZeroDivisionError("no such number")
    return pair if " " in pair.question else "too\tshort\n"


class Words:
    made = 0

    def __init__(self) -> None:
        Words.made += 1

    def __call__(self, pair):  # without hints: it is let be
        return words(pair)


class AllWords(beam.PTransform):
    @no_annotations
    def expand(self, pairs: Any) -> Outcome:
        return as_outcome(pairs | apply_rules("any name", self.apply, QAPair))

    @staticmethod
    def apply(pair: QAPair) -> Iterator[Any]:
        yield pair if " " in pair.question else reject("any name", "too short", pair)


def detailed(pair: QAPair) -> Rejection:
    return replace(reject("another", "why", replace(pair, task=replace(pair.task, domain="Else")), "because"), where="elsewhere")


def nothing(pair: QAPair) -> None:
    pass


def listed(pair: QAPair) -> Any:
    return [pair]


def another_task(pair: QAPair) -> QAPair:
    return replace(pair, task=replace(pair.task, persona=Persona("somebody else")))


def another_document(document: Document) -> Document:
    return replace(document, id="another")


def stops(pair: QAPair) -> QAPair:
    raise FatalError("no licence")


def stage(attribute: str, record: type = QAPair) -> OwnStage:
    return OwnStage(__name__, attribute, attribute.lower(), record)


@pytest.mark.parametrize("attribute", ["words", "Words"])
def test_a_record_passes_or_is_rejected_or_fails_alone(run_transform: Make, attribute: str) -> None:
    outcome = run_transform(stage(attribute), PAIRS)
    assert outcome.passed == [PAIRS[1]]
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason, rejection.task_id, rejection.where) == (
        "words",
        "too short",
        PAIR.task.id,
        "a.jsonl:1",
    )
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.message, letter.item_type) == (
        "words", "ZeroDivisionError", "no such number", "QAPair",
    )  # fmt: skip
    assert letter.task_id == PAIR.task.id and '"question":"bad"' in letter.item
    assert run_transform.counters("words") == {"passed": 1, "rejected/too short": 1, "dead_letter/ZeroDivisionError": 1}


def test_a_class_is_made_once_in_a_process_and_not_for_each_record(run_transform: Make) -> None:
    Words.made = 0
    run_transform(stage("Words"), PAIRS)
    assert Words.made == 1


def test_a_transform_is_given_the_whole_collection(run_transform: Make) -> None:
    outcome = run_transform(stage("AllWords"), PAIRS[:2])
    assert outcome.passed == [PAIRS[1]]
    assert [(rejection.stage, rejection.reason) for rejection in outcome.rejected] == [("allwords", "too short")]
    assert run_transform.counters("allwords") == {"passed": 1, "rejected/too short": 1}


def test_a_rejection_of_its_own_keeps_its_detail_and_gets_the_stages_name(run_transform: Make) -> None:
    [rejection] = run_transform(stage("detailed"), [PAIR]).rejected
    assert (rejection.stage, rejection.reason, rejection.detail) == ("detailed", "why", "because")
    assert (rejection.where, rejection.domain) == ("a.jsonl:1", "Other"), "counts go by what it was given"


@pytest.mark.parametrize(
    ("attribute", "record", "item", "error"),
    [
        ("nothing", QAPair, PAIR, "ReturnedNothing"),
        ("listed", QAPair, PAIR, "ReturnedNothing"),
        ("another_task", QAPair, PAIR, "LeftItsTask"),
        ("another_document", Document, DOCUMENT, "LeftItsTask"),
    ],
)
def test_what_cannot_be_counted_is_a_dead_letter(
    run_transform: Make, attribute: str, record: type, item: Any, error: str
) -> None:
    outcome = run_transform(stage(attribute, record), [item])
    assert ([letter.error for letter in outcome.dead_letters], outcome.passed) == ([error], [])


def test_what_must_stop_the_run_does(run_transform: Make) -> None:
    with pytest.raises(Exception, match="no licence"):
        run_transform(stage("stops"), [PAIR])


def test_a_wake_goes_by() -> None:
    fn = _OwnFn(__name__, "words", "words", QAPair)
    fn.setup()
    assert list(fn.process(WAKE)) == [WAKE]


def test_a_worker_without_the_module_says_so() -> None:
    with pytest.raises(FatalError, match="a worker cannot run the stage gone: there is no module gone_module"):
        _OwnFn("gone_module", "gone", "gone", QAPair).setup()


@pytest.mark.parametrize(("name", "record", "message"), [
    ("Documents", QAPair, "has no Documents; did you mean Document?"),
    ("DOCUMENT", QAPair, "DOCUMENT is a Document; a stage is a function, a class with __call__, or a PTransform"),
    ("words", Document, "words takes QAPair, and here it is given Document"),
    ("another_document", VerifiedQA, "another_document takes Document, and here it is given VerifiedQA"),
    ("PAIRS", QAPair, "PAIRS is a list"),
    ("DoesFn", QAPair, "DoesFn is a DoFn"),
    ("NeedsFn", QAPair, "NeedsFn is made without arguments, and takes some"),
    ("Uncalled", QAPair, "Uncalled is a class without __call__"),
    ("no_arguments", QAPair, "no_arguments takes nothing"),
])  # fmt: skip
def test_what_is_no_stage_is_refused(name: str, record: type, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        find_own(__name__, name, record)
    assert message in str(caught.value) and "\n" not in str(caught.value)


class DoesFn(beam.DoFn):
    pass


class NeedsFn:
    def __init__(self, needed: str) -> None: ...

    def __call__(self, pair: QAPair) -> QAPair:
        return pair


class Uncalled:
    pass


def no_arguments() -> None: ...


def test_a_stage_without_hints_or_of_several_records_is_let_be() -> None:
    assert find_own(__name__, "Words", Document) is Words
    assert all(find_own(__name__, "any_record", record) is any_record for record in (Document, QAPair))


def any_record(item: Document | QAPair) -> Document | QAPair:
    return item


def test_every_stage_has_a_record_behind_it() -> None:
    assert {record_after(name) for name in STAGES} == set(RECORDS)
