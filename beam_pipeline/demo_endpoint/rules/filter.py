"""Filter: does a document say enough, by itself, to prove an answer? Judged by its statistics."""

import re
from collections.abc import Iterator
from typing import Any

from beam_pipeline.demo_endpoint.rules.analysis import Analysis, analyse

_BROKEN = re.compile("[\u00c3\u00c2\u00c5\u00c4][\u0080-\u00bf\u0152-\u0192\u2013-\u203a\u20ac\u2122]|\ufffd")
_SITE_WORDS = re.compile(
    r"\b(?:cookies?|consent|einwilligung|datenschutz\w*|privacy policy|webseite|website verwendet|newsletter|sign in|log ?in|"
    r"subscribe|skip to|impressum|anmelden|registrieren|menu|abo|read more|all rights reserved)\b",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(
    r"\s*(?:def |class |import |from \w+|return\b|if .*:$|for .*:$|else:|try:|except|with |@|#include|public |private |static |"
    r"const |let |var |\$ |>>> |[\w.\[\]]+ [+|-]?= ?\S|[\w.]+\(.*\)?;?$|[{}()\]]+[;,]?$|//|/\*|\*/|<\w+)"
)
_CLOSED = re.compile(r"[.!?。।)\"'”*`:]$")
# Below this a text is judged as a possible fragment: does it open and close like a whole?
SHORT_CHARS = 400


def filter_document(document: str) -> dict[str, Any]:
    """Filter: does the document say enough, by itself, to prove an answer? Judged by its statistics."""
    reason = _fault(document)
    return {"qualified": not reason, "reason": reason or "ok"}


def _fault(document: str) -> str:
    """Why a document does not qualify; "" if it does."""
    analysis = analyse(document)
    text = analysis.text.strip()
    if sum(map(str.isalpha, text[:2000])) < 25 or len(_BROKEN.findall(text)) * 250 > len(text):
        return "not_informative"
    if len(_SITE_WORDS.findall(text)) * (160 if len(text) < 2000 else 60) > len(text):
        return "not_informative"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    short = len(text) < SHORT_CHARS and sum(bool(_CODE_LINE.match(line)) for line in lines) < 0.4 * len(lines)
    if short and next(filter(str.isalpha, text)).islower():
        return "not_self_contained"
    stated = sum(end - start for start, end in _statements(analysis))
    structured = sum(len(line) for line in lines if _CODE_LINE.match(line) or _states_quantity(line))
    repeated = 1 - len(set(lines)) / len(lines)
    if (stated + structured) < 0.25 * len(text) or (repeated > 0.5 and len(lines) > 20 and stated < 0.3 * len(text)):
        return "not_informative"
    return "not_self_contained" if short and not _CLOSED.search(text) else ""


def _statements(analysis: Analysis) -> Iterator[tuple[int, int]]:
    """Spans of what reads as a sentence: ends like one and is long enough to say something."""
    for sentence in analysis.sentences:
        closed = sentence.text.rstrip("\"'”’)]*_`")[-1:] in ".!?:;。！？।"
        spaced = sentence.text.count(" ")
        if (closed and spaced >= 5) or spaced >= 14 or (spaced < 5 and len(sentence.text) > 30 and not sentence.text.isascii()):
            yield sentence.start, sentence.end


def _states_quantity(line: str) -> bool:
    """Whether a line looks like a row of facts: an ingredient, a measurement, a formula, a list entry."""
    return bool(re.search(r"\d|[=≤≥∑∫√]|\\[a-z]+", line)) and len(line) > 8
