"""Writes a whole run of stages as an output folder that `webscale-qa report` and `export` open.

    <output>/qa/qa-00000-of-00004.jsonl, rejected/..., dead_letters/..., journal/, summary.json, report.html

and of a stream, files named by their windows (`streaming/write_windows.py`) and summaries/.

A file under its final name is whole. Beam writes each shard to `<kind>/beam-temp-<kind>-<hex>/` and
renames it when all shards are written, so a run that is stopped leaves that folder behind and no half
file; `prepare_output` clears it away. On an object store the rename is a copy of a finished object.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.output.kinds import KINDS, SCHEMAS, Kind, columns_of, json_line
from beam_pipeline.storage.row_files import FORMATS, ROW_GROUP_BYTES, Row
from beam_pipeline.summary.diversity import DiversityFn
from beam_pipeline.summary.ledger import CountRun
from beam_pipeline.summary.write_summary import SUMMARY_FILE, WriteSummary
from transforms.flow.outcome import Outcome


def leaving(passed: Any, stages: Mapping[str, Outcome]) -> Outcome:
    """What leaves a pipeline: what passed its last stage, all rejections, all dead letters."""
    return Outcome(
        passed,
        [outcome.rejected for outcome in stages.values()] | "FlattenRejected" >> beam.Flatten(),
        [outcome.dead_letters for outcome in stages.values()] | "FlattenDeadLetters" >> beam.Flatten(),
    )


def write_run(
    pipeline: beam.Pipeline, output: str, stages: Mapping[str, Outcome], tasks: Any, file_format: str = "jsonl"
) -> Outcome:
    """Write accepted pairs, rejections, dead letters, and a summary whose counts close.

    `stages` are the outcomes of all stages by name, in order: the first read documents, the second screened them, and the
    last passed PCollection[VerifiedQA]. `tasks` is PCollection[PersonaTask], every task for which a pair was asked; those
    of which nothing came must be among the rejections or dead letters. Returns what was written.
    """
    read, screened, *_, last = stages.values()
    left = leaving(last.passed, stages)
    counts = pipeline | "Count" >> CountRun(read, stages, screened.passed, tasks, left)
    diversity = left.passed | "Diversity" >> beam.CombineGlobally(DiversityFn())
    write_folder(left, lambda kind: WriteRecords(output, kind.name, kind.to_row, file_format))
    counts | "WriteSummary" >> WriteSummary(FileSystems.join(output, SUMMARY_FILE), diversity, tuple(stages))
    return left


def write_folder(left: Outcome, sink: Callable[[Kind], beam.PTransform]) -> None:
    """Write what leaves a pipeline, each kind of it to the sink made for it."""
    for records, kind in zip(left, KINDS.values(), strict=True):
        records | f"Write{kind.label}" >> sink(kind)


@dataclass
class WriteRecords(beam.PTransform):
    """Writes records as files: PCollection of records -> PCollection[str], the files' names.

    With no records there is one file with no rows, and its columns if it is Parquet.
    """

    output: str  # folder of the run; files go to `<output>/<kind>/`
    kind: str  # "qa", "rejected" or "dead_letters"
    to_row: Callable[[Any], Row] | None = None  # from a record to its row; without one the elements are rows
    file_format: str = "jsonl"  # or "parquet" (zstd inside)
    num_shards: int = 0  # number of files; 0 lets the runner choose, which costs no shuffle

    @no_annotations
    def expand(self, records: beam.PCollection) -> beam.PCollection:
        if self.kind not in SCHEMAS:
            raise ValueError(f"kind must be one of {', '.join(SCHEMAS)}, not {self.kind!r}")
        if self.file_format not in FORMATS:
            raise ValueError(f"file_format must be one of {', '.join(FORMATS)}, not {self.file_format!r}")
        prefix = FileSystems.join(self.output, self.kind, self.kind)
        if self.file_format == "jsonl":
            lines = records | "ToLines" >> beam.Map(_to_line, self.to_row).with_output_types(bytes)
            return lines | "WriteFiles" >> beam.io.WriteToText(
                prefix, ".jsonl", num_shards=self.num_shards, coder=beam.coders.BytesCoder()
            )
        schema = SCHEMAS[self.kind]
        rows = records | "ToRows" >> beam.Map(_to_columns, self.to_row, tuple(schema.names))
        return rows | "WriteFiles" >> beam.io.WriteToParquet(
            prefix,
            schema,
            row_group_buffer_size=ROW_GROUP_BYTES,
            codec="zstd",
            use_compliant_nested_type=True,
            file_name_suffix=".parquet",
            num_shards=self.num_shards,
        )


def _to_line(record: Any, to_row: Callable[[Any], Row] | None) -> bytes:
    return json_line(to_row(record) if to_row else record)


def _to_columns(record: Any, to_row: Callable[[Any], Row] | None, columns: tuple[str, ...]) -> Row:
    return columns_of(to_row(record) if to_row else record, columns)
