"""Folding a text for a search, character by character, with a way back to the original offsets."""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from transforms.text import unify, without_accents


class _FoldTable(dict[int, str]):
    """Maps each character to its folded form: no case, no accent, plain quotes and dashes."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char.isspace():
            folded = " "
        else:
            decimal = unicodedata.decomposition(char).startswith("<super>")
            folded = without_accents(unify(char))
            folded = "u" if folded in ("\u00b5", "\u03bc") else folded
            if decimal and folded.isdigit():
                folded = "^" + folded
            elif unicodedata.decomposition(char).startswith("<fraction>"):
                folded = " " + folded
        self[code] = folded
        return folded


FOLD = _FoldTable()


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text, and the text that it was."""

    text: str
    source: str

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original text; `end` is after the last character that was matched."""
        marks = _marks(self.source)
        first = _back(marks, start)
        return first, max(_back(marks, end - 1) + 1, first + 1)


@lru_cache(maxsize=4)
def fold(text: str) -> Folded:
    """Fold a whole text; the last few are remembered."""
    return Folded(text.translate(FOLD), text)


@lru_cache(maxsize=4)
def _marks(text: str) -> list[tuple[int, int]]:
    """(folded offset, original offset) wherever the two begin to drift apart."""
    odd = "" if text.isascii() else "".join(char for char in set(text) if len(FOLD[ord(char)]) != 1)
    marks: list[tuple[int, int]] = []
    shift = 0
    for found in re.finditer("[" + re.escape(odd) + "]", text) if odd else ():
        width = len(FOLD[ord(found[0])])
        start = found.start() + shift
        # Every character of an expansion points at the one that it came from.
        marks += [(start + step, found.start()) for step in range(1, width)]
        shift += width - 1
        marks.append((start + width, found.end()))
    return marks


def _back(marks: list[tuple[int, int]], offset: int) -> int:
    index = bisect_right(marks, (offset, 1 << 60)) - 1
    return offset if index < 0 else marks[index][1] + offset - marks[index][0]
