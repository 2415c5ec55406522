"""Messages as a topic gets them on a bad day: out of order, late, published twice, under a taken id, and no documents at all."""

import itertools
import json
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

from tests.benchmarks.corpus import write_documents
from tests.fakes.pubsub_service import Channel

EVENT_TIME = "event_time"  # the attribute
REDELIVER = "redeliver"  # an attribute that asks the fake for a second delivery

GOOD, LATE, COPY, TAKEN_ID, BAD = KINDS = ("good", "late", "copy", "taken_id", "bad")

# What is no document: data, attributes that differ from the usual, and the error that is expected.
BAD_MESSAGES: tuple[tuple[bytes, dict[str, str], str], ...] = (
    (b"{not json", {}, "InvalidJson"),
    (b'{"id": "no text"}', {}, "MissingText"),
    (b'{"text": 5}', {}, "WrongType"),
    (b'["a list"]', {}, "WrongType"),
    (b'{"id": ["list"], "text": "An id that is a list."}', {}, "WrongType"),
    (b'{"text": "a null \\u0000 byte"}', {}, "NullByte"),
    (b'{"text": "\xff\xfe"}', {}, "InvalidUtf8"),
    (b'{"text": "When was this?"}', {EVENT_TIME: "soon"}, "BadEventTime"),
    (b"", {}, "InvalidJson"),
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish. Times in seconds; `behind_s` is how long before its publication its event happened."""

    kind: str
    at_s: float
    data: bytes
    document_id: str = ""
    behind_s: float = 0.0
    error: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was published."""

    message: Message
    message_id: str
    event_time: float

    @property
    def where(self) -> str:
        return f"pubsub:{self.message_id}"


def plan(count: int, over_s: float, behind_s: float, late_s: float) -> list[Message]:
    """Messages of `count` documents, evenly over `over_s` seconds and in the order of their publication, the same every time.

    A fifth comes out of order, `behind_s` after its event, and one in 25 by `late_s`; one in ten is published again a
    second later, one in 25 is followed by another text under its id; one in 20 asks for another delivery. Between
    them come bad messages, one for 12 documents.
    """
    messages = []
    with tempfile.TemporaryDirectory() as folder:
        path = write_documents(Path(folder) / "documents.jsonl", count)
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    bad = itertools.cycle(BAD_MESSAGES)
    for number, row in enumerate(rows):
        at_s = over_s * number / count
        kind = LATE if number % 25 == 3 else GOOD
        delay_s = late_s if kind == LATE else behind_s if number % 5 == 1 else 0.0
        if number % 20 == 7:
            row["text"] = "Too short to ask about."
        first = Message(kind, at_s, json.dumps(row).encode(), row["id"], delay_s)
        if number % 20 == 9:
            first = replace(first, attributes={REDELIVER: "yes"})
        messages.append(first)
        if number % 10 == 5:
            messages.append(replace(first, kind=COPY, at_s=at_s + 1, behind_s=delay_s + 1))
        if number % 25 == 12:
            other = json.dumps({**row, "text": f"Another text. {row['text']}"}).encode()
            messages.append(replace(first, kind=TAKEN_ID, at_s=at_s + 1, data=other))
        if number % 12 == 6:
            data, attributes, error = next(bad)
            messages.append(Message(BAD, at_s, data, error=error, attributes=attributes))
    # Neighbours change places, so that not even publication follows the numbers.
    rng = random.Random(count)
    return sorted(messages, key=lambda message: message.at_s + rng.random() * over_s / count)


def publish(messages: list[Message], channel: Channel) -> Iterator[Sent]:
    """Publish messages at their times, as seconds from now."""
    began = time.time()
    waiting = []
    for number, message in enumerate(messages):
        time.sleep(max(0.0, began + message.at_s - time.time()))
        event_time = time.time() - message.behind_s
        # Both forms that Pub/Sub's own readers take: milliseconds since 1970, and RFC 3339.
        millis = round(event_time * 1000)
        instant = datetime.fromtimestamp(millis / 1000, timezone.utc).isoformat(timespec="milliseconds")
        attributes = {EVENT_TIME: str(millis) if number % 2 else instant.replace("+00:00", "Z"), "number": str(number)}
        future = channel.publisher.publish(channel.topic, message.data, **{**attributes, **message.attributes})
        waiting.append((message, future, millis / 1000))
    for message, future, event_time in waiting:
        yield Sent(message, future.result(30), event_time)
