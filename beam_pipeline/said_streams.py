"""The two streams on which everything is said: whatever is printed or logged passes `transforms.said` first.

Messages are made harmless where they are made, so that their cut falls on the text of others and not on ours. This is the
wall behind them, for what a library logs, and for the message that somebody forgot.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO, cast

from transforms.said import printable

# A prompt that `--dry_run` shows may have a whole document on one line.
MOST_OF_A_LINE = 20_000
_KEPT = "\n\t"


class SaidStream(io.TextIOBase):
    """A text stream that escapes what is not printable, and cuts lines that have no end. `beneath` is the stream itself."""

    def __init__(self, beneath: TextIO) -> None:
        self.beneath = beneath

    def write(self, text: str) -> int:
        try:
            self.beneath.write(_harmless(text, self.beneath.encoding))
        except BrokenPipeError:
            self._nobody_reads()
        return len(text)

    def flush(self) -> None:
        try:
            self.beneath.flush()
        except BrokenPipeError:
            self._nobody_reads()

    def _nobody_reads(self) -> None:
        """Who read this has gone (`| head`): what is said now goes nowhere, and the run is finished all the same."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.beneath.fileno())
        os.close(nowhere)

    def isatty(self) -> bool:
        return self.beneath.isatty()

    def fileno(self) -> int:
        return self.beneath.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.beneath.encoding

    @property
    def buffer(self) -> object:
        return self.beneath.buffer


def _harmless(text: str, encoding: str | None) -> str:
    if len(text) > MOST_OF_A_LINE:
        lines = (line if len(line) <= MOST_OF_A_LINE else f"{line[: MOST_OF_A_LINE - 3]}..." for line in text.split("\n"))
        text = "\n".join(lines)
    text = printable(text, _KEPT)
    if not text.isascii() and encoding and encoding.lower().replace("-", "") != "utf8":
        text = text.encode(encoding, "backslashreplace").decode(encoding)  # a log in ASCII ends no run
    return text


@contextmanager
def said_streams() -> Iterator[None]:
    """Put the wall before standard output and standard error while a command runs.

    What the command has put in the place of one of them stays: an engine that was stopped complains until the process ends.
    """
    before = sys.stdout, sys.stderr
    out, err = (cast(TextIO, SaidStream(stream)) for stream in before)
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        if sys.stdout is out:
            sys.stdout = before[0]
        if sys.stderr is err:
            sys.stderr = before[1]


def beneath(stream: TextIO) -> TextIO:
    """The stream itself, for who draws on a terminal: a line that is drawn over again needs its commands."""
    return cast(TextIO, getattr(stream, "beneath", stream))
