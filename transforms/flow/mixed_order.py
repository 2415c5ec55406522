"""MixOrder: bring documents into an order that has nothing to do with that of the input.

Input:    PCollection[Document]
Output:   PCollection[Document], the same

A run that stops at a goal foretells from what it has seen what is to come. A corpus is often sorted by its sources, of
which some give many pairs and others few: then what was seen tells nothing, and the pairs would all be of the first
sources. The order is that of hashes of the ids, so that a run that goes on has the same.
"""

from collections.abc import Iterable, Iterator

import apache_beam as beam

from transforms.records import Document
from transforms.text import stable_hash

# Groups, each of which is put in order by itself: few enough that each has some documents of every source, and many
# enough that one is no burden. An engine gives the groups in any order, which is often that of the input.
GROUPS = 64


class MixOrder(beam.PTransform):
    """Groups documents at random and orders each group at random; the same every time."""

    def expand(self, documents: beam.PCollection) -> beam.PCollection:
        return (
            documents
            | "DealOut" >> beam.Map(_dealt).with_output_types(tuple[int, Document])
            | "Group" >> beam.GroupByKey()
            | "PutInOrder" >> beam.FlatMap(_in_order).with_output_types(Document)
        )


def _dealt(document: Document) -> tuple[int, Document]:
    return int(stable_hash("group", document.id)[:8], 16) % GROUPS, document


def _in_order(group: tuple[int, Iterable[Document]]) -> Iterator[Document]:
    yield from sorted(group[1], key=lambda document: stable_hash("order", document.id))
