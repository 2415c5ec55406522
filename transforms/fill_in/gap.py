"""Gap: the one or two sentences of a document that are masked, and the passage that is shown around them.

A sentence that reasons ("because", "therefore") is taken before others, since it follows from what stands around it;
among equals a hash of the document decides, so two runs agree.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from transforms.english.sentences import split_sentences
from transforms.text import normalise, stable_hash, words

MASK = "[MISSING]"
# Words of a masked span; one with fewer than the second number takes the next sentence in.
LEAST_WORDS, SHORT_WORDS, MOST_WORDS = 8, 12, 50
# Characters that are shown before and behind the mask at most, and that must stand there at least.
SHOWN_BEFORE, SHOWN_BEHIND = 1000, 500
LEAST_BEFORE, LEAST_BEHIND = 120, 60
# Words in a row of a span that may not stand in the passage as well.
REPEATED_WORDS = 6
TRIED = 30

_REASONS = re.compile(
    r"\b(?:because|therefore|thus|hence|so|since|consequently|as a result|which (?:means|implies|is why)|it follows|"
    r"if|then|unless|although|however|instead|rather than|due to|leads? to|caused?|depends?)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?][\"')\]\u201d\u2019]*$")


@dataclass(frozen=True, slots=True)
class Gap:
    """A span of a document, [start, end) in characters of its text, and what is shown before and behind it."""

    before: str
    span: str
    behind: str
    start: int
    end: int

    @property
    def passage(self) -> str:
        """The passage with the mask in place of the span."""
        return f"{self.before}{MASK}{self.behind}"


def find_gap(text: str, seed: str) -> Gap | None:
    """The span to mask, chosen by the text and `seed`; None where no span fits, or the text has the mask in it."""
    if MASK in text:
        return None
    sentences = [*_sentences(text)]
    first, last = len(text) - len(text.lstrip()) + LEAST_BEFORE, len(text.rstrip()) - LEAST_BEHIND
    fitting = [(start, end) for start, end in _spans(text, sentences) if first <= start and end <= last]
    ranked = sorted(fitting, key=lambda span: (-_reasons(text[slice(*span)]), stable_hash(seed, str(span[0]))))
    borders = [start for start, _ in sentences], [end for _, end in sentences]
    gaps = (_gap(text, *span, *borders) for span in ranked[:TRIED])
    return next((gap for gap in gaps if not _is_repeated(gap)), None)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence begins and ends, line by line."""
    at = 0
    for line in text.splitlines(keepends=True):
        cursor = at
        for sentence in split_sentences(line):
            if (start := text.find(sentence, cursor, at + len(line))) >= 0:
                cursor = start + len(sentence)
                yield start, cursor
        at += len(line)


def _spans(text: str, sentences: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Whole sentences of a fitting length, and pairs on one line where the first is short."""
    for number, (start, end) in enumerate(sentences):
        if len(words(text[start:end])) < SHORT_WORDS and number + 1 < len(sentences):
            following = sentences[number + 1]
            if "\n" not in text[end : following[0]] and _is_sentence(text[start:end]) and _is_sentence(text[slice(*following)]):
                end = following[1]
        if _is_sentence(text[start:end]) and LEAST_WORDS <= len(words(text[start:end])) <= MOST_WORDS:
            yield start, end


def _is_sentence(text: str) -> bool:
    """Whether it begins and ends as one: no item of a list, and no half of what stands in brackets."""
    begins = text.lstrip("\"'\u201c\u2018")[:1]
    return begins.isalnum() and not begins.islower() and bool(_ENDS.search(text)) and text.count("(") == text.count(")")


def _reasons(span: str) -> int:
    return min(2, len(_REASONS.findall(span)))


def _gap(text: str, start: int, end: int, begins: list[int], ends: list[int]) -> Gap:
    """The span with as many whole sentences around it as may be shown; a longer one is cut at a space."""
    opened = next((begin for begin in begins if start - SHOWN_BEFORE <= begin < start), None)
    closed = next((stop for stop in reversed(ends) if end < stop <= end + SHOWN_BEHIND), None)
    before = text[opened:start] if opened is not None else _cut_before(text[start - SHOWN_BEFORE : start])
    behind = text[end:closed] if closed is not None else _cut_behind(text[end : end + SHOWN_BEHIND])
    return Gap(before.lstrip(), text[start:end], behind.rstrip(), start, end)


def _cut_before(part: str) -> str:
    return f"...{part[part.find(' ') :]}"


def _cut_behind(part: str) -> str:
    return f"{part[: part.rfind(' ')]} ..."


def _is_repeated(gap: Gap) -> bool:
    """Whether what is shown says the span as well, whole or in a run of its words."""
    shown = _runs(gap.before) | _runs(gap.behind)
    return not _runs(gap.span).isdisjoint(shown)


def _runs(text: str) -> set[tuple[str, ...]]:
    found = words(normalise(text))
    return {tuple(found[at : at + REPEATED_WORDS]) for at in range(len(found) - REPEATED_WORDS + 1)}
