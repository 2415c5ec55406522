"""Reading a finished output back: its rows, JSONL or Parquet, of a whole run or of a stream's windows; its summary, its options.

Rows are read one after another and never held. What is no row (a file that somebody edited, a line that was cut) is left
out and counted.
"""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.folder import is_ours
from beam_pipeline.output.kinds import FREE_FORM
from beam_pipeline.output.names import SUMMARIES
from beam_pipeline.output.saved_options import read_options
from beam_pipeline.storage.files import BrokenFile, format_of, open_file, read_blocks, reason, split_lines
from beam_pipeline.summary.write_summary import SUMMARY_FILE, add_summaries, read_summary

Row = dict[str, Any]

MAX_LINE_BYTES = 64 << 20
_PARQUET_ROWS = 64


class ReportError(ValueError):
    """There is nothing to report on, or it cannot be read; the message is one line that says what to do."""


class Output:
    """The folder that a run wrote. `damaged` counts the rows that were no rows, as far as was read."""

    def __init__(self, folder: str) -> None:
        self.folder = folder.rstrip("/") or folder
        self.damaged = 0

    def rows(self, kind: str) -> Iterator[Row]:
        """The rows of "qa", "rejected", "dead_letters" or "summaries", file by file in the order of their names.

        Raises:
            ReportError: a file cannot be read.
        """
        for path in self._files(kind):
            read = self._parquet_rows(path) if format_of(path) == "parquet" else self._json_rows(path)
            try:
                yield from read
            except (OSError, BrokenFile, ValueError) as error:  # Arrow's own errors are OSErrors and ValueErrors
                raise ReportError(f"{path}: cannot be read: {reason(error)}") from error

    def summary(self) -> Row:
        """What came of the run: its summary.json, of a stream the sum of all its windows with that.

        Raises:
            ReportError: there is none, so the run has not ended.
        """
        path = FileSystems.join(self.folder, SUMMARY_FILE)
        try:
            written = read_summary(path) if FileSystems.exists(path) else {}
            windows = self.windows()
        except (OSError, ValueError) as error:
            if isinstance(error, ReportError):
                raise
            raise ReportError(f"{path}: cannot be read: {reason(error)}") from error
        if windows:
            return {**written, **add_summaries(windows)}
        if not isinstance(written.get("documents"), dict):
            raise ReportError(f"{self.folder}: holds no {SUMMARY_FILE} of a run that ended; name the --output folder of one")
        return written

    def windows(self) -> list[Row]:
        """The summaries of a stream's windows, in the order in which the windows began."""
        rows = [row for row in self.rows(SUMMARIES) if isinstance(row.get("window"), dict) and "documents" in row]
        return sorted(rows, key=lambda row: str(row["window"].get("start")))

    def options(self) -> Row:
        """The options that the run was given; {} where they are not kept or cannot be read."""
        try:
            return read_options(self.folder)
        except ValueError:
            return {}

    def _files(self, kind: str) -> list[str]:
        folder = FileSystems.join(self.folder, kind)
        try:
            [matched] = FileSystems.match([FileSystems.join(folder, f"{kind}-*")])
        except Exception as error:  # each file system has errors of its own
            raise ReportError(f"{folder}: cannot be listed: {reason(error)}") from error
        names = {file.path.rpartition("/")[2]: file.path for file in matched.metadata_list}
        return [path for name, path in sorted(names.items()) if is_ours(f"{kind}/{name}")]

    def _json_rows(self, path: str) -> Iterator[Row]:
        with open_file(path) as stream:
            for _, line, size in split_lines(read_blocks(path, stream), MAX_LINE_BYTES):
                if line.strip():
                    row = _parse(line) if size <= MAX_LINE_BYTES else None
                    if isinstance(row, dict):
                        yield row
                    else:
                        self.damaged += 1

    def _parquet_rows(self, path: str) -> Iterator[Row]:
        with open_file(path) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(batch_size=_PARQUET_ROWS, use_threads=False):
                for row in batch.to_pylist():
                    for name in FREE_FORM & row.keys():  # JSON text in Parquet
                        row[name] = _parse(row[name]) if isinstance(row[name], str) else None
                    yield row


def _parse(line: bytes | str) -> Any:
    """A JSON value; None for what is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
