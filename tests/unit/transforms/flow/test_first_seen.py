"""The first of each key passes; how long it is remembered; and the steps of a stream that are made of it."""

from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.transforms.window import FixedWindows

from beam_pipeline.streaming.read_stream import _id_of, _name_of, _repeated
from tests.fakes.streams import At, Seen, run_stream
from transforms.deduplicate import DeduplicateQA
from transforms.flow.coders import RecordCoder
from transforms.flow.first_seen import FirstSeen
from transforms.flow.outcome import Outcome
from transforms.records import Document, Persona, PersonaTask, QAPair, Rejection, VerifiedQA
from transforms.screen import ScreenConfig, ScreenDocuments

TTL_S = 100.0
DOCUMENTS = RecordCoder(Document)


def named(outcome: Outcome) -> dict[str, beam.PCollection]:
    return dict(zip(("passed", "rejected", "dead"), outcome, strict=True))


def unique_ids(documents: beam.PCollection) -> dict[str, beam.PCollection]:
    """The de-duplication of a stream by id, in windows of 60 s."""
    windowed = documents | beam.WindowInto(FixedWindows(60))
    return named(windowed | FirstSeen("read", _id_of, _name_of, _repeated, Document, TTL_S))


def ids(seen: list[Seen]) -> list[str]:
    return sorted(found.element.id if isinstance(found.element, Document) else found.element.document_id for found in seen)


def row(name: str, where: str, text: str = "") -> Document:
    return Document(name, text or f"text of {name}", where=where)


def test_an_id_again_is_rejected_in_its_own_window() -> None:
    events = [At(0, (row("a", "m1"), row("b", "m2"))), At(70), At(75, (row("a", "m3"), row("c", "m4")))]
    seen = run_stream(events, unique_ids, DOCUMENTS)
    assert ids(seen["passed"]) == ["a", "b", "c"]
    [again] = seen["rejected"]
    assert (again.element.reason, again.element.detail, again.element.where) == (
        "exact_duplicate",
        "same id and text as m1",
        "m3",
    )
    assert again.window == (60, 120), "state is kept across windows, and what is said lies in the later one's"
    assert {found.element.id: found.window for found in seen["passed"]} == {"a": (0, 60), "b": (0, 60), "c": (60, 120)}
    assert seen["dead"] == []


def test_an_id_again_with_another_text_is_a_dead_letter() -> None:
    seen = run_stream([At(0, (row("a", "m1"),)), At(5, (row("a", "m2", "other"),))], unique_ids, DOCUMENTS)
    assert ids(seen["passed"]) == ["a"]
    assert [found.element.error for found in seen["dead"]] == ["DuplicateId"]


def test_a_message_delivered_again_is_the_same_row() -> None:
    seen = run_stream([At(0, (row("a", "m1"),)), At(5, (row("a", "m1"),))], unique_ids, DOCUMENTS)
    assert {name: len(found) for name, found in seen.items()} == {"passed": 1, "rejected": 0, "dead": 0}


@pytest.mark.parametrize(("at", "passed"), [(TTL_S - 1, 1), (TTL_S + 1, 2)], ids=["within", "after"])
def test_an_id_is_forgotten_after_its_time(at: float, passed: int) -> None:
    events = [At(0, (row("a", "m1"),)), At(at), At(at, (row("a", "m2"),))]
    seen = run_stream(events, unique_ids, DOCUMENTS)
    assert (len(seen["passed"]), len(seen["rejected"])) == (passed, 2 - passed)


def test_a_text_twice_is_screened_out_as_it_comes() -> None:
    text = "The bridge opened in 1932 after eight years of work. " * 3
    config = ScreenConfig(min_tokens=1, languages=("all",), near_duplicates=0.85)

    def screen(documents: beam.PCollection) -> dict[str, beam.PCollection]:
        return named(documents | beam.WindowInto(FixedWindows(60)) | ScreenDocuments(config, TTL_S))

    given = [row("a", "m1", text), row("b", "m2", text.upper()), row("c", "m3", "Loading...")]
    again = [row("d", "m4", text)]
    seen = run_stream([At(0, tuple(given)), At(70), At(70, tuple(again)), At(300), At(300, tuple(again))], screen, DOCUMENTS)
    assert len(seen["passed"]) == 2, "one of the first three, and one after the text was forgotten"
    reasons = sorted(found.element.reason for found in seen["rejected"])
    assert reasons[:2] == ["exact_duplicate", "exact_duplicate"]
    assert len(reasons) == 3
    assert len(seen["passed"]) + len(seen["rejected"]) == 5


def test_a_question_twice_is_found_across_windows() -> None:
    def asked(name: str, question: str) -> VerifiedQA:
        document = Document(name, "text", where=name)
        return VerifiedQA(QAPair(PersonaTask(document, "Math", Persona("p")), question, "1932", "date"), "quote")

    first, again, other = asked("a", "When did it open?"), asked("b", "when did it open"), asked("c", "Who built it?")
    seen = run_stream(
        [At(0, (first, other)), At(90), At(90, (again,)), At(90, (replace(other, quote="x"),))],
        lambda pairs: named(pairs | beam.WindowInto(FixedWindows(60)) | DeduplicateQA(ttl_s=TTL_S)),
        RecordCoder(VerifiedQA),
    )
    assert sorted(found.element.pair.task.document.id for found in seen["passed"]) == ["a", "c"]
    rejected: list[Rejection] = [found.element for found in seen["rejected"]]
    assert sorted(rejection.document_id for rejection in rejected) == ["b", "c"]
    assert {rejection.reason for rejection in rejected} == {"duplicate_question"}
    assert f"asked by {first.id} of document a" in {rejection.detail for rejection in rejected}
