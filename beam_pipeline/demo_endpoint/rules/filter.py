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
_CODE = re.compile(
    r"(?:def |class |import |from \w+|return\b|if .*:$|for .*:$|else:|try:|except|with |@|#include|public |private |static |"
    r"const |let |var |\$ |>>> |[\w.\[\]]+ [+|-]?= ?\S|[\w.]+\(.*\)?;?$|[{}()\]]+[;,]?$|//|/\*|\*/|<\w+)"
)
# A row of facts: an ingredient, a measurement, a formula.
_ROW = re.compile(r"(?=.{9}).*(?:\d|[=≤≥∑∫√]|\\[a-z]+)")
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
    structured = [line for line in lines if _CODE.match(line) or _ROW.match(line)]
    fragment = len(text) < SHORT_CHARS and sum(map(bool, map(_CODE.match, lines))) < 0.4 * len(lines)
    if fragment and next(filter(str.isalpha, text)).islower():
        return "not_self_contained"
    stated = sum(len(sentence.text) for sentence in analysis.sentences if _says_something(sentence.text))
    if stated + sum(map(len, structured)) < 0.25 * len(text):
        return "not_informative"
    return "not_self_contained" if fragment and not re.search(r"[.!?。।)\"'”*`:]$", text) else ""


def _says_something(sentence: str) -> bool:
    """Whether it ends like a sentence or is as long as one, in words or, where a script has no spaces, in characters."""
    closed, spaces = re.search(r"[.!?:;。！？।][\"'”’)\]*_`]*$", sentence), sentence.count(" ")
    return (closed is not None and spaces >= 5) or spaces >= 14 or (spaces < 5 and len(sentence) > 30 and not sentence.isascii())
