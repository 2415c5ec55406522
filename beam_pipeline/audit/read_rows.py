"""Reads a data set as pairs.

Input:    files of JSON, CSV, TSV, Parquet or Arrow
Passed:   PCollection[VerifiedQA], a pair for each row that has a question
Dead:     InvalidJson, LineTooLong, WrongType, MissingText, UnreadableFile
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.audit.columns import ColumnError, columns_of
from beam_pipeline.audit.look import look_at
from beam_pipeline.audit.rows import File, pair_of, prompt_of
from beam_pipeline.audit.wording import find_wording
from beam_pipeline.reading.documents import STAGE, dead_row
from beam_pipeline.reading.read_files import spread_files
from beam_pipeline.reading.whole_rows import first_rows, read_rows
from beam_pipeline.storage.matching import match_pattern
from beam_pipeline.storage.values import BadRow
from transforms.flow.outcome import Outcome, apply_rules, as_outcome
from transforms.records import DeadLetter, VerifiedQA

ROWS_LOOKED_AT = 200
# A row may hold a long context, and pictures that nobody reads here.
_MAX_ROW_BYTES = 64 << 20


def find_files(patterns: Iterable[str], given: Mapping[str, str], keep_wording: bool = False) -> dict[str, File]:
    """The files of a data set, each with how it is read; `given` are columns by what they hold.

    Raises:
        ValueError: a pattern matches none, or a file holds no questions; one line.
    """
    files: dict[str, File] = {}
    for path in (path for pattern in patterns for path in match_pattern(pattern)):
        rows = first_rows(path, ROWS_LOOKED_AT, _MAX_ROW_BYTES)
        try:
            columns = columns_of(rows, given)
        except ColumnError as error:
            raise ColumnError(f"{path}: {error}") from error
        prompts = () if keep_wording else (prompt_of(row, columns) for row in rows)
        files[path] = File(columns, find_wording(prompts))
    return files


@dataclass
class ReadPairs(beam.PTransform):
    """Reads the pairs of a data set and looks at each: pipeline -> Outcome[VerifiedQA], stage "read".

    Attributes:
        files: the files, and how each is read.
        ignored: reasons that are no findings.
        keep_text: whether the texts of documents go along.
    """

    files: Mapping[str, File]
    ignored: tuple[str, ...] = ()
    keep_text: bool = False

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> Outcome:
        paths = spread_files(pipeline, tuple(self.files))
        read = as_outcome(paths | "ReadRows" >> apply_rules(STAGE, partial(read_file, files=self.files), VerifiedQA))
        # A file is read by one worker; the rules, which take longest, are for all of them.
        look = beam.Map(_look, self.files, self.ignored, self.keep_text).with_output_types(VerifiedQA)
        return read._replace(passed=read.passed | "SpreadRows" >> beam.Reshuffle() | "Look" >> look)


def read_file(path: str, files: Mapping[str, File]) -> Iterator[VerifiedQA | DeadLetter]:
    """The pairs of a file, and a dead letter for each row of which none can be made."""
    file = files.get(path) or next(iter(files.values()))
    for where, row in read_rows(path, _MAX_ROW_BYTES):
        made = row if isinstance(row, BadRow) else pair_of(where, row, file)
        yield made if isinstance(made, VerifiedQA) else _dead(made, where, row)


def _look(qa: VerifiedQA, files: Mapping[str, File], ignored: tuple[str, ...], keep_text: bool) -> VerifiedQA:
    file = files.get(qa.pair.task.document.where.rpartition(":")[0])
    return look_at(qa, file is None or file.columns.keyed, ignored, keep_text)


def _dead(bad: BadRow, where: str, row: object) -> DeadLetter:
    raw = b"" if isinstance(row, BadRow) else json.dumps(row, default=str)[:10_000].encode("utf-8", "backslashreplace")
    return dead_row(bad, where, raw, where)
