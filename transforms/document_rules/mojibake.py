"""Text that was decoded by the wrong table: UTF-8 read as cp1252 or Latin-1, and lost bytes."""

import re

# The first byte of a two-byte character shows as one of U+00C2-U+00DF, of a three-byte one as
# U+00E0-U+00EF; the bytes after it as U+0080-U+00BF or as what cp1252 has there. U+FFFD is a lost byte.
_TAIL = "\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d"
_TAIL += "\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178\ufffd"
_ANY = re.compile(f"[\u00c2-\u00df][{_TAIL}]|[\u00e0-\u00ef][{_TAIL}][{_TAIL}]")
_PUNCTUATION = re.compile(f"\u00e2[\u0080\u20ac][{_TAIL}]|\u00c2[\u00a0-\u00bf]")
_HIGH_RUN = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]{4,}")  # a one-byte Cyrillic or Greek table read as Latin-1
# A character that all of these have one of: most texts have none, and that is soon seen.
_SUSPECT = re.compile("[\u00c0-\u00ff\ufffd]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # not the ones that editors and terminals write


def count_wrong_letters(text: str) -> int:
    """Count letters that were decoded wrongly or lost. Nobody can guess them all back."""
    if not _SUSPECT.search(text):
        return 0
    wrong = len(_ANY.findall(text)) - count_wrong_punctuation(text)
    return max(0, wrong) + len(_HIGH_RUN.findall(text)) + text.count("\ufffd")


def count_wrong_punctuation(text: str) -> int:
    """Count quotes, dashes and spaces that were decoded wrongly; a reader reads over them."""
    return len(_PUNCTUATION.findall(text)) if _SUSPECT.search(text) else 0


def count_control(text: str) -> int:
    """Count control characters: bytes that never were text."""
    return len(_CONTROL.findall(text))
