"""Outcome: each result goes to the output of its type, is counted by reason, and keeps its type."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.testing.test_pipeline import TestPipeline

from transforms.flow.coders import RecordCoder
from transforms.flow.outcome import LIVE, apply_rules, as_outcome
from transforms.records import DeadLetter, Document, Rejection, reject

STAGE = "sorting"
LETTER = DeadLetter(STAGE, "Broken", "it broke")


def sort_out(document: Document) -> Iterator[Document | Rejection | DeadLetter]:
    """The text says what becomes of a document; one may become several."""
    for word in document.text.split():
        match word:
            case "keep":
                yield document
            case "break":
                yield LETTER
            case reason:
                yield reject(STAGE, reason, document)


class Sort(beam.PTransform):
    def expand(self, documents: Any) -> Any:
        return as_outcome(documents | "Apply" >> apply_rules(STAGE, sort_out, Document))


def test_each_result_goes_to_its_output_and_is_counted_by_reason(run_transform: Any) -> None:
    documents = [Document("a", "keep"), Document("b", "dull"), Document("c", "keep keep break"), Document("d", "dull odd")]
    LIVE.clear()
    outcome = run_transform(Sort(), documents)
    assert sorted(document.id for document in outcome.passed) == ["a", "c", "c"]
    assert sorted((rejection.document_id, rejection.reason) for rejection in outcome.rejected) == [
        ("b", "dull"),
        ("d", "dull"),
        ("d", "odd"),
    ]
    assert outcome.dead_letters == [LETTER]
    counted = {"passed": 3, "rejected/dull": 2, "rejected/odd": 1, "dead_letter/Broken": 1}
    assert run_transform.counters(STAGE) == counted
    assert {name: number for (stage, name), number in LIVE.items() if stage == STAGE} == counted


def test_outputs_keep_their_types_so_that_nothing_is_pickled() -> None:
    with TestPipeline(runner="FnApiRunner") as pipeline:
        outcome = pipeline | beam.Create([Document("a", "keep")]) | Sort()
    assert [part.element_type for part in outcome] == [Document, Rejection, DeadLetter]
    for part in outcome:
        assert beam.coders.registry.get_coder(part.element_type) == RecordCoder(part.element_type)
