"""`webscale-qa compare A B`: two runs on the same documents, such as before and after a change of a prompt or a model.

Which pairs came, which went, which changed their verdict, at what cost: as a table, and with `--to` as a page.
"""

import sys
from collections.abc import Sequence

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.compare.as_text import as_text
from beam_pipeline.compare.changes import Verdicts, changes
from beam_pipeline.compare.figures import figures
from beam_pipeline.compare.page import HEAD_BYTES, is_page_of_ours, render
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.output.read_back import OutputFolder, ReadBackError
from beam_pipeline.output.run_lock import is_held
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.row_files import Row
from beam_pipeline.storage.whole_file import write_whole
from transforms.errors import one_line


def main(argv: Sequence[str] | None = None) -> int:
    """Compare two runs; returns the exit code, 0 or 2."""
    parser = CommandParser(
        "compare",
        "Compare two runs on the same documents: which pairs came, went, or changed their verdict, and at what cost.",
        ("before after", "before after --to comparison.html"),
    )
    parser.add_argument("first", help="folder that a run wrote, local or not")
    parser.add_argument("second", help="folder of another run")
    parser.add_argument("--to", default="", metavar="FILE", help="HTML file to write as well")
    given = parser.parse_args(argv)
    try:
        paths = given.first, given.second
        if given.to:
            _check_page(given.to)
        rows = figures(*map(_summary, paths))
        first, second = map(Verdicts.of, paths)
        found = changes(first, second)
        print(as_text(paths, rows, found))
        for verdicts in (first, second):
            if verdicts.folder.damaged:
                print(f"{verdicts.folder.path}: lines that are no rows were left out", file=sys.stderr)
        if given.to:
            _write(given.to, render(paths, rows, found))
            print(f"\npage: {given.to}")
    except ValueError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return UNUSABLE
    return OK


def _summary(path: str) -> Row:
    """The summary of a run that ended. Raises ReadBackError."""
    folder = OutputFolder(path)
    if is_held(folder.path):
        raise ReadBackError(f"{folder.path}: a run is writing there; wait for its end")
    return folder.summary(folder.windows())


def _check_page(path: str) -> None:
    """Raise ReadBackError where something else than a comparison of ours lies at a path: it would be lost."""
    try:
        if not FileSystems.exists(path):
            return
        with FileSystems.open(path, compression_type="uncompressed") as file:
            ours = is_page_of_ours(file.read(HEAD_BYTES))
    except Exception as error:  # each file system has errors of its own; a folder is one
        raise ReadBackError(f"--to {path}: cannot be written: {reason(error)}") from error
    if not ours:
        raise ReadBackError(f"--to {path}: is there, and no comparison that this program wrote; name another file")


def _write(path: str, page: str) -> None:
    try:
        write_whole(path, page.encode("utf-8", "backslashreplace"), "text/html")
    except Exception as error:  # each file system has errors of its own
        raise ReadBackError(f"--to {path}: cannot be written: {reason(error)}") from error
