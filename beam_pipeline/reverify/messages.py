"""Messages about single lines, as many as a person reads; and texts of others on one line of a terminal."""

from typing import TextIO

MOST = 20
MAX_WIDTH = 400


class Messages:
    """Prints what is wrong with single lines, and counts what is more than `most`."""

    def __init__(self, stream: TextIO, most: int = MOST) -> None:
        self.number = 0
        self._stream = stream
        self._most = most

    def add(self, where: str, why: str) -> None:
        """Say, or only count, what is wrong with a line."""
        self.number += 1
        if self.number <= self._most:
            print(f"{harmless(where, MAX_WIDTH)}: {harmless(why, MAX_WIDTH)}", file=self._stream)

    def end(self) -> None:
        """Say how many lines were only counted."""
        if self.number > self._most:
            print(f"... and {self.number - self._most:,} more", file=self._stream)


def harmless(text: str, width: int) -> str:
    """How a text begins, on one line, with what could move a cursor or turn the line round escaped."""
    line = " ".join(text[: 4 * width].split())
    line = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in line)
    return line if len(line) <= width and len(text) <= 4 * width else f"{line[: width - 3]}..."
