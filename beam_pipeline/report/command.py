"""`webscale-qa report OUT`: write the report of a finished output, of a run or of a stream's windows."""

import sys
from collections.abc import Sequence

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.output.read_back import ReadBackError
from beam_pipeline.report.write import write_report


def main(argv: Sequence[str] | None = None) -> int:
    """Write a report; returns the exit code, 0 or 2."""
    parser = CommandParser("report", "Write the report of a finished run.", ("out", "gs://bucket/out --to report.html"))
    parser.add_argument("output", help="folder that the run wrote, local or not")
    parser.add_argument("--to", default="", metavar="FILE", help="file to write; report.html in that folder if it is not given")
    given = parser.parse_args(argv)
    try:
        print(write_report(given.output, given.to))
    except ReadBackError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    return OK
