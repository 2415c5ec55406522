"""Whose text a pair comes from, and under which licence: read from what the source carried along (`--carry`).

Corpora name these fields as they like. The names below are looked for in the last part of a field's name ("metadata.license"),
in any case, with or without underscores. What is not there is "": nothing is guessed.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

_LICENCE = (
    "license",
    "licence",
    "licenseid",
    "licensename",
    "licensetype",
    "licenseurl",
    "licenses",
    "rights",
    "copyrightlicense",
)
_CREDITS = {
    "title": ("title", "pagetitle", "documenttitle"),
    "author": ("author", "authors", "creator", "creators", "byline", "writer"),
    "url": ("url", "uri", "sourceurl", "pageurl", "link", "permalink", "warctargeturi"),
    "credit": ("attribution", "credit", "credits", "copyright", "publisher", "rightsholder"),
}
CREDITS = tuple(_CREDITS)
# What of an object says it best, where a licence or an author is one.
_TELLING = ("id", "spdx", "spdxid", "abbreviation", "name", "title", "url", "text")
_ADDRESS = re.compile(r"https?://[^\s<>\"]{3,2000}")
_MOST_CHARS = 500
_NAMES_JOINED = 20
_DEEPEST = 4  # lists and objects in one another


def carried(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attributes of a pair, which Parquet has as JSON text."""
    attributes = row.get("attributes") or {}
    if isinstance(attributes, str):
        attributes = json.loads(attributes)
    return attributes if isinstance(attributes, dict) else {}


def licence_of(attributes: Mapping[str, Any]) -> str:
    """The licence that the source names, in its words; "" if it names none."""
    return _first(_by_name(attributes), _LICENCE)


def credits_of(attributes: Mapping[str, Any], source: str = "") -> dict[str, str]:
    """Title, author, address and line of credit, each "" if it was not carried; a `source` that is an address is one."""
    named = _by_name(attributes)
    found = {name: _first(named, fields) for name, fields in _CREDITS.items()}
    if not found["url"] and _ADDRESS.fullmatch(source):
        found["url"] = source
    return found


def _by_name(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the plain last part of their names; of two the first."""
    named: dict[str, Any] = {}
    for name, value in attributes.items():
        named.setdefault(_plain(name.rpartition(".")[2]), value)
    return named


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _first(named: Mapping[str, Any], fields: tuple[str, ...]) -> str:
    return _telling(named, fields, _DEEPEST)


def _telling(named: Mapping[str, Any], fields: tuple[str, ...], depth: int) -> str:
    return next((text for field in fields if (text := _as_text(named.get(field), depth))), "")


def _as_text(value: Any, depth: int) -> str:
    if depth < 0:
        return ""
    match value:
        case str():
            return " ".join(value.split())[:_MOST_CHARS]
        case list():
            texts = (_as_text(each, depth - 1) for each in value[:_NAMES_JOINED])
            return ", ".join(filter(None, texts))[:_MOST_CHARS]
        case dict():
            return _telling(_by_name(value), _TELLING, depth - 1)
        case _:
            return ""
