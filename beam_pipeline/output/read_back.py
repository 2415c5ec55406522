"""Reads an output folder back: rows, JSONL or Parquet, of a whole run or of a stream's windows; its summary, its options.

Rows are read a few at a time and never held. A row is what `transforms.records` makes of a record; in Parquet free-form
columns are JSON text, as they were written. `OutputFolder.rows` leaves out what is no row (a file that somebody edited, a
line that was cut) and counts it; `read_pairs` is strict.

The output of a stream counts as finished as far as its windows have closed: a file of `qa/` is whole when it has its name.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.folder import is_ours, list_output
from beam_pipeline.output.kinds import FREE_FORM, whole_unicode
from beam_pipeline.output.names import SUMMARIES
from beam_pipeline.output.run_lock import is_held
from beam_pipeline.output.saved_options import STREAMING, read_options
from beam_pipeline.reading.whole_rows import BROKEN_ROWS, read_rows
from beam_pipeline.storage.files import format_of, reason
from beam_pipeline.storage.matching import match_pattern
from beam_pipeline.storage.row_files import FORMATS, Row
from beam_pipeline.storage.values import BadRow
from beam_pipeline.summary.write_summary import SUMMARY_FILE, add_summaries, read_summary

MAX_LINE_BYTES = 64 << 20
# What every accepted pair has, whichever version wrote it.
_NEEDED = frozenset(("question", "answer", "answer_type", "domain", "persona", "quote"))
# What the row of a window has.
_COUNTED = frozenset(("documents", "balanced"))


class ReadBackError(ValueError):
    """There is no output, it cannot be read, or nothing made of it; the message is one line that says where and what to do."""


class OutputFolder:
    """The folder that a run wrote. `damaged` counts the rows that were no rows, as far as was read."""

    def __init__(self, path: str) -> None:
        self.path = path.rstrip("/") or path
        self.damaged = 0

    def rows(self, kind: str, run: str = "") -> Iterator[Row]:
        """The rows of "qa", "rejected", "dead_letters" or "summaries", file by file in the order of their names.

        `run` picks the files of one run of a stream.

        Raises:
            ReadBackError: a file cannot be read.
        """
        for path in self._files(kind, run):
            for where, row in read_rows(path, MAX_LINE_BYTES):
                if isinstance(row, BadRow):
                    if row.error not in BROKEN_ROWS:
                        raise ReadBackError(f"{where}: {row.message}")
                    self.damaged += 1
                    continue
                row = dict(row)
                for name in FREE_FORM & row.keys() if format_of(path) == "parquet" else ():
                    row[name] = _parse(row[name])
                yield row

    def summary(self, windows: Sequence[Row]) -> Row:
        """What came of the run: its summary.json, of a stream the sum of all its windows with that.

        Raises:
            ReadBackError: there is none, so the run has not ended.
        """
        path = FileSystems.join(self.path, SUMMARY_FILE)
        try:
            written = read_summary(path) if FileSystems.exists(path) else {}
        except (OSError, ValueError, TypeError) as error:
            raise ReadBackError(f"{path}: cannot be read: {reason(error)}") from error
        if windows:
            return {**written, **add_summaries(windows)}
        if not isinstance(written.get("documents"), dict) or not isinstance(written.get("pairs"), int):
            raise ReadBackError(f"{self.path}: holds no {SUMMARY_FILE} of a run that ended; name the --output folder of one")
        return written

    def windows(self, run: str = "") -> list[Row]:
        """The summaries of a stream's windows, in the order in which the windows began."""
        rows = [row for row in self.rows(SUMMARIES, run) if isinstance(row.get("window"), dict) and row.keys() >= _COUNTED]
        return sorted(rows, key=lambda row: str(row["window"].get("start")))

    def options(self) -> Row:
        """The options that the run was given; {} where they are not kept or cannot be read."""
        try:
            return read_options(self.path)
        except ValueError:
            return {}

    def _files(self, kind: str, run: str = "") -> list[str]:
        folder = FileSystems.join(self.path, kind)
        try:
            [matched] = FileSystems.match([FileSystems.join(folder, f"{kind}-*-{run}-pane*" if run else f"{kind}-*")])
        except Exception as error:  # each file system has errors of its own
            raise ReadBackError(f"{folder}: cannot be listed: {reason(error)}") from error
        names = {file.path.rpartition("/")[2]: file.path for file in matched.metadata_list}
        return [path for name, path in sorted(names.items()) if is_ours(f"{kind}/{name}")]


def pair_files(place: str) -> list[str]:
    """The files of accepted pairs at a place: a folder of a run or its `qa/`, a file or a glob; local or not.

    Raises:
        ReadBackError: none is there.
    """
    path = place.rstrip("/")
    wildcard = any(char in path for char in "*?[")
    tried = [path] if wildcard else [FileSystems.join(path, "qa", "qa*"), FileSystems.join(path, "qa*"), path]
    for candidate in tried:
        try:
            found = [file for file in match_pattern(candidate) if format_of(file) in FORMATS]
        except ValueError:
            continue
        if found:
            return sorted(found)
    raise ReadBackError(f"{place}: no .jsonl or .parquet file of accepted pairs there; give the qa/ folder of a run")


def read_pairs(path: str) -> Iterator[tuple[str, Row]]:
    """(where, row) of every pair of a file, in its order; free-form columns as the file has them.

    Raises:
        ReadBackError: the file cannot be read, or a row is no accepted pair; what came before was yielded.
    """
    for where, row in read_rows(path, MAX_LINE_BYTES):
        if isinstance(row, BadRow):
            raise ReadBackError(f"{where}: {row.message}")
        if not row.keys() >= _NEEDED:
            raise ReadBackError(f"{where}: not an accepted pair; these are in the qa/ folder of a run")
        yield where, whole_unicode(dict(row))  # Python's own parser reads halves of surrogate pairs, and nothing else writes them


def _parse(text: Any) -> Any:
    """What a free-form column holds, which is JSON text in Parquet."""
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True)
class FinishedRun:
    """What a run left."""

    output: str  # its folder
    files: Sequence[str]  # of accepted pairs
    summary: Mapping[str, Any]  # `summary.json`; of a stream, its windows added up
    options: Mapping[str, Any]  # that it was given, by name; those left at their defaults are not there
    streaming: bool
    running: bool  # a stream that goes on: more windows will close

    def rows(self) -> Iterator[tuple[str, Row]]:
        """(where, row) of every accepted pair, in bounded memory.

        Raises:
            ReadBackError: a file cannot be read, or the files do not hold what the summary says; only seen when all was read.
        """
        number = 0
        for path in self.files:
            for where, row in read_pairs(path):
                number += 1
                yield where, row
        if not self.streaming and number != self.summary["pairs"]:
            raise ReadBackError(
                f"{self.output}: qa/ holds {number:,} pairs and {SUMMARY_FILE} says {self.summary['pairs']:,}: "
                "files were added or lost; run it again with --resume"
            )


def open_run(output: str) -> FinishedRun:
    """Look at the output folder of a run.

    Raises:
        ValueError: there is no run, it has not ended, or it has no files of accepted pairs; one line that says what to do.
    """
    folder = OutputFolder(output)
    output = folder.path
    try:
        names = list_output(output)
    except Exception as error:  # each file system has errors of its own
        raise ReadBackError(f"{output}: cannot be read: {reason(error)}") from error
    folders = {name.partition("/")[0] for name in names if "/" in name}
    if "qa" not in folders:
        raise ReadBackError(f"{output}: there is no qa/ in it; give the --output folder of a run")
    options = read_options(output)
    streaming = bool(options.get(STREAMING)) or SUMMARIES in folders
    running = is_held(output)
    if not streaming and running:
        raise ReadBackError(f"{output}: a run is writing there; wait for its end")
    if not streaming and SUMMARY_FILE not in names:
        raise ReadBackError(f"{output}: has no {SUMMARY_FILE}, so its run has not ended; go on with it by --resume")
    summary = add_summaries(folder.windows()) if streaming else folder.summary(())
    return FinishedRun(output, pair_files(FileSystems.join(output, "qa")), summary, options, streaming, running)
