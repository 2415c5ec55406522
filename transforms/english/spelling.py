"""British and American spellings of one word, in one form that need not be a word."""

import re

_SPELLINGS = (
    (re.compile(r"(?<=[a-z])(?:ae|oe)(?=[a-z]{2})|(?<=\b)(?:ae|oe)(?=[a-z]{3})"), "e"),
    (re.compile(r"(?<=[a-z]{2})our(?=s?\b|ed\b|ing\b|al\b|able\b|ite\b)"), "or"),
    (re.compile(r"(?<=[a-z]{3})is(?=(?:e|es|ed|ing|ation|ations)\b)"), "iz"),
    (re.compile(r"(?<=[a-z]{3})ys(?=(?:e|es|ed|ing)\b)"), "yz"),
    (re.compile(r"(?<=[a-z]{2}[tb])re(?=s?\b)"), "er"),
    (re.compile(r"(?<=[a-z]{3})ogue(?=s?\b)"), "og"),
    (re.compile(r"(?<=[a-z]{2})ll(?=(?:ed|ing|er|ers)\b)"), "l"),
)


def one_spelling(text: str) -> str:
    """A text in lower case with each word in the one form that its spellings share."""
    for spelling, one in _SPELLINGS:
        text = spelling.sub(one, text)
    return text
