"""How much memory a Parquet file takes: the sizes of its pages, which no library tells before it unpacks them.

A page is the unit that a reader unpacks at once. Its header (Thrift's compact protocol, `PageHeader` of parquet.thrift)
says how large it becomes; 20 kB can become 200 MB.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

_HEADER_BYTES = 1 << 12
_MOST_HEADER_BYTES = 1 << 24  # statistics of long values stand in it
_UNPACKED, _PACKED = 2, 3  # fields of a header
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_MOST_NESTED = 16


class _Short(Exception):
    """A header goes on behind what was read of it."""


def largest_page(stream: BinaryIO, chunk: Any) -> int:
    """Bytes of the largest page of a column chunk once it is unpacked; 0 where its headers cannot be read.

    `chunk` is pyarrow's `ColumnChunkMetaData`. The stream is left anywhere.
    """
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        at = min(at, chunk.dictionary_page_offset)
    end, most = at + chunk.total_compressed_size, 0
    while at < end:
        try:
            unpacked, packed, length = _read_header(stream, at)
        except (ValueError, IndexError):
            break
        most, at = max(most, unpacked), at + length + packed
    return most


def _read_header(stream: BinaryIO, at: int) -> tuple[int, int, int]:
    """Of a page its size unpacked and packed, and the length of its header."""
    size = _HEADER_BYTES
    while True:
        stream.seek(at)
        held = stream.read(size)
        try:
            fields, length = _parse(held)
            break
        except _Short:
            if len(held) < size or size >= _MOST_HEADER_BYTES:
                raise ValueError("not the header of a page") from None
            size *= 16
    unpacked, packed = fields[_UNPACKED], fields[_PACKED]
    if unpacked < 0 or packed < 0:
        raise ValueError("not the header of a page")
    return unpacked, packed, length


def _parse(held: bytes) -> tuple[dict[int, int], int]:
    """The whole numbers of a struct by their field, and its length in bytes."""
    reader = _Compact(held)
    fields = dict.fromkeys((_UNPACKED, _PACKED), -1)
    for number, kind in reader.fields():
        if kind in (4, 5, 6):
            fields[number] = reader.signed()
        else:
            reader.skip(kind, 0)
    return fields, reader.at


class _Compact:
    """Values of Thrift's compact protocol, one after another."""

    def __init__(self, held: bytes) -> None:
        self._held = held
        self.at = 0

    def fields(self) -> Iterator[tuple[int, int]]:
        """(number, kind) of every field of a struct; each must be read or skipped before the next."""
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self.signed()
            yield number, head & 15

    def signed(self) -> int:
        zigzag = self._varint()
        return (zigzag >> 1) ^ -(zigzag & 1)

    def skip(self, kind: int, nested: int) -> None:
        """Pass over a value."""
        if nested > _MOST_NESTED:
            raise ValueError("too deep")
        if kind in (_TRUE, _FALSE):
            return
        if kind == _BYTE:
            self._pass(1)
        elif kind in (4, 5, 6):
            self._varint()
        elif kind == _DOUBLE:
            self._pass(8)
        elif kind == _BINARY:
            self._pass(self._varint())
        elif kind in (_LIST, _SET):
            head = self._byte()
            for _ in range(self._varint() if head >> 4 == 15 else head >> 4):
                self.skip(_BYTE if head & 15 in (_TRUE, _FALSE) else head & 15, nested + 1)
        elif kind == _STRUCT:
            for _, inner in self.fields():
                self.skip(inner, nested + 1)
        else:
            raise ValueError(f"no header has values of kind {kind}")

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number is too long")

    def _byte(self) -> int:
        self._pass(1)
        return self._held[self.at - 1]

    def _pass(self, size: int) -> None:
        self.at += size
        if self.at > len(self._held):
            raise _Short
