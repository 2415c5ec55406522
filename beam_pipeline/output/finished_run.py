"""A finished run: its accepted pairs, what its summary says, and the options it was given.

The output of a stream counts as finished as far as its windows have closed: a file of `qa/` is whole when it has its name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.folder import list_output
from beam_pipeline.output.names import SUMMARIES
from beam_pipeline.output.read_back import OutputFolder, ReadBackError, pair_files, read_pairs
from beam_pipeline.output.run_lock import is_held
from beam_pipeline.output.saved_options import STREAMING, read_options
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.row_files import Row
from beam_pipeline.summary.write_summary import SUMMARY_FILE, add_summaries, read_summary


@dataclass(frozen=True)
class FinishedRun:
    """What a run left.

    Attributes:
        output: its folder.
        files: its files of accepted pairs.
        summary: `summary.json`; of a stream, its windows added up.
        options: the options that it was given, by name; those left at their defaults are not there.
        streaming: whether it is a stream.
        running: a stream that goes on: more windows will close.
    """

    output: str
    files: tuple[str, ...]
    summary: Mapping[str, Any]
    options: Mapping[str, Any]
    streaming: bool
    running: bool

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
    output = output.rstrip("/") or output
    try:
        names = set(list_output(output))
    except Exception as error:  # each file system has errors of its own
        raise ReadBackError(f"{output}: cannot be read: {reason(error)}") from error
    folders = {name.partition("/")[0] for name in names if "/" in name}
    if "qa" not in folders:
        raise ReadBackError(f"{output}: there is no qa/ in it; give the --output folder of a run")
    options = read_options(output)
    streaming = bool(options.get(STREAMING)) or SUMMARIES in folders
    running = is_held(output)
    if streaming:
        summary = add_summaries(row for row in OutputFolder(output).rows(SUMMARIES) if "balanced" in row)
    elif running:
        raise ReadBackError(f"{output}: a run is writing there; wait for its end")
    elif SUMMARY_FILE not in names:
        raise ReadBackError(f"{output}: has no {SUMMARY_FILE}, so its run has not ended; go on with it by --resume")
    else:
        try:
            summary = read_summary(FileSystems.join(output, SUMMARY_FILE))
        except (OSError, ValueError, TypeError) as error:
            raise ReadBackError(f"{output}: its {SUMMARY_FILE} cannot be read: {reason(error)}") from error
        if not isinstance(summary.get("pairs"), int):
            raise ReadBackError(f"{output}: its {SUMMARY_FILE} is not that of a run")
    return FinishedRun(output, tuple(pair_files(FileSystems.join(output, "qa"))), summary, options, streaming, running)
