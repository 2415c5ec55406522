"""Hints at the letters of an answer: spelt out, with gaps, backwards, mixed up, by its beginning, by its initials."""

import re
from collections.abc import Iterator

from transforms.pair_rules.leak_words import Found, Word

_SPELT = re.compile(r"(?<![^\W_])[^\W\d_](?:[-., ]{1,2}[^\W\d_](?![^\W_])){2,40}")
_GAPPED = re.compile(r"(?<![\w*])(?=[\w*]*[^\W\d_])(?=[\w*]*[_*])[^\W\d]?[\w*]{3,40}(?![\w*])")
_BEGINS = re.compile(
    r"\b(?:starts?|begins?|starting|beginning|ends?|ending) (?:with|in) (?:the (?:letters?|syllables?) )?[\"']?([^\W\d_-]+)-?",
    re.I,
)
_INITIALS = re.compile(r"\binitials?(?: (?:are|is|were|of))?:? [\"']?((?:[A-Z]\.? ?){2,4})")
# The riddle itself asks for no more than the letters: "What is 'stressed' backwards?"
_RIDDLE = re.compile(
    r"^(?:what|which word) (?:is|does|word)\b.{0,20}['\"].*\b(?:anagram|backwards?|reversed?|spel)|what is an? anagram of", re.I
)
_MIXED = re.compile(r"\banagrams?\b|\bscrambled?\b|\brearrang|\bjumbled?\b", re.I)
_LEAST_BEGUN = 3
_LEAST_TURNED = 4


def letter_hints(question: str, words: list[Word], answer: str) -> Iterator[Found]:
    """Where a question tells the letters of an answer."""
    letters = "".join(filter(str.isalpha, answer.lower()))
    if not 3 <= len(letters) <= 40:
        return
    for spelt in _SPELT.finditer(question):
        if "".join(filter(str.isalpha, spelt[0].lower())) == letters:
            yield "spelling", spelt.span()
    for gapped in _GAPPED.finditer(question):
        if _fits(gapped[0].lower(), letters):
            yield "spelling", gapped.span()
    for begun in _BEGINS.finditer(question):
        given = begun[1].lower()
        at_the_end = begun[0].lower().startswith("end")
        fits = letters.endswith(given) if at_the_end else letters.startswith(given)
        if fits and len(given) >= _LEAST_BEGUN and 2 * len(given) >= len(letters) and given != letters:
            yield "spelling", begun.span()
    parts = answer.split()
    for initials in _INITIALS.finditer(question):
        if len(parts) > 1 and re.sub(r"\W", "", initials[1]) == "".join(part[0].upper() for part in parts):
            yield "spelling", initials.span()
    asks_more = not _RIDDLE.match(question)
    if not asks_more or len(parts) > 1:
        return
    mixed = bool(_MIXED.search(question))
    for word in words:
        turned = len(letters) >= _LEAST_TURNED and word.folded == letters[::-1]
        if word.folded != letters and (turned or (mixed and sorted(word.folded) == sorted(letters))):
            yield "spelling", (word.start, word.end)


def _fits(gapped: str, letters: str) -> bool:
    """Whether a word with gaps is the answer, a mark for each letter that is left out."""
    return len(gapped) == len(letters) and all(shown in (own, "_", "*") for shown, own in zip(gapped, letters, strict=True))
