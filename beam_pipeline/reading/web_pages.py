"""Documents of a crawl: pages in WARC, WET and ARC files (`warc.py`), unpacked, decoded, and without the HTML around the text.

`README.md` says which records are documents, what goes along with them, and why trafilatura takes the text out of HTML: what is
taken for text without being any costs far more than its 10 ms a page later, in tokens. Other records are no documents; those
that might have been (a picture, a page that was not found) are counted.
"""

import io
import logging
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import brotli
import zstandard
from charset_normalizer import from_bytes
from trafilatura import extract
from warcio.bufferedreaders import ChunkedDataReader

from beam_pipeline.reading.documents import (
    NOT_SAMPLED,
    NOT_TEXT,
    Fields,
    LeftOut,
    dead_row,
    document_or_dead,
    make_document,
    with_row,
)
from beam_pipeline.reading.warc import PAGES, Blocks, Broken, BrokenRecord, Members, Record, read_records
from beam_pipeline.storage.compression import head_of, packing_of
from beam_pipeline.storage.files import read_blocks
from beam_pipeline.storage.values import BadRow, look_up
from transforms.records import DeadLetter, Document

_ALWAYS = ("url", "date")

# A tree takes up to 250 times its page in memory (a page of nothing but line breaks), and one made to be slow, of 300,000
# attributes, a minute. Hardly any page with a text is longer, and Common Crawl long cut all at 1 MiB.
MAX_PAGE_BYTES = 3 << 20
_STEP = 1 << 10
_SAMPLE = 1 << 14
_HTML = {"text/html", "application/xhtml+xml"}
_PLAIN = {"text/plain", "text/markdown"}
_GZIP = b"\x1f\x8b\x08"
_CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a]")  # of no text, whatever its charset; but UTF-16 has them
_LOOKS_HTML = re.compile(rb"\s*<(?:!doctype html|html|head|body|!--)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*(?:[\"']\s*)?([\w.:-]+)", re.IGNORECASE)
# Where a page says it itself; browsers look at its first 1024 bytes, pages say it later, too.
_META = re.compile(rb"<(?:meta[^>]+charset|\?xml[^>]+encoding)\s*=\s*(?:[\"']\s*)?([\w.:-]+)", re.IGNORECASE)
_META_BYTES = 4096
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# What must stand in a page that is in a charset of this name: every second byte of UTF-16 is null in markup.
_MARKS = {"utf-16": b"\0", "utf-32": b"\0", "ucs-2": b"\0", "iso-2022": b"\x1b", "hz": b"~{"}
_ISO_2022_JP = re.compile(rb"\x1b(?:\$[@B]|\([JI])")
# Of a page's characters; with more of them replaced, what it says of its charset is wrong.
_MOST_REPLACED = 0.02
# What browsers take these names for (WHATWG): the larger sets that pages are really written in.
_MEANT = {
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601"), "cp949"),
    **{"iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874", "big5": "big5hkscs"},
}

for _name in ("trafilatura", "htmldate", "courlan", "justext", "charset_normalizer"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # they repeat what a page says


def columns(record: Record) -> dict[str, Any]:
    """What a record says of its page, by names that fields may have: its headers, and the usual ones under short names."""
    headers = record.headers
    short = {
        "id": headers.get("warc-record-id", "").strip("<>"),
        "url": headers.get("warc-target-uri", "").strip("<>"),
        "date": headers.get("warc-date", ""),
        "language": headers.get("warc-identified-content-language", ""),
        "content_type": page_type(record),
        "status": record.status or "",
    }
    return {**headers, **{name: value for name, value in short.items() if value != ""}}


def read_crawl(
    path: str, stream: BinaryIO, fields: Fields, max_bytes: int, keeps: Callable[[str], bool]
) -> Iterator[Document | DeadLetter | LeftOut]:
    """The documents of one file, in one pass.

    A page that is longer than `max_bytes`, or than `MAX_PAGE_BYTES`, is a dead letter. What `keeps` leaves out by its
    id is not unpacked.
    """
    most = min(max_bytes, MAX_PAGE_BYTES)
    # Members are what one can go on with in a broken file, so gzip is not undone before.
    packing = packing_of(head_of(stream), path)
    packed = packing is not None and packing.suffix == ".gz"
    for record in read_records(Members(stream) if packed else Blocks(read_blocks(path, stream)), is_page, most):
        where = f"{path}:{record.place}"
        if isinstance(record, Broken):
            yield dead_row(BadRow("BrokenRecord", record.message), where)
        elif not is_page(record):
            if record.kind in PAGES:
                yield NOT_TEXT
        else:
            yield _read_page(record, where, fields, keeps)


def _read_page(record: Record, where: str, fields: Fields, keeps: Callable[[str], bool]) -> Document | DeadLetter | LeftOut:
    row = columns(record)
    row_id = look_up(row, fields.id)
    known = row_id if isinstance(row_id, str) else ""
    if known and not keeps(known):
        return NOT_SAMPLED
    try:
        text = page_text(record)
        if text is None:
            return NOT_TEXT
        made = make_document(text, row_id, fields.source_label or row.get("url", ""), "", where)
    except BrokenRecord as broken:
        made = BadRow("BrokenRecord", str(broken))
    return document_or_dead(with_row(made, row, fields, _ALWAYS), where, record.body, known)


def page_type(record: Record) -> str:
    """The media type of what a record holds, in lower case; "" where it does not say."""
    headers = record.http if record.kind == "response" else record.headers
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_page(record: Record) -> bool:
    """Whether a record is a page with text: a good response of HTML or text, HTML by itself, or a text that was made of one."""
    if record.kind == "resource":  # in text there are a crawler's own logs
        return page_type(record) in _HTML
    if record.kind == "conversion":
        return page_type(record) in _PLAIN
    return record.kind == "response" and 200 <= record.status < 300 and page_type(record) in {*_HTML, *_PLAIN, ""}


def page_text(record: Record) -> str | bytes | None:
    """The text of a page; bytes where it should have been UTF-8 and whoever reads it must say so; None for what turns
    out to be no page. `BrokenRecord` if what it holds cannot be unpacked, or is too long.
    """
    if record.kind == "conversion":
        return record.body
    body = _unpack(_dechunk(record.body, record.http), record.http)
    media = page_type(record)
    if not media and not _LOOKS_HTML.match(body):
        return None
    text = decode(body, (record.http if record.kind == "response" else record.headers).get("content-type", ""))
    if media in _PLAIN:
        return text
    return html_text(text)


def html_file_text(body: bytes) -> str | BadRow:
    """The text of a page that is a file of its own."""
    try:
        if len(body) > MAX_PAGE_BYTES:
            raise BrokenRecord(f"it is longer than {MAX_PAGE_BYTES:,} bytes")
        return html_text(decode(body))
    except BrokenRecord as broken:
        return BadRow("BrokenRecord", f"the page cannot be used: {broken}")


def html_text(html: str) -> str:
    """The main text of a page, a paragraph a line; "" where it has none. `BrokenRecord` if it cannot be read."""
    try:
        found = extract(html.replace("\0", ""), fast=True, include_comments=False, include_tables=True)
    except Exception as error:  # a parser's own errors, for pages that nobody thought of
        raise BrokenRecord(f"its HTML cannot be read ({type(error).__name__})") from error
    return found or ""


def decode(body: bytes, content_type: str = "") -> str:
    """A page's bytes as text: by its mark, as UTF-8 where it is that, else as the server or the page says, else by a guess."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    told = _CHARSET.search(content_type)
    meta = _META.search(body[:_META_BYTES])
    names = [told[1].lower()] if told else []
    names += [meta[1].decode("ascii", "replace").lower()] if meta else []
    names = [name for name in names if not _lies(name, body)]
    if not any(name.startswith(tuple(_MARKS)) for name in names):
        if _ISO_2022_JP.search(body) and body.isascii():
            return body.decode("iso2022_jp_ext", "replace")
        if (text := _as_utf8(body)) is not None:
            return text
        names = [name for name in names if name not in ("utf-8", "utf8")]
    said = ""
    for name in names:
        try:
            text = body.decode(_MEANT.get(name, name), "replace")
        except (LookupError, ValueError):  # no such charset, or no charset of text
            continue
        if text.count("\ufffd") <= _MOST_REPLACED * len(text):
            return text
        said = said or text
    guess = from_bytes(body[:_SAMPLE]).best()
    guessed = body.decode(guess.encoding if guess else "cp1252", "replace")
    return said if said and (not guess or said.count("\ufffd") <= guessed.count("\ufffd")) else guessed


def _lies(name: str, body: bytes) -> bool:
    """Whether a page says a charset that its bytes cannot be in."""
    mark = next((mark for begins, mark in _MARKS.items() if name.startswith(begins)), b"")
    return mark not in body


def _as_utf8(body: bytes) -> str | None:
    """A page as UTF-8, if it is that but for fewer bytes than it has characters that only UTF-8 writes so."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    written = text.count("\ufffd") - body.count(b"\xef\xbf\xbd")
    return text if sum(character > "\x7f" for character in text) - text.count("\ufffd") > written else None


def _dechunk(body: bytes, http: Mapping[str, str]) -> bytes:
    """What was sent in pieces, in one; what only says so (archives often join the pieces) as it is."""
    if http.get("transfer-encoding", "").lower() != "chunked":
        return body
    try:
        return bytes(ChunkedDataReader(io.BytesIO(body)).read())
    except Exception as error:
        raise BrokenRecord(f"its pieces cannot be joined ({type(error).__name__})") from error


def _unpack(body: bytes, http: Mapping[str, str]) -> bytes:
    """Undo the content encodings that a response names, the last one first; what is not packed is left as it is."""
    names = [name.strip().lower() for name in http.get("content-encoding", "").split(",")]
    for name in reversed([name for name in names if name and name != "identity"]):
        if name not in _ENCODINGS:
            # So browsers take a name that is none ("utf-8", "none"): as what packs nothing.
            if _CONTROLS.search(body[:_SAMPLE]):
                raise BrokenRecord(f"its content encoding {name[:40]!r} is not known")
            continue
        is_packed, unpack = _ENCODINGS[name]
        try:
            body, whole = unpack(body) if is_packed(body) else (body, True)
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise BrokenRecord(f"its content encoding {name} is broken ({error})") from error
        if len(body) > MAX_PAGE_BYTES:
            raise BrokenRecord(f"unpacked ({name}) it is longer than {MAX_PAGE_BYTES:,} bytes")
        if not whole:
            raise BrokenRecord(f"its content encoding {name} is broken (cut off)")
    return body


# Each gives what is packed, little more of it than a page may have, and whether its end was reached.


def _inflate(body: bytes, wbits: int = 16 + zlib.MAX_WBITS) -> tuple[bytes, bool]:
    found, inflate, at = bytearray(), zlib.decompressobj(wbits), 0
    # In steps, because what lies behind a member is copied at its end, and a page may be nothing but ends.
    while at < len(body) and len(found) <= MAX_PAGE_BYTES:
        if inflate.eof:
            # A page may be packed in several members; what else lies behind it is not of the page.
            if not body.startswith(_GZIP, at):
                break
            inflate = zlib.decompressobj(wbits)
        step = body[at : at + _STEP]
        found += inflate.decompress(step, MAX_PAGE_BYTES + 1 - len(found))
        at += len(step) - len(inflate.unused_data)
    return bytes(found), inflate.eof


def _deflate(body: bytes) -> tuple[bytes, bool]:
    # Servers send it with the head that it should have, and without.
    headed = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflate(body, zlib.MAX_WBITS if headed else -zlib.MAX_WBITS)


def _unbrotli(body: bytes) -> tuple[bytes, bool]:
    decompressor = brotli.Decompressor()
    return decompressor.process(body, output_buffer_limit=MAX_PAGE_BYTES + 1), decompressor.is_finished()


def _unzstd(body: bytes) -> tuple[bytes, bool]:
    frame, unpacked = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj(), bytearray()
    for start in range(0, len(body), _STEP):
        unpacked += frame.decompress(body[start : start + _STEP])
        if frame.eof or len(unpacked) > MAX_PAGE_BYTES:
            break
    return bytes(unpacked), frame.eof


def _is_no_html(body: bytes) -> bool:
    """For encodings without a mark of their own."""
    return not _LOOKS_HTML.match(body)


# What is still packed, where it was not unpacked by whoever kept it; and how to unpack it.
_ENCODINGS: dict[str, tuple[Callable[[bytes], bool], Callable[[bytes], tuple[bytes, bool]]]] = {
    **dict.fromkeys(("gzip", "x-gzip"), (lambda body: body.startswith(b"\x1f\x8b"), _inflate)),
    "deflate": (_is_no_html, _deflate),
    "br": (_is_no_html, _unbrotli),
    "zstd": (lambda body: body.startswith(b"\x28\xb5\x2f\xfd"), _unzstd),
}
