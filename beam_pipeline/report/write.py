"""The report of a finished run: one HTML file that asks no network, beside its summary.

`webscale-qa report OUT` writes that of a run, or of a stream's windows; a local batch run writes its own at its end.
"""

import logging
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.output.names import REPORT_FILE
from beam_pipeline.output.read_back import ReadBackError
from beam_pipeline.storage.whole_file import write_whole

# What draws it, which workers do without: the extra "report" of the package.
NEEDED = {"matplotlib": "matplotlib", "sklearn": "scikit-learn"}

_LOGGER = logging.getLogger(__name__)


class NotWritten(ReadBackError):
    """There is a report, and no room for it."""


def write_report(output: str, path: str = "") -> str:
    """Write the report of an output folder; returns its path, `<output>/report.html` unless given.

    Raises:
        ReadBackError: what draws it is not installed, there is no finished run, or it cannot be read or written; one line.
    """
    if missing := [name for module, name in NEEDED.items() if find_spec(module) is None]:
        raise ReadBackError(
            f"the report needs {' and '.join(missing)}: pip install 'webscale-qa[report]', or leave it out with --report false"
        )
    from beam_pipeline.report.collect import collect
    from beam_pipeline.report.page import render

    page = render(collect(output))
    path = path or FileSystems.join(output, REPORT_FILE)
    try:
        write_whole(path, page.encode("utf-8", "backslashreplace"), "text/html")
    except OSError as error:
        raise NotWritten(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def tell_report(output: str) -> bool:
    """Write the report at the end of a run and say where; what goes wrong costs a line, for the run itself is done.

    False where the file system did not take it.
    """
    try:
        print(f"report: {write_report(output)}")
    except NotWritten as error:
        print(f"no report: {error}; webscale-qa report {output} writes it when there is room", file=sys.stderr)
        return False
    except ReadBackError as error:
        print(f"no report: {error}", file=sys.stderr)
    except Exception as error:  # a mistake in a drawing must not make a run that was paid for look failed
        _LOGGER.debug("the report failed", exc_info=True)
        print(f"no report: {type(error).__name__}: {error}; webscale-qa report {output} shows where", file=sys.stderr)
    return True


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
