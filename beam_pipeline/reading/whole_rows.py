"""Rows with all that they hold: of files that are given to a run besides its documents, or that one has written.

Benchmarks, data sets to audit, rollouts, accepted pairs. Of documents a few fields are read, in less memory, and more is said
of what is wrong (`file_reader`).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from beam_pipeline.reading.arrow_rows import arrow_batches
from beam_pipeline.reading.csv_rows import csv_rows
from beam_pipeline.reading.json_rows import json_rows
from beam_pipeline.storage.files import format_of, open_file, reason
from beam_pipeline.storage.values import BadRow

Found = tuple[str, Mapping[str, Any] | BadRow]

FORMATS = ("jsonl", "csv", "tsv", "parquet", "arrow")
# Errors of single rows: those behind them can be read.
BROKEN_ROWS = ("InvalidJson", "InvalidUtf8", "LineTooLong", "NullByte", "WrongType")
MAX_ROW_BYTES = 10_000_000
_BATCH_ROWS = 256
_KNOWN = "JSON (.jsonl, .json, also with .gz, .zst), a table (.csv, .tsv), Parquet (.parquet) or Arrow (.arrow)"


def read_rows(path: str, max_row_bytes: int = MAX_ROW_BYTES) -> Iterator[Found]:
    """The rows of a file, each with its place. What breaks the file is its last row."""
    file_format = format_of(path)
    if file_format not in FORMATS:
        yield path, BadRow("UnreadableFile", f"the name does not tell {_KNOWN}")
        return
    try:
        stream = open_file(path)
    except Exception as error:  # each file system has errors of its own
        yield path, BadRow("UnreadableFile", f"cannot be opened: {reason(error)}")
        return
    with stream:
        if file_format in ("parquet", "arrow"):
            yield from _arrow_rows(path, stream, file_format)
            return
        if file_format == "jsonl":
            yield from ((where, row) for where, row, _ in json_rows(path, stream, max_row_bytes))
        else:
            rows = csv_rows(path, stream, "", file_format == "tsv", max_row_bytes)
            yield from ((where, _in_utf8(row)) for where, row, _ in rows)


def first_rows(path: str, count: int, max_row_bytes: int = MAX_ROW_BYTES) -> list[Mapping[str, Any]]:
    """The good ones among the first rows of a file, by which its form is told.

    Raises:
        ValueError: the file is in no known format, or has none among these; one line.
    """
    if format_of(path) not in FORMATS:
        raise ValueError(f"{path}: the name does not tell {_KNOWN}")
    first = [row for _, row in islice(read_rows(path, max_row_bytes), count)]
    rows = [row for row in first if not isinstance(row, BadRow)]
    if not rows:
        why = next((f": {row.message}" for row in first if isinstance(row, BadRow)), "")
        raise ValueError(f"{path}: holds no row{why}")
    return rows


def _in_utf8(row: Mapping[str, Any] | BadRow) -> Mapping[str, Any] | BadRow:
    if isinstance(row, BadRow) or not (column := next((name for name, value in row.items() if isinstance(value, bytes)), "")):
        return row
    return BadRow("InvalidUtf8", f"a text in column {column!r} is not UTF-8; convert the file to UTF-8")


def _arrow_rows(path: str, stream: BinaryIO, file_format: str) -> Iterator[Found]:
    number = 0
    try:
        for batch in _batches(path, stream, file_format):
            for row in _rows_of(batch):
                number += 1
                yield f"{path}:row {number}", row
    except Exception as error:  # Arrow has errors of its own, and so has each file system
        yield f"{path}:row {number + 1}", BadRow("UnreadableFile", f"cannot be read any further: {reason(error)}")


def _batches(path: str, stream: BinaryIO, file_format: str) -> Iterator[pa.RecordBatch]:
    if file_format == "parquet":
        yield from pq.ParquetFile(stream).iter_batches(batch_size=_BATCH_ROWS, use_threads=False)
        return
    for batch in arrow_batches(path, stream):
        yield from (batch.slice(start, _BATCH_ROWS) for start in range(0, batch.num_rows, _BATCH_ROWS))


def _rows_of(batch: pa.RecordBatch) -> Iterator[Mapping[str, Any] | BadRow]:
    # What Arrow, and Python's dates, raise for one value they raise for all of a batch.
    with suppress(Exception):
        yield from batch.to_pylist()
        return
    for number in range(batch.num_rows):
        try:
            yield batch.slice(number, 1).to_pylist()[0]
        except Exception as error:
            yield BadRow("WrongType", f"a value cannot be read: {reason(error)}")
