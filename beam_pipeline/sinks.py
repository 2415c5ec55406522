"""Sinks: rows as sharded JSONL or Parquet files, and the folder that they go to.

    <output>/qa/qa-00000-of-00004.jsonl, rejected/..., dead_letters/..., journal/, summary.json, report.html

and of a stream, files named by their windows (`window_files.py`) and summaries/.

A file under its final name is whole. Beam writes each shard to `<kind>/beam-temp-<kind>-<hex>/` and
renames it when all shards are written, so a run that is stopped leaves that folder behind and no half
file; `prepare_output` clears it away. On an object store the rename is a copy of a finished object.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import orjson
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.files import reason
from beam_pipeline.lock import LOCK_FILE
from beam_pipeline.watch import STOP_FILE

Row = dict[str, Any]

FORMATS = ("jsonl", "parquet")
# What a run writes, besides the folder of replies that it paid for.
KINDS = ("qa", "rejected", "dead_letters")
SUMMARIES = "summaries"  # of a stream: a row for each window
REPORT_FILE = "report.html"
_SUMMARY_FILES = ("summary.json", REPORT_FILE, "options.yaml", LOCK_FILE, STOP_FILE)
_JOURNAL = "journal"
_SHARD = re.compile(r"-[^/]*\d{5}-of-\d{5}\.(?:jsonl|parquet)")  # behind the kind
_PANE = "-pane"  # in the name of a shard that a stream wrote
_TEMP = "beam-temp-"
# Bytes in memory of one Parquet row group, per writer. Also the unit in which rows are dealt to shards.
ROW_GROUP_BYTES = 16 << 20


def _schema(kind: str, fields: list[tuple[str, pa.DataType]]) -> pa.Schema:
    return pa.schema([pa.field(name, data_type) for name, data_type in fields], metadata={"kind": kind})


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
# The columns of each kind in Parquet, the same for every run, also for an empty one.
SCHEMAS = {
    "qa": _schema(
        "qa",
        [
            *((name, _TEXT) for name in ("id", "document_id", "source", "attributes", "domain", "persona")),
            *((name, _TEXT) for name in ("question", "answer", "answer_type")),
            ("aliases", pa.list_(_TEXT)),
            ("answer_start", pa.int64()),
            ("answer_end", pa.int64()),
            ("quote", _TEXT),
            ("pass_rate", pa.float64()),
            ("pass_rate_samples", pa.int32()),
            ("verdicts", pa.list_(_VERDICT)),
            ("provenance", pa.struct([("pipeline_version", _TEXT), ("calls", pa.list_(_CALL))])),
        ],
    ),
    "rejected": _schema(
        "rejected",
        [
            (name, _TEXT)
            for name in ("stage", "reason", "detail", "document_id", "where", "attributes", "domain", "persona", "item")
        ],
    ),
    "dead_letters": _schema(
        "dead_letters",
        [
            *((name, _TEXT) for name in ("stage", "error", "message", "where", "document_id", "attributes")),
            *((name, _TEXT) for name in ("domain", "persona")),
            *((name, _TEXT) for name in ("item_type", "item")),
            ("attempts", pa.int32()),
            ("prompt_version", pa.int32()),
            ("reply", _TEXT),
            ("occurred_at", pa.float64()),
        ],
    ),
}


@dataclass
class WriteRecords(beam.PTransform):
    """Writes records as files: PCollection of records -> PCollection[str], the files' names.

    With no records there is one file with no rows, and its columns if it is Parquet.

    Attributes:
        output: folder of the run; files go to `<output>/<kind>/`.
        kind: "qa", "rejected" or "dead_letters".
        to_row: function from a record to its row; without one the elements are rows.
        file_format: "jsonl" or "parquet" (zstd inside).
        num_shards: number of files; 0 lets the runner choose, which costs no shuffle.
    """

    output: str
    kind: str
    to_row: Callable[[Any], Row] | None = None
    file_format: str = "jsonl"
    num_shards: int = 0

    @no_annotations
    def expand(self, records: beam.PCollection) -> beam.PCollection:
        if self.kind not in SCHEMAS:
            raise ValueError(f"kind must be one of {', '.join(SCHEMAS)}, not {self.kind!r}")
        if self.file_format not in FORMATS:
            raise ValueError(f"file_format must be one of {', '.join(FORMATS)}, not {self.file_format!r}")
        prefix = FileSystems.join(self.output, self.kind, self.kind)
        if self.file_format == "jsonl":
            lines = records | "ToLines" >> beam.ParDo(_ToLineFn(self.to_row)).with_output_types(bytes)
            return lines | "WriteFiles" >> beam.io.WriteToText(
                prefix, ".jsonl", num_shards=self.num_shards, coder=beam.coders.BytesCoder()
            )
        schema = SCHEMAS[self.kind]
        rows = records | "ToRows" >> beam.ParDo(_ToColumnsFn(self.to_row, tuple(schema.names)))
        return rows | "WriteFiles" >> beam.io.WriteToParquet(
            prefix,
            schema,
            row_group_buffer_size=ROW_GROUP_BYTES,
            codec="zstd",
            use_compliant_nested_type=True,
            file_name_suffix=".parquet",
            num_shards=self.num_shards,
        )


class _ToLineFn(beam.DoFn):
    def __init__(self, to_row: Callable[[Any], Row] | None) -> None:
        self._to_row = to_row

    def process(self, record: Any) -> Iterator[bytes]:
        yield json_line(self._to_row(record) if self._to_row else record)


class _ToColumnsFn(beam.DoFn):
    def __init__(self, to_row: Callable[[Any], Row] | None, columns: tuple[str, ...]) -> None:
        self._to_row = to_row
        self._columns = columns

    def process(self, record: Any) -> Iterator[Row]:
        yield columns_of(self._to_row(record) if self._to_row else record, self._columns)


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
    try:
        orjson.dumps(row)
    except TypeError:
        row = whole_unicode(row)
    return row


def whole_unicode(value: Any) -> Any:
    """A value of JSON with halves of surrogate pairs escaped, which UTF-8 and so Parquet cannot hold."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            return {name: whole_unicode(member) for name, member in value.items()}
        case list():
            return [whole_unicode(member) for member in value]
        case _:
            return value


def temporary_folder(kind: str, run: str) -> str:
    """Where the files of a kind are written before they get their names; `prepare_output` clears it away."""
    return f"{_TEMP}{kind}-{run}"


def prepare_output(output: str, overwrite: bool = False, resume: bool = False, keep: bool = False) -> None:
    """Make the output folder ready for a run, or refuse.

    `overwrite` deletes all that an earlier run wrote. `resume` keeps the journal, from which what was
    paid for is taken again, and deletes the rest: outputs are written anew as a whole. With `keep` (a stream,
    whose documents do not come again) it deletes nothing. Neither goes on with what the other wrote. Nothing but the
    files that this program writes is ever deleted.

    Raises:
        ValueError: the folder holds files and neither is given, or it cannot be used; one line.
    """
    if overwrite and resume:
        raise ValueError("--overwrite and --resume contradict each other: give one")
    if any(character in output for character in "*?["):
        raise ValueError(f"{output}: an output folder must not have *, ? or [ in its name")
    local = FileSystems.get_scheme(output) is None
    if local and os.path.isfile(output):
        raise ValueError(f"{output}: is a file; --output names a folder")
    try:
        if local:
            os.makedirs(output, exist_ok=True)
            if not os.access(output, os.W_OK | os.X_OK):
                raise PermissionError("no permission to write there")
        names = list_output(output)
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{output}: cannot be used for output: {reason(error)}") from error
    # The options of a run that never began to write are no output.
    if set(names) - {"options.yaml", LOCK_FILE} and not (overwrite or resume):
        raise ValueError(
            f"{output}: already holds files; pass --overwrite to replace what an earlier run wrote, or --resume to go on with it"
        )
    if resume and (others := [name for name in names if _is_shard(name) and (_PANE in name) != keep]):
        wrote, goes_on = ("a batch", "a stream") if keep else ("a stream", "a batch")
        flag = "leave --streaming out" if keep else "add --streaming"
        raise ValueError(
            f"{output}: {others[0]} was written by {wrote}, and with --resume {goes_on} cannot go on with it: {flag}, "
            "or name another --output"
        )
    if resume and keep:
        return
    written = [
        name for name in names if name != LOCK_FILE and is_ours(name) and (overwrite or not name.startswith(f"{_JOURNAL}/"))
    ]
    try:
        _delete([FileSystems.join(output, name) for name in written])
        if local:
            _remove_empty_folders(output, written)
    except Exception as error:
        raise ValueError(f"{output}: what an earlier run wrote cannot be deleted: {reason(error)}") from error


def check_apart(inputs: Iterable[str], output: str) -> None:
    """Check that no input lies where this run writes, and where --overwrite and --resume delete.

    Raises:
        ValueError: one does; the message names it.
    """
    folder = _place(output) + "/"
    for path in inputs:
        place = _place(path)
        if place.startswith(folder) and is_ours(place.removeprefix(folder)):
            raise ValueError(f"{path}: is part of the output folder {output}, which is written anew; choose another --output")


def _place(path: str) -> str:
    return path.rstrip("/") if FileSystems.get_scheme(path) else os.path.realpath(path)


def _delete(paths: list[str]) -> None:
    # An object store asks twice for every name, so a run of a thousand shards is cleared side by side.
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(FileSystems.delete, ([path] for path in paths)):
            pass


def list_output(output: str) -> list[str]:
    """The names of all files below a folder, relative to it, in order."""
    folder = output.rstrip("/") + "/"
    [matched] = FileSystems.match([folder + "**"])
    names = (file.path.removeprefix(folder) for file in matched.metadata_list)
    return sorted(name for name in names if name and not name.endswith("/"))


def _is_shard(name: str) -> bool:
    """Whether a file, named relative to the output folder, holds rows."""
    folder, _, rest = name.partition("/")
    return folder in (*KINDS, SUMMARIES) and rest.startswith(folder) and is_ours(name)


def is_ours(name: str) -> bool:
    """Whether a file, named relative to the output folder, is one that this program writes."""
    folder, slash, rest = name.partition("/")
    if not slash:
        return name in _SUMMARY_FILES
    if folder in (*KINDS, SUMMARIES):
        return _SHARD.fullmatch(rest, len(folder)) is not None if rest.startswith(folder) else rest.startswith(_TEMP)
    return folder == _JOURNAL or folder.startswith(_TEMP)


def clear_temporary(output: str) -> None:
    """Remove the folders, now empty, in which a stream's files were written; a store of objects has none."""
    if FileSystems.get_scheme(output) is None:
        with suppress(OSError):  # a worker that was given up may still write: then they stay
            _remove_empty_folders(output, [])


def _remove_empty_folders(output: str, deleted: list[str]) -> None:
    """Remove the folders that deleting emptied, and empty folders of temporary files that a stopped run left."""
    emptied = {os.path.dirname(name) for name in deleted}
    for folder, _, _ in os.walk(output, topdown=False):
        name = os.path.relpath(folder, output)
        left_behind = os.path.basename(name).startswith(_TEMP) and is_ours(f"{name}/")
        if (name in emptied or left_behind) and not os.listdir(folder):
            os.rmdir(folder)
