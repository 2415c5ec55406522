"""RecallReplies: hand the replies of an earlier run to the process that is about to ask again.

Input:    PCollection[Document], and PCollection[JournalEntry]
Output:   PCollection[Document], unchanged; just before a document goes on, what was answered for it
          is put into the memory of the runtime, where the fused stages behind find it by key

A plain CoGroupByKey by document id: no database, and no worker reads more than its own documents'
replies.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from transforms.inference.journal import JournalEntry
from transforms.inference.runtime import get_runtime
from transforms.records import Document


@dataclass
class RecallReplies(beam.PTransform):
    """Joins journalled replies to their documents, in place of the Reshuffle before the model block.

    `entries` is a PCollection[tuple[str, tuple[str, str]]]: document id -> (key, reply text).
    """

    entries: Any

    def expand(self, documents: beam.PCollection) -> beam.PCollection:
        keyed = documents | "KeyById" >> beam.Map(_by_id).with_output_types(tuple[str, Document])
        return (
            {"documents": keyed, "entries": self.entries}
            | "JoinReplies" >> beam.CoGroupByKey()
            | "Recall" >> beam.ParDo(_RecallFn()).with_output_types(Document)
        )


def _by_id(document: Document) -> tuple[str, Document]:
    return document.id, document


def entry_by_document(entry: JournalEntry) -> tuple[str, tuple[str, str]]:
    """Key a journal entry for the join."""
    return entry.document_id, (entry.key, entry.text)


class _RecallFn(beam.DoFn):
    def process(self, joined: tuple[str, dict[str, Iterable[Any]]]) -> Iterator[Document]:
        _, groups = joined
        runtime = get_runtime()
        for document in groups["documents"]:  # none, for a document that is not in the input any more
            for key, text in groups["entries"]:
                runtime.recall(key, text)
            yield document
