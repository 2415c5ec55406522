"""Rows of JSON: a value a line, as JSONL has it, and what else is found under its name.

- One array of objects, on one line or many.
- Objects one behind another without a line between them, or each over several lines.
- Lines that end in a carriage return alone.

How a file is written is seen in its first block, where its first value lies. JSONL stays the rule, because it alone loses
one row to one mistake.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

import orjson

from beam_pipeline.reading.documents import not_json, not_object
from beam_pipeline.reading.rows import FoundRow, broken_row, too_long
from beam_pipeline.storage.files import BrokenFile, read_blocks, split_lines
from beam_pipeline.storage.values import BOM, RAW_CHARACTERS, load_json

_SPACE = b" \t\r\n"
_MARKS = re.compile(rb'["{}\[\],]')
_STRING_ENDS = re.compile(rb'["\n]')
# An object that goes on in the next line, and how that begins.
_GOES_ON, _CONTINUES = re.compile(rb"[{,\[:]\s*$"), re.compile(rb'\s*["}\]]|\s+\S')
# Of a value that is too long to be held.
_KEPT = 4 * RAW_CHARACTERS


def json_rows(path: str, stream: BinaryIO, max_bytes: int) -> Iterator[FoundRow]:
    """The rows of a file of JSON. Bad ones, and the end of a file that breaks, come as `BadRow`."""
    blocks = read_blocks(path, stream)
    try:
        first = next(blocks, b"")
    except BrokenFile as broken:
        yield broken_row(f"{path}:1", broken, "nothing was read")
        return
    begun = first.removeprefix(BOM).lstrip(_SPACE)
    content = chain((first.removeprefix(BOM),), blocks)
    if begun.startswith(b"[") and not _is_line(begun):
        yield from _values(path, content, max_bytes, inside_array=True)
    elif _is_spread(begun):
        yield from _values(path, content, max_bytes)
    else:
        yield from _lines(path, content, max_bytes, ends_in_return(first))


def ends_in_return(block: bytes) -> bool:
    """Whether lines end in a carriage return alone."""
    return b"\r" in block.rstrip(b"\r") and b"\n" not in block


def _is_line(begun: bytes) -> bool:
    """Whether a file that begins with an array has a line for each of several arrays."""
    line, _, more = begun.partition(b"\n")
    return more.lstrip(_SPACE).startswith(b"[") and _is_json(line)


def _is_spread(begun: bytes) -> bool:
    """Whether the first value, an object, is not alone on one line."""
    if not begun.startswith(b"{"):
        return False
    line, _, more = begun.partition(b"\n")
    if _is_json(line):
        return False
    if _GOES_ON.search(line) and _CONTINUES.match(more):
        return True
    try:
        value = next(split_values(iter((begun,))), None)
    except BrokenFile:
        return False
    return value is not None and _is_json(value[1])


def _is_json(data: bytes) -> bool:
    try:
        load_json(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _lines(path: str, blocks: Iterator[bytes], max_bytes: int, returns: bool) -> Iterator[FoundRow]:
    number = 0
    try:
        for number, line, size in split_lines(blocks, max_bytes, b"\r" if returns else b"\n"):
            where, line = f"{path}:{number}", line.removeprefix(BOM)
            if size > max_bytes:
                yield FoundRow(where, too_long("line", max_bytes), line)
            elif line.strip():
                yield from _line(where, line)
    except BrokenFile as broken:
        yield broken_row(f"{path}:{number + 1}", broken, "the lines before this one were read")


def _line(where: str, line: bytes) -> Iterator[FoundRow]:
    try:
        yield FoundRow(where, _as_row(load_json(line)), line)
    except orjson.JSONDecodeError as error:
        # Two writers, or one that was stopped and went on, leave two objects on a line.
        parts = [part for _, part, _ in split_values(iter((line,)))] if b"}" in line[:-1] else []
        if len(parts) > 1 and all(part.startswith(b"{") and _is_json(part) for part in parts):
            for number, part in enumerate(parts, 1):
                yield FoundRow(f"{where} item {number}", _as_row(load_json(part)), part)
        else:
            yield FoundRow(where, not_json(line, error), line)


def _as_row(value: Any, what: str = "line") -> Any:
    return value if isinstance(value, dict) else not_object(value, what)


def _values(path: str, blocks: Iterator[bytes], max_bytes: int, inside_array: bool = False) -> Iterator[FoundRow]:
    number = 0
    try:
        for number, value, size in split_values(blocks, max_bytes, inside_array):
            where = f"{path}:item {number}"
            if size > max_bytes:
                yield FoundRow(where, too_long("item", max_bytes), value)
                continue
            try:
                yield FoundRow(where, _as_row(load_json(value), "item"), value)
            except orjson.JSONDecodeError as error:
                yield FoundRow(where, not_json(value, error), value)
    except BrokenFile as broken:
        yield broken_row(f"{path}:item {number + 1}", broken, "the items before this one were read")


def split_values(
    blocks: Iterator[bytes], max_bytes: int = 1 << 62, inside_array: bool = False
) -> Iterator[tuple[int, bytes, int]]:
    """Cut JSON into (number from 1, value, size in bytes): objects one behind another, or the items of an array.

    Nothing is checked but quotation marks and brackets. Of a value longer than `max_bytes` only the beginning is kept.
    `BrokenFile` if an array does not end.
    """
    cutter = _Cutter(floor=1 if inside_array else 0)
    number = 0
    for block in blocks:
        for value, size in cutter.cut(block):
            number += 1
            yield number, value, size
        cutter.shorten(max_bytes)
    for value, size in cutter.rest():
        yield number + 1, value, size
    if cutter.depth and not cutter.held:
        raise BrokenFile("the file ends in the middle of an array")


class _Cutter:
    """Where one value ends and the next begins. A value lies in `floor` brackets."""

    def __init__(self, floor: int) -> None:
        self.held = bytearray()  # what was read of the value
        self.depth = 0
        self._floor = floor
        self._at = 0  # so far it was looked at
        self._quoted = False
        self._dropped = 0  # bytes of it that are not held any more

    def cut(self, block: bytes) -> Iterator[tuple[bytes, int]]:
        """The values that end in a block, each with its size."""
        self.held += block
        while mark := (_STRING_ENDS if self._quoted else _MARKS).search(self.held, self._at):
            self._at = mark.end()
            if self._quoted:
                # A line break is in no string: the mistake ends there, and not with the file.
                self._quoted = mark.group() == b'"' and self._is_escaped(mark.start())
                continue
            match mark.group():
                case b'"':
                    self._quoted = True
                case b"{" | b"[":
                    if self.depth < self._floor:
                        yield from self._value(mark.start(), mark.end())
                    self.depth += 1
                case b",":
                    if self.depth == self._floor:
                        yield from self._value(mark.start(), mark.end())
                case _:
                    self.depth = max(0, self.depth - 1)
                    if self.depth < self._floor:
                        yield from self._value(mark.start(), mark.end())
                    elif self.depth == 0:
                        yield from self._value(mark.end(), mark.end())
        self._at = len(self.held)

    def shorten(self, max_bytes: int) -> None:
        """Let go of the end of a value that is too long."""
        if self._dropped + len(self.held) > max_bytes and len(self.held) > 2 * _KEPT:
            escape = b"\\" if self._quoted and self._is_escaped(len(self.held)) else b""
            self._dropped += len(self.held) - _KEPT - 1 - len(escape)
            self.held[_KEPT:] = b" " + escape
            self._at = len(self.held)

    def rest(self) -> Iterator[tuple[bytes, int]]:
        """What is left at the end."""
        yield from self._value(len(self.held), len(self.held))

    def _is_escaped(self, at: int) -> bool:
        first = at
        while first and self.held[first - 1] == 0x5C:
            first -= 1
        return (at - first) % 2 == 1

    def _value(self, end: int, behind: int) -> Iterator[tuple[bytes, int]]:
        found, size = bytes(self.held[:end]).strip(_SPACE), self._dropped + end
        del self.held[:behind]
        self._at = self._dropped = 0
        if found:
            yield found, size
