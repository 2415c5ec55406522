"""Files of input: bytes of any accepted format become documents and dead letters, in one pass.

A file is read front to back by one reader in bounded memory, so that the numbers in `Document.where` are true. A file that
breaks half-way gives what was read so far and one dead letter that names the row where it broke.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beam_pipeline.reading.documents import (
    NOT_SAMPLED,
    Fields,
    LeftOut,
    dead_row,
    document_of,
    document_or_dead,
    make_document,
    missing_text,
    parse_row,
)
from beam_pipeline.storage.compression import BLOCK_BYTES
from beam_pipeline.storage.files import (
    INPUT_FORMATS,
    SUFFIXES,
    BrokenFile,
    format_of,
    guard_reading,
    open_file,
    read_blocks,
    reason,
    split_lines,
)
from beam_pipeline.storage.values import BOM, MISSING, RAW_CHARACTERS, BadRow
from transforms.records import DeadLetter, Document
from transforms.text import stable_seed

# What reads the pages of archives: the extra "crawl" of the package.
_CRAWL_NEEDS = ("brotli", "charset_normalizer", "lxml_html_clean", "trafilatura", "warcio")
# A row may hold megabytes: few rows at a time bound the memory, and cost little.
_PARQUET_ROWS = 16
TICKETS = 2**63  # tickets are whole numbers from 0 to below this


def ticket(label: str, document_id: str) -> int:
    """What decides whether a document is sampled: the smallest are kept, in every run the same, of a larger share more."""
    return stable_seed("sample", label, document_id) >> 1


def check_installed(file_format: str | None) -> None:
    """Look whether what reads a format is installed; raises ValueError, one line, if not."""
    needed = _CRAWL_NEEDS if file_format == "warc" else ()
    if missing := [module.replace("_", "-") for module in needed if find_spec(module) is None]:
        raise ValueError(f'archives of the web need {" and ".join(missing)}: pip install "webscale-qa[crawl]"')


@dataclass(frozen=True)
class FileReader:
    """Reads files of documents."""

    fields: Fields = field(default_factory=Fields)
    # "jsonl", "parquet", "text" (a file is one document), "warc" (also WET and ARC), or "auto" to go by each file's name.
    input_format: str = "auto"
    max_line_bytes: int = 50_000_000  # a longer line, or text file, is a dead letter and is never held in memory
    weight: float = 1.0  # the share of the documents to keep, as `ticket` draws them

    def __post_init__(self) -> None:
        if self.input_format not in ("auto", *INPUT_FORMATS):
            raise ValueError(f"input_format must be auto, {', '.join(INPUT_FORMATS)}, not {self.input_format!r}")

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
        readers: dict[str, Callable[[str, BinaryIO], Iterator[Document | DeadLetter | LeftOut]]] = {
            **{"jsonl": self._read_lines, "parquet": self._read_parquet, "text": self._read_text, "warc": self._read_pages}
        }
        with stream:
            yield from readers[file_format](path, stream)

    def _read_lines(self, path: str, stream: BinaryIO) -> Iterator[Document | DeadLetter]:
        number = 0
        try:
            for number, line, size in split_lines(read_blocks(path, stream), self.max_line_bytes):
                where = f"{path}:{number}"
                if size > self.max_line_bytes:
                    yield dead_row(self._too_long("line"), where, line)
                elif line.removeprefix(BOM).strip():
                    yield document_or_dead(parse_row(line, self.fields, where), where, line)
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
        yield document_or_dead(make_document(text, MISSING, MISSING, self.fields.source_label or path, where), where, text)

    def _read_parquet(self, path: str, stream: BinaryIO) -> Iterator[Document | DeadLetter]:
        number, fields = 0, self.fields
        own = (fields.text, fields.id, fields.source, *((fields.event_time,) if fields.event_time else ()))
        try:
            for number, row in enumerate(guard_reading(_parquet_rows(stream, (*own, *fields.carry))), 1):
                where = f"{path}:row {number}"
                made = document_of(row, fields, where, "column")
                yield document_or_dead(made, where, _raw_row(row, own) if isinstance(made, BadRow) else b"")
        except BrokenFile as broken:
            ending = "" if broken.error == "MissingText" else "; the rows before this one were read"
            yield dead_row(BadRow(broken.error, f"{broken}{ending}"), f"{path}:row {number + 1}")

    def _read_pages(self, path: str, stream: BinaryIO) -> Iterator[Document | DeadLetter | LeftOut]:
        # Not at the top: what reads pages takes a second to load, and most runs have none.
        from beam_pipeline.reading.web_pages import read_crawl

        return read_crawl(path, stream, self.fields, self.max_line_bytes, self.keeps)

    def _too_long(self, what: str) -> BadRow:
        return BadRow("LineTooLong", f"the {what} is longer than {self.max_line_bytes:,} bytes; split it")


UNKNOWN_FORMAT = (
    f"the name does not tell the format (known: {', '.join(SUFFIXES)}, also with .gz, .zst, .bz2, .xz); "
    "narrow --input, or pass --input_format"
)


def _parquet_rows(stream: BinaryIO, fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows of some columns, of which the first must be there."""
    file = pq.ParquetFile(stream, pre_buffer=False, buffer_size=BLOCK_BYTES)
    paths = _column_paths(file.schema_arrow, fields)
    columns = [".".join(path) for path in paths.values()]
    for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=columns, use_threads=False):
        for values in zip(*(_column_values(batch, path) for path in paths.values()), strict=True):
            yield dict(zip(paths, values, strict=True))


def _column_paths(schema: Any, fields: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Where the columns of some fields are; `BrokenFile`, which lists all columns, if the first, the text, is not there."""
    none = schema.empty_table().to_struct_array()
    paths = {field: path for field in fields if (path := _column_path(none, field))}
    if fields[0] not in paths:
        raise BrokenFile(missing_text(fields[0], "column", _column_names(schema)), "MissingText")
    return paths


def _column_names(columns: Iterable[Any], prefix: str = "") -> Iterator[str]:
    """Every column as one would name it, those in structs by their paths."""
    for column in columns:
        if pa.types.is_struct(column.type):
            yield from _column_names(column.type, f"{prefix}{column.name}.")
        else:
            yield f"{prefix}{column.name}"


def check_parquet(stream: BinaryIO, text_field: str) -> None:
    """Raise `BrokenFile` unless a Parquet file has the column of the text. One that cannot be read is left to the run."""
    try:
        schema = pq.read_schema(stream)
    except Exception:  # Arrow has errors of its own, and so has each file system
        return
    _column_paths(schema, (text_field,))


def _column_path(rows: Any, field: str) -> tuple[str, ...]:
    """Where a column of some rows is, by its own name or as a path into structs; () if it is not there."""
    for path in ((field,), tuple(field.split("."))):
        with suppress(pa.ArrowInvalid):
            pc.struct_field(rows, list(path))
            return path
    return ()


def _column_values(batch: Any, path: tuple[str, ...]) -> list[Any]:
    """A column as Python values. Strings come as bytes, for Arrow does not look whether they are UTF-8."""
    column = pc.struct_field(batch.to_struct_array(), list(path))
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.large_binary())
    return list(column.to_pylist())


def _raw_row(row: dict[str, Any], names: Iterable[str]) -> bytes:
    """How a row of Parquet begins, for its dead letter."""
    lines = []
    for name in (name for name in names if name in row):
        value = row[name]
        shown = value if isinstance(value, bytes) else repr(value).encode("utf-8", "backslashreplace")
        lines.append(name.encode("utf-8", "backslashreplace") + b": " + shown[: 4 * RAW_CHARACTERS])
    return b"\n".join(lines)
