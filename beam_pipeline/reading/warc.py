"""Archives of the web: the records of WARC, WET and ARC files, one after another, each with its place in the file.

warcio reads a record's headers. What it does not do is done here, because a crawl has broken files: it goes on with the
next record after a broken one, it tells a file that was cut off from a whole one, and it holds no more of a record than
it was told to, whatever the record says of its length.

A gzipped archive has a member for each record, and the place of a record is that of its member, as an index of the
archive has it ("offset 1023"). Where several records share a member, their place in what is packed is added ("0+488").
"""

import logging
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, NamedTuple

from warcio.recordloader import ArcWarcRecordLoader

from transforms.errors import one_line

# It repeats what a crawled page says.
logging.getLogger("warcio").setLevel(logging.ERROR)

_BLOCK = 1 << 16
_GZIP = b"\x1f\x8b\x08"
# So much of a member tells whether a record begins in it.
_PEEK = 4096
# All headers of a record, and so a line of them; what is longer is no header. Servers send cookies of more than 64 KiB.
_MAX_HEADERS = _MAX_LINE = 1 << 20
# Archives that were copied or cut to size are filled up with null bytes.
_FILL = b"\0"
_WARC_LINE = re.compile(rb"WARC/\d\.\d+[ \t]*\r?\n?")
_ARC_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:\S*[ \t].*[ \t]\d{14}[ \t]\S+[ \t]\d+[ \t]*\r?\n?")


class BrokenRecord(Exception):
    """A record cannot be used; the message says why."""


class _EndsEarly(BrokenRecord):
    """The next record begins where this one should go on."""


class _DamagedFile(Exception):
    """The bytes of the file themselves are wrong, from here on or for a stretch; `member` as `Members` has it."""

    def __init__(self, message: str, member: int) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True)
class Record:
    """One record of an archive. Names of headers are in lower case."""

    place: str  # where it begins, for a reader
    kind: str  # "response", "conversion", "request", ...; that of an ARC record is "response"
    headers: Mapping[str, str]
    http: Mapping[str, str] = field(default_factory=dict)  # headers of the HTTP response in it
    status: int = 0  # of that response
    body: bytes = b""  # what follows the headers, where it was wanted


@dataclass(frozen=True)
class Broken:
    """A record, or a stretch of the file, that cannot be used."""

    place: str
    message: str


class Members:
    """The content of gzip members in a row, as blocks that each come from one member."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._raw = b""
        self._raw_at = 0
        self._inflate: Any = None
        self.member = 0  # where in the file the member begins that the last block came from
        self._failed = False

    def block(self) -> bytes:
        """The next block; nothing at the end. `_DamagedFile` if the member is corrupt, or the file ends in it."""
        while True:
            if not self._raw:
                self._raw = self._more()
                if not self._raw:
                    if self._inflate is not None:
                        self._inflate = None
                        raise _DamagedFile("the file ends in the middle of a gzip member", self.member)
                    return b""
            if self._inflate is None:
                self._skip(len(self._raw) - len(self._raw.lstrip(b"\0")))  # padding
                if not self._raw:
                    continue
                self.member = self._raw_at
                self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                data = self._inflate.decompress(self._raw, _BLOCK)
            except zlib.error as error:
                self._inflate = None
                raise _DamagedFile(f"the gzip member is corrupt ({error})", self.member) from None
            rest = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            self._skip(len(self._raw) - len(rest))
            if self._inflate.eof:
                self._inflate = None
            if data:
                return bytes(data)

    def recover(self) -> None:
        """Go on with the next member that holds the beginning of a record."""
        if not self._failed and self._stream.seekable():
            self._stream.seek(self.member + 1)
            self._raw, self._raw_at = b"", self.member + 1
        self._inflate = None
        start = 0
        while True:
            start = self._raw.find(_GZIP, start)
            if start < 0 or len(self._raw) - start < _PEEK:
                self._skip(start if start >= 0 else max(0, len(self._raw) - len(_GZIP) + 1))
                start = 0
                if more := self._more():
                    self._raw += more
                    continue
                if not self._raw.startswith(_GZIP):
                    self._skip(len(self._raw))
                    return
            if _begins_record(self._raw[start : start + _PEEK]):
                self._skip(start)
                return
            start += 1

    def _more(self) -> bytes:
        """The next bytes of the file; nothing at the end, or behind a place that cannot be read."""
        try:
            return b"" if self._failed else self._stream.read(_BLOCK)
        except Exception as error:  # each file system has errors of its own
            self._failed, self._inflate = True, None
            raise _DamagedFile(f"the file cannot be read any further: {one_line(error)}", self.member) from error

    def _skip(self, size: int) -> None:
        self._raw, self._raw_at = self._raw[size:], self._raw_at + size


def _begins_record(packed: bytes) -> bool:
    """Whether gzip data unpack to the beginning of a record."""
    try:
        head = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(packed, _PEEK)
    except zlib.error:
        return False
    return _begins(bytes(head).partition(b"\n")[0])


def _begins(line: bytes) -> bool:
    return bool(_WARC_LINE.fullmatch(line) or _ARC_LINE.fullmatch(line))


class Blocks:
    """The content of a file that is not gzipped, or packed as a whole, from its blocks."""

    member = -1  # there are none

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def block(self) -> bytes:
        try:
            return next(self._blocks, b"")
        except Exception as error:  # of file systems and decompressors, each with errors of its own
            self._blocks = iter(())
            raise _DamagedFile(one_line(error), self.member) from error

    def recover(self) -> None:
        """Nothing is behind a place where such a file breaks."""


class _Reader:
    """The stream that warcio reads from: bounded lines, and a place for every byte."""

    def __init__(self, source: Members | Blocks) -> None:
        self.source = source
        self._held = b""
        self._at = 0
        self._passed = 0  # bytes of the member, or of the file, before what is held
        self.taken = 0  # bytes that were given away
        self.line_budget = _MAX_HEADERS  # bytes that the headers of a record may still have
        self.inside = False  # a record that is being read

    def readline(self, size: int = _MAX_LINE) -> bytes:
        """The next line; nothing at the end. `BrokenRecord` if it, or all of its record, are too long for a header."""
        line = self.read(min(size, _MAX_LINE), to_line_end=True)
        self.line_budget -= len(line)
        if len(line) >= _MAX_LINE or self.line_budget <= 0:
            raise BrokenRecord("its headers are too long")
        return line

    def read(self, size: int, to_line_end: bool = False) -> bytes:
        """So many bytes, or those up to the end of the line; fewer only at the end of the file."""
        taken = bytearray()
        while len(taken) < size and not (to_line_end and taken.endswith(b"\n")) and self._fill():
            end = min(len(self._held), self._at + size - len(taken))
            if to_line_end:
                end = self._held.find(b"\n", self._at, end) + 1 or end
            taken += self._held[self._at : end]
            self.taken += end - self._at
            self._at = end
        return bytes(taken)

    def skip_fill(self) -> None:
        """Go on behind null bytes."""
        while self._fill() and not self._held[self._at]:
            begin, self._at = self._at, len(self._held) - len(self._held[self._at :].lstrip(_FILL))
            self.taken += self._at - begin

    def place(self) -> str:
        """Where the next byte is."""
        self._fill()
        position = self._passed + self._at
        if self.source.member < 0:
            return f"offset {position}"
        return f"offset {self.source.member}{f'+{position}' if position else ''}"

    def _fill(self) -> bool:
        """Have something to read, if there is anything; `_EndsEarly` if a record begins before the end of the one being read."""
        if self._at >= len(self._held):
            self._passed += len(self._held)
            self._held, self._at, member = b"", 0, self.source.member  # before what may raise
            self._held = self.source.block()
            if self.source.member != member:
                self._passed = 0
                if self.inside and _begins(self._held.partition(b"\n")[0]):
                    raise _EndsEarly("its length is wrong: the next record begins before its end")
        return bool(self._held)


class _Line(NamedTuple):
    """The line behind a record: where it is, the member that it begins in, and what it says; nothing at the end."""

    place: str
    member: int
    text: bytes


def read_records(source: Members | Blocks, wanted: Callable[[Record], bool], max_bytes: int) -> Iterator[Record | Broken]:
    """The records of an archive.

    `wanted` says of a record without its body whether the body is to be read. One that is longer than `max_bytes` is
    broken. Nothing is raised for what a file holds.
    """
    reader, loader = _Reader(source), ArcWarcRecordLoader(verify_http=False)
    ahead: _Line | None = None  # the next record's first line, where it has been read
    place, told, lost = "offset 0", "", False
    while True:
        complete, member, reader.inside = None, -1, False
        try:
            if lost:
                place, lost = told, False
                ahead = next(line for line in _lines(reader) if not line.text or _begins(line.text))
            place, _, line = ahead or next(_lines(reader))
            ahead = None
            if not line:
                return
            if not _begins(line):
                raise BrokenRecord(f"no record begins here, but {line[:40]!r}")
            complete, member = _read_record(loader, reader, line, place, wanted, max_bytes), source.member
            reader.inside = False
            ahead = next(_lines(reader))
            if ahead.text and not _begins(ahead.text) and ahead.member == member:
                raise BrokenRecord("its length is wrong: behind it no record begins")
            yield complete
        except BrokenRecord as broken:
            yield Broken(place, str(broken))
            told, lost = place, True
        except _DamagedFile as damaged:
            if complete is not None and damaged.member > member:  # it is the next one that is damaged
                yield complete
                place = f"offset {damaged.member}"
            if place != told:  # else it was told already
                yield Broken(place, str(damaged))
            told, ahead = place, None
            try:
                source.recover()
            except _DamagedFile:  # of the file system, and there is nothing else to say of the rest of the file
                continue


def _lines(reader: _Reader) -> Iterator[_Line]:
    """The lines from here on that are not blank, and the end again and again."""
    while True:
        reader.skip_fill()
        place, member = reader.place(), reader.source.member
        line = reader.read(_MAX_LINE, to_line_end=True)
        if not line or line.strip(b"\r\n"):
            yield _Line(place, member, line)


def _read_record(
    loader: Any, reader: _Reader, line: bytes, place: str, wanted: Callable[[Record], bool], max_bytes: int
) -> Record | Broken:
    """Read a record to its end, of which `line` is the first; `BrokenRecord` if nobody knows where it ends."""
    reader.line_budget, reader.inside = _MAX_HEADERS, True
    parsed = _parse(lambda: loader.parse_record_stream(reader, line, no_record_parse=True))
    if parsed.length is None:
        raise BrokenRecord("it does not say how long it is")
    stream, headers, end = parsed.raw_stream, _by_name(parsed.rec_headers), reader.taken + parsed.length
    if _ARC_LINE.fullmatch(line):
        headers.pop("warc-record-id", None)  # ARC has none, and the one that warcio makes is another every time
    kind = parsed.rec_type or ""
    problem, body = "", b""
    record = Record(place, kind, headers)
    if kind in PAGES:
        try:
            uri = headers.get("warc-target-uri", "")
            if not uri:
                raise BrokenRecord("it names no page: its WARC-Target-URI is missing")
            http = _parse(lambda: loader.load_http_headers(kind, uri, stream, parsed.length)) if kind == "response" else None
            if http is not None:
                status = http.get_statuscode()
                record = replace(record, http=_by_name(http), status=int(status) if status.isdecimal() else 0)
            if wanted(record):
                if stream.limit > max_bytes:
                    raise BrokenRecord(f"it is longer than {max_bytes:,} bytes")
                left = stream.limit
                body = stream.read()
                if len(body) < left:
                    problem = _CUT
        except _EndsEarly:
            raise
        except BrokenRecord as broken:
            problem = str(broken)
    # Counted by the bytes that were taken: what raised while it read a line did not count them.
    while (left := end - reader.taken) > 0:
        if not reader.read(min(_BLOCK, left)):
            raise BrokenRecord(_CUT)
    return Broken(place, problem) if problem else replace(record, body=body)


PAGES = ("response", "conversion", "resource")
_CUT = "the file ends in the middle of it"


def _parse(parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except (BrokenRecord, _DamagedFile):
        raise
    except Exception as error:  # warcio has errors of its own, and AttributeErrors for what it did not expect
        raise BrokenRecord(f"its headers cannot be read ({type(error).__name__})") from error


def _by_name(headers: Any) -> dict[str, str]:
    """Headers by their names in lower case; the first of a name counts."""
    return {name.lower(): value.strip() for name, value in reversed(headers.headers)}
