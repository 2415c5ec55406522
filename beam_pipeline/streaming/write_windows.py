"""Files of a stream: the rows of one window, each file whole and named by its window.

    <output>/qa/qa-20261121T060000Z-20261121T061000Z-6b01b1f4-pane0-00000-of-00001.jsonl

that is, the window's start and end, the run, the pane (a window is written once, so it is the first) and the shard. A
window without rows has no file. The run is in the name because a later one may meet the same window: neither takes away
what the other wrote.

A row of `summaries/` has the parts of `summary.json` for its window alone, and when the window began and ended. What was
late is counted in the window in which it came. A job that is drained closes its windows early, and the job that goes on
with them writes a row of its own.

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
from itertools import chain
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.output.folder import temporary_folder
from beam_pipeline.output.kinds import SCHEMAS, columns_of, json_line
from beam_pipeline.output.names import SUMMARIES
from beam_pipeline.reading.event_time import iso
from beam_pipeline.storage.row_files import ParquetRows, Row
from beam_pipeline.streaming.windows import Windows
from beam_pipeline.summary.write_summary import summarise
from transforms.text import stable_seed

NAMESPACE = "windows"
_COUNTS, _DIVERSITY = "counts", "diversity"


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
    """Writes each window's records as files of their own: PCollection[T] -> PCollection[str], the files' names."""

    output: str  # folder of the run; files go to `<output>/<kind>/`
    kind: str  # "qa", "rejected", "dead_letters" or "summaries"
    windows: Windows
    run: str  # what stands for the run in the names
    to_row: Callable[[Any], Row] | None = None  # from a record to its row; without one the elements are rows
    file_format: str = "jsonl"  # or "parquet" (zstd inside)
    num_shards: int = 0  # files of one pane; 0 is one. A shard without rows has none

    @no_annotations
    def expand(self, records: beam.PCollection) -> beam.PCollection:
        shards = max(1, self.num_shards)
        write = beam.FlatMap(_write, self.output, self.kind, self.windows, self.run, self.file_format, shards)
        return (
            records
            | "ToLines" >> beam.Map(_keyed_line, self.to_row, shards).with_output_types(tuple[int, bytes])
            | "WriteWindow" >> self.windows.closing()
            | "GroupByShard" >> beam.GroupByKey()
            | "WriteTemporary" >> write.with_output_types(tuple[str, str])
            | "StoreNames" >> beam.Reshuffle()
            | "Rename" >> beam.MapTuple(_rename).with_output_types(str)
        )


def _keyed_line(record: Any, to_row: Callable[[Any], Row] | None, shards: int) -> tuple[int, bytes]:
    """Rows travel as lines of JSON, also to Parquet: a running stream outlives the code that wrote its state."""
    line = json_line(to_row(record) if to_row else record)
    return stable_seed("shard", line.decode("utf-8")) % shards if shards > 1 else 0, line


def _write(
    group: tuple[int, Iterable[bytes]],
    output: str,
    kind: str,
    windows: Windows,
    run: str,
    file_format: str,
    shards: int,
    window: Any = beam.DoFn.WindowParam,
    pane: Any = beam.DoFn.PaneInfoParam,
) -> Iterator[tuple[str, str]]:
    """Where a file was written, and where it belongs."""
    shard, lines = group
    rows = iter(lines)
    first = next(rows, None)
    if first is None:  # a runner may give a pane without rows
        return
    window_and_run = f"{window_name(windows.bounds(window))}-{run}"
    name = f"{kind}-{window_and_run}-pane{pane.index}-{shard:05}-of-{shards:05}.{file_format}"
    folder = FileSystems.join(output, kind, temporary_folder(kind, run))
    with suppress(OSError):  # it is there
        FileSystems.mkdirs(folder)
    temporary = FileSystems.join(folder, f"{name}.{uuid.uuid4().hex}")
    with FileSystems.create(temporary, compression_type="uncompressed") as file:
        if file_format == "parquet":
            _write_parquet(file, chain((first,), rows), SCHEMAS[kind])
        else:
            file.writelines(line + b"\n" for line in chain((first,), rows))
    yield temporary, FileSystems.join(output, kind, name)


def _write_parquet(file: Any, lines: Iterable[bytes], schema: pa.Schema) -> None:
    columns = tuple(schema.names)
    with closing(ParquetRows(file, schema)) as rows:
        for line in lines:
            rows.write(columns_of(json.loads(line), columns), len(line))


def _rename(temporary: str, final: str) -> str:
    try:
        FileSystems.rename([temporary], [final])
    except Exception:
        # Done again after a failure: the file already has its name.
        if FileSystems.exists(temporary) or not FileSystems.exists(final):
            raise
    return final


@dataclass
class WriteWindowSummaries(beam.PTransform):
    """Writes a row for each window: PCollection[Counts], one a window -> PCollection[str], the files' names.

    `diversity` is a PCollection of dicts, one for each window that has pairs; `order` are the stages as documents meet them;
    the rest is as `WriteWindows` has it.
    """

    output: str
    windows: Windows
    run: str
    diversity: Any
    order: tuple[str, ...] = ()

    def expand(self, counts: beam.PCollection) -> beam.PCollection:
        # Grouped and not a side input: both close with the window, and a window without pairs has no diversity.
        parts = (
            counts | "NameCounts" >> beam.Map(_named, _COUNTS).with_output_types(tuple[int, tuple[str, str]]),
            self.diversity | "NameDiversity" >> beam.Map(_named, _DIVERSITY).with_output_types(tuple[int, tuple[str, str]]),
        )
        rows = (
            parts
            | "FlattenParts" >> beam.Flatten()
            | "JoinParts" >> beam.GroupByKey()
            | "ToSummary" >> beam.FlatMap(_summarise, self.windows, self.order).with_output_types(dict[str, Any])
        )
        return rows | "Write" >> WriteWindows(self.output, SUMMARIES, self.windows, self.run)


def _named(part: dict[str, Any], name: str) -> tuple[int, tuple[str, str]]:
    return 0, (name, json.dumps(part, ensure_ascii=False))


def _summarise(
    joined: tuple[int, Iterable[tuple[str, str]]],
    windows: Windows,
    order: tuple[str, ...] = (),
    window: Any = beam.DoFn.WindowParam,
) -> Iterator[dict[str, Any]]:
    parts = {name: json.loads(text) for name, text in joined[1]}
    if not parts:  # the empty pane of a runner that closes windows without elements
        return
    start, end = map(iso, windows.bounds(window))
    summary = summarise(parts.get(_COUNTS, {}), order)
    _count(summary)
    row = {"window": {"start": start, "end": end}, **summary}
    yield {**row, "diversity": parts[_DIVERSITY]} if _DIVERSITY in parts else row


def _count(summary: dict[str, Any]) -> None:
    counted = {"closed": 1, "pairs": summary["pairs"], **({} if summary["balanced"] else {"unbalanced": 1})}
    for part in ("documents", "tasks"):
        counted |= {f"{part}/{ending}": number for ending, number in summary[part].items()}
    for name, number in counted.items():
        Metrics.counter(NAMESPACE, name).inc(number)
    Metrics.distribution(NAMESPACE, "documents_in_window").update(summary["documents"]["read"])
