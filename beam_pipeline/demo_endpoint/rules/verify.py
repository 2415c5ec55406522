"""Verify: the words of a document that prove an answer, and whether its question is a fair one."""

import re
from typing import Any

from beam_pipeline.demo_endpoint.rules.analysis import Analysis, analyse, content
from transforms.answers.agreement import answers_match
from transforms.text import normalise

REFERS = re.compile(
    r"\b(?:the|this|that|given|above) (?:\w+ )?(?:text|passage|article|document|excerpt|author|study|paper|page|section|"
    r"chapter)\b|\b(?:mentioned|described|shown|listed) (?:above|below|here)\b",
    re.IGNORECASE,
)
_POINTS = re.compile(r"(?:It|He|She|They|This|That|These|Those|Its|His|Her|Their)\b")
_HARM = re.compile(r"\b(?:nerve agent|pipe bomb|(?:build|make) a bomb|social security number|credit card number)\b", re.I)
# What has many answers by its very form, unless it stands in what the question quotes.
_ONE_OF_MANY = re.compile(r"\b(?:(?:name|give|list|mention) (?:one|an?|any|some)|an example of|one of (?:the|its|their))\b", re.I)
_ONE_IN_LIST = re.compile(r"\b(?:such as|includ(?:e|es|ing)|like) (?:the )?____")
_QUOTED = re.compile(r'"[^"]*"')
# Words of our own question forms and of any question; they prove nothing.
_FRAME = content(
    """year date month term name place number quantity amount length percentage completes statement context identifier command
    code python fits description documented recipe call time long function method class"""
)
MIN_OVERLAP = 0.6


def verify_pair(document: str, question: str, found: str, aliases: str = "[]") -> dict[str, Any]:
    """Find the words that prove the answer; judge aliases and question. `aliases` is a JSON list."""
    quote, overlap = _proof(analyse(document), question, found)
    return {
        "quote": quote,
        "correct": overlap >= MIN_OVERLAP,
        "wrong_aliases": [alias for alias in re.findall(r'"([^"]*)"', aliases) if not answers_match(alias, found)],
        **verify_question(question, found),
    }


def verify_question(question: str, found: str) -> dict[str, Any]:
    """Judge the question by itself: leakage, whether it stands alone, has one answer, and does no harm."""
    return {
        "leaks": leaks(question, found),
        "self_contained": bool(question) and not REFERS.search(question) and not _POINTS.match(question),
        "unambiguous": bool(question) and not (_ONE_IN_LIST.search(question) or _ONE_OF_MANY.search(_QUOTED.sub("", question))),
        "safe": not _HARM.search(f"{question} {found}"),
    }


def leaks(question: str, found: str) -> bool:
    """Whether the answer stands in the question as words of its own; choices and yes/no do not count."""
    hidden, asked = normalise(found), normalise(question)
    offered = rf"\bor {re.escape(hidden)}\b|\b{re.escape(hidden)},? or\b"
    return hidden not in ("", "yes", "no") and _says(asked, hidden) and not re.search(offered, asked)


def _says(text: str, words: str) -> bool:
    return words in text and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def _proof(analysis: Analysis, question: str, found: str) -> tuple[str, float]:
    """The words that have the answer and most of the question's content words, and the share they have.

    A sentence, or two neighbours where one is not enough (a heading and its line, a signature and its docstring).
    """
    needle, last, best = normalise(found), len(analysis.sentences) - 1, (False, False, 0.0, "")
    asked = content(question) - _FRAME
    for number, said in enumerate(analysis.normalised if needle else ()):
        if needle in ("yes", "no") or _says(said, needle):
            for first, end in ((number, number), (number, number + 1), (number - 1, number)):
                span = analysis.text[analysis.sentences[max(first, 0)].start : analysis.sentences[min(end, last)].end]
                there = content(span)
                proper = asked - (analysis.topics - there)
                share = len(proper & there) / len(proper) if proper else 1.0
                best = max(best, (share >= MIN_OVERLAP, first == end, share, span), key=lambda shown: shown[:3])
    return best[3], best[2]
