"""Unique ids: of the documents with one id one passes, and the reader says what becomes of the others.

Grouping by id moves every document once between workers. That is wanted where documents are read, since all documents
of a file come from one worker; a smaller shuffle of ids alone would still have to store the documents until the verdict
on them is known.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam

from transforms.flow.outcome import Outcome, apply_rules, as_outcome
from transforms.records import Document

Keep = Callable[[Iterable[Document]], Iterator[Any]]


def unique_ids(documents: beam.PCollection, stage: str, keep: Keep) -> Outcome:
    """Add the steps to the graph, counted by `stage`; `keep` makes records of the documents of one id."""
    return as_outcome(
        documents
        | "KeyById" >> beam.Map(lambda document: (document.id, document)).with_output_types(tuple[str, Document])
        | "GroupById" >> beam.GroupByKey()
        | "KeepFirst" >> apply_rules(stage, lambda group: keep(group[1]), Document, label="_KeepFirstFn")
    )
