"""RecallReplies: hand the replies of an earlier run to the process that is about to ask again.

Input:    PCollection[T], and the journal's entries
Output:   PCollection[T], unchanged; just before an element goes on, what was answered for it is put
          into the memory of the runtime, where the fused stages behind find it by key

A plain CoGroupByKey by the name that the journal has: a journal of any size is read once by all workers
together, from end to end. Looking replies up by key (`journal/lookup.py`) serves a bundle that runs twice; it
is no substitute, because it knows the newest few million replies only, and no journal without an index.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from transforms.inference.journal.writer import JournalEntry
from transforms.inference.runtime import get_runtime
from transforms.records import Document, Item, document_of
from transforms.stages import MODEL_STAGES

# Vectors lie in the journal under names of their own: a document's replies are recalled before its first
# stage, and vectors, which are asked for last, would push those out of memory again.
VECTORS = "embedding:"
# A document may have an id that begins so, too: what is joined for it has this in front.
REPLIES = "reply:"


def document_id(item: Item) -> str:
    """The name under which the journal has the replies about a document and what was made of it."""
    return document_of(item).id


@dataclass
class RecallReplies(beam.PTransform):
    """Joins journalled replies to their elements; for documents in place of the Reshuffle before the model block.

    Attributes:
        entries: PCollection[tuple[str, tuple[str, str]]]: name in the journal -> (key, reply text).
        name: element -> name in the journal.
        vectors: whether the vectors are wanted, or the replies.
        known_first: whether elements with replies go before those without, as far as they are in one bundle.
    """

    entries: Any
    name: Callable[[Any], str] = document_id
    element_type: Any = Document
    vectors: bool = False
    known_first: bool = False

    def expand(self, elements: beam.PCollection) -> beam.PCollection:
        vectors = self.vectors
        name = self.name if vectors else partial(_name_of_replies, self.name)
        keyed_type = beam.typehints.Tuple[str, self.element_type]
        keyed = elements | "KeyById" >> beam.Map(lambda element: (name(element), element)).with_output_types(keyed_type)
        entries = self.entries | "OfThatKind" >> beam.Filter(lambda entry: entry[0].startswith(VECTORS) == vectors)
        return (
            {"elements": keyed, "entries": entries}
            | "JoinReplies" >> beam.CoGroupByKey()
            | "Recall" >> beam.ParDo(_RecallFn(self.known_first)).with_output_types(self.element_type)
        )


def entry_by_document(entry: JournalEntry) -> tuple[str, tuple[str, str]]:
    """Key a journal entry for the join."""
    name = entry.document_id if is_vector(entry) else _reply_name(entry.document_id)
    return name, (entry.key, entry.text)


def is_vector(entry: JournalEntry) -> bool:
    """Whether an entry is a vector, and no reply about a document whose id looks like one's name."""
    return entry.document_id.startswith(VECTORS) and entry.stage not in MODEL_STAGES


def _name_of_replies(name: Callable[[Any], str], element: Any) -> str:
    return _reply_name(name(element))


def _reply_name(document_id: str) -> str:
    return REPLIES + document_id if document_id.startswith((VECTORS, REPLIES)) else document_id


class _RecallFn(beam.DoFn):
    def __init__(self, known_first: bool) -> None:
        self._known_first = known_first

    def start_bundle(self) -> None:
        self._waiting: list[WindowedValue] = []

    def process(
        self, joined: tuple[str, dict[str, Iterable[Any]]], windowed: Any = beam.DoFn.WindowedValueParam
    ) -> Iterator[Any]:
        _, groups = joined
        runtime = get_runtime()
        known = False
        for element in groups["elements"]:  # none, for a document that is not in the input any more
            for key, text in groups["entries"]:
                known = True
                runtime.recall(key, text)
            if known or not self._known_first:
                yield element
            else:
                self._waiting.append(windowed.with_value(element))

    def finish_bundle(self) -> Iterator[WindowedValue]:
        self._waiting.reverse()
        while self._waiting:
            yield self._waiting.pop()


# Where the tokens of the replies that a resumed run found in its journal are counted.
EARLIER = "journal"
