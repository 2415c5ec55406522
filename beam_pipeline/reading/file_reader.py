"""Files of input: bytes of any accepted format become documents and dead letters, in one pass.

A file is read front to back by one reader in bounded memory, so that the numbers in `Document.where` are true. A file that
breaks half-way gives what was read so far and one dead letter that names the row where it broke.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import BinaryIO

from beam_pipeline.reading.arrow_rows import arrow_rows, parquet_rows, raw_row
from beam_pipeline.reading.csv_rows import csv_rows
from beam_pipeline.reading.documents import (
    NOT_SAMPLED,
    Fields,
    LeftOut,
    dead_row,
    document_of,
    document_or_dead,
    make_document,
)
from beam_pipeline.reading.json_rows import json_rows
from beam_pipeline.reading.rows import FoundRow, too_long
from beam_pipeline.storage.files import INPUT_FORMATS, SUFFIXES, BrokenFile, format_of, open_file, read_blocks, reason
from beam_pipeline.storage.values import BOM, MISSING, RAW_CHARACTERS, BadRow
from transforms.records import DeadLetter, Document
from transforms.text import stable_seed

# What reads the pages of archives: the extra "crawl" of the package.
_CRAWL_NEEDS = ("brotli", "charset_normalizer", "lxml_html_clean", "trafilatura", "warcio")
# Formats in which a file is a document.
WHOLE_FILES = ("text", "html")
TICKETS = 2**63  # tickets are whole numbers from 0 to below this


def ticket(label: str, document_id: str) -> int:
    """What decides whether a document is sampled: the smallest are kept, in every run the same, of a larger share more."""
    return stable_seed("sample", label, document_id) >> 1


def check_installed(file_format: str | None) -> None:
    """Look whether what reads a format is installed; raises ValueError, one line, if not."""
    needed = _CRAWL_NEEDS if file_format in ("warc", "html") else ()
    if missing := [module.replace("_", "-") for module in needed if find_spec(module) is None]:
        what = "archives" if file_format == "warc" else "pages"
        raise ValueError(f'{what} of the web need {" and ".join(missing)}: pip install "webscale-qa[crawl]"')


@dataclass(frozen=True)
class FileReader:
    """Reads files of documents."""

    fields: Fields = field(default_factory=Fields)
    # One of `INPUT_FORMATS`, or "auto" to go by each file's name.
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

    def rows(self, path: str, stream: BinaryIO) -> Iterator[FoundRow]:
        """The rows of a file of a format that has rows."""
        file_format, fields, most = self.format_of(path), self.fields, self.max_line_bytes
        match file_format:
            case "parquet":
                return parquet_rows(path, stream, self._columns, most)
            case "arrow":
                return arrow_rows(path, stream, self._columns, most)
            case "csv" | "tsv":
                return csv_rows(path, stream, fields.text, file_format == "tsv", most)
            case _:
                return json_rows(path, stream, most)

    @property
    def _columns(self) -> tuple[str, ...]:
        fields = self.fields
        own = (fields.text, fields.id, fields.source, *((fields.event_time,) if fields.event_time else ()))
        return (*own, *fields.carry)

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
            if file_format == "warc":
                # Not at the top: what reads pages takes a second to load, and most runs have none.
                from beam_pipeline.reading.web_pages import read_crawl

                yield from read_crawl(path, stream, self.fields, self.max_line_bytes, self.keeps)
            elif file_format in WHOLE_FILES:
                yield self._read_whole(path, stream, file_format)
            else:
                yield from self._read_rows(path, stream, "field" if file_format == "jsonl" else "column")

    def _read_rows(self, path: str, stream: BinaryIO, kind: str) -> Iterator[Document | DeadLetter]:
        for where, row, raw in self.rows(path, stream):
            if isinstance(row, BadRow):
                yield dead_row(row, where, raw)
            else:
                made = document_of(row, self.fields, where, kind)
                yield dead_row(made, where, raw or raw_row(row)) if isinstance(made, BadRow) else made

    def _read_whole(self, path: str, stream: BinaryIO, file_format: str) -> Document | DeadLetter:
        """A file that is one document."""
        where = f"{path}:1"
        content = bytearray()
        try:
            for block in read_blocks(path, stream):
                content += block
                if len(content) > self.max_line_bytes:
                    return dead_row(too_long("file", self.max_line_bytes), where, bytes(content[: 4 * RAW_CHARACTERS]))
        except BrokenFile as broken:
            return dead_row(BadRow(broken.error, str(broken)), where)
        text: bytes | str | BadRow = bytes(content).removeprefix(BOM).replace(b"\r\n", b"\n")
        if file_format == "html":
            from beam_pipeline.reading.web_pages import html_file_text  # as above

            text = html_file_text(bytes(content))
        if isinstance(text, BadRow):
            return dead_row(text, where, bytes(content[: 4 * RAW_CHARACTERS]))
        made = make_document(text, MISSING, MISSING, self.fields.source_label or path, where)
        return document_or_dead(made, where, bytes(content[: 4 * RAW_CHARACTERS]))


UNKNOWN_FORMAT = (
    f"the name does not tell the format (known: {', '.join(SUFFIXES)}, also with .gz, .zst, .bz2, .xz); "
    "narrow --input, or pass --input_format"
)
