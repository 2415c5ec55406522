"""Enumerations: several items in one breath or one below the other, where more than one of them is a stored spelling.

A question with several right answers ("Which countries ...?") has them all as its spellings. A response that
names at least two of them, and fewer others, has answered it; one right name among strangers is a guess.
"""

import re

from transforms.answers.canonical import canonical
from transforms.answers.places import other_names
from transforms.english.abbreviations import is_short_for
from transforms.english.verbs import is_verb
from transforms.reward.hedges import NEGATION
from transforms.reward.mentions import FUNCTION_WORDS, text_mentions, words_of
from transforms.reward.truth import Truth

_BULLET = re.compile(r"[ \t]{0,8}(?:\(?\d{1,2}[.)]|[-*\u2022\u2013])[ \t]{0,8}(?=\S)")
_SEPARATOR = re.compile(r"[,;]|\b(?:and|&|as well as|along with|plus|featuring|feat\.?|while)\b", re.IGNORECASE)
_FALSE = re.compile(r"\b(?:wrong|incorrect|false|far away|unlike|other than|except)\b", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]{0,80}\)")
_ITEM_ENDS = re.compile(r" as | - | \u2013 |: | \(| in | from | for ")
_MOST_ITEMS = 60
_LONGEST_STRANGER = 4  # words; what is longer is no item but goes on with the sentence


def lists_right_items(text: str, truth: Truth) -> bool:
    """Whether the lines of a text, or the parts of its sentence, are items of which most are right."""
    lines = [line for line in text.splitlines() if line.strip()]
    if any(NEGATION.search(line) or _FALSE.search(line) for line in lines if not _BULLET.match(line)):
        return False
    bullets = [_BULLET.sub("", line, count=1) for line in lines if _BULLET.match(line)]
    if len(bullets) > 1:
        return _most_are_right([_ITEM_ENDS.split(bullet, maxsplit=1)[0] for bullet in bullets[:_MOST_ITEMS]], truth)
    if len(lines) > 3 and lines[0].rstrip().endswith(":"):
        return _most_are_right(lines[1:_MOST_ITEMS], truth)
    return False


def names_right_items(sentence: str, truth: Truth) -> bool:
    """Whether a sentence enumerates items of which most are right."""
    pieces = [piece.strip() for piece in _SEPARATOR.split(_ASIDE.sub("", sentence))]
    known = [index for index, piece in enumerate(pieces) if piece and _named(piece, truth)]
    if len(known) < 2 or NEGATION.search(sentence) or truth.asks_which:
        return False
    first, last = known[0], known[-1]
    while first and _is_item(pieces[first - 1], truth):
        first -= 1
    while last + 1 < len(pieces) and _is_item(pieces[last + 1], truth):
        last += 1
    return _most_are_right(pieces[first : last + 1], truth)


def _most_are_right(items: list[str], truth: Truth) -> bool:
    named = [_named(item, truth) for item in items if re.search(r"\w", item)]
    right = _count_answers([name for name in named if name])
    strangers = sum(not name for name in named)
    return right > 1 and strangers < (right if truth.question and not truth.asks_which else 1)


def _count_answers(names: list[str]) -> int:
    """How many answers these spellings are: "Shakespeare" and "W. Shakespeare", "ATP" and what it stands for are one."""
    apart: list[str] = []
    for name in dict.fromkeys(names):
        if not any(_are_one(name, other) for other in apart):
            apart.append(name)
    return len(apart)


def _are_one(one: str, other: str) -> bool:
    short = is_short_for(one.upper(), other) or is_short_for(other.upper(), one)
    return short or one.split()[-1] == other.split()[-1] or canonical(other, "place") in other_names(one)


def _named(piece: str, truth: Truth) -> str:
    """The spelling that a piece names; "" if none."""
    words = words_of(piece)
    return next((" ".join(word.lower for word in words[start:end]) for start, end in text_mentions(words, truth)), "")


def _is_item(piece: str, truth: Truth) -> bool:
    words = piece.split()
    if not 0 < len(words) <= _LONGEST_STRANGER or any(is_verb(word) for word in words):
        return False
    return words[0][:1].isupper() if truth.is_proper else words[0].lower() not in FUNCTION_WORDS
