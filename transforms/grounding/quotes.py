"""Quotes: whether a document has the words that a verifier puts forward as its proof.

A quote is looked for word by word, whatever its case, quotes, dashes and white space, and what is kept
is the document's own spelling of it. One that has fewer than three words and does not say the answer
("the") proves nothing: "quote_too_short".
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache

from transforms.grounding.find import find_in_text
from transforms.records import QAPair
from transforms.shingles import shingle_words
from transforms.text import normalise, words

# Fewer words may stand anywhere ("it is"); they prove something only if the answer is among them.
MIN_QUOTE_WORDS = 3
_MARKS = " \"'.,;:"
# What becomes a text of the same length when normalised (printable ASCII, single spaces), or else one word.
_PIECE = re.compile(r"(?<!\S)[!-~]+(?: [!-~]+)*(?!\S)|\S+")


@dataclass(frozen=True, slots=True)
class _Normalised:
    """A document normalised piece by piece, with the way back to its own spelling."""

    text: str
    starts: list[int]  # of each piece in `text`
    pieces: list[tuple[int, str]]  # where it begins in the document, and how it is spelled there

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The place in the document of a place in the normalised text."""
        first, last = bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1) - 1
        (before, head), (between, tail) = self.pieces[first], self.pieces[last]
        return before + _begin(head, start - self.starts[first]), between + _end(tail, end - self.starts[last])


@lru_cache(maxsize=64)
def _normalised(text: str) -> _Normalised:
    # The pairs of one document come close together.
    parts: list[str] = []
    starts: list[int] = []
    pieces: list[tuple[int, str]] = []
    offset = 0
    for found in _PIECE.finditer(text):
        part = normalise(found[0])
        if part:  # not so for invisible characters
            parts.append(part)
            starts.append(offset)
            pieces.append((found.start(), found[0]))
            offset += len(part) + 1
    return _Normalised(" ".join(parts), starts, pieces)


def _begin(piece: str, offset: int) -> int:
    """The character of a piece from which the normalised character at `offset` comes."""
    if piece.isascii():
        return offset
    return bisect_right(range(len(piece) + 1), offset, key=lambda size: len(normalise(piece[:size]))) - 1


def _end(piece: str, offset: int) -> int:
    """The same for the end of a span, which is after the last character that belongs to it."""
    if piece.isascii():
        return offset
    sizes = range(len(piece) + 1)
    least = bisect_left(sizes, offset, key=lambda size: len(normalise(piece[:size])))
    most = bisect_right(sizes, offset, key=lambda size: len(normalise(piece[:size]))) - 1
    # An accent written after its letter belongs to it, an invisible character does not.
    return most if most > least and normalise(piece[:most]) != normalise(piece[:least]) else least


def find_quote(quote: str, text: str) -> str | None:
    """The words of a document that a quote repeats, as the document spells them; None if it has no such words."""
    normalised, wanted = _normalised(text), normalise(quote)
    for form in (wanted, wanted.strip(_MARKS)):
        start = _find_words(form, normalised.text)
        if start is not None:
            return text[slice(*normalised.original(start, start + len(form)))]
    return None


def _find_words(wanted: str, text: str) -> int | None:
    """Where whole words stand in a text, both normalised."""
    start = text.find(wanted) if wanted else -1
    while start >= 0:
        if _between_words(text, start) and _between_words(text, start + len(wanted)):
            return start
        start = text.find(wanted, start + 1)
    return None


def _between_words(text: str, offset: int) -> bool:
    # Plain text sets words off with underscores; scripts without spaces have a border at every character.
    around = text[max(0, offset - 1) : offset + 1].replace("_", " ")
    return len(around) < 2 or shingle_words(around) != [around]


def quote_problem(quote: str, found: str | None, pair: QAPair) -> str | None:
    """Reason to distrust a quote, or None: a verifier that cannot point at its proof has none.

    `found` is the quote in the document's own words, as `find_quote` has it.
    """
    if not normalise(quote).strip(_MARKS):
        return "no_quote"
    if found is None:
        return "quote_not_in_document"
    return None if _count_words(found) >= MIN_QUOTE_WORDS or _says_answer(found, pair) else "quote_too_short"


def _count_words(text: str) -> int:
    return sum(1 if word.isascii() else len(shingle_words(word)) for word in words(text))


def _says_answer(quote: str, pair: QAPair) -> bool:
    return any(find_in_text(form, quote, pair.answer_type) for form in (pair.answer, *pair.aliases))
