"""Accepted pairs, read back: the rows of `qa/`, in JSONL or Parquet, a few at a time.

A row is what `transforms.records.qa_row` makes. In Parquet `attributes` is JSON text, as the sinks write it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.kinds import whole_unicode
from beam_pipeline.storage.files import format_of
from beam_pipeline.storage.matching import match_pattern
from beam_pipeline.storage.row_files import FORMATS, read_rows
from beam_pipeline.storage.values import BadRow

Row = dict[str, Any]

MAX_LINE_BYTES = 16 << 20
# What every accepted pair has, whichever version wrote it.
_NEEDED = frozenset(("question", "answer", "answer_type", "domain", "persona", "quote"))


class PairsError(ValueError):
    """There are no accepted pairs, or they cannot be read; the message says where."""


def pair_files(place: str) -> list[str]:
    """The files of accepted pairs at a place: a folder of a run or its `qa/`, a file or a glob; local or not.

    Raises:
        PairsError: none is there.
    """
    path = place.rstrip("/")
    wildcard = any(char in path for char in "*?[")
    tried = [path] if wildcard else [FileSystems.join(path, "qa", "qa*"), FileSystems.join(path, "qa*"), path]
    for candidate in tried:
        try:
            found = [file for file in match_pattern(candidate) if format_of(file) in FORMATS]
        except ValueError:
            continue
        if found:
            return sorted(found)
    raise PairsError(f"{place}: no .jsonl or .parquet file of accepted pairs there; give the qa/ folder of a run")


def read_pairs(path: str) -> Iterator[tuple[str, Row]]:
    """(where, row) of every pair of a file, in its order.

    Raises:
        PairsError: the file cannot be read, or a row is no accepted pair; what came before was yielded.
    """
    for where, row in read_rows(path, MAX_LINE_BYTES):
        if isinstance(row, BadRow):
            raise PairsError(f"{where}: {row.message}")
        if not row.keys() >= _NEEDED:
            raise PairsError(f"{where}: not an accepted pair; these are in the qa/ folder of a run")
        yield where, _whole(row)


def _whole(row: Mapping[str, Any]) -> Row:
    """A row without halves of surrogate pairs, which Python's own parser reads and nothing else writes."""
    try:
        orjson.dumps(row, default=str)
    except TypeError:
        return {name: whole_unicode(value) for name, value in row.items()}
    return dict(row)
