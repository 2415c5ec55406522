"""Rows of tables as text: CSV, and TSV, whose first line names the columns.

A comma in a name's place may be a semicolon, a tab or a bar: what parts the names of the first line parts the rows. Values
in quotation marks may hold line breaks. In TSV a quotation mark is often only that: where each line of the first block has as
many tabs as the first, lines are rows, and marks around a whole value are taken off.
"""

import csv
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

from beam_pipeline.reading.documents import missing_text
from beam_pipeline.reading.json_rows import ends_in_return
from beam_pipeline.reading.rows import FoundRow, broken_row, too_long
from beam_pipeline.storage.files import BrokenFile, read_blocks, split_lines
from beam_pipeline.storage.values import BOM, BadRow

_DELIMITERS = (",", ";", "\t", "|")
# For the whole process, as Python has it; `_Lines` bounds what is held.
csv.field_size_limit((1 << 31) - 1)
# Lines that one value may go on for; one that nobody closes would take the rest of the file.
_MOST_LINES, _FEWEST_LINES = 100_000, 16


def csv_rows(path: str, stream: BinaryIO, text_field: str, tabs: bool, max_bytes: int) -> Iterator[FoundRow]:
    """The rows of a table, by the names of its columns, of which `text_field` must be one unless it is "".

    All values are text, or bytes where they are not UTF-8.
    """
    lines = _Lines(max_bytes)
    try:
        blocks = read_blocks(path, stream)
        first = next(blocks, b"").removeprefix(BOM)
        end = b"\r" if ends_in_return(first) else b"\n"
        if not first.strip():
            return
        header, whole = _header(first, end, text_field, tabs)
        if text_field and text_field not in header:
            yield FoundRow(f"{path}:1", BadRow("MissingText", missing_text(text_field, "column", header)))
            return
        lines.lines = split_lines(chain((first,), blocks), max_bytes, end)
        yield from _rows(path, lines, header, whole)
    except BrokenFile as broken:
        yield broken_row(f"{path}:{lines.number + 1}", broken, "the rows before this one were read")


def read_header(path: str, stream: BinaryIO, text_field: str, tabs: bool) -> list[str]:
    """The names of the columns of a table; [] for an empty one. `BrokenFile` if it cannot be read."""
    first = next(read_blocks(path, stream), b"").removeprefix(BOM)
    return _header(first, b"\r" if ends_in_return(first) else b"\n", text_field, tabs)[0]


def _header(first: bytes, end: bytes, text_field: str, tabs: bool) -> tuple[list[str], "_Dialect"]:
    """The names of the columns, and how lines are cut."""
    line = first.split(end, 1)[0].decode("utf-8", "replace").rstrip("\r\n")
    tried = ("\t",) if tabs else _DELIMITERS
    headers = {delimiter: _cut(line, delimiter) for delimiter in tried}
    delimiter = max(tried, key=lambda delimiter: (text_field in headers[delimiter], len(headers[delimiter])))
    return headers[delimiter], _Dialect(delimiter, tabs and _is_regular(first, end))


class _Dialect(NamedTuple):
    """How lines are cut; `plain` where a line is a row, whatever marks are in it."""

    delimiter: str
    plain: bool


def _is_regular(block: bytes, end: bytes) -> bool:
    lines = [line for line in block.split(end)[:-1] or [block] if line.strip()]
    return len({line.count(b"\t") for line in lines}) == 1


def _cut(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


class _TooLong(Exception):
    """A row goes on for more than may be held."""


class _Lines:
    """The lines of a file as the parser takes them, and those of the row that it is at. It goes on after it has raised."""

    def __init__(self, max_bytes: int) -> None:
        self.lines: Iterator[tuple[int, bytes, int]] = iter(())
        self.max_bytes = max_bytes
        self.number = 0  # of the last line
        self.row: list[tuple[int, bytes, int]] = []
        self._again: deque[tuple[int, bytes, int]] = deque()
        self._held = 0
        self._most_lines = _MOST_LINES

    def begin(self) -> None:
        """A row begins with the next line."""
        self.row, self._held = [], 0

    def go_on(self) -> None:
        """This row is one: the next may be twice as long as the last bad one left room for."""
        self._most_lines = min(_MOST_LINES, 2 * self._most_lines)

    def go_back(self) -> None:
        """The lines behind the first of this row are to be read again.

        The next row may have half as many, so that lines of which each takes all behind it along are not read over and over.
        """
        self._again.extendleft(reversed(self.row[1:]))
        self._most_lines = max(_FEWEST_LINES, min(len(self.row), self._most_lines) // 2)

    @property
    def unclosed(self) -> bool:
        """Whether a quotation mark in this row was not closed."""
        return sum(line.count(b'"') for _, line, _ in self.row) % 2 == 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self.lines)
        self.number = line[0]
        self.row.append(line)
        self._held += line[2]
        if self._held > self.max_bytes or len(self.row) > self._most_lines:
            raise _TooLong
        return line[1].decode("utf-8", "surrogateescape") + "\n"


def _rows(path: str, lines: _Lines, header: list[str], dialect: _Dialect) -> Iterator[FoundRow]:
    def parser() -> Iterator[list[str]]:
        return _plain(lines) if dialect.plain else csv.reader(lines, delimiter=dialect.delimiter)

    rows = parser()
    next(rows, None)  # the header
    while True:
        lines.begin()
        try:
            values = next(rows)
            if not values or (len(header) > 1 and not any(value.strip() for value in values)):
                continue
            found: dict[str, Any] | BadRow = _unclosed() if lines.unclosed and len(lines.row) > 1 else _row(header, values)
        except StopIteration:
            return
        except _TooLong:
            found = too_long("row", lines.max_bytes) if len(lines.row) == 1 else _unclosed()
        except csv.Error as error:
            found = BadRow("WrongType", f"the row cannot be cut into columns: {error}")
        number, line, _ = lines.row[0]
        yield FoundRow(f"{path}:{number}", found, line)
        if isinstance(found, BadRow):
            lines.go_back()  # a mark that is not closed takes the rows behind it along
            rows = parser()
        else:
            lines.go_on()


def _unclosed() -> BadRow:
    return BadRow("WrongType", "a quotation mark that begins in this row is not closed")


def _plain(lines: _Lines) -> Iterator[list[str]]:
    for line in lines:
        yield [_unquoted(value) for value in line.rstrip("\n").split("\t")] if line.strip() else []


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1].replace('""', '"')
    return value


def _row(header: list[str], values: list[str]) -> dict[str, Any] | BadRow:
    if len(values) != len(header):
        many = f"{len(values)} value{'s' if len(values) != 1 else ''}"
        return BadRow("WrongType", f"the row has {many} and the first line names {len(header)} columns")
    return {name: value if value.isascii() else _text_or_bytes(value) for name, value in zip(header, values, strict=True)}


def _text_or_bytes(value: str) -> str | bytes:
    """A value as text, or as the bytes that it was read from where they are not UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape")
    return value
