"""Leaks in languages other than English: what is seen without English words.

That is the answer in any form in which a document would be said to have it, all of its words in another order, the
surname of a person, half of a list, an abbreviation by its letters. A small number says nothing: what it counts is not read.
"""

import re

from transforms.answers.dates import parse_date
from transforms.answers.quantities import parse_quantity
from transforms.grounding.find import find_in_text
from transforms.languages.endings import stem, without_article
from transforms.languages.question_words import OR
from transforms.pair_rules.leak_abbreviations import other_lengths
from transforms.pair_rules.leak_words import GENERIC, Found, Place, words_of
from transforms.text import SPACELESS, normalise

_LARGEST_SMALL = 12
_CHOICE_CHARS = 60  # before and after an answer in which "or" makes it one of several
_AND = re.compile(r"[,;、，；]|\s(?:und|et|y|e|en|och|og|i|и|или|oder|ou|o)\s|と|和|及び|以及")
_NAME_PARTS = re.compile(r"[\s\u00b7\u30fb=]+")
_SPACELESS = re.compile(f"[{SPACELESS}]")


def leak_in(question: str, answer: str, document: str, answer_type: str | None, language: str) -> Found | None:
    """How and where a question in another language gives its answer away; None if it does not."""
    if answer_type == "option":
        return None
    place = _place(answer, question, answer_type)
    if place:
        if _is_offered(question, place, language):
            return None
        said = normalise(question[slice(*place)])
        same = said in normalise(answer)
        return "verbatim" if same else "date_variant" if parse_date(answer) else "inflected", place
    if parse_quantity(answer, answer_type) or parse_date(answer):
        return None
    items = [item for part in _AND.split(answer) if (item := part.strip())] if answer_type == "list" else []
    said_items = [found for item in items if (found := _place(item, question, None))]
    if said_items and len(items) > 1 and 2 * len(said_items) >= len(items):
        return "part_of_answer", said_items[0]
    part = _reordered(question, answer, language) or (_surname(question, answer) if answer_type == "name" else None)
    if part:
        return "part_of_answer", part
    return next(other_lengths(question, words_of(question), answer, words_of(answer), document), None)


def _place(answer: str, question: str, answer_type: str | None) -> Place | None:
    """Where a question has an answer that is long enough to say something."""
    quantity = parse_quantity(answer, answer_type)
    if quantity and not quantity.unit and abs(quantity.value) <= _LARGEST_SMALL:
        return None
    if not quantity and len(answer) < (2 if _SPACELESS.search(answer) else 3):
        return None
    return find_in_text(answer, question, answer_type)


def _is_offered(question: str, place: Place, language: str) -> bool:
    """Whether "or" stands near enough to make the answer one of several that are offered."""
    start, end = place
    around = (question[max(0, start - _CHOICE_CHARS) : start], question[end : end + _CHOICE_CHARS])
    return language in OR and any(map(OR[language].search, around))


def _reordered(question: str, answer: str, language: str) -> Place | None:
    """Where the first word of an answer stands in a question that has all of its words, in any form and order."""
    wanted = {stem(word.folded, language) for word in words_of(without_article(answer, language)) if len(word.folded) > 3}
    here = {stem(word.folded, language): (word.start, word.end) for word in words_of(question)}
    found = [here[word] for word in wanted if word in here]
    return min(found) if len(wanted) > 1 and len(found) == len(wanted) else None


def _surname(question: str, answer: str) -> Place | None:
    """Where a question has the last part of a name, and not as that of somebody else."""
    parts = _NAME_PARTS.split(answer)
    last = parts[-1]
    if not 2 <= len(parts) <= 4 or len(last) < 3 or last.lower() in GENERIC or last[0].islower():
        return None
    place = find_in_text(last, question, "name")
    before = re.search(r"(?<!\S)(\S+?)[\s\u00b7\u30fb=]$", question[: place[0]]) if place else None
    another = before and before.start() and before[1][0].isupper() and before[1] not in parts
    return None if another or (before and before[1][-1] in "\u00b7\u30fb") else place
