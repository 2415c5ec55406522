"""Files of input: bytes of any accepted format become documents and dead letters, in one pass.

A file is read front to back by one reader in bounded memory, so that the line and row numbers in
`Document.where` are true. A file that breaks half-way (cut off, corrupt, unreadable) gives what was
read so far and one dead letter that names the row where it broke.
"""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, BinaryIO, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import zstandard
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.rows import (
    BOM,
    MISSING,
    NOT_SAMPLED,
    RAW_CHARACTERS,
    BadRow,
    Fields,
    LeftOut,
    carried,
    dead_row,
    make_document,
    missing_text,
    parse_row,
    with_carried,
    with_event_time,
)
from transforms.records import DeadLetter, Document
from transforms.text import stable_seed

_T = TypeVar("_T")

FORMATS = ("jsonl", "parquet", "text", "warc")
_SUFFIXES = {
    **dict.fromkeys((".jsonl", ".json", ".ndjson"), "jsonl"),
    **{".parquet": "parquet", ".txt": "text"},
    **dict.fromkeys((".warc", ".wet", ".arc"), "warc"),
}
# What reads the pages of archives: the extra "crawl" of the package.
_CRAWL_NEEDS = {
    **{"brotli": "brotli", "charset_normalizer": "charset-normalizer", "lxml_html_clean": "lxml-html-clean"},
    **{"trafilatura": "trafilatura", "warcio": "warcio"},
}
_BLOCK = 1 << 20
# zstd can blow 4 bytes up to 128 kB; so small a step keeps even a hostile file within 32 MB, at no cost.
_ZSTD_STEP = 1 << 10
# Corpora packed with `zstd --long=31` need the largest window there is.
_ZSTD_WINDOW = 1 << 31
# A row may hold megabytes: few rows at a time bound the memory, and cost little.
_PARQUET_ROWS = 16


TICKETS = 2**63
"""Tickets are whole numbers from 0 to below this."""


def ticket(label: str, document_id: str) -> int:
    """What decides whether a document is sampled: the smallest are kept, in every run the same, of a larger share more."""
    return stable_seed("sample", label, document_id) >> 1


class BrokenFile(Exception):
    """A file cannot be read, or not any further. `error` is the name for its dead letter."""

    def __init__(self, message: str, error: str = "UnreadableFile") -> None:
        super().__init__(message)
        self.error = error


def check_installed(file_format: str | None) -> None:
    """Look whether what reads a format is installed.

    Raises:
        ValueError: it is not; one line.
    """
    needed = _CRAWL_NEEDS if file_format == "warc" else {}
    if missing := [name for module, name in needed.items() if find_spec(module) is None]:
        raise ValueError(f'archives of the web need {" and ".join(missing)}: pip install "webscale-qa[crawl]"')


def format_of(path: str) -> str | None:
    """The format that a file's name tells, behind any compression suffix; None if it tells none."""
    lowered = path.lower()
    for suffix in _DECOMPRESSORS:
        lowered = lowered.removesuffix(suffix)
    return next((name for suffix, name in _SUFFIXES.items() if lowered.endswith(suffix)), None)


def open_file(path: str) -> BinaryIO:
    """Open a file of any file system that Beam knows, as the bytes that are stored.

    Beam's own decompression takes a file that was cut off for a whole one, so it is not used.
    """
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


@dataclass(frozen=True)
class FileReader:
    """Reads files of documents.

    Attributes:
        fields: where a row keeps text, id and source.
        input_format: one of `FORMATS`, or "auto" for what each file's name tells.
        max_line_bytes: a longer line, or text file, is a dead letter and is never held in memory.
        weight: the share of the documents to keep, as `ticket` draws them.
    """

    fields: Fields
    input_format: str
    max_line_bytes: int
    weight: float = 1.0

    def read(self, path: str) -> Iterator[Document | DeadLetter | LeftOut]:
        """Read one file. Whatever is wrong with it comes out as dead letters."""
        for made in self._read(path):
            yield NOT_SAMPLED if isinstance(made, Document) and not self.keeps(made.id) else made

    def format_of(self, path: str) -> str | None:
        """How a file is read; None where nobody says."""
        return format_of(path) if self.input_format == "auto" else self.input_format

    def keeps(self, document_id: str) -> bool:
        """Whether a document is in the share that is kept."""
        return self.weight >= 1 or ticket(self.fields.source_label, document_id) < self.weight * TICKETS

    def _read(self, path: str) -> Iterator[Document | DeadLetter | LeftOut]:
        file_format = self.format_of(path)
        if file_format is None:
            yield dead_row(BadRow("UnreadableFile", UNKNOWN_FORMAT), path)
            return
        try:
            stream = open_file(path)
        except Exception as error:  # each file system has errors of its own
            yield dead_row(BadRow("UnreadableFile", f"cannot be opened: {reason(error)}"), path)
            return
        with stream:
            match file_format:
                case "parquet":
                    yield from self._read_parquet(path, stream)
                case "text":
                    yield from self._read_text(path, stream)
                case "warc":
                    # Not at the top: what reads pages takes a second to load, and most runs have none.
                    from beam_pipeline.crawl import read_crawl

                    yield from read_crawl(path, stream, self.fields, self.max_line_bytes, self.keeps)
                case _:
                    yield from self._read_lines(path, stream)

    def _read_lines(self, path: str, stream: BinaryIO) -> Iterator[Document | DeadLetter]:
        number = 0
        try:
            for number, line, size in split_lines(read_blocks(path, stream), self.max_line_bytes):
                where = f"{path}:{number}"
                if size > self.max_line_bytes:
                    yield dead_row(self._too_long("line"), where, line)
                elif line.removeprefix(BOM).strip():
                    yield _document_or_dead(parse_row(line, self.fields, where), where, line)
        except BrokenFile as broken:
            yield dead_row(BadRow(broken.error, f"{broken}; the lines before this one were read"), f"{path}:{number + 1}")

    def _read_text(self, path: str, stream: BinaryIO) -> Iterator[Document | DeadLetter]:
        where = f"{path}:1"
        content = bytearray()
        try:
            for block in read_blocks(path, stream):
                content += block
                if len(content) > self.max_line_bytes:
                    yield dead_row(self._too_long("text file"), where, bytes(content[: 4 * RAW_CHARACTERS]))
                    return
        except BrokenFile as broken:
            yield dead_row(BadRow(broken.error, str(broken)), where)
            return
        text = bytes(content).removeprefix(BOM).replace(b"\r\n", b"\n")
        yield _document_or_dead(make_document(text, MISSING, MISSING, self.fields.source_label or path, where), where, text)

    def _read_parquet(self, path: str, stream: BinaryIO) -> Iterator[Document | DeadLetter]:
        number = 0
        fields = self.fields
        own = (fields.text, fields.id, fields.source, *((fields.event_time,) if fields.event_time else ()))
        try:
            for values in _guard(_parquet_rows(stream, (*own, *fields.carry))):
                number += 1
                where = f"{path}:row {number}"
                text, row_id, source, *event_time = values[: len(own)]
                made = make_document(text, row_id, source, fields.source_label, where)
                if event_time:
                    made = with_event_time(made, event_time[0], fields.event_time)
                made = with_carried(made, carried(fields.carry, values[len(own) :]))
                if isinstance(made, BadRow):
                    yield dead_row(made, where, _raw_row(zip(own, values[: len(own)], strict=True)))
                else:
                    yield made
        except BrokenFile as broken:
            ending = "" if broken.error == "MissingText" else "; the rows before this one were read"
            yield dead_row(BadRow(broken.error, f"{broken}{ending}"), f"{path}:row {number + 1}")

    def _too_long(self, what: str) -> BadRow:
        return BadRow("LineTooLong", f"the {what} is longer than {self.max_line_bytes:,} bytes; split it")


UNKNOWN_FORMAT = (
    f"the name does not tell the format (known: {', '.join(_SUFFIXES)}, also with .gz, .zst, .bz2, .xz); "
    "narrow --input, or pass --input_format"
)


def reason(error: BaseException) -> str:
    """What an exception says, on one line; of Beam's collective error, what the first one in it says."""
    while isinstance(error, BeamIOError) and error.exception_details:
        error = next(iter(error.exception_details.values()))
    return " ".join(f"{error}".split()) or type(error).__name__


def read_blocks(path: str, stream: BinaryIO) -> Iterator[bytes]:
    """The content of a file, decompressed as its name tells, in pieces of a bounded size.

    Raises:
        BrokenFile: the file cannot be read any further. All that could be was yielded before.
    """
    blocks = next((decompress for suffix, decompress in _DECOMPRESSORS.items() if path.lower().endswith(suffix)), _plain)
    first = True
    for block in _guard(blocks(stream)):
        if first and block.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise BrokenFile("the file is UTF-16; convert it to UTF-8")
        first = False
        yield block


def split_lines(blocks: Iterator[bytes], max_bytes: int) -> Iterator[tuple[int, bytes, int]]:
    """Cut blocks into (line number from 1, line without its end, size in bytes).

    Of a line longer than `max_bytes` only the beginning is kept.
    """
    number, held, size = 1, bytearray(), 0
    for block in blocks:
        *ended, rest = block.split(b"\n")
        for piece in ended:
            if size:
                held += piece[: max(0, max_bytes - size)]
                piece, size = bytes(held), size + len(piece)
                held = bytearray()
            else:
                size = len(piece)
            yield number, piece[:max_bytes].removesuffix(b"\r"), size
            number, size = number + 1, 0
        held += rest[: max(0, max_bytes - size)]
        size += len(rest)
    if size:
        yield number, bytes(held).removesuffix(b"\r"), size


def _document_or_dead(made: Document | BadRow, where: str, raw: bytes) -> Document | DeadLetter:
    return dead_row(made, where, raw) if isinstance(made, BadRow) else made


def _guard(items: Iterator[_T]) -> Iterator[_T]:
    """Pass items on; whatever their reading raises becomes `BrokenFile`.

    What is guarded runs code of others only (file systems, decompressors, Parquet), each with errors
    of its own; a bug of ours cannot hide in it.
    """
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except BrokenFile:
            raise
        except Exception as error:
            raise BrokenFile(f"cannot be read any further: {reason(error)}") from error
        yield item


def _plain(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


def _decompress_with(open_compressed: Callable[[BinaryIO], Any]) -> Callable[[BinaryIO], Iterator[bytes]]:
    def decompress(stream: BinaryIO) -> Iterator[bytes]:
        content = open_compressed(stream)
        # `read1` gives what there is before it meets the place where a file breaks; `read` loses it.
        while block := content.read1(_BLOCK):
            yield block

    return decompress


def _decompress_zstd(stream: BinaryIO) -> Iterator[bytes]:
    frame = None
    while step := stream.read(_ZSTD_STEP):
        while step:
            frame = frame or zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
            if block := frame.decompress(step):
                yield block
            step = frame.unused_data
            if frame.eof:
                frame = None
    if frame is not None:
        raise EOFError("the file ends in the middle of a zstd frame")


_DECOMPRESSORS: dict[str, Callable[[BinaryIO], Iterator[bytes]]] = {
    ".gz": _decompress_with(lambda stream: gzip.GzipFile(fileobj=stream)),
    ".bz2": _decompress_with(bz2.BZ2File),
    ".xz": _decompress_with(lzma.LZMAFile),
    ".zst": _decompress_zstd,
}


def _parquet_rows(stream: BinaryIO, fields: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """The values of some columns, row by row; `MISSING` for a column that there is not. The first must be there."""
    file = pq.ParquetFile(stream, pre_buffer=False, buffer_size=_BLOCK)
    paths = [_column_path(file.schema_arrow, field) for field in fields]
    if not paths[0]:
        raise BrokenFile(missing_text(fields[0], "column", _column_names(file.schema_arrow)), "MissingText")
    columns = list(dict.fromkeys(".".join(path) for path in paths if path))
    for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=columns, use_threads=False):
        yield from zip(*(_column_values(batch, path) for path in paths), strict=True)


def _column_names(parent: Any, prefix: str = "") -> Iterator[str]:
    """Every column as one would name it, those in structs by their paths."""
    for position in range(len(parent) if isinstance(parent, pa.Schema) else parent.num_fields):
        field = parent.field(position)
        if pa.types.is_struct(field.type):
            yield from _column_names(field.type, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"


def check_parquet(stream: BinaryIO, text_field: str) -> None:
    """Check that a Parquet file has the column of the text. One that cannot be read is left to the run, which says so.

    Raises:
        BrokenFile: it has not; the message lists the columns that there are.
    """
    try:
        schema = pq.read_schema(stream)
    except Exception:  # Arrow has errors of its own, and so has each file system
        return
    if not _column_path(schema, text_field):
        raise BrokenFile(missing_text(text_field, "column", _column_names(schema)), "MissingText")


def _column_path(schema: Any, field: str) -> tuple[str, ...]:
    """Where a column is, by its own name or as a path into structs; () if it is not there."""
    if field in schema.names:
        return (field,)
    names = tuple(field.split("."))
    parent: Any = schema
    for depth, name in enumerate(names):
        if depth and not pa.types.is_struct(parent):
            return ()
        position = parent.get_field_index(name)
        if position < 0:
            return ()
        parent = parent.field(position).type
    return names


def _column_values(batch: Any, path: tuple[str, ...]) -> list[Any]:
    """A column as Python values. Strings come as bytes, for Arrow does not look whether they are UTF-8."""
    if not path:
        return [MISSING] * batch.num_rows
    column = batch.column(path[0])
    for name in path[1:]:
        column = pc.struct_field(column, name)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.large_binary())
    return list(column.to_pylist())


def _raw_row(values: Iterable[tuple[str, Any]]) -> bytes:
    """How a row of Parquet begins, for its dead letter."""
    lines = []
    for name, value in values:
        if value is not MISSING:
            shown = value if isinstance(value, bytes) else repr(value).encode("utf-8", "backslashreplace")
            lines.append(name.encode("utf-8", "backslashreplace") + b": " + shown[: 4 * RAW_CHARACTERS])
    return b"\n".join(lines)
