"""Coders: what goes in comes out, as the same bytes every time, and old bytes can still be read."""

from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import registry
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from transforms.flow.coders import RECORD_TYPES, RecordCoder
from transforms.records import DeadLetter, Document, Persona, PersonaTask, QAPair, Rejection, Stamp, Usage, Verdict, VerifiedQA

text = st.text(max_size=20)
whole = st.integers(0, 2**53)
real = st.floats(allow_nan=False, allow_infinity=False)


def several(strategy: Any) -> Any:
    return st.lists(strategy, max_size=3).map(tuple)


stamp = st.builds(Stamp, text, text, whole, text)
document = st.builds(Document, text, text, text, text, text, several(stamp))
persona = st.builds(Persona, text, text)
task = st.builds(PersonaTask, document, text, persona, several(stamp))
pair = st.builds(QAPair, task, text, text, text, several(text), several(stamp))
verdict = st.builds(Verdict, text, st.booleans(), st.none() | stamp)
STRATEGIES: dict[type, Any] = {
    Stamp: stamp,
    Document: document,
    Persona: persona,
    PersonaTask: task,
    QAPair: pair,
    Verdict: verdict,
    VerifiedQA: st.builds(VerifiedQA, pair, text, several(verdict), several(stamp)),
    Rejection: st.builds(Rejection, *[text] * 9),
    DeadLetter: st.builds(DeadLetter, *[text] * 10, whole, whole, text, real),
    Usage: st.builds(Usage, whole, whole, whole, whole, real, real),
}


def test_every_record_type_has_a_property_here() -> None:
    assert set(STRATEGIES) == set(RECORD_TYPES)


@pytest.mark.parametrize("record_type", RECORD_TYPES, ids=lambda record_type: record_type.__name__)
def test_what_goes_in_comes_out_and_as_the_same_bytes(record_type: type) -> None:
    coder = RecordCoder(record_type)

    @given(STRATEGIES[record_type])
    def holds(record: Any) -> None:
        data = coder.encode(record)
        decoded = coder.decode(data)
        assert type(decoded) is record_type
        assert decoded == record
        assert coder.encode(decoded) == data

    holds()


@pytest.mark.parametrize("record_type", RECORD_TYPES, ids=lambda record_type: record_type.__name__)
def test_beam_finds_the_coder_and_may_use_it_for_keys(record_type: type) -> None:
    coder = registry.get_coder(record_type)
    assert coder == RecordCoder(record_type)
    assert hash(coder) == hash(RecordCoder(record_type))
    assert coder.is_deterministic()
    assert coder.to_type_hint() is record_type
    assert coder != RecordCoder(object)


def test_bytes_are_what_they_were() -> None:
    """A streaming job that is updated in place reads what the version before it wrote."""
    before = b'{"id":"d","text":"Z\xc3\xbcrich\\u0000","source":"s","where":"f:1","parent_id":"","stamps":[]}'
    written = before.removesuffix(b"}") + b',"attributes":[],"event_time":null,"carried":"","no_short_answer":false}'
    record = Document("d", "Z\u00fcrich\0", "s", "f:1")
    assert RecordCoder(Document).encode(record) == written
    assert RecordCoder(Document).decode(written) == RecordCoder(Document).decode(before) == record
    record = Document("d", "t", attributes=(("a", "b"),), event_time=1.5)
    assert RecordCoder(Document).decode(RecordCoder(Document).encode(record)) == record


def test_a_record_that_gained_fields_still_reads_what_was_written_before() -> None:
    task_before = b'{"document":{"id":"d","text":"t"},"domain":"Other","persona":{"name":"p"}}'
    before = b'{"task":%b,"question":"q","answer":"a","answer_type":"term"}' % task_before
    task = PersonaTask(Document("d", "t"), "Other", Persona("p"))
    assert RecordCoder(QAPair).decode(before) == QAPair(task, "q", "a", "term")


def test_records_are_keys_of_a_grouping() -> None:
    one, other = Persona("sailor", "tides"), Persona("sailor", "bells")
    with TestPipeline(runner="FnApiRunner") as pipeline:
        grouped = (
            pipeline
            | beam.Create([(one, 1), (other, 2), (Persona("sailor", "tides"), 3)])
            | beam.Map(lambda keyed: keyed).with_output_types(tuple[Persona, int])
            | beam.GroupByKey()
            | beam.MapTuple(lambda persona, numbers: (persona.interest, sorted(numbers)))
        )
        assert_that(grouped, equal_to([("tides", [1, 3]), ("bells", [2])]))
