"""Verify: the words of a document that prove an answer, and whether its question is a fair one."""

import json
import re
from functools import lru_cache
from typing import Any

from beam_pipeline.demo_endpoint.rules.analysis import CACHED_DOCUMENTS, Analysis, analyse
from beam_pipeline.demo_endpoint.rules.words import STOP, WORD, stem
from transforms.answers.agreement import answers_match
from transforms.text import normalise

REFERS = re.compile(
    r"\b(?:the|this|that|given|above) (?:\w+ )?(?:text|passage|article|document|excerpt|author|study|paper|page|section|"
    r"chapter)\b"
    r"|\b(?:mentioned|described|shown|listed) (?:above|below|here)\b",
    re.IGNORECASE,
)
_POINTS = re.compile(r"(?:It|He|She|They|This|That|These|Those|Its|His|Her|Their)\b")
_HARM = re.compile(r"\b(?:nerve agent|pipe bomb|(?:build|make) a bomb|social security number|credit card number)\b", re.I)
# Words of our own question forms and of any question; they prove nothing.
_FRAME = frozenset(
    stem(word)
    for word in """which what how many much year date month term name place number quantity amount length percentage completes
        statement context identifier command code python fits description documented value assigned constant recipe call time
        long function method class inherit""".split()
)
MIN_OVERLAP = 0.6


# What has many answers by its very form, unless it stands in what the question quotes.
_ONE_OF_MANY = re.compile(
    r"\b(?:(?:name|give|state|list|mention) (?:one|an?|any|some)|an example of|one of (?:the|its|his|her|their)|for example)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'"[^"]*"')


def verify_pair(document: str, question: str, found: str, aliases: str = "[]") -> dict[str, Any]:
    """Verify: find the words that prove the answer; judge aliases and question. `aliases` is a JSON list."""
    analysis = analyse(document)
    quote, overlap = _proof(analysis, question, found)
    return {
        "quote": quote,
        "correct": overlap >= MIN_OVERLAP,
        "wrong_aliases": [alias for alias in _listed(aliases) if not _same_thing(alias, found, analysis.text)],
        **verify_question(question, found),
    }


def verify_question(question: str, found: str) -> dict[str, Any]:
    """Verify the question by itself: leakage, whether it stands alone, has one answer, and does no harm."""
    return {
        "leaks": leaks(question, found),
        "self_contained": bool(question) and not REFERS.search(question) and not _POINTS.match(question),
        "unambiguous": bool(question) and not _ONE_OF_MANY.search(_QUOTED.sub("", question)),
        "safe": not _HARM.search(f"{question} {found}"),
    }


def _listed(aliases: str) -> list[str]:
    try:
        found = json.loads(aliases or "[]")
    except ValueError:
        return []
    return [alias for alias in found if isinstance(alias, str)] if isinstance(found, list) else []


def _same_thing(alias: str, found: str, document: str) -> bool:
    """Whether an alias is the answer in another spelling, its initials, or set beside it in parentheses."""
    if answers_match(alias, found):
        return True
    short, long = sorted((alias, found), key=len)
    if short.replace(".", "").lower() == "".join(word[0] for word in long.split()).lower():
        return True
    beside = rf"{re.escape(normalise(found))} ?\(\W*{re.escape(normalise(alias))}\W*\)|"
    beside += rf"{re.escape(normalise(alias))} ?\(\W*{re.escape(normalise(found))}\W*\)"
    return re.search(beside, normalise(document)) is not None


def leaks(question: str, found: str) -> bool:
    """Whether the answer stands in the question as words of its own; choices and yes/no do not count."""
    hidden, asked = normalise(found), normalise(question)
    if not hidden or hidden in ("yes", "no") or re.search(rf"\bor {re.escape(hidden)}\b|\b{re.escape(hidden)},? or\b", asked):
        return False
    return _bounded(hidden).search(asked) is not None


def _bounded(needle: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(needle)}(?!\w)")


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _searchable(text: str) -> tuple[str, ...]:
    """The document's sentences, each normalised for matching."""
    return tuple(normalise(sentence.text) for sentence in analyse(text).sentences)


def _proof(analysis: Analysis, question: str, found: str) -> tuple[str, float]:
    """The words that have the answer and most of the question's content words, and the share they have.

    A sentence, or two neighbours where one is not enough (a heading and its line, a signature and its docstring).
    """
    needle = normalise(found)
    if not needle:
        return "", 0.0
    asked = _content(question) - _FRAME
    near = _content(f"{analysis.title} {' '.join(analysis.terms)}")
    pattern = _bounded(needle)
    # `in` first: most sentences do not have the answer, and it is much cheaper than a pattern.
    holding = [
        number
        for number, text in enumerate(_searchable(analysis.text))
        if needle in ("yes", "no") or (needle in text and pattern.search(text))
    ]
    best, best_share = "", 0.0
    for before, after in ((0, 0), (0, 1), (1, 0)):
        for number in holding:
            first, last = max(number - before, 0), min(number + after, len(analysis.sentences) - 1)
            span = analysis.text[analysis.sentences[first].start : analysis.sentences[last].end]
            said = _content(span)
            proper = asked - (near - said)
            share = len(proper & said) / len(proper) if proper else 1.0
            if share > best_share:
                best, best_share = span, share
        if best_share >= MIN_OVERLAP:
            break
    return best, best_share


def _content(text: str) -> set[str]:
    """Stems of the words that carry meaning, and the numbers."""
    return {stem(word) for word in WORD.findall(text) if word.lower() not in STOP} | set(re.findall(r"\d+", text))
