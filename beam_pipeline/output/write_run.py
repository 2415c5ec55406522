"""Writes a whole run of stages as an output folder that `webscale-qa report` and `export` open."""

from collections.abc import Callable, Mapping
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.kinds import KINDS, Kind
from beam_pipeline.output.write_files import WriteRecords
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
    read, screened, *_ = stages.values()
    *_, last = stages.values()
    left = leaving(last.passed, stages)
    counts = pipeline | "Count" >> CountRun(read, stages, screened.passed, tasks, left)
    diversity = left.passed | "Diversity" >> beam.CombineGlobally(DiversityFn())
    write_folder(left, lambda kind: WriteRecords(output, kind.name, kind.to_row, file_format))
    counts | "WriteSummary" >> WriteSummary(FileSystems.join(output, SUMMARY_FILE), diversity)
    return left


def write_folder(left: Outcome, sink: Callable[[Kind], beam.PTransform]) -> None:
    """Write what leaves a pipeline, each kind of it to the sink made for it."""
    for records, kind in zip(left, KINDS.values(), strict=True):
        records | f"Write{kind.label}" >> sink(kind)
