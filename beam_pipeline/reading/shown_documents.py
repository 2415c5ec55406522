"""The first documents of an input as they were read, for a person: whether fields, ids and texts are what was meant."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing

from beam_pipeline.reading.input_list import FileInput
from beam_pipeline.storage.matching import match_pattern
from transforms.records import DeadLetter, Document, attributes_text
from transforms.said import said

SHOWN = 3
# Rows that are looked at for them, and characters of a text or of what goes along.
_LOOKED_AT, _CHARACTERS = 1000, 240


def shown_documents(inputs: Iterable[FileInput]) -> Iterator[str]:
    """Lines that show the first documents, and how many rows before the last of them could not be read.

    ValueError if a pattern matches nothing.
    """
    documents: list[Document] = []
    dead: list[DeadLetter] = []
    with closing(read_in_order(inputs)) as rows:
        for number, row in enumerate(rows):
            if isinstance(row, Document):
                documents.append(row)
            else:
                dead.append(row)
            if len(documents) == SHOWN or number >= _LOOKED_AT:
                break
    yield "the first documents, as they are read" if documents else "no document could be read"
    for document in documents:
        source = f", source '{said(document.source, 80)}'" if document.source else ""
        yield f"  id '{said(document.id, 80)}' ({said(document.where, _CHARACTERS)}){source}, {len(document.text):,} characters"
        if carried := attributes_text(document):
            yield f"    attributes {said(carried, _CHARACTERS)}"
        yield f"    {said(document.text, _CHARACTERS)}"
    if dead:
        many = "a row that is none" if len(dead) == 1 else f"{len(dead):,} rows that are none, the first"
        yield f"  and {many}: {said(dead[0].where, _CHARACTERS)}: {dead[0].error}: {said(dead[0].message, _CHARACTERS)}"


def read_in_order(inputs: Iterable[FileInput]) -> Generator[Document | DeadLetter, None, None]:
    """The documents and bad rows of all files, one file after another. Raises as `match_pattern`."""
    for files in inputs:
        for path in (path for pattern in files.patterns for path in match_pattern(pattern)):
            yield from (row for row in files.reader.read(path) if isinstance(row, (Document, DeadLetter)))
