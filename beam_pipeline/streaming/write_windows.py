"""Files of a stream: the rows of one window, each file whole and named by its window.

    <output>/qa/qa-20261121T060000Z-20261121T061000Z-6b01b1f4-pane0-00000-of-00001.jsonl

that is, the window's start and end, the run, the pane (a window is written once, so it is the first) and the shard. A
window without rows has no file. The run is in the name because a later one may meet the same window: neither takes away
what the other wrote.

Rows are grouped by shard, written under a name that nobody else has, and renamed once that is stored. What is
done again after a failure writes another file, and only the one that counted gets its name. Beam's `WriteToFiles`
names files by window only, so a second pane would take the place of the first.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.output.folder import temporary_folder
from beam_pipeline.output.kinds import SCHEMAS, Row, columns_of, json_line
from beam_pipeline.storage.row_writers import ParquetRows
from beam_pipeline.streaming.windows import Windows
from transforms.text import stable_seed

# Where a file was written, and where it belongs.
Written = tuple[str, str]


def window_name(bounds: tuple[float, float]) -> str:
    """A window's start and end as they stand in a file's name, in UTC; no character that a file system may refuse."""
    return "-".join(map(_compact, bounds))


def _compact(seconds: float) -> str:
    text = time.strftime("%Y%m%dT%H%M%S", time.gmtime(int(seconds // 1)))
    fraction = f"{seconds % 1:.6f}"[1:].rstrip("0").rstrip(".")
    return f"{text}{fraction}Z"


def run_name(seconds: float) -> str:
    """What stands for a run in names: when its graph was made."""
    return f"{int(seconds):x}"


@dataclass
class WriteWindows(beam.PTransform):
    """Writes each window's records as files of their own: PCollection[T] -> PCollection[str], the files' names.

    Attributes:
        output: folder of the run; files go to `<output>/<kind>/`.
        kind: "qa", "rejected", "dead_letters" or "summaries".
        windows: the windows that the records are in.
        run: what stands for the run in the names.
        to_row: function from a record to its row; without one the elements are rows.
        file_format: "jsonl" or "parquet" (zstd inside).
        num_shards: files of one pane; 0 is one. A shard without rows has none.
    """

    output: str
    kind: str
    windows: Windows
    run: str
    to_row: Callable[[Any], Row] | None = None
    file_format: str = "jsonl"
    num_shards: int = 0

    @no_annotations
    def expand(self, records: beam.PCollection) -> beam.PCollection:
        return (
            records
            | "ToLines" >> beam.ParDo(_ToKeyedLineFn(self.to_row, max(1, self.num_shards))).with_output_types(tuple[int, bytes])
            | "WriteWindow" >> self.windows.closing()
            | "GroupByShard" >> beam.GroupByKey()
            | "WriteTemporary" >> beam.ParDo(_WriteFn(self)).with_output_types(tuple[str, str])
            | "StoreNames" >> beam.Reshuffle()
            | "Rename" >> beam.ParDo(_RenameFn()).with_output_types(str)
        )


class _ToKeyedLineFn(beam.DoFn):
    """Rows travel as lines of JSON, also to Parquet: a running stream outlives the code that wrote its state."""

    def __init__(self, to_row: Callable[[Any], Row] | None, shards: int) -> None:
        self._to_row = to_row
        self._shards = shards

    def process(self, record: Any) -> Iterator[tuple[int, bytes]]:
        line = json_line(self._to_row(record) if self._to_row else record)
        shard = stable_seed("shard", line.decode("utf-8")) % self._shards if self._shards > 1 else 0
        yield shard, line


class _WriteFn(beam.DoFn):
    def __init__(self, spec: WriteWindows) -> None:
        self._folder = FileSystems.join(spec.output, spec.kind)
        self._kind = spec.kind
        self._windows = spec.windows
        self._run = spec.run
        self._format = spec.file_format
        self._shards = max(1, spec.num_shards)

    def process(
        self, group: tuple[int, Iterable[bytes]], window: Any = beam.DoFn.WindowParam, pane: Any = beam.DoFn.PaneInfoParam
    ) -> Iterator[Written]:
        shard, lines = group
        rows = iter(lines)
        first = next(rows, None)
        if first is None:  # a runner may give a pane without rows
            return
        window_and_run = f"{window_name(self._windows.bounds(window))}-{self._run}"
        name = f"{self._kind}-{window_and_run}-pane{pane.index}-{shard:05}-of-{self._shards:05}.{self._format}"
        folder = FileSystems.join(self._folder, temporary_folder(self._kind, self._run))
        _make_folder(folder)
        temporary = FileSystems.join(folder, f"{name}.{uuid.uuid4().hex}")
        with FileSystems.create(temporary, compression_type="uncompressed") as file:
            if self._format == "parquet":
                _write_parquet(file, _chain(first, rows), SCHEMAS[self._kind])
            else:
                for line in _chain(first, rows):
                    file.write(line + b"\n")
        yield temporary, FileSystems.join(self._folder, name)


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _make_folder(folder: str) -> None:
    if not FileSystems.exists(folder):
        with suppress(OSError):  # another worker was quicker
            FileSystems.mkdirs(folder)


def _write_parquet(file: Any, lines: Iterable[bytes], schema: pa.Schema) -> None:
    columns = tuple(schema.names)
    with closing(ParquetRows(file, schema)) as rows:
        for line in lines:
            rows.write(columns_of(json.loads(line), columns), len(line))


class _RenameFn(beam.DoFn):
    def process(self, written: Written) -> Iterator[str]:
        temporary, final = written
        try:
            FileSystems.rename([temporary], [final])
        except Exception:
            # Done again after a failure: the file already has its name.
            if FileSystems.exists(temporary) or not FileSystems.exists(final):
                raise
        yield final
