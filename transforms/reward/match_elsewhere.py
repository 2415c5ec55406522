"""Sentences in other languages: whether one says the answer plainly, as "La capitale est Paris." and "首都是巴黎。" do.

Only what is plain there is right: the answer alone behind or before a form of "to be", or the one value of a
sentence, with no word that denies, hedges or bounds. Everything else is left unsure. Languages without an entry
in `languages.answering` are read by the rules for English alone.
"""

import re
from dataclasses import replace
from functools import cache

from transforms.answers.markup import plain
from transforms.languages.answering import COPULAS, ENDS, FOREIGN_DENIALS, LEADS, OPEN_WORDS, YES_NO
from transforms.languages.short_texts import language_of
from transforms.languages.values import english_values
from transforms.reward.mentions import values_in
from transforms.reward.truth import Truth
from transforms.text import normalise, unify

_SPACELESS = frozenset({"zh", "ja"})
_MAX_CHARS = 300
_BORDER = re.compile(r"(?<=[^\d][.!?])\s{1,3}(?=[A-Z\u00c0-\u00de])|(?<=[。！？])|\n")
_MORE = re.compile(
    r",\s(?=[a-z\u00e0-\u00fe])|\s[\u2013\u2014-]\s|\s(?:qui|que|quien|che|welche[rs]?|der|die|das)\s(?=\S{1,20} )"
)
_WORD = re.compile(r"[^\W\d_]+(?:[-'\u2019][^\W\d_]+)*")
_ENGLISH = frozenset("the is was are were of and it that has have its this with for by".split())
# "von", "par" and their like name who did it only in the passive.
_BY = frozenset({"von", "par", "por", "da"})
_PASSIVE = re.compile(r"\b(?:wurde|wurden|\u00e9t\u00e9|est|fut|fue|fueron|fu|\u00e8 stat[oa]|foi|foram)\b", re.IGNORECASE)
_MARKS = " \"'\u00ab\u00bb\u201e\u201c\u201d「」『』《》.!。！"
_QUESTION = "?？"


def languages_of(text: str, truth: Truth) -> tuple[str, ...]:
    """The languages that a text may be in, if not in English: by its words, its question, or for want of English words."""
    told = language_of(text)
    if told in COPULAS and not truth.said_by(text.strip(_MARKS)):
        return (told,)
    own = set() if truth.answer_type == "yes_no" else set(_words_of(" ".join(truth.spellings[:20])))
    words = set(_words_of(text)) - own - {word[0] for word in own}
    if told != "en" or words & _ENGLISH or not words:
        return ()
    asked = language_of(truth.question) if truth.question else "en"
    if asked in COPULAS:
        return (asked,)
    return (
        tuple(code for code in COPULAS if code not in _SPACELESS)
        if words & FOREIGN_DENIALS or any(not word.isascii() for word in words)
        else ()
    )


def _words_of(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text) if word[0].isalpha()]


def denies_elsewhere(sentence: str, truth: Truth, codes: tuple[str, ...]) -> bool:
    """Whether a sentence in one of these languages gives another value, or takes an answer back."""
    if states_elsewhere(sentence, truth, codes):
        return False
    return any(_is_open(sentence, code) for code in codes) or (truth.is_value and bool(re.search(r"\d", sentence)))


def states_elsewhere(text: str, truth: Truth, codes: tuple[str, ...]) -> bool:
    """Whether a text in one of these languages is a sentence, or begins with one, that says the answer."""
    prose = plain(text)
    if len(prose) > 2 * _MAX_CHARS:
        return False
    sentences = [sentence for sentence in _BORDER.split(prose) if sentence.strip(_MARKS)]
    if not sentences or len(sentences[0]) > _MAX_CHARS:
        return False
    if truth.answer_type == "yes_no":
        return _yes_or_no(sentences[0]) == (_yes_or_no(truth.answer) or normalise(truth.answer))
    if any(_is_open(sentence, code) for sentence in sentences for code in codes):
        return False
    return any(_says(sentences, truth, code) for code in codes)


def _says(sentences: list[str], truth: Truth, code: str) -> bool:
    first, *others = sentences
    read = replace(
        truth, answer=english_values(truth.answer, code), aliases=tuple(english_values(one, code) for one in truth.aliases)
    )
    if read.is_value:
        values = _values(first, code, read)
        return bool(values) and all(values) and not any(_values(sentence, code, read) for sentence in others)
    if others:  # what they say is not read
        return False
    return any(truth.said_by(candidate) for candidate in _candidates(unify(first).rstrip(_MARKS), code))


def _values(sentence: str, code: str, truth: Truth) -> list[bool]:
    said = unify(english_values(sentence, code))
    if truth.said_by(said.strip(_MARKS)):
        return [True]
    return [value.right for value in values_in(said, truth)]


def _yes_or_no(text: str) -> str | None:
    """What an answer begins with, if it is yes or no with a mark or nothing behind it."""
    first = re.match(r"\W{0,3}([^\W\d_]{1,8})(?=[,.;:!，。、！]|\s{0,2}$)", text)
    said = YES_NO.get(first[1].lower()) if first else None
    others = {YES_NO.get(word) for word in _words_of(text[first.end() :])} - {said, None} if first else set()
    return None if others or (first and said == "yes" and "不" in text) else said


def _is_open(sentence: str, code: str) -> bool:
    if any(mark in sentence for mark in _QUESTION):
        return True
    if code in _SPACELESS:
        return any(word in sentence for word in OPEN_WORDS[code])
    words = {word.replace("\u2019", "'") for word in _words_of(sentence)}
    return bool(words & OPEN_WORDS[code] or words & FOREIGN_DENIALS)


def _candidates(sentence: str, code: str) -> list[str]:
    """What may be the answer: what stands behind a copula, less articles, up to a comma; or before it."""
    found = [sentence, _end(code).sub("", sentence)]
    for copula in _copula(code).finditer(sentence):
        tail = _end(code).sub("", sentence[copula.end() :])
        if copula[0].strip().lower() in _BY and (
            "," in sentence[: copula.start()] or not _PASSIVE.search(sentence[: copula.start()])
        ):
            continue
        for said in (tail, _MORE.split(tail, maxsplit=1)[0]):
            found.append(said)
            while lead := _lead(code).match(said):
                said = said[lead.end() :]
                found.append(said)
    return [candidate.strip(_MARKS) for candidate in found]


@cache
def _copula(code: str) -> re.Pattern[str]:
    return re.compile(COPULAS[code], re.IGNORECASE)


@cache
def _lead(code: str) -> re.Pattern[str]:
    return re.compile(LEADS[code], re.IGNORECASE)


@cache
def _end(code: str) -> re.Pattern[str]:
    return re.compile(ENDS[code])
