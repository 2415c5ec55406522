"""Files of rows: small ones read whole (JSONL, one JSON array, or Parquet), and rows written to an open file.

What is read here is given to a run besides its documents, or was written by one: benchmarks, accepted pairs. Documents are
read by `reading/file_reader.py`, which keeps less in memory and says more of what is wrong.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from beam_pipeline.storage.files import BrokenFile, format_of, open_file, read_blocks, reason, split_lines
from beam_pipeline.storage.values import BOM, BadRow, encodable, load_json

Row = dict[str, Any]

FORMATS = ("jsonl", "parquet")
# Errors of single rows: those behind them can be read.
BROKEN_ROWS = ("InvalidJson", "LineTooLong", "WrongType")
MAX_ROW_BYTES = 10_000_000
_MAX_ARRAY_BYTES = 1_000_000_000
_PARQUET_ROWS = 256
# Bytes of one Parquet row group: small enough for a reader that shuffles, large enough to compress. Also the unit in which
# Beam deals rows to shards.
ROW_GROUP_BYTES = 16 << 20
# What an accepted pair takes, about, where nobody has measured it.
ROW_BYTES = 1_600


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


def first_rows(path: str, count: int, max_row_bytes: int = MAX_ROW_BYTES) -> list[Mapping[str, Any]]:
    """The good ones among the first rows of a file, by which its form is told.

    Raises:
        ValueError: the file is in no known format, or has none among these; one line.
    """
    if format_of(path) not in FORMATS:
        raise ValueError(f"{path}: the name does not tell JSONL (.jsonl, .json, also with .gz, .zst) or Parquet (.parquet)")
    first = [row for _, row in islice(read_rows(path, max_row_bytes), count)]
    rows = [row for row in first if not isinstance(row, BadRow)]
    if not rows:
        why = next((f": {row.message}" for row in first if isinstance(row, BadRow)), "")
        raise ValueError(f"{path}: holds no row{why}")
    return rows


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
        return load_json(data)
    except orjson.JSONDecodeError as error:
        return BadRow("InvalidJson", f"not JSON: {encodable(str(error))}")


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


class ParquetRows:
    """Rows as Parquet of a fixed schema, in row groups of bounded size."""

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd", use_compliant_nested_type=True)
        self._rows: list[Row] = []
        self._waiting = 0
        self.size = 0  # bytes in memory, as Arrow holds the rows

    def write(self, row: Row, size: int = ROW_BYTES) -> None:
        """Write a row, with the next ones. `size` is about how many bytes it has."""
        self._rows.append(row)
        self._waiting += size
        if self._waiting >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        table = pa.Table.from_pylist(self._rows, self._schema)
        self._writer.write_table(table)
        self.size += table.nbytes
        self._rows, self._waiting = [], 0
