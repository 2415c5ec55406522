"""Whether the fields that the options name are there, before anything is paid: a misspelt one would cost every row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from beam_pipeline.options.values import hint
from beam_pipeline.reading.arrow_rows import column_names, find_columns, read_schema
from beam_pipeline.reading.csv_rows import read_header
from beam_pipeline.reading.documents import missing_field, wrapped
from beam_pipeline.reading.file_reader import WHOLE_FILES, FileReader
from beam_pipeline.storage.files import open_file
from beam_pipeline.storage.values import MISSING, BadRow, look_up

# Rows that are looked at, and bytes of them: a field that none of so many has is misspelt.
LOOKED_AT = 1000
_LOOKED_AT_BYTES = 32 << 20
_COLUMNS = ("parquet", "arrow", "csv", "tsv")


class Named(NamedTuple):
    """A field, and the option that names it."""

    option: str
    field: str


def check_fields(reader: FileReader, paths: Iterable[str], named: Sequence[Named]) -> None:
    """Raise ValueError, one line, if a field is in none of the rows that are looked at.

    Those are the first of the files, or their columns. What cannot be read says nothing: the run tells it.
    """
    wanted = [name for name in named if name.field]
    there: dict[str, None] = {}
    rows, size, first, kind, inside = 0, 0, "", "field", ""
    for path in paths:
        if not wanted or rows >= LOOKED_AT or size >= _LOOKED_AT_BYTES:
            break
        if reader.format_of(path) in (*WHOLE_FILES, "warc", None):
            continue
        for row in _some_rows(reader, path, [name.field for name in wanted]):
            if not first:
                first, kind = path, "column" if reader.format_of(path) in _COLUMNS else "field"
                inside = wrapped(row, kind)
            rows += 1
            size += sum(len(value) for value in row.values() if isinstance(value, (str, bytes)))
            there |= dict.fromkeys(str(name) for name in row)
            wanted = [name for name in wanted if look_up(row, name.field) is MISSING]
            if not wanted or rows >= LOOKED_AT or size >= _LOOKED_AT_BYTES:
                break
    if wanted and first:
        option, field = wanted[0]
        where = f" in the first {rows:,} rows" if kind == "field" and rows > 1 else ""
        raise ValueError(f"{first}: {missing_field(field, f'{kind}{where}', there, option)}{hint(field, there)}{inside}")


def _some_rows(reader: FileReader, path: str, fields: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The first rows of a file; of one with columns a row of those that it has."""
    file_format = str(reader.format_of(path))
    try:
        with open_file(path) as stream:
            if file_format in ("parquet", "arrow"):
                schema = read_schema(path, stream, file_format)
                columns = find_columns(schema, fields)
                whole = [field for field, column in columns.items() if not column.rest]
                names = dict.fromkeys([*column_names(schema), *whole], "")
                rows = _good_rows(reader, path) if any(column.rest for column in columns.values()) else iter(())
                # Only rows know what is in a text that may hold JSON.
                yield from ({**names, **row} for row in chain((next(rows, {}),), rows))
            elif file_format in ("csv", "tsv"):
                if header := read_header(path, stream, reader.fields.text, file_format == "tsv"):
                    yield dict.fromkeys(header, "")
            else:
                yield from _good_rows(reader, path)
    except Exception:  # each file system, and Arrow, has errors of its own
        return


def _good_rows(reader: FileReader, path: str) -> Iterator[Mapping[str, Any]]:
    with open_file(path) as stream:
        found = (row.row for row in islice(reader.rows(path, stream), LOOKED_AT))
        yield from (row for row in found if not isinstance(row, BadRow))
