"""The three kinds of output: columns, formats, and how a row is written as JSON or as columns."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from beam_pipeline import __version__
from beam_pipeline.storage.row_files import Row
from transforms.records import dead_letter_row, qa_row, rejection_row


class Kind(NamedTuple):
    """One kind of output."""

    name: str  # of its folder, and in the names of its files
    label: str  # of its transforms, as in "WriteQA"
    to_row: Callable[[Any], Row]  # from a record
    schema: pa.Schema  # its columns in Parquet and BigQuery, the same for every run, also for an empty one


def _kind(name: str, label: str, to_row: Callable[[Any], Row], *fields: tuple[str, pa.DataType]) -> Kind:
    return Kind(name, label, to_row, pa.schema([pa.field(*field) for field in fields], metadata={"kind": name}))


_TEXT = pa.string()
_VERDICT = pa.struct(
    [
        *(("check", _TEXT), ("passed", pa.bool_()), ("model", _TEXT), ("prompt_version", pa.int32()), ("detail", _TEXT)),
        ("verifier", pa.int32()),
    ]
)
_CALL = pa.struct([("stage", _TEXT), ("model", _TEXT), ("prompt_version", pa.int32()), ("prompt_sha256", _TEXT)])

# Objects with names of their own: `item` holds whatever was rejected or failed, different for every stage,
# `attributes` what came with a message or row. They are JSON text in Parquet, whose maps few readers know.
FREE_FORM = {"item", "attributes"}
# What a run writes, besides the replies that it paid for, in the order of an `Outcome`.
_ALL = (
    _kind(
        *("qa", "QA", partial(qa_row, pipeline_version=__version__)),
        *((name, _TEXT) for name in ("id", "document_id", "source", "attributes", "domain", "persona")),
        *((name, _TEXT) for name in ("question", "answer", "answer_type")),
        ("aliases", pa.list_(_TEXT)),
        ("answer_start", pa.int64()),
        ("answer_end", pa.int64()),
        ("valid_as_of", _TEXT),
        ("quote", _TEXT),
        ("pass_rate", pa.float64()),
        ("pass_rate_samples", pa.int32()),
        ("verdicts", pa.list_(_VERDICT)),
        (
            "provenance",
            pa.struct(
                [
                    *(("pipeline_version", _TEXT), ("demo", pa.bool_()), ("calls", pa.list_(_CALL)), ("repaired", _TEXT)),
                    *(("edited", pa.list_(_TEXT)), ("edited_from", _TEXT)),
                ]
            ),
        ),
    ),
    _kind(
        *("rejected", "Rejected", rejection_row),
        *((name, _TEXT) for name in ("stage", "reason", "detail", "document_id", "where", "attributes")),
        *((name, _TEXT) for name in ("domain", "persona", "item")),
    ),
    _kind(
        *("dead_letters", "DeadLetters", dead_letter_row),
        *((name, _TEXT) for name in ("stage", "error", "message", "where", "document_id", "attributes")),
        *((name, _TEXT) for name in ("domain", "persona", "item_type", "item")),
        ("attempts", pa.int32()),
        ("prompt_version", pa.int32()),
        ("reply", _TEXT),
        ("occurred_at", pa.float64()),
    ),
)
KINDS = {kind.name: kind for kind in _ALL}
SCHEMAS = {name: kind.schema for name, kind in KINDS.items()}


def json_line(row: Row) -> bytes:
    """A row as one line of JSON in UTF-8, without the line's end."""
    try:
        return orjson.dumps(row)
    except TypeError:  # half of a surrogate pair, or a whole number over 64 bits: JSON can say both, orjson will not
        return json.dumps(row, ensure_ascii=True).encode("ascii")


def columns_of(row: Row, columns: tuple[str, ...]) -> Row:
    """A row as Parquet takes it: these columns only, free-form ones as JSON text, Unicode made whole."""
    row = {name: row.get(name) for name in columns}
    for name in FREE_FORM & row.keys():
        row[name] = json_line(row[name]).decode("utf-8")
    return whole_unicode(row)


def whole_unicode(row: Row) -> Row:
    """A row with halves of surrogate pairs escaped, which UTF-8 and so Parquet cannot hold."""
    try:
        orjson.dumps(row, default=str)
    except TypeError:
        row = _escaped(row)
    return row


def _escaped(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            return {name: _escaped(member) for name, member in value.items()}
        case list():
            return [_escaped(member) for member in value]
        case _:
            return value
