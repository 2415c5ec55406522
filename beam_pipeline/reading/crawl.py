"""Documents of a crawl: the pages in WARC, WET and ARC files (`warc.py`), as text (`web_pages.py`).

Documents are the responses of HTML or text with a good status, HTML in resource records, and the texts of conversion
records. A document's id is its WARC-Record-ID, its source the label of the input or else the page's address. Address and
date go along in any case, and `carry` names more: headers of the record by their names in lower case ("warc-ip-address"),
and what `columns` has. Other records are no documents; those that might have been (a picture, a page that was not found)
are counted.
"""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

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
from beam_pipeline.reading.web_pages import MAX_PAGE_BYTES, is_page, page_text, page_type
from beam_pipeline.storage.files import read_blocks
from beam_pipeline.storage.values import BadRow, look_up
from transforms.records import DeadLetter, Document

_ALWAYS = ("url", "date")


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
    packed = path.lower().endswith(".gz")
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
