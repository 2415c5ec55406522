"""Round trip: a reader that answers a question from the document, as if somebody else had asked it.

It finds the sentence that shares most with the question, and in it what the question's words ask for: a
year, a number before the thing counted, what stands where a quoted statement has its blank. It does not
know the forms in which our own questions are made, so that it is sometimes wrong.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from beam_pipeline.demo_endpoint.rules.analysis import CACHED_DOCUMENTS, Analysis, analyse
from beam_pipeline.demo_endpoint.rules.quantities import DATE, MONTH, NUM, PERIOD, QUANTITIES, SCALE, SPELT, YEAR
from beam_pipeline.demo_endpoint.rules.words import NAME, STOP, WORD, stem
from transforms.text import normalise

# Share of the question's words that a sentence must have, or it is about something else.
MIN_SHARED = 0.5
# Sentences looked at, best first, until one holds what is asked for.
TRIED_SENTENCES = 6
# Words between a number and the thing that it counts.
REACH = 4

_BLANK = "____"
_CLOZE = re.compile(rf'"([^"]*){_BLANK}([^"]*)"')
_WORD_OR_NUMBER = re.compile(r"\w+(?:[.,]\d+)*")
# Words beside the blank that a place in the document must share.
BLANK_CONTEXT = 4
_ASKS_NUMBER = re.compile(r"\b(?:how many|how much|what percentage|which (?:quantity|number|percentage|amount))\b", re.I)
_ASKED_TIME = (
    (re.compile(r"\bmonth and year\b", re.I), re.compile(rf"{MONTH} \d{{4}}")),
    (re.compile(r"\b(?:which|what) date\b", re.I), re.compile(DATE)),
    (re.compile(r"\b(?:which|what) year\b|\bwhen\b", re.I), re.compile(rf"\b{YEAR}\b")),
    (re.compile(r"\bhow long\b", re.I), re.compile(rf"(?:{NUM}|{SPELT})(?:[–-]\d+)? ?(?:{PERIOD}|mins?|h)\b")),
)
_NUMBER = re.compile(rf"(?<![\w.,–-])(?:[$€£¥] ?)?(?:{NUM}{SCALE}|{SPELT})(?: ?(?:%|percent\b|per cent\b))?")
_CALLED = re.compile(
    r"\b(?:called|known as|referred to as|termed) (?:an? |the )?[\"“‘']?([\w’' -]{3,40}?)[\"”’']?"
    r"(?=[,.;()]| (?:and|or|which|that|in|by|for|when|after|since|because)\b|$)"
)
_SUBJECT = re.compile(r"^(?:[-*•] )?(?:An? |The |the )?(.{2,60}?),? (?:is|are|was|were|has|had|describes|refers to|means)\b")
_CONSISTS = re.compile(r"\b(?:consists? of|comprises?|includes?) (.+?)\.?$")
_NAMED = re.compile(rf"^(?:In [^,]+, )?(?:The )?((?:{NAME})(?: (?:(?:of|the|de|von) )?(?:{NAME}))*)")


def find_answer(document: str, question: str) -> dict[str, Any]:
    """Round trip: the answer that the document gives; empty if it gives none."""
    analysis = analyse(document)
    found = _fill_blank(analysis, question) if _BLANK in question else _read_code(analysis, question)
    if not found:
        said = [said for sentence in _about(analysis, question) for said in _said(sentence, question)]
        found = min(said, key=lambda doubt_and_text: doubt_and_text[0], default=(0, ""))[1]
    return {"answer": " ".join(found.split()).strip(" \"'“”‘,;.")}


def _fill_blank(analysis: Analysis, question: str) -> str:
    """What stands in the document between the words on both sides of the blank."""
    quoted = _CLOZE.search(question)
    if not quoted:
        return ""
    before, after = _WORD_OR_NUMBER.findall(quoted[1])[-BLANK_CONTEXT:], _WORD_OR_NUMBER.findall(quoted[2])[:BLANK_CONTEXT]
    gap = r"[^\w\n]{1,6}"
    left = gap.join(map(re.escape, before)) + gap if before else r"(?:^|[.!?:]\s+|\n)\W{0,4}"
    right = gap + gap.join(map(re.escape, after)) if after else r"[\"”’)]*[.!?;](?=\s|$)"
    place = re.search(rf"{left}([$€£¥]?\S.{{0,80}}?){right}", analysis.text)
    if not place:
        return ""
    closing = re.match(r"\(\)|%", analysis.text[place.end(1) :])  # it belongs to the word before
    return place[1] + (closing[0] if closing else "")


_DOCUMENTED = re.compile(r'\b(function or method|class) is documented as "([^"]+)"')
_ASSIGNED = re.compile(r"\bvalue is assigned to the constant (\w+)")
_INHERITS = re.compile(r"\bclass does (\w+) inherit from")


def _read_code(analysis: Analysis, question: str) -> str:
    """What a question on source code asks for, found by the rules of the language."""
    if asked := _ASSIGNED.search(question):
        found = re.search(rf"^{re.escape(asked[1])}\s*=\s*(\S+)", analysis.text, re.MULTILINE)
    elif asked := _INHERITS.search(question):
        found = re.search(rf"^class {re.escape(asked[1])}\(([\w.]+)", analysis.text, re.MULTILINE)
    elif asked := _DOCUMENTED.search(question):
        place = analysis.text.find(asked[2])
        defined = re.findall(r"^[ \t]*(?:def|class) (\w+)", analysis.text[: max(place, 0)], re.MULTILINE)
        return defined[-1] if defined else ""
    else:
        return ""
    return found[1] if found else ""


def _about(analysis: Analysis, question: str) -> list[str]:
    """The sentences that share most with a question, best first."""
    asked = _content(question)
    if not asked:
        return []
    shared = [(len(asked & content), text) for text, content in _contents(analysis.text)]
    ranked = sorted(shared, key=lambda pair: -pair[0])[:TRIED_SENTENCES]
    return [text for number, text in ranked if number >= MIN_SHARED * len(asked)]


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _contents(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((sentence.text, _content(sentence.text)) for sentence in analyse(text).sentences)


def _said(sentence: str, question: str) -> Iterator[tuple[int, str]]:
    """What a sentence says that a question may ask for, each with how doubtful that is."""
    for asks, pattern in _ASKED_TIME:
        if asks.search(question):
            yield from ((0, found) for found in pattern.findall(sentence) if found not in question)
            return
    if _ASKS_NUMBER.search(question):
        yield from _counted(sentence, question)
        return
    for form, pattern in (
        (r"\b(?:called|known|referred to|termed)\b", _CALLED),
        (r"\b(?:consist|comprise|include)\b", _CONSISTS),
    ):
        if re.search(form, question) and (found := pattern.search(sentence)):
            yield 0, found[1]
    if re.match(r"(?:.*\bwho or what\b|.*\bwho\b|which name\b)", question, re.I) and (named := _NAMED.match(sentence)):
        yield 0, named[1]
    subject = _SUBJECT.match(sentence)
    if re.search(r"\b(?:term for|which name fits)\b", question, re.I) and subject:
        yield 0, subject[1]
    if re.match(r"what (?:is|was)\b", question, re.I):
        stated = (found[0] for _, _, pattern in QUANTITIES for found in pattern.finditer(sentence))
        yield from ((0, found) for found in stated if found not in question)


def _counted(sentence: str, question: str) -> Iterator[tuple[int, str]]:
    """The numbers of a sentence, the more in doubt the further before a word that the question counts."""
    counts = re.search(r"\b(?:many|much|percentage of|percentage)\b((?: [\w’'-]+){1,3})", question, re.I)
    counted = _content(counts[1]) if counts else set()
    numbers = [found for found in _NUMBER.finditer(sentence) if not re.search(rf"(?<!\d){re.escape(found[0])}", question)]
    for found in numbers:
        behind = sentence[found.end() :].split()[:REACH]
        yield next((place for place, word in enumerate(behind) if counted & _content(word)), REACH), found[0]


def _content(text: str) -> frozenset[str]:
    words = {stem(word) for word in WORD.findall(text) if word.lower() not in STOP}
    return frozenset(words | set(re.findall(r"\d+", normalise(text))))
