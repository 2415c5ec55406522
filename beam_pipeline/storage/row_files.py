"""Small files of rows, whole: JSONL, one JSON array, or Parquet, of any file system that Beam knows, as mappings.

For what a run is given besides its documents, and for what it wrote: benchmarks, accepted pairs. Documents are read by
`reading/file_reader.py`, which keeps less in memory and says more of what is wrong.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import orjson
import pyarrow.parquet as pq

from beam_pipeline.storage.files import BrokenFile, format_of, open_file, read_blocks, reason, split_lines
from beam_pipeline.storage.values import BOM, BadRow, printable

FORMATS = ("jsonl", "parquet")
# Errors of single rows: those behind them can be read.
BROKEN_ROWS = ("InvalidJson", "LineTooLong", "WrongType")
MAX_ROW_BYTES = 10_000_000
_MAX_ARRAY_BYTES = 1_000_000_000
_PARQUET_ROWS = 256


def read_rows(path: str, max_row_bytes: int = MAX_ROW_BYTES) -> Iterator[tuple[str, Mapping[str, Any] | BadRow]]:
    """The rows of a file, each with its place. What breaks the file is its last row."""
    file_format = format_of(path)
    if file_format not in FORMATS:
        yield path, BadRow("UnreadableFile", "the name does not tell JSONL (.jsonl, .json) or Parquet (.parquet)")
        return
    try:
        stream = open_file(path)
    except Exception as error:  # each file system has errors of its own
        yield path, BadRow("UnreadableFile", f"cannot be opened: {reason(error)}")
        return
    with stream:
        yield from _parquet_rows(path, stream) if file_format == "parquet" else _json_rows(path, stream, max_row_bytes)


def _json_rows(path: str, stream: Any, max_row_bytes: int) -> Iterator[tuple[str, Mapping[str, Any] | BadRow]]:
    number = 0
    try:
        blocks = read_blocks(path, stream)
        first = next(blocks, b"")
        if first.removeprefix(BOM).lstrip().startswith(b"["):
            yield from _array_rows(path, first, blocks)
            return
        for number, line, size in split_lines(chain((first,), blocks), max_row_bytes):
            where = f"{path}:{number}"
            if size > max_row_bytes:
                yield where, BadRow("LineTooLong", f"the line is longer than {max_row_bytes:,} bytes")
            elif line.removeprefix(BOM).strip():
                yield where, _parse(line.removeprefix(BOM))
    except BrokenFile as broken:
        yield f"{path}:{number + 1}", BadRow(broken.error, f"{broken}; the lines before this one were read")


def _array_rows(path: str, first: bytes, blocks: Iterator[bytes]) -> Iterator[tuple[str, Mapping[str, Any] | BadRow]]:
    content = bytearray(first)
    for block in blocks:
        content += block
        if len(content) > _MAX_ARRAY_BYTES:
            yield (
                path,
                BadRow("LineTooLong", "the JSON array is too long to be read at once; write one object a line (jq -c '.[]')"),
            )
            return
    rows = _load(bytes(content).removeprefix(BOM))
    if isinstance(rows, BadRow):
        yield f"{path}:1", rows
        return
    for number, row in enumerate(rows, 1):
        yield f"{path}:item {number}", row if isinstance(row, dict) else BadRow("WrongType", "the item is not an object")


def _parse(line: bytes) -> Mapping[str, Any] | BadRow:
    row = _load(line)
    return row if isinstance(row, (dict, BadRow)) else BadRow("WrongType", "the line is not an object; write one object a line")


def _load(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(data.decode("utf-8"))  # also takes NaN and lone surrogates
        except (ValueError, RecursionError):
            return BadRow("InvalidJson", f"not JSON: {printable(str(error))}")


def _parquet_rows(path: str, stream: Any) -> Iterator[tuple[str, Mapping[str, Any] | BadRow]]:
    number = 0
    try:
        file = pq.ParquetFile(stream)
        for batch in file.iter_batches(batch_size=_PARQUET_ROWS, use_threads=False):
            for row in batch.to_pylist():
                number += 1
                yield f"{path}:row {number}", row
    except Exception as error:  # Arrow has errors of its own, and so has each file system
        yield f"{path}:row {number + 1}", BadRow("UnreadableFile", f"cannot be read any further: {reason(error)}")
