"""Pub/Sub: documents out of a subscription, accepted pairs into a topic.

A message is one document as JSON, as a line of a file would hold it. Its attributes travel with the document
into its pairs; `source` among them stands for the row's where that has none. A bad message becomes a dead letter
with its id, publish time and attributes.

The local runner acknowledges what it has pulled at once, so that what is under way is lost with it; Dataflow
acknowledges what it has stored.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage, ReadFromPubSub, WriteToPubSub
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.typehints.decorators import no_annotations
from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound, RetryError
from google.auth.exceptions import GoogleAuthError
from google.cloud import pubsub_v1  # type: ignore[attr-defined]

from beam_pipeline.options.values import ATTRIBUTE, ON_ARRIVAL, EventTime
from beam_pipeline.output.kinds import json_line
from beam_pipeline.reading.documents import Fields, dead_row, parse_row, with_event_time
from beam_pipeline.reading.read_files import parse_rows
from beam_pipeline.storage.row_files import Row
from beam_pipeline.storage.values import MISSING, BadRow, encodable
from transforms.errors import one_line
from transforms.flow.outcome import Outcome, as_outcome
from transforms.records import DeadLetter, Document, VerifiedQA
from transforms.text import stable_hash

# What Pub/Sub takes of an attribute's value, in bytes.
_ATTRIBUTE_BYTES = 1024
_ASK_S = 10.0


@dataclass
class ReadMessages(beam.PTransform):
    """Reads documents from a subscription: pipeline -> Outcome[Document], stage "read"; in the global window.

    An event time from an attribute also moves the watermark, where the runner follows it.
    """

    subscription: str
    fields: Fields
    event_time: EventTime = ON_ARRIVAL

    @no_annotations
    def expand(self, pipeline: beam.pvalue.PBegin) -> Outcome:
        attribute = self.event_time.name if self.event_time.kind == ATTRIBUTE else None
        # The local runner dies of an attribute that is no time, and its watermark does not follow it anyway.
        stamped = None if isinstance(pipeline.pipeline.runner, BundleBasedDirectRunner) else attribute
        messages = pipeline | "ReadPubSub" >> ReadFromPubSub(
            None, self.subscription, with_attributes=True, timestamp_attribute=stamped
        )
        return messages | "ParseMessages" >> ParseMessages(self.fields, self.event_time)


@beam.ptransform_fn
def ParseMessages(messages: beam.PCollection, fields: Fields, event_time: EventTime = ON_ARRIVAL) -> Outcome:
    """Makes documents of messages: PCollection[PubsubMessage] -> Outcome[Document], stage "read"."""
    return as_outcome(messages | "Parse" >> parse_rows(parse_message, fields, event_time))


def parse_message(message: PubsubMessage, fields: Fields, event_time: EventTime = ON_ARRIVAL) -> Document | DeadLetter:
    """Make a document of a message, or say what is wrong with it."""
    data, attributes = message.data or b"", dict(message.attributes or {})
    where = f"pubsub:{message.message_id or stable_hash(data.decode('utf-8', 'backslashreplace'), *sorted(attributes.values()))}"
    document = parse_row(data, fields, where) if data.strip() else BadRow("InvalidJson", "the message has no data")
    if event_time.kind == ATTRIBUTE:
        document = with_event_time(document, attributes.get(event_time.name, MISSING), event_time.name, millis=True)
    shown = {encodable(name): encodable(value) for name, value in attributes.items()}
    if isinstance(document, BadRow):
        return _dead_message(document, where, message, shown)
    return replace(document, source=document.source or shown.get("source", ""), attributes=tuple(sorted(shown.items())))


def _dead_message(bad: BadRow, where: str, message: PubsubMessage, attributes: dict[str, str]) -> DeadLetter:
    letter = dead_row(bad, where, message.data or b"")
    published = message.publish_time
    item = {
        **json.loads(letter.item),
        "message_id": message.message_id or "",
        "publish_time": published.isoformat() if isinstance(published, datetime) else str(published or ""),
        "attributes": attributes,
    }
    own = {**attributes, **json.loads(bad.carried or "{}")}
    return replace(letter, item=json.dumps(item, ensure_ascii=False), attributes=json.dumps(own, ensure_ascii=False))


@dataclass
class PublishPairs(beam.PTransform):
    """Publishes accepted pairs, each as its row of the files in JSON, with the attributes id, domain and answer_type."""

    topic: str
    to_row: Callable[[VerifiedQA], Row]

    def expand(self, pairs: beam.PCollection) -> Any:
        messages = pairs | "ToMessages" >> beam.Map(pair_message, self.to_row).with_output_types(PubsubMessage)
        return messages | "WritePubSub" >> WriteToPubSub(self.topic, with_attributes=True)


def pair_message(qa: VerifiedQA, to_row: Callable[[VerifiedQA], Row]) -> PubsubMessage:
    """The message of a pair."""
    attributes = {"id": qa.id, "domain": qa.pair.task.domain, "answer_type": qa.pair.answer_type}
    for name, value in attributes.items():
        attributes[name] = value.encode("utf-8", "replace")[:_ATTRIBUTE_BYTES].decode("utf-8", "ignore")
    return PubsubMessage(json_line(to_row(qa)), attributes)


def check_pubsub(subscription: str, topic: str) -> None:
    """Raise ValueError, one line, unless a subscription and a topic are there; who may not look them up may still use them."""
    for option, kind, name, make in (
        ("--input_subscription", "subscription", subscription, pubsub_v1.SubscriberClient),
        ("--output_topic", "topic", topic, pubsub_v1.PublisherClient),
    ):
        if not name:
            continue
        try:
            client: Any = make()
        except GoogleAuthError as error:
            raise ValueError(f"{option}: no credentials for Pub/Sub: {one_line(error)}") from error
        try:
            getattr(client, f"get_{kind}")(request={kind: name}, timeout=_ASK_S)
        except NotFound:
            raise ValueError(f"{option} {name}: there is none; create it first") from None
        except Forbidden:
            pass
        except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
            raise ValueError(f"{option} {name}: Pub/Sub cannot be asked: {one_line(error)}") from error
        finally:
            client.transport.close()
