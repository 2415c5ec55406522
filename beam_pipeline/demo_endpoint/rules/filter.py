"""Filter: does a document say enough, by itself, to prove an answer? Judged by its statistics."""

import re
from typing import Any

from beam_pipeline.demo_endpoint.rules.analysis import Analysis, analyse

_BROKEN = re.compile("[\u00c3\u00c2\u00c5\u00c4][\u0080-\u00bf\u0152-\u0192\u2013-\u203a\u20ac\u2122]|\ufffd")
_SITE_WORDS = re.compile(
    r"\b(?:cookies?|consent|einwilligung|datenschutz\w*|privacy policy|newsletter|sign in|log ?in|subscribe|skip to|impressum|"
    r"anmelden|registrieren|menu|abo|read more|all rights reserved)\b",
    re.IGNORECASE,
)
# A line of facts or of code: an ingredient, a measurement, a formula, a call.
_ROW = re.compile(r".*[\d()=≤≥√\\]")
SHORT_CHARS = 400  # below this a text may be a fragment: does it open and close like a whole?


def filter_document(document: str) -> dict[str, Any]:
    """Whether a document qualifies, and why not."""
    reason = _fault(analyse(document))
    return {"qualified": not reason, "reason": reason or "ok"}


def _fault(analysis: Analysis) -> str:
    text = analysis.text.strip()
    if sum(map(str.isalpha, text[:2000])) < 25 or len(_BROKEN.findall(text)) * 250 > len(text):
        return "not_informative"
    if len(_SITE_WORDS.findall(text)) * (160 if len(text) < 2000 else 60) > len(text):
        return "not_informative"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    rows = [line for line in lines if len(line) > 8 and _ROW.match(line)]
    closed = re.search(r"[.!?。।)\"'”*`:]$", text)
    goes_on = next(filter(str.isalpha, text)).islower() and len(rows) < 0.5 * len(lines)  # code may begin with a small letter
    if len(text) < SHORT_CHARS and (goes_on or not closed):
        return "not_self_contained"
    stated = sum(len(sentence.text) for sentence in analysis.sentences if _says_something(sentence.text))
    return "not_informative" if stated + sum(map(len, rows)) < 0.25 * len(text) else ""


def _says_something(sentence: str) -> bool:
    """Whether it ends like a sentence or is as long as one, in words or, where a script has no spaces, in characters."""
    closed, spaces = re.search(r"[.!?:;。！？।][\"'”’)\]*_`]*$", sentence), sentence.count(" ")
    return (closed is not None and spaces >= 5) or spaces >= 14 or (spaces < 5 and len(sentence) > 30 and not sentence.isascii())
