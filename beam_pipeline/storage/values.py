"""Values of parsed rows: one field by its path, and strings that are safe to show."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

# Enough of a bad row for a reader to see what it is; `where` finds the whole of it.
RAW_CHARACTERS = 2000
BOM = b"\xef\xbb\xbf"
MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class BadRow:
    """Why a row is no document: the name of the error, a message that says what to do, and what the row carries (JSON)."""

    error: str
    message: str
    carried: str = ""


def load_json(data: bytes) -> Any:
    """Parse JSON, also what Python's own parser takes (NaN, lone surrogates); `orjson.JSONDecodeError` if it is none."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        with suppress(ValueError, RecursionError):
            return json.loads(data.decode("utf-8"))
        raise


def look_up(row: Mapping[str, Any], field: str) -> Any:
    """The value of a field, by its own name or as a path into nested objects; `MISSING` if there is none.

    An object on the path may be written as JSON in a text, as columns for whatever does not fit a schema often are.
    """
    if field in row:
        return row[field]
    if "." not in field:
        return MISSING
    value: Any = row
    for name in field.split("."):
        value = _object_in(value) if isinstance(value, (str, bytes)) else value
        if not isinstance(value, Mapping) or name not in value:
            return MISSING
        value = value[name]
    return value


def _object_in(text: str | bytes) -> Any:
    """What a text holds as JSON; `MISSING` if it is no object."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if not raw.lstrip().startswith(b"{"):
        return MISSING
    try:
        return load_json(raw)
    except orjson.JSONDecodeError:
        return MISSING


def escaped(raw: bytes) -> str:
    """How some bytes begin, in characters that every reader of the output can show."""
    # A character of UTF-8 has 4 bytes at most.
    text = raw[: 4 * RAW_CHARACTERS].decode("utf-8", "backslashreplace")
    return text.replace("\0", "\\x00")[:RAW_CHARACTERS]


def encodable(text: str) -> str:
    """The text with what UTF-8 cannot write escaped, so that any record may hold it."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
