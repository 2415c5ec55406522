"""Messages into documents, pairs into messages, and what is said where there is no Pub/Sub."""

import json
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pytest
from apache_beam.io.gcp.pubsub import PubsubMessage
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.options.values import EventTime
from beam_pipeline.reading.documents import Fields
from beam_pipeline.streaming.pubsub import check_pubsub, pair_message, parse_message
from transforms.records import DeadLetter, Document, Persona, PersonaTask, QAPair, VerifiedQA, qa_row

PUBLISHED = datetime(2026, 11, 21, 6, 0, 0, 123_000, tzinfo=timezone.utc)
ATTRIBUTE = EventTime("attribute", "ts")


def message(row: Any, attributes: dict[str, str] | None = None, message_id: str | None = "17") -> PubsubMessage:
    data = row if isinstance(row, bytes) else json.dumps(row).encode()
    return PubsubMessage(data, attributes or {}, message_id, PUBLISHED)


def test_a_message_is_a_document_with_its_attributes() -> None:
    row = {"id": "a", "text": "The bridge.", "source": "press"}
    assert parse_message(message(row, {"crawl": "7", "a": "b"}), Fields()) == Document(
        "a", "The bridge.", "press", "pubsub:17", attributes=(("a", "b"), ("crawl", "7"))
    )


def test_the_source_may_be_an_attribute() -> None:
    sourced = parse_message(message({"text": "x"}, {"source": "feed"}), Fields(source_label="label"))
    assert isinstance(sourced, Document)
    assert sourced.source == "label", "a label given for the run stands for what the row lacks"
    sourced = parse_message(message({"text": "x"}, {"source": "feed"}), Fields())
    assert isinstance(sourced, Document)
    assert sourced.source == "feed"


def test_names_of_fields_are_as_for_files() -> None:
    fields = Fields(text="body.text", id="key", event_time="body.at")
    parsed = parse_message(message({"body": {"text": "x", "at": "1970-01-02"}, "key": 7}), fields)
    assert isinstance(parsed, Document)
    assert (parsed.id, parsed.text, parsed.event_time) == ("7", "x", 86_400.0)


def test_event_time_from_an_attribute_in_both_forms() -> None:
    for value in ("1732168800250", "2024-11-21T06:00:00.25Z"):
        parsed = parse_message(message({"text": "x"}, {"ts": value}), Fields(), ATTRIBUTE)
        assert isinstance(parsed, Document)
        assert parsed.event_time == 1_732_168_800.25


@pytest.mark.parametrize(
    ("row", "attributes", "error"),
    [
        (b"{broken", {"ts": "0000000000000"}, "InvalidJson"),
        (b"", {"ts": "0000000000000"}, "InvalidJson"),
        (b"[1]", {"ts": "0000000000000"}, "WrongType"),
        ({"id": "a"}, {"ts": "0000000000000"}, "MissingText"),
        ({"text": "a\0b"}, {"ts": "0000000000000"}, "NullByte"),
        ({"text": "x"}, {"ts": "yesterday"}, "BadEventTime"),
        ({"text": "x"}, {"other": "1"}, "BadEventTime"),
    ],
)
def test_a_bad_message_says_what_and_which(row: Any, attributes: dict[str, str], error: str) -> None:
    letter = parse_message(message(row, attributes), Fields(), ATTRIBUTE)
    assert isinstance(letter, DeadLetter)
    assert (letter.stage, letter.error, letter.where) == ("read", error, "pubsub:17")
    item = json.loads(letter.item)
    assert item["message_id"] == "17"
    assert item["publish_time"] == "2026-11-21T06:00:00.123000+00:00"
    assert item["attributes"] == attributes
    assert item["raw"] == (row if isinstance(row, bytes) else json.dumps(row).encode()).decode().replace("\0", "\\x00")


def test_messages_without_an_id_are_told_apart_by_content() -> None:
    wheres = {parse_message(message({"text": text}, message_id=None), Fields()).where for text in ("a", "b", "a")}
    assert len(wheres) == 2


@given(st.binary(), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_any_bytes_are_a_document_or_a_dead_letter(data: bytes, attributes: dict[str, str]) -> None:
    parsed = parse_message(PubsubMessage(data, attributes), Fields(), ATTRIBUTE)
    assert isinstance(parsed, (Document, DeadLetter))


def test_a_pair_is_published_as_its_row() -> None:
    document = Document("d", "text", where="pubsub:1", attributes=(("crawl", "7"),))
    pair = QAPair(PersonaTask(document, "D" * 2000, Persona("p")), "When?", "1932 é", "date")
    to_row = partial(qa_row, pipeline_version="1")
    published = pair_message(VerifiedQA(pair, "quote"), to_row)
    assert published.data is not None
    row = json.loads(published.data)
    assert row == to_row(VerifiedQA(pair, "quote"))
    assert row["attributes"] == {"crawl": "7"}
    assert published.attributes == {"id": pair.id, "domain": "D" * 1024, "answer_type": "date"}


def test_no_credentials_are_said_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(ValueError, match="no credentials for Pub/Sub") as raised:
        check_pubsub("projects/project/subscriptions/sub", "")
    assert "\n" not in str(raised.value)
