"""`webscale-qa review OUT --to FILE`: the rows at which a run stopped (`--stop_after`), as a file to strike and edit them in.

Each line is a row of the stage with `strike: false`. Set that to true, with a `reason` if there is one, or change `question`,
`answer`, `answer_type`, `aliases` or `valid_as_of`; lines that stay as they are change nothing. The rest of a line is to be read.

Exit codes: 0 written; 2 there is nothing to review, or the file cannot be written.
"""

import sys
from collections.abc import Iterator, Sequence

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.output.kinds import json_line
from beam_pipeline.output.names import REVIEW
from beam_pipeline.output.read_back import OutputFolder, ReadBackError
from beam_pipeline.review.stopped import stage_of_stop
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.row_files import Row
from beam_pipeline.storage.whole_file import write_whole
from transforms.text import stable_seed

_HASHES = 1 << 64


def rows_to_review(output: str, sample: float = 1.0) -> Iterator[Row]:
    """The rows of a run's review, or a share of them that a hash of their ids chooses.

    Raises:
        ReadBackError: the run did not stop for one, or its rows cannot be read.
    """
    if not stage_of_stop(output):
        raise ReadBackError(f"{output}: no run stopped there to be reviewed; --stop_after STAGE does it")
    for row in OutputFolder(output).rows(REVIEW):
        if sample >= 1 or stable_seed("review", str(row.get("id"))) < sample * _HASHES:
            yield row


def main(argv: Sequence[str] | None = None) -> int:
    """Write a file of edits that changes nothing yet; returns the exit code."""
    parser = CommandParser(
        "review",
        "Write the rows at which a run stopped, to be struck or edited.",
        ("out --to edits.jsonl", "out --to edits.jsonl --sample 0.1"),
    )
    parser.add_argument("output", metavar="OUT", help="output folder of a run that stopped by --stop_after")
    parser.add_argument("--to", required=True, metavar="FILE", help="file to write, .jsonl; one that is there stays as it is")
    parser.add_argument("--sample", type=float, default=1.0, metavar="SHARE", help="share of the rows, above 0 to 1; 1 is all")
    given = parser.parse_args(argv)
    try:
        if not 0 < given.sample <= 1:
            raise ReadBackError(f"--sample {given.sample:g}: must be above 0, to 1")
        if not given.to.endswith(".jsonl"):
            raise ReadBackError(f"--to {given.to}: the name must end in .jsonl")
        if FileSystems.exists(given.to):  # a reviewer's work
            raise ReadBackError(f"--to {given.to}: is there already, and may hold edits; name another file")
        lines = [json_line(row) for row in rows_to_review(given.output, given.sample)]
        write_whole(given.to, b"".join(line + b"\n" for line in lines), "application/jsonl")
    except ReadBackError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        print(f"error: --to {given.to}: cannot be written: {reason(error)}", file=sys.stderr)
        return UNUSABLE
    go_on = f"webscale-qa run --resume {given.output} --edits {given.to}"
    print(f"{len(lines):,} rows in {given.to}: strike or edit them, then {go_on}")
    return OK
