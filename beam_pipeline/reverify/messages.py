"""Messages about single lines, as many as a person reads."""

from typing import TextIO

from transforms.said import said

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
            print(f"{said(where, MAX_WIDTH)}: {said(why, MAX_WIDTH)}", file=self._stream)

    def end(self) -> None:
        """Say how many lines were only counted."""
        if self.number > self._most:
            print(f"... and {self.number - self._most:,} more", file=self._stream)
