"""Summaries of a stream: a row for each window, and counters, when the window closes.

A row has the parts of `summary.json` for its window alone, and when the window began and ended. What was late is
counted in the window in which it came. A window closes once, so its row is final; a job that is drained closes its
windows early, and the job that goes on with them writes a row of its own.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from beam_pipeline.output.names import SUMMARIES
from beam_pipeline.reading.event_time import iso
from beam_pipeline.streaming.windows import Windows
from beam_pipeline.streaming.write_windows import WriteWindows
from beam_pipeline.summary.write_summary import summarise

NAMESPACE = "windows"
_COUNTS, _DIVERSITY = "counts", "diversity"


@dataclass
class WriteWindowSummaries(beam.PTransform):
    """Writes a row for each window: PCollection[Counts], one a window -> PCollection[str], the files' names.

    `diversity` is a PCollection of dicts, one for each window that has pairs; the rest is as `WriteWindows` has it.
    """

    output: str
    windows: Windows
    run: str
    diversity: Any

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
            | "ToSummary" >> beam.FlatMap(_summarise, self.windows).with_output_types(dict[str, Any])
        )
        return rows | "Write" >> WriteWindows(self.output, SUMMARIES, self.windows, self.run)


def _named(part: dict[str, Any], name: str) -> tuple[int, tuple[str, str]]:
    return 0, (name, json.dumps(part, ensure_ascii=False))


def _summarise(
    joined: tuple[int, Iterable[tuple[str, str]]], windows: Windows, window: Any = beam.DoFn.WindowParam
) -> Iterator[dict[str, Any]]:
    parts = {name: json.loads(text) for name, text in joined[1]}
    if not parts:  # the empty pane of a runner that closes windows without elements
        return
    start, end = map(iso, windows.bounds(window))
    summary = summarise(parts.get(_COUNTS, {}))
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
