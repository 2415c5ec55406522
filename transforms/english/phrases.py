"""Tables of words and short phrases, looked up in the words of a text in one pass."""

import re
from collections.abc import Sequence

from transforms.english.stems import singular

_WORD = re.compile(r"[^\W_]+(?:[.'-][^\W_]+)*")


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, each as its singular; "'s" is off, and a hyphen parts two words."""
    found = _WORD.findall(text.lower().replace("\u2019", "'").replace("-", " "))
    return [singular(word.removesuffix("'s")) for word in found]


class Phrases:
    """A table of phrases, written with commas between them: "chief executive, mayor". Number and possessive do not matter."""

    def __init__(self, *tables: str) -> None:
        entries = [tuple(plain_words(entry)) for table in tables for entry in table.split(",")]
        self._entries = frozenset(entry for entry in entries if entry)
        self._lengths = sorted({len(entry) for entry in self._entries}, reverse=True)

    def find(self, words: Sequence[str], start: int = 0, end: int | None = None) -> range | None:
        """Where the first phrase of the table stands, the longest one of its place; None if there is none."""
        end = len(words) if end is None else min(end, len(words))
        for at in range(start, end):
            if found := self.at(words, at, end):
                return found
        return None

    def at(self, words: Sequence[str], at: int, end: int | None = None) -> range | None:
        """The longest phrase of the table that begins at a word."""
        end = len(words) if end is None else end
        return next(
            (
                range(at, at + size)
                for size in self._lengths
                if at + size <= end and tuple(words[at : at + size]) in self._entries
            ),
            None,
        )

    def __contains__(self, word: str) -> bool:
        return (word,) in self._entries
