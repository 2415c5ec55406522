"""Rivals: what stands right beside an answer and competes with it.

"Paris and Lyon", "Paris, Lyon", "Paris (or Lyon)", "Paris, Texas" are no answers; "Paris, the capital", "Paris (France)",
"5 km (3.1 miles)" are.
"""

import re
from fractions import Fraction

from transforms.answers.places import is_elsewhere, is_region
from transforms.answers.quantities import parse_quantity
from transforms.english.abbreviations import is_short_for
from transforms.english.function_words import ARTICLES, BE, HAVE, POINTING, RELATIVES, SHORT_PREPOSITIONS, THIRD_PERSON
from transforms.english.verbs import is_verb
from transforms.reward.echo import MASK
from transforms.reward.mentions import FUNCTION_WORDS, text_mentions, words_of
from transforms.reward.truth import Truth

# Words that begin an explanation and no other answer.
GLOSSES = (ARTICLES | THIRD_PERSON | RELATIVES | SHORT_PREPOSITIONS).union(
    "because since as that after before located also i.e. ie known called denoted published written built born founded formerly "
    "namely meaning and so this is was are were during near under inside between not unlike rather instead but though although "
    "while per via around about dated into until using given capital one now today again alone itself himself herself".split()
)
_LEADS = GLOSSES | frozenset("yes no so thus therefore hence well sure our their my your".split())
_AND_GOES_ON = (THIRD_PERSON | POINTING | BE | HAVE).union("not later now so can will does did".split())
_AND_BEHIND = re.compile(
    r"(?:,?\s{0,3}(?:and|&|/|\||as well as|plus|along with|together with)(?:\s|$)|[/|&\u2192~+=]|->|=>)", re.IGNORECASE
)
_ADDS = re.compile(
    rf"(?!respectively|followed|joined|accompanied)[a-z]{{2,30}}(?:ed|ing|ly),?|{MASK}.*"
)  # "beginning June 5", "particularly in ...", "played by ..."
_PAST = re.compile(r"[a-z]{3,30}ed")
_ONE_OF_TWO = re.compile(r"to (?:the |a |an )?(?-i:[A-Z\d])|to (\w+)[\w ]*\W*$", re.IGNORECASE)  # "Madrid to Barcelona"
_AND_FIRST = re.compile(r"(?:and|&)\s{1,3}", re.IGNORECASE)
_NEXT = re.compile(r"[,;:()]|\b(?:and|&|as well as|along with)\b", re.IGNORECASE)
_AND_BEFORE = re.compile(r"(?:(?:\band|&|/|\||\u2192|->|=>|\+|~)(?: (?:the|a|an))?|\bplus)$", re.IGNORECASE)
_PIECE_BEHIND = re.compile(
    r"[\"'\])}>*`]{0,8}\s{0,3}([,;:(\[{<\"'#@\u2022\u2014\u2013\u2026]|\.\.+|-(?=\s)|"
    r"\.(?=\s))[\s\"'\[({]*((?:[^,;:()\[\]{}<>\"\u2014\u2013]|(?<=\d),(?=\d))*)"
)
_PIECE_BEFORE = re.compile(
    r"([^,;:()\[\]{}\"\u2014\u2013]{0,120})[\"'\])}]{0,8}\s{0,3}([,;([{\u2014\u2013]|-(?=$)|\"(?=$))(?:\s{0,3}(?:the|a|an))?$"
)
_DOUBTED = re.compile(
    r"(?:\w{1,12} )?(?:un\w{2,14}ed|disputed|estimated|alleged|contested|debated|claimed|rumou?red|presumed|assumed|approximated)"
)
_CAPITALS_FIRST = re.compile(r"[A-Z][\w.]*(?: [A-Z][\w.]*){0,3}")
_ABBREVIATION = re.compile(r"[A-Z][A-Za-z0-9.&-]{0,9}")
_NUMBERS = re.compile(r"(?:born |c\. ?|ca\. ?)?[\d\s.,/\u2013\u2014bcead-]+(?:AD|BC|BCE|CE)?", re.IGNORECASE)


def uncontested(sentence: str, start: int, end: int, truth: Truth) -> bool:
    """Whether nothing that stands beside an answer competes with it."""
    before, after = sentence[:start].rstrip(), sentence[end:].lstrip()
    spoken = any(word.lower() in BE or is_verb(word) or _PAST.fullmatch(word) for word in re.findall(r"[A-Za-z]+", sentence))
    # Whom the question names is no rival, in a sentence; but "A or B?" names two.
    named = truth.asked if spoken and not truth.asks_which else frozenset()

    def is_no_rival(piece: str) -> bool:
        return is_known(piece, truth) or (bool(words := words_of(piece)) and all(word.lower in named for word in words))

    joined = _AND_BEHIND.match(after)
    if joined and not is_no_rival(_NEXT.split(after[joined.end() :].strip(), maxsplit=1)[0]):
        following = re.match(r"(?:,\s{0,3})?and\s{1,3}([\w']+)", after)
        if not following or not (following[1].lower() in _AND_GOES_ON or is_verb(following[1]) or _PAST.fullmatch(following[1])):
            return False
    if _lies_elsewhere(after, truth):
        return False
    other = _ONE_OF_TWO.match(after)
    joined = _AND_BEFORE.search(before)
    if joined and not is_no_rival(_last_name(before[: joined.start()])):
        return False
    if other and not is_verb(other[1] or ""):
        return False
    behind = _PIECE_BEHIND.match(after)
    if behind and not _explains(behind[2].strip(" .!\"'*"), behind[1], truth):
        return False
    lead = _PIECE_BEFORE.search(before)
    return lead is None or _leads_in(lead[1].strip(" \"'"), truth)


def _last_name(before: str) -> str:
    """The name, or else the piece, that a text ends in."""
    piece = _NEXT.split(before.strip(" ,"))[-1]
    words = piece.split()
    first = next((index for index in range(len(words), 0, -1) if not words[index - 1][:1].isupper()), 0)
    return " ".join(words[first:]) or piece


def is_known(piece: str, truth: Truth) -> bool:
    """Whether a piece of a sentence names a spelling of the answer and nothing else that is much longer."""
    named = words_of(piece)
    return any(len(named) - (end - start) <= 5 for start, end in text_mentions(named, truth))


_IN_REGION = re.compile(
    r"[,(]?\s{0,3}(?:(?:in|of)\s{1,3})?(?:the )?((?-i:[A-Z])[\w.]*(?: (?-i:[A-Z])[\w.]*){0,3})", re.IGNORECASE
)


def _lies_elsewhere(after: str, truth: Truth) -> bool:
    """Whether a place is said to lie where the right one does not: "Paris, Texas"."""
    region = _IN_REGION.match(after) if truth.answer_type in ("place", None) else None
    return region is not None and is_region(region[1]) and is_elsewhere(truth.answer, region[1])


def _explains(piece: str, mark: str, truth: Truth) -> bool:
    """Whether a piece behind an answer, set off by a mark, explains it and is no other answer."""
    if mark == "(" and _DOUBTED.fullmatch(piece):
        return False
    piece = _AND_FIRST.sub("", piece)
    if not re.search(r"\w", piece) or truth.said_by(piece) or is_known(piece, truth):
        return True
    words = piece.split()
    if words[0].lower() in GLOSSES or len(words) > 6 or any(map(is_verb, words)) or _ADDS.fullmatch(words[0]):
        return True
    if mark == "(" and len(words) > 2 and FUNCTION_WORDS.intersection(words[1:]):  # "osmosis (the flow of water)"
        return True
    if mark in ("(", ",") and _NUMBERS.fullmatch(piece) and not truth.quantities:
        return True
    if mark == "(" and any(is_short_for(piece, known) or is_short_for(known, piece) for known in truth.spellings):
        return True
    if mark == "(" and (_ABBREVIATION.fullmatch(piece) or converts(piece, truth)):
        return truth.is_value or is_region(piece) or (truth.answer_type != "place" and piece.isupper())
    region = _CAPITALS_FIRST.match(piece)
    around = bool(region and is_region(region[0]) and (region[0] == piece or piece[region.end() :].split()[0].lower() in GLOSSES))
    return around and (truth.answer_type in ("place", None) or mark == "(")


def _leads_in(piece: str, truth: Truth) -> bool:
    """Whether what stands before an answer and a mark is no other answer: "In 1990, ", "Its highest peak, "."""
    words = piece.split()
    if not words or truth.said_by(piece) or words[0].lower() in _LEADS or is_known(piece, truth):
        return True
    if any(is_short_for(piece, known) or is_short_for(known, piece) for known in truth.spellings):
        return True
    if truth.is_proper:
        return len(words) > 2 and any(word.islower() for word in words)
    return len(words) > 3


_CELSIUS_OF = {
    "\xb0C": lambda value: value,
    "\xb0F": lambda value: (value - 32) * 5 / 9,
    "K": lambda value: value - Fraction("273.15"),
}


def converts(piece: str, truth: Truth) -> bool:
    """Whether a piece is the right quantity in another unit, give or take its last digit: "3.1 miles" for 5 km."""
    other = parse_quantity(piece, truth.answer_type)
    if other is None:
        return False
    if other.unit in _CELSIUS_OF:
        degrees = _CELSIUS_OF[other.unit](other.value)
        known_degrees = [_CELSIUS_OF[known.unit](known.value) for known in truth.quantities if known.unit in _CELSIUS_OF]
        return any(abs(degrees - known) <= max(1, abs(known) / 50) for known in known_degrees)
    said = other.value * other.factor
    known = (known for known in truth.quantities if known.unit not in ("", other.unit) and known.base == other.base)
    return any(abs(said - right.value * right.factor) * 20 <= abs(right.value * right.factor) for right in known)
