"""Folding a text for a search, character by character, with a way back to the original offsets."""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache

from transforms.languages.short_texts import language_of
from transforms.text import unify, without_accents

Place = tuple[int, int]


class _FoldTable(dict[int, str]):
    """Maps each character to its folded form: no case, no accent, plain quotes and dashes."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.decomposition(char).partition(" ")[0]
        folded = " " if char.isspace() else without_accents(unify(char))
        folded = "u" if folded in ("\u00b5", "\u03bc") else folded
        if kind == "<super>" and folded.isdigit():
            folded = "^" + folded
        elif kind == "<fraction>":
            folded = " " + folded
        self[code] = folded
        return folded


FOLD = _FoldTable()


@dataclass(frozen=True)
class Folded:
    """A folded text, and the text that it was."""

    text: str
    source: str

    @cached_property
    def language(self) -> str:
        """The language that the text begins in, as `language_of` tells it."""
        return language_of(self.source)

    def search(self, pattern: str) -> Place | None:
        """The first place in the original text whose folded form matches."""
        found = re.search(pattern, self.text)
        return self.original(*found.span()) if found else None

    def original(self, start: int, end: int) -> Place:
        """The place in the original text; `end` is after the last character that was matched."""
        first = self._back(start)
        return first, max(self._back(end - 1) + 1, first + 1)

    def _back(self, offset: int) -> int:
        index = bisect_right(self._marks, (offset, 1 << 60)) - 1
        return offset if index < 0 else self._marks[index][1] + offset - self._marks[index][0]

    @cached_property
    def _marks(self) -> list[tuple[int, int]]:
        """(folded offset, original offset) wherever the two begin to drift apart."""
        odd = "" if self.source.isascii() else "".join(char for char in set(self.source) if len(FOLD[ord(char)]) != 1)
        marks: list[tuple[int, int]] = []
        shift = 0
        for found in re.finditer("[" + re.escape(odd) + "]", self.source) if odd else ():
            width = len(FOLD[ord(found[0])])
            start = found.start() + shift
            # Every character of an expansion points at the one that it came from.
            marks += [(start + step, found.start()) for step in range(1, width)]
            shift += width - 1
            marks.append((start + width, found.end()))
        return marks


@lru_cache(maxsize=4)
def fold(text: str) -> Folded:
    """Fold a whole text; the last few are remembered."""
    return Folded(text.translate(FOLD), text)
