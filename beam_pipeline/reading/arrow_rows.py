"""Rows of Arrow tables: Parquet files, and the `.arrow` files of Hugging Face's `datasets` (IPC, as a stream or as a file).

Values that Python cannot hold, that are not UTF-8 or that are too long cost their row. Memory is bounded before anything is
unpacked: a page that would become too large is left out with the rows beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.reading.documents import missing_text
from beam_pipeline.reading.rows import FoundRow, broken_row, too_long
from beam_pipeline.storage.compression import BLOCK_BYTES, head_of
from beam_pipeline.storage.files import BrokenFile, guard_reading, reason
from beam_pipeline.storage.parquet_pages import largest_page
from beam_pipeline.storage.values import RAW_CHARACTERS, BadRow, look_up

# A row may hold megabytes: few rows at a time bound the memory, and cost little. Of long ones fewer.
_ROWS, _ROWS_BYTES = 16, 1 << 26
# A page holds many rows as a rule, so it may be larger than one.
_PAGE = 4
# To look at all pages of a file far away is to read it twice; one that swells so much is looked at.
_SWELLS = 10
_ARROW_FILE = b"ARROW1"


class Column(NamedTuple):
    """Where a field is: the path of its column, and the rest of its name if it lies in JSON that the column holds as text."""

    path: tuple[str, ...]
    rest: tuple[str, ...] = ()


def parquet_rows(path: str, stream: BinaryIO, fields: tuple[str, ...], max_bytes: int) -> Iterator[FoundRow]:
    """The rows of a Parquet file with the columns of some fields, of which the first must be there."""
    return _found(path, _parquet_batches(path, stream, fields, max_bytes), fields, max_bytes)


def arrow_rows(path: str, stream: BinaryIO, fields: tuple[str, ...], max_bytes: int) -> Iterator[FoundRow]:
    """The rows of an Arrow file, in either of its two forms, as `parquet_rows`."""
    return _found(path, _arrow_batches(path, stream, fields), fields, max_bytes)


def read_schema(path: str, stream: BinaryIO, file_format: str) -> Any:
    """The schema of a Parquet or Arrow file. Raises whatever Arrow and file systems raise."""
    return pq.read_schema(stream) if file_format == "parquet" else _open_arrow(path, stream)[0]


def _found(path: str, batches: Iterator[Any], fields: tuple[str, ...], max_bytes: int) -> Iterator[FoundRow]:
    number = 0
    try:
        for batch in guard_reading(batches):
            if isinstance(batch, _LeftOut):
                yield FoundRow(f"{path}:row {number + 1}", BadRow("LineTooLong", batch.message(number)))
                number += batch.rows
                continue
            for row in _rows(batch, column_paths(batch.schema, fields), max_bytes):
                number += 1
                bad = next((value.why for value in row.values() if isinstance(value, _Unusable)), None)
                yield FoundRow(f"{path}:row {number}", bad or row, raw_row(row) if bad else b"")
    except BrokenFile as broken:
        if broken.error == "MissingText":
            yield FoundRow(f"{path}:row {number + 1}", BadRow(broken.error, str(broken)))
        else:
            yield broken_row(f"{path}:row {number + 1}", broken, "the rows before this one were read")


class _LeftOut(NamedTuple):
    """Rows that cannot be read in the memory that there is."""

    rows: int
    column: str
    page_bytes: int
    max_bytes: int

    def message(self, before: int) -> str:
        return (
            f"rows {before + 1} to {before + self.rows} are left out: a page of column {self.column!r} unpacks to "
            f"{self.page_bytes:,} bytes, over {self.max_bytes:,}; split what is so long, or write smaller pages"
        )


def _parquet_batches(path: str, stream: BinaryIO, fields: tuple[str, ...], max_bytes: int) -> Iterator[Any]:
    file = pq.ParquetFile(stream, pre_buffer=False, buffer_size=BLOCK_BYTES)
    columns = [".".join(column.path) for column in column_paths(file.schema_arrow, fields).values()]
    local = FileSystems.get_scheme(path) is None
    for group in range(file.num_row_groups):
        metadata = file.metadata.row_group(group)
        rows, largest, column = _ROWS, 0, ""
        for chunk in (metadata.column(index) for index in range(metadata.num_columns)):
            if not any(f"{chunk.path_in_schema}.".startswith(f"{name}.") for name in columns):
                continue
            unpacked, packed = chunk.total_uncompressed_size, max(1, chunk.total_compressed_size)
            if unpacked * _ROWS > _ROWS_BYTES and (local or unpacked > _SWELLS * packed):
                page = largest_page(stream, chunk)
                largest, column = max((largest, column), (page, chunk.path_in_schema))
        if largest > _PAGE * max_bytes:
            yield _LeftOut(metadata.num_rows, column, largest, _PAGE * max_bytes)
            continue
        if largest:  # no value is longer than its page
            rows = max(1, min(_ROWS, _ROWS_BYTES // largest))
        yield from file.iter_batches(batch_size=rows, row_groups=[group], columns=columns, use_threads=False)


def arrow_batches(path: str, stream: BinaryIO) -> Iterator[Any]:
    """The batches of an Arrow file, in either of its two forms, whole. Raises whatever Arrow and file systems raise."""
    return _open_arrow(path, stream)[1]


def _arrow_batches(path: str, stream: BinaryIO, fields: tuple[str, ...]) -> Iterator[Any]:
    schema, batches = _open_arrow(path, stream)
    names = [name for name in dict.fromkeys(column.path[0] for column in column_paths(schema, fields).values())]
    for batch in batches:
        wanted = batch.select(names)
        yield from (wanted.slice(start, _ROWS) for start in range(0, batch.num_rows, _ROWS))


def _open_arrow(path: str, stream: BinaryIO) -> tuple[Any, Iterator[Any]]:
    """The schema and the batches. Of a local file no more is held than what is looked at."""
    is_file = head_of(stream).startswith(_ARROW_FILE)
    source = pa.memory_map(path) if FileSystems.get_scheme(path) is None else stream
    if not is_file:
        reader = pa.ipc.open_stream(source)
        return reader.schema, iter(reader)
    file = pa.ipc.open_file(source)
    return file.schema, (file.get_batch(number) for number in range(file.num_record_batches))


def column_paths(schema: Any, fields: tuple[str, ...]) -> dict[str, Column]:
    """Where the columns of some fields are; `BrokenFile`, which lists all columns, if the first, the text, is not there."""
    paths = find_columns(schema, fields)
    if fields[0] not in paths:
        raise BrokenFile(missing_text(fields[0], "column", column_names(schema)), "MissingText")
    return paths


def find_columns(schema: Any, fields: Iterable[str]) -> dict[str, Column]:
    """Where the columns of some fields are, as far as they are there."""
    none = schema.empty_table().to_struct_array()
    return {field: column for field in fields if (column := _find_column(none, field))}


def column_names(columns: Iterable[Any], prefix: str = "") -> Iterator[str]:
    """Every column as one would name it, those in structs by their paths."""
    for column in columns:
        if pa.types.is_struct(column.type):
            yield from column_names(column.type, f"{prefix}{column.name}.")
        else:
            yield f"{prefix}{column.name}"


def _find_column(rows: Any, field: str) -> Column | None:
    """Where a column of some rows is: by its own name, as a path into structs, or into a text that may hold JSON."""
    names = tuple(field.split("."))
    for path in ((field,), names):
        with suppress(pa.ArrowInvalid):
            pc.struct_field(rows, list(path))
            return Column(path)
    for end in range(len(names) - 1, 0, -1) if all(names) else ():
        with suppress(pa.ArrowInvalid):
            if _is_text(pc.struct_field(rows, list(names[:end])).type):
                return Column(names[:end], names[end:])
    return None


def _is_text(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind))


class _Unusable(NamedTuple):
    """A value that cannot be given, and why."""

    why: BadRow


def _rows(batch: Any, columns: Mapping[str, Column], max_bytes: int) -> Iterator[dict[str, Any]]:
    structs = batch.to_struct_array()
    values = [_values(pc.struct_field(structs, list(column.path)), field, max_bytes) for field, column in columns.items()]
    for row in zip(*values, strict=True):
        yield {
            field: look_up({"": value}, ".".join(("", *column.rest)))
            if column.rest and not isinstance(value, _Unusable)
            else value
            for (field, column), value in zip(columns.items(), row, strict=True)
        }


def _values(column: Any, name: str, max_bytes: int) -> list[Any]:
    """A column as Python values. Strings come as bytes, for Arrow does not look whether they are UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_text(column.type):
        column = column.cast(pa.large_binary())
    elif pa.types.is_timestamp(column.type) and column.type.tz:
        column = _in_known_zone(column)
    if column.nbytes <= max_bytes:
        # What Arrow, and Python's dates, raise for one value they raise for all.
        with suppress(Exception):
            return list(column.to_pylist())
    return [_value(column.slice(number, 1), name, max_bytes) for number in range(len(column))]


def _value(cell: Any, name: str, max_bytes: int) -> Any:
    # What lies around a value in its column is a few bytes.
    if cell.nbytes > max_bytes + 64:
        return _Unusable(too_long(f"value of column {name!r}", max_bytes))
    try:
        return cell[0].as_py()
    except UnicodeDecodeError:
        return _Unusable(BadRow("InvalidUtf8", f"a text in column {name!r} is not UTF-8; convert it to UTF-8"))
    except Exception as error:  # of any type that Python has no values for
        if pa.types.is_temporal(cell.type):
            with suppress(pa.ArrowException):  # nanoseconds, and years that Python's dates do not reach
                return str(cell.cast(pa.string())[0].as_py()).replace(" ", "T", 1)
        return _Unusable(BadRow("WrongType", f"a value of column {name!r} cannot be read: {reason(error)}"))


def _in_known_zone(column: Any) -> Any:
    """A column of times, in UTC where nobody knows its zone: the moments are the same."""
    try:
        pa.lib.string_to_tzinfo(column.type.tz)
    except Exception:  # of Arrow and of whatever looks zones up
        return column.cast(pa.timestamp(column.type.unit, "UTC"))
    return column


def raw_row(row: Mapping[str, Any]) -> bytes:
    """How a row begins, for its dead letter."""
    lines = []
    for name, value in row.items():
        if isinstance(value, bytes):
            shown = value[: 4 * RAW_CHARACTERS]
        elif isinstance(value, _Unusable):
            shown = b"?"
        else:
            shown = repr(value)[: 4 * RAW_CHARACTERS].encode("utf-8", "backslashreplace")
        lines.append(name.encode("utf-8", "backslashreplace") + b": " + shown)
    return b"\n".join(lines)
