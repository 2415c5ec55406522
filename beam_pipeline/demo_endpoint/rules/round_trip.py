"""Round trip: a reader that answers a question from the document, as if somebody else had asked it.

It finds the sentence that shares most with the question, and in it what the question's words ask for. It does not
know how a question was made, so that it is sometimes wrong.
"""

import re
from typing import Any

from beam_pipeline.demo_endpoint.rules.analysis import Analysis, analyse, content
from beam_pipeline.demo_endpoint.rules.quantities import DATE, NUM, PERIOD, SPELT, YEAR

# Share of the question's words that a sentence must have, or it is about something else.
MIN_SHARED = 0.5
TRIED_SENTENCES = 6  # best first, until one holds what is asked for
BLANK_CONTEXT = 4  # words beside the blank that a place in the document must share

_BLANK = re.compile(r'"([^"]*)____([^"]*)"')
_WORD_OR_NUMBER = re.compile(r"\w+(?:[.,]\d+)*")
# What a question's words ask for, and how a sentence says it; the first that fits.
_ASKED = (
    (r"\b(?:when|date)\b", rf"{DATE}|\b{YEAR}\b"),
    (r"\byear\b", rf"\b{YEAR}\b"),
    (r"\bhow long\b", rf"(?:{NUM}|{SPELT})(?:[–-]\d+)? ?(?:{PERIOD}|h)\b"),
    (r"\bpercentage\b", rf"{NUM} ?(?:%|percent\b|per cent\b)"),
    (r"\bhow (?:many|much)\b", rf"(?<![\w.,–-])(?:[$€£¥] ?)?(?:{NUM}|{SPELT})"),
    (r"\bcalled\b", r"\bcalled (?:an? |the )?[\"“‘']?([\w’'-]+(?: [\w’'-]+)?)"),
    (r"\b(?:term for|name fits)\b", r"^(?:An? |The )?(.{2,60}?) (?:\([^()]*\) )?(?:is|are|was|were|describes|means)\b"),
)


def find_answer(document: str, question: str) -> dict[str, Any]:
    """The answer that the document gives; empty if it gives none."""
    analysis, quoted = analyse(document), _BLANK.search(question)
    found = _fill_blank(analysis.text, quoted[1], quoted[2]) if quoted else _read(analysis, question)
    return {"answer": " ".join(found.split()).strip(" \"'“”‘,;.")}


def _fill_blank(text: str, before: str, after: str) -> str:
    """What stands in the document between the words on both sides of the blank."""
    words_before, words_after = _WORD_OR_NUMBER.findall(before)[-BLANK_CONTEXT:], _WORD_OR_NUMBER.findall(after)[:BLANK_CONTEXT]
    gap = r"[^\w\n]{1,6}"
    left = gap.join(map(re.escape, words_before)) + gap if words_before else r"(?:^|[.!?:]\s+|\n)\W{0,4}"
    right = gap + gap.join(map(re.escape, words_after)) if words_after else r"[\"”’)]*[.!?;](?=\s|$)"
    place = re.search(rf"{left}([$€£¥]?\S.{{0,80}}?(?:\(\)|%)?){right}", text)
    return place[1] if place else ""


def _read(analysis: Analysis, question: str) -> str:
    """What is asked for, in one of the sentences that share most with a question."""
    asked = content(question)
    says = next((says for asks, says in _ASKED if re.search(asks, question, re.IGNORECASE)), None)
    sentences = sorted(analysis.sentences, key=lambda said: -len(asked & content(said.text))) if says and asked else ()
    for said in sentences[:TRIED_SENTENCES]:
        found = [match for match in re.finditer(says or "", said.text) if match[0] not in question]
        # A number stands before the thing that it counts.
        found.sort(key=lambda match: asked.isdisjoint(content(" ".join(said.text[match.end() :].split()[:1]))))
        if found and len(asked & content(said.text)) >= MIN_SHARED * len(asked):
            return found[0][found[0].lastindex or 0]
    return ""
