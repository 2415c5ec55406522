"""Accepted pairs, read back: the rows of `qa/`, in JSONL or Parquet, a few at a time.

A row is what `transforms.records.qa_row` makes. In Parquet `attributes` is JSON text, as the sinks write it.
"""

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.files import BrokenFile, format_of, open_file, read_blocks, reason, split_lines
from beam_pipeline.sinks import whole_unicode
from beam_pipeline.sources import match_pattern

Row = dict[str, Any]

MAX_LINE_BYTES = 16 << 20
_PARQUET_ROWS = 256
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
            found = [file for file in match_pattern(candidate) if format_of(file) in ("jsonl", "parquet")]
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
    rows = _parquet_rows(path) if format_of(path) == "parquet" else _json_rows(path)
    for where, row in rows:
        if not isinstance(row, dict) or not row.keys() >= _NEEDED:
            raise PairsError(f"{where}: not an accepted pair; these are in the qa/ folder of a run")
        yield where, row


def _json_rows(path: str) -> Iterator[tuple[str, Any]]:
    try:
        with open_file(path) as stream:
            for number, line, size in split_lines(read_blocks(path, stream), MAX_LINE_BYTES):
                if not line.strip():
                    continue
                if size > MAX_LINE_BYTES:
                    raise PairsError(f"{path}:{number}: longer than {MAX_LINE_BYTES:,} bytes; that is no accepted pair")
                yield f"{path}:{number}", _parse(line, f"{path}:{number}")
    except (OSError, BrokenFile) as error:
        raise PairsError(f"{path}: cannot be read: {reason(error)}") from error


def _parse(line: bytes, where: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        try:  # half of a surrogate pair, which Python's own parser reads and nothing else writes
            return whole_unicode(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise PairsError(f"{where}: not JSON: {error}") from error


def _parquet_rows(path: str) -> Iterator[tuple[str, Any]]:
    try:
        with open_file(path) as stream:
            rows = (
                row
                for batch in pq.ParquetFile(stream).iter_batches(batch_size=_PARQUET_ROWS, use_threads=False)
                for row in batch.to_pylist()
            )
            yield from ((f"{path}:row {number}", row) for number, row in enumerate(rows, 1))
    except (OSError, ValueError) as error:  # Arrow's own errors are ValueErrors
        if isinstance(error, PairsError):
            raise
        raise PairsError(f"{path}: cannot be read: {reason(error)}") from error
