"""Abbreviations that a document makes for itself, and what it says that they stand for."""

import re

from transforms.english.function_words import ARTICLES

_CAPITALS = re.compile(r"(?<![\w(/-])[A-Z]{2,6}(?![\w)/-])")
_WORD = re.compile(r"[^\W\d_][\w'-]*")
# Words that give no letter: "Department of Health (DH)".
_SILENT = ARTICLES.union("of and for in on to".split())
# A reader knows these better than what they stand for.
_HOUSEHOLD = frozenset(
    "DNA RNA USA NASA HIV AIDS BBC FIFA NATO UNESCO UNICEF NFL NBA GDP CEO TV PC HTML HTTP URL SQL UK US UN EU".split()
)
_MOST = 5  # in a question


def long_form(short: str, document: str) -> str | None:
    """What stands before "(WM)" in a document if its words begin with these letters: "working memory"; None if nothing does."""
    at = document.find(f"({short})")
    if at < 0:
        return None
    words = list(_WORD.finditer(document, max(0, at - 200), at))[-2 * len(short) :]
    letters = [word[0].lower() for word in short]
    for first in range(len(words) - 1, -1, -1):
        voiced = [word[0][0].lower() for word in words[first:] if word[0].lower() not in _SILENT]
        if voiced == letters and words[first][0].lower() not in _SILENT:
            said = document[words[first].start() : at].strip()
            return said if re.fullmatch(r"[\w' -]+", said) else None
    return None


def is_short_for(short: str, long: str) -> bool:
    """Whether capitals abbreviate a term: its letters come in their order, the first of each of its words among them."""
    letters, words = short.strip(" .").lower(), _WORD.findall(long.lower())
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]{1,7}", short.strip(" .")) or not words or len(long) > 120 or len(long) <= len(short):
        return False
    voiced = [word for word in words if word not in _SILENT]
    left = iter("".join(words))
    in_order = all(letter in left for letter in letters)
    left = iter(letters)
    return in_order and letters[0] == words[0][0] and all(word[0] in left for word in voiced)


def spell_out(question: str, document: str) -> str:
    """A question with the document's own abbreviations spelt out where they stand first: "working memory (WM)".

    Its reader has not seen what they stand for. What everybody knows is left, and so is what the question spells out.
    """
    for short in list(dict.fromkeys(_CAPITALS.findall(question)))[:_MOST]:
        if short in _HOUSEHOLD or not (long := long_form(short, document)) or long.lower() in question.lower():
            continue
        first = next(found for found in _CAPITALS.finditer(question) if found[0] == short)
        question = f"{question[: first.start()]}{long} ({short}){question[first.end() :]}"
    return question
