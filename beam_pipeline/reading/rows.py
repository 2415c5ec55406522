"""What readers of files find: one row after another, each with its place."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from beam_pipeline.storage.files import BrokenFile
from beam_pipeline.storage.values import BadRow


class FoundRow(NamedTuple):
    """A row as its format holds it, or why there is none; `raw` is how it begins, where that is at hand."""

    where: str
    row: Mapping[str, Any] | BadRow
    raw: bytes = b""


def too_long(what: str, max_bytes: int) -> BadRow:
    """Why something is no document that takes more memory than a document may."""
    return BadRow("LineTooLong", f"the {what} is longer than {max_bytes:,} bytes; split it")


def broken_row(where: str, broken: BrokenFile, before: str) -> FoundRow:
    """The last row of a file that breaks; `before` is what was read of it."""
    return FoundRow(where, BadRow(broken.error, f"{broken}; {before}"))
