"""Rows of input: one line of JSONL or one row of Parquet becomes a document, or says what is wrong with it.

Nothing here raises for what a row holds. An empty text is a document like any other: the screen rejects it with its reason.
NaN, Infinity and lone surrogates are accepted outside the text and the id: Python's own `json` writes them.
"""

import json
import shlex
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson

from beam_pipeline.reading.event_time import parse_event_time
from beam_pipeline.reading.messages import text_of_messages
from beam_pipeline.storage.values import BOM, MISSING, BadRow, encodable, escaped, load_json, look_up
from transforms.records import DeadLetter, Document
from transforms.text import stable_hash

STAGE = "read"
# So much of a carried value goes along: of a text its beginning, of a longer list or object the beginning of its JSON.
CARRIED_CHARACTERS = 4000
# Objects and lists within each other, up to which a value goes along as it is; a deeper one as its JSON, in a text: writers and
# readers of rows have limits of their own.
_CARRIED_DEPTH = 32
# An id goes into every row, request and line of the journal that is about its document.
MOST_ID_CHARACTERS = 512
_NAMED = 24  # fields or columns that a message lists
_TOO_DEEP = "it is nested too deeply, or holds what JSON cannot say"


@dataclass(frozen=True, slots=True)
class Fields:
    """Where a row keeps what a document needs. A name may be a path into nested objects ("meta.url").

    With `id` "" every id is derived from the text. `source_label` stands for the source of rows that
    have none. With `event_time` "" rows have no event time; otherwise each needs one. `carry` names what
    goes along as attributes of the document. `roles` are those whose messages make the text, where it is a list of
    messages; () takes all.
    """

    text: str = "text"
    id: str = "id"
    source: str = "source"
    source_label: str = ""
    event_time: str = ""
    carry: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


class LeftOut(NamedTuple):
    """Something in the input that is no document and no failure, and why it is left out."""

    why: Literal["not_sampled", "not_text"]


NOT_SAMPLED, NOT_TEXT = LeftOut("not_sampled"), LeftOut("not_text")


def parse_row(line: bytes, fields: Fields, where: str) -> Document | BadRow:
    """Read one line of JSONL. A byte order mark and the end of the line may still be on it."""
    line = line.removeprefix(BOM)
    try:
        row = load_json(line)
    except orjson.JSONDecodeError as error:
        return not_json(line, error)
    if not isinstance(row, dict):
        return not_object(row)
    return document_of(row, fields, where, "field")


def document_of(row: Mapping[str, Any], fields: Fields, where: str, kind: str) -> Document | BadRow:
    """Make a document of a row, whose values `kind` calls fields or columns."""
    text = look_up(row, fields.text)
    if text is MISSING:
        made: Document | BadRow = BadRow("MissingText", missing_text(fields.text, kind, row) + wrapped(row, kind))
    else:
        if (conversation := text_of_messages(text, fields.roles)) is not None:
            text = conversation
        made = make_document(text, look_up(row, fields.id), look_up(row, fields.source), fields.source_label, where)
    return with_row(made, row, fields)


def with_row(made: Document | BadRow, row: Mapping[str, Any], fields: Fields, always: Iterable[str] = ()) -> Document | BadRow:
    """What was made of a row, with its event time and, as a JSON object, the values that go along. `always` names more."""
    if fields.event_time:
        made = with_event_time(made, look_up(row, fields.event_time), fields.event_time)
    there = {}
    for name in (*always, *fields.carry):
        if (value := look_up(row, name)) is not MISSING:
            try:
                there[name] = _carried(value)
            except (RecursionError, TypeError, ValueError):
                return BadRow("WrongType", f"the field {encodable(name)!r} cannot be carried: {_TOO_DEEP}")
    return replace(made, carried=orjson.dumps(there).decode()) if there else made


def _carried(value: Any) -> Any:
    """A value as it goes along. Raises RecursionError, TypeError or ValueError for one that cannot be written."""
    match value:
        case None | bool() | float():
            return value
        case int() if abs(value) < 2**63:
            return value
        case bytes():
            return value[: 4 * CARRIED_CHARACTERS].decode("utf-8", "backslashreplace")[:CARRIED_CHARACTERS]
        case str():
            return encodable(value[:CARRIED_CHARACTERS])
    try:
        encoded = orjson.dumps(value, default=as_json, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half of a surrogate pair, a number over 64 bits, or deeper than orjson writes
        encoded = json.dumps(value, default=as_json).encode("ascii")
    if len(encoded) > CARRIED_CHARACTERS or _is_deep(value):
        return encoded.decode("utf-8", "replace")[:CARRIED_CHARACTERS]
    try:
        return orjson.loads(encoded)
    except orjson.JSONDecodeError:
        return encoded.decode("ascii")


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, (Mapping, list, tuple)) else []
    for _ in range(_CARRIED_DEPTH):
        level = [
            member
            for holder in level
            for member in (holder.values() if isinstance(holder, Mapping) else holder)
            if isinstance(member, (Mapping, list, tuple))
        ]
        if not level:
            return False
    return True


def as_json(value: Any) -> str:
    """What JSON has no form for: bytes as text; a date, a time, a decimal as they print."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def with_event_time(document: Document | BadRow, value: Any, field: str, millis: bool = False) -> Document | BadRow:
    """The document with the event time that a field's or attribute's value says, or what is wrong with that value."""
    if isinstance(document, BadRow):
        return document
    try:
        return replace(document, event_time=parse_event_time(None if value is MISSING else value, millis))
    except ValueError as error:
        return BadRow("BadEventTime", f"the event time, {field!r}: {error}", document.carried)


def make_document(text: Any, row_id: Any, source: Any, source_label: str, where: str) -> Document | BadRow:
    """Make a document of a row's values, whatever they are; `MISSING` for an id or source that is not there.

    Bytes are taken for UTF-8. An id that is missing, null or empty is derived from the text.
    """
    text = _as_text(text, "the text")
    if isinstance(text, BadRow):
        return text
    row_id = _as_text(_plain_id(row_id), "the id")
    if isinstance(row_id, BadRow):
        return row_id
    try:
        source = _source(source)
    except (RecursionError, TypeError, ValueError):
        return BadRow("WrongType", f"the source cannot be written: {_TOO_DEEP}")
    return Document(
        id=bounded_id(row_id) or stable_hash(text), text=text, source=source or encodable(source_label), where=encodable(where)
    )


def bounded_id(row_id: str) -> str:
    """An id of at most `MOST_ID_CHARACTERS`: of a longer one the beginning, a "-" and a hash of the whole."""
    if len(row_id) <= MOST_ID_CHARACTERS:
        return row_id
    # 32 digits, as 16 may be those of two of a billion ids.
    digits = stable_hash(row_id) + stable_hash("", row_id)
    return f"{row_id[: MOST_ID_CHARACTERS - len(digits) - 1]}-{digits}"


def _plain_id(value: Any) -> Any:
    """An id as a text where it is of a type that ids are stored as; "" where there is none; others as they are."""
    match value:
        case None | bool():
            return "" if value is None else value
        case float() | Decimal() if value != value:  # what data frames write for none
            return ""
        case float() if value.is_integer() and abs(value) < 2**63:  # a column of whole numbers that has gaps
            return str(int(value))
        case Decimal() if value.is_finite():
            return format(value, "f")
        case int() | float() | UUID() | date():
            return str(value)
    return "" if value is MISSING else value


def _as_text(value: Any, what: str) -> str | BadRow:
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError as error:
            return BadRow("InvalidUtf8", f"{what} is not UTF-8 at its byte {error.start + 1}; convert it to UTF-8")
    if not isinstance(value, str):
        return BadRow("WrongType", f"{what} is {_kind(value)}; it must be a string")
    if "\0" in value:
        return BadRow("NullByte", f"{what} has a null byte at character {value.index(chr(0)) + 1}; remove it")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        return BadRow(
            "InvalidUtf8", f"{what} has half of a surrogate pair at character {error.start + 1}; write the whole character"
        )
    return value


def _source(value: Any) -> str:
    if value is MISSING or value is None:
        return ""
    if isinstance(value, bytes):
        value = value[: 4 * CARRIED_CHARACTERS].decode("utf-8", "backslashreplace")
    return encodable(
        (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))[:CARRIED_CHARACTERS]
    )


def not_object(value: Any, what: str = "line") -> BadRow:
    """Why JSON that is no object is no row."""
    return BadRow("WrongType", f"the {what} is {_kind(value)}, not an object; write one object a line")


def not_json(line: bytes, error: orjson.JSONDecodeError) -> BadRow:
    """Why a line is no JSON."""
    if b"\0" in line:
        return BadRow("NullByte", f"null byte at byte {line.index(0) + 1}; remove it")
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as invalid:
        return BadRow("InvalidUtf8", f"not UTF-8 at byte {invalid.start + 1}; convert the file to UTF-8")
    return BadRow("InvalidJson", f"not JSON: {encodable(str(error))}; write one object a line")


def missing_text(field: str, kind: str, there: Any) -> str:
    """Say that the field or column of the text is not there, which ones are, and how to name it."""
    return missing_field(field, kind, there, "text_field")


def missing_field(field: str, kind: str, there: Any, option: str) -> str:
    """Say that a field or column that an option names is not there, and which ones are."""
    names = [str(name)[:40] for name in there]
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "") if names else "nothing"
    what, _, where = kind.partition(" ")
    return encodable(f"no {what} {field!r}{where and ' '}{where}; there is {shown}; name it with --{option}")


def wrapped(row: Mapping[str, Any], kind: str = "field") -> str:
    """What to do about a row that holds the rows under one of its names, as {"data": [{...}, ...]}; "" for any other."""
    for name, value in row.items():
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value[:_NAMED]):
            key = encodable(str(name)[:40])
            inside = ", ".join(str(member)[:40] for member in list(value[0])[:_NAMED])
            what = f"the {kind} {key!r} holds a list of {len(value):,} objects, the first with {inside or 'nothing'}"
            how = f"jq -c {shlex.quote(f'.[{json.dumps(key)}][]')} FILE > rows.jsonl"
            return encodable(f"; {what}: if those are the rows, write them one a line: {how}")
    return ""


def document_or_dead(made: Document | BadRow, where: str, raw: bytes, document_id: str = "") -> Document | DeadLetter:
    """What was made of a row, a bad one as its dead letter."""
    return dead_row(made, where, raw, document_id) if isinstance(made, BadRow) else made


def dead_row(bad: BadRow, where: str, raw: bytes = b"", document_id: str = "") -> DeadLetter:
    """The dead letter of a bad row: what is wrong, where, and how the row begins."""
    return DeadLetter(
        stage=STAGE,
        error=bad.error,
        message=encodable(bad.message),
        where=encodable(where),
        document_id=document_id,
        attributes=bad.carried,
        item=json.dumps({"raw": escaped(raw)}, ensure_ascii=False),
        item_type="raw",
        occurred_at=time.time(),
    )


_KINDS: dict[type, str] = {
    **{type(None): "null", bool: "true or false", int: "a number", float: "a number"},
    **{str: "a string", list: "a list", dict: "an object"},
}


def _kind(value: Any) -> str:
    return _KINDS.get(type(value)) or f"a {type(value).__name__}"
