"""When and where a document was written, as far as its fields or its own words say so.

A question that means a time or a place can be bound by it: "as of May 2019", "in Austria".
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from transforms.answers.dates import PartialDate, parse_date
from transforms.answers.places import is_region
from transforms.records import Document, attributes_row

# Fields by their names, the nearest to what a document says first: when it was written, then when it was fetched.
DATE_FIELDS = (
    *(
        "valid_as_of",
        "as_of",
        "published",
        "published_at",
        "publication_date",
        "date_published",
        "pubdate",
        "pub_date",
        "updated",
    ),
    *("updated_at", "last_updated", "modified", "last_modified", "date", "created", "created_at", "timestamp", "year"),
    *("crawl_date", "crawled", "crawled_at", "fetched", "fetched_at", "warc_date", "warc-date"),
)
PLACE_FIELDS = ("jurisdiction", "country", "country_name", "state", "region", "city", "place", "location")

_MONTH_OR_DAY = r"(?:\d{1,2}(?:st|nd|rd|th)? )?(?:[A-Z][a-z]{2,8}\.? )(?:\d{1,2}(?:st|nd|rd|th)?,? )?\d{4}"
_DATE = rf"(?P<date>{_MONTH_OR_DAY}|\d{{4}}-\d\d(?:-\d\d)?|(?:19|20)\d\d)(?![\w-])"
# "Last updated: 12 May 2019" at either end of a page. "As of May 2019" is the date of its sentence alone.
_SAYS = re.compile(rf"\b(?:updated|modified|reviewed|published|revised|posted)(?: on)?[:,]? {_DATE}", re.IGNORECASE)
_AS_OF = re.compile(rf"\bas of {_DATE}", re.IGNORECASE)
_ENDS = re.compile(r"[.?!](?=\s|$)|\n")
_BEGINNING, _END, _NEAR = 3000, 1000, 300
_NAME = re.compile(r"\b[A-Z][a-z]+(?: (?:and |of )?[A-Z][a-z]+){0,3}")
_READ, _LEAST_SAID, _LEAST_SHARE = 20_000, 2, 0.75


def date_of(document: Document) -> str:
    """The date of what a document says: "2019-05-12", "2019-05" or "2019", as far as it is known; "" if it is not."""
    fields = {name.lower(): value for name, value in attributes_row(document).items()}
    for name in DATE_FIELDS:
        if name in fields and (read := _as_date(fields[name])):
            return read
    text = document.text
    ends = (text,) if len(text) <= _BEGINNING + _END else (text[:_BEGINNING], text[-_END:])
    return next(filter(None, (_as_date(found["date"]) for end in ends for found in _SAYS.finditer(end))), "")


def date_in(text: str) -> str:
    """The last date that a question or a text binds itself to: "as of May 2019" is "2019-05"; "" if it does not."""
    return max((_as_date(found["date"]) for found in _AS_OF.finditer(text[:_READ])), default="")


def date_at(text: str, place: tuple[int, int] | None) -> str:
    """The same of the sentence around a place in a text."""
    if place is None:
        return ""
    begins = max(text.rfind(mark, max(0, place[0] - _NEAR), place[0]) for mark in (". ", "\n", "? ")) + 1
    ends = _ENDS.search(text, place[1], place[1] + _NEAR)
    return date_in(text[max(begins, place[0] - _NEAR, 0) : ends.start() if ends else place[1] + _NEAR])


def place_of(document: Document) -> str:
    """The country, state or town that a document is about: of a field, or the one that its text names; "" if unknown."""
    fields = {name.lower(): value for name, value in attributes_row(document).items()}
    for name in PLACE_FIELDS:
        value = fields.get(name)
        if isinstance(value, str) and value.strip() and len(value) <= _LONGEST_PLACE:
            return value.strip()
    return _most_named(_NAME.findall(document.text[:_READ]))


def _most_named(names: Iterable[str]) -> str:
    """The one country or state that nearly all of the countries said are; a text on several is of none."""
    # Behind a word that opens its sentence, too: "In Austria".
    said = (part for name in names for part in (name, name.partition(" ")[2])[: 1 if is_region(name) else 2])
    counts = Counter(name for name in said if is_region(name))
    most = counts.most_common(1)
    if not most or most[0][1] < _LEAST_SAID or most[0][1] < _LEAST_SHARE * sum(counts.values()):
        return ""
    return most[0][0]


def _as_date(value: Any) -> str:
    """A value of a field or words of a text as a date; "" if it is none, or of no year that a document can be of."""
    text = str(value).strip()
    iso = _ISO.match(text)
    read = parse_date(iso[0] if iso else text) if not _YEAR.fullmatch(text) else PartialDate(int(text))
    return str(read) if read and _FIRST_YEAR <= read.year <= _LAST_YEAR else ""


_ISO = re.compile(r"\d{4}-\d\d-\d\d(?=[T ]|$)")
_YEAR = re.compile(r"\d{4}")
_FIRST_YEAR, _LAST_YEAR = 1500, 2100
_LONGEST_PLACE = 60
