"""Answers as values: their types, one canonical form for every spelling, and when two of them agree.

Shared by the rules that check a pair and by the reward that scores a response, so both mean the
same thing by "the same answer". Linear in the length of what is given, and never raises.
"""

import re
from functools import lru_cache
from typing import Literal, get_args

from transforms.dates import MONTH_NUMBERS, PartialDate, parse_date, parse_era
from transforms.english.names import TITLES
from transforms.english.number_words import ORDINALS, TENS
from transforms.english.spelling import one_spelling
from transforms.english.stems import singular
from transforms.expressions import equivalent
from transforms.markup import FRACTION, SIGNS, TEXT_COMMAND, TYPED, unwrapped
from transforms.quantities import Quantity, as_percentage, parse_quantity
from transforms.text import RAISED, normalise, unify, without_accents

AnswerType = Literal[
    "number", "percentage", "money", "date", "duration", "name", "place", "term", "expression", "code", "list", "yes_no", "option"
]
ANSWER_TYPES: tuple[str, ...] = get_args(AnswerType)
VALUE_TYPES = frozenset({"number", "percentage", "money", "date", "duration"})

# Longer answers are compared as plain text: no checkable answer is that long, and nothing hostile
# gets to the parsers.
MAX_CHARS = 1000
_REMEMBERED_CHARS = 200

# --- Canonical forms -----------------------------------------------------------------------------

_YES = frozenset({"yes", "y", "yeah", "yep", "true", "correct", "affirmative", "right"})
_NO = frozenset({"no", "n", "nope", "nah", "false", "incorrect", "negative", "wrong", "not"})
_ARTICLE = re.compile(r"(?:the|an|a) (?=\S)")
_THE = re.compile(r"the (?=\S)")
_TITLES = re.compile(rf"(?:(?:{'|'.join(sorted(TITLES))})\.? )+(?=\S)")
_OUTER = "\"'.,;:!? "
_QUOTED = ((' "', '"'), ("'", "'"), ("(", ")"), ("[", "]"))
_INITIALS = re.compile(
    r"(?<![\w.])(?:[^\W\d_]\.[ ]?){2,}(?:(?<=\.)[^\W\d_](?![\w'.]))?|(?<![\w.'])(?:[^\W\d_] )+[^\W\d_](?![\w'.])"
)
_MAX_INITIALS = 4
_BARE_OPTION = re.compile(r"\(?(?P<letter>[a-h1-9])[).:]+")
_OPTION_MARK = re.compile(r"\(?[a-h1-9]\)[ ]*(?=\S)|[a-h][.:] (?=\S)")
_RANGE = re.compile(r"(?<=\d) ?(?:-| to | until ) ?(?=\d)")
_WORD_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=\w)|(?<=\w)-(?=[^\W\d_])")
_WORD_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])|(?<=s)'(?= |$)")
_LOOSE_MARK = re.compile(r"(?<!\d)[,;]|[,;](?!\d)|(?<=[^\W\d_])\.(?= |$)|\"")
_ORDINAL = re.compile(r"\b(?:(" + "|".join(TENS) + r")-)?(" + "|".join(ORDINALS) + r")\b(?= |$)")


def fold_text(text: str) -> str:
    """The form of a text that does not depend on case, accents, hyphens or loose punctuation."""
    text = normalise(text).replace(" & ", " and ")
    if not text.isascii():
        text = normalise(without_accents(text))
    text = _INITIALS.sub(_initials_joined, text)
    text = _ORDINAL.sub(lambda m: _ordinal(TENS.get(m[1] or "", 0) + ORDINALS[m[2]]), text)
    text = _WORD_APOSTROPHE.sub("", _WORD_HYPHEN.sub(" ", _RANGE.sub("-", text)))
    text = " ".join(_LOOSE_MARK.sub("", text).split())
    return text.strip(_OUTER) or text


def _initials_joined(found: re.Match[str]) -> str:
    """ "J. K." and "J K" -> "jk"; a longer run spells a word out, letter by letter, and stays."""
    joined = re.sub(r"[. ]", "", found[0])
    return found[0] if len(joined) > _MAX_INITIALS else joined + (" " if found[0].endswith(" ") else "")


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _unquoted(text: str) -> str:
    text = text.strip()
    for _ in range(4):
        if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'`":
            text = text[1:-1].strip()
        elif len(text) > 6 and text.startswith("```") and text.endswith("```"):
            text = text[3:-3].strip()
        else:
            break
    return text


def _code(text: str) -> str:
    for odd, plain in (("\u2018", "'"), ("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"'), ("\u2013", "-"), ("\u2212", "-")):
        text = text.replace(odd, plain)
    text = " ".join(text.replace("\u200b", "").replace("\u00a0", " ").split())
    return _unquoted(text).replace('"', "'") or text


# In this order, and wherever they stand: "\\le" comes after "\\left" and "\\leq".
_EXPRESSION_WORDS = {"\\left": "", "\\right": ""} | {
    f"\\{name}": TYPED.get(SIGNS[name], SIGNS[name]) for name in "cdot times div leq geq le ge neq pi infty sqrt pm".split()
}
_EXPRESSION_WORDS |= TYPED | {"**": "^", "\\": ""}
_RAISED = re.compile(f"([\u207a\u207b]?[{RAISED}]+)")


def _expression(text: str) -> str:
    """A formula without its spaces and its dress; case counts. No algebra is done here."""
    text = _RAISED.sub(r"^\1", text)
    text = unify(text)
    text = unwrapped(text)
    text = TEXT_COMMAND.sub(lambda m: m[1] or m[2] or "", text)
    text = FRACTION.sub(lambda m: f"({m[1] or m[3]})/({m[2] or m[4]})", text)
    for written, plain in _EXPRESSION_WORDS.items():
        text = text.replace(written, plain)
    text = re.sub(r"(?<![a-zA-Z])pi(?![a-zA-Z])", "\u03c0", text)
    text = re.sub(r"\{([^{}]*)\}", lambda m: m[1] if len(m[1]) < 2 else f"({m[1]})", text)
    text = re.sub(r"\(([a-zA-Z0-9\u03c0])\)", r"\1", text) if not re.search(r"[A-Za-z]\(", text) else text
    text = "".join(text.split()).replace('"', "'")
    return text.rstrip(".,;") or text


_LIST_SPLIT = re.compile(r"\s*(?:;|\n|,(?!\d{3}(?!\d))|\s(?:and|&|or)\s|,\s)\s*(?:(?:and|or|&)\s+)?")
_BULLET = re.compile(r"(?:[-*\u2022]|\(?\d{1,2}[.)])\s+")


def list_items(answer: str) -> list[str]:
    """The items of a list as they are written, without bullets, brackets and the last "and"."""
    text = answer[: 4 * MAX_CHARS].strip()
    for opening, closing in (("[", "]"), ("{", "}"), ("(", ")")):
        if text.startswith(opening) and text.endswith(closing):
            text = text[1:-1]
    lines = [_BULLET.sub("", line.strip(), count=1) for line in text.splitlines()]
    items = [item.strip(" .,;") for item in _LIST_SPLIT.split("\n".join(lines))]
    return [item for item in items if item]


def _yes_no(text: str) -> str | None:
    first, _, rest = normalise(text).strip(_OUTER).partition(" ")
    first = first.rstrip(",.;:!-")
    said = "yes" if first in _YES else "no" if first in _NO else None
    opposite = _NO if said == "yes" else _YES
    if not rest:
        return said
    told = normalise(text).strip(_OUTER)[len(first) :].lstrip()[:1] in (",", ".", ";", ":", "!", "-")
    return said if told and not opposite & set(re.findall(r"\w+", rest)) else None


def canonical(answer: str, answer_type: str | None = None) -> str:
    """Write an answer in the one form that all its spellings share. Idempotent.

    Numbers lose separators and idle zeros and keep their unit's symbol ("1,000 metres" -> "1000 m"),
    dates become ISO as far as they are known ("4 May 1923" -> "1923-05-04", "25 July" -> "--07-25"),
    names lose titles, terms their article, lists their order. "" only for an empty answer.
    """
    if len(answer) <= _REMEMBERED_CHARS:
        return _remembered_form(answer, answer_type)
    plain = unify(answer)
    return normalise(plain) if len(plain) > MAX_CHARS else _stable_form(answer, answer_type)


def _stable_form(answer: str, answer_type: str | None) -> str:
    form = answer if normalise(answer) else ""
    for _ in range(6):
        previous, form = form, _canonical_once(form, answer_type) if form else ""
        if form == previous:
            break
    return form


# The same stored answer is compared with many responses, and every part of a response with all its aliases.
_remembered_form = lru_cache(maxsize=4096)(_stable_form)
_remembered_quantity = lru_cache(maxsize=4096)(parse_quantity)


def _canonical_once(answer: str, answer_type: str | None) -> str:
    plain = unify(answer)
    return _typed_form(answer, plain, answer_type) or normalise(plain)


def _typed_form(answer: str, plain: str, answer_type: str | None) -> str:
    if len(plain) > MAX_CHARS:
        return normalise(plain)
    if answer_type == "code":
        return _code(answer)
    if answer_type == "list":
        items = list_items(unify_lines(answer))
        if len(items) > 1:
            return ", ".join(sorted(_canonical_item(item) for item in items))
        return _canonical_item(items[0] if items else plain)
    if answer_type == "yes_no":
        said = _yes_no(plain)
        if said:
            return said
    if answer_type == "expression":
        quantity = parse_quantity(plain)
        return str(quantity) if quantity and not quantity.unit else _expression(answer)
    return _canonical_value(plain, answer_type) or _canonical_text(plain, answer_type)


def unify_lines(text: str) -> str:
    """`unify`, line by line."""
    return "\n".join(filter(None, map(unify, text[: 4 * MAX_CHARS].splitlines())))


def _canonical_item(item: str) -> str:
    return (_canonical_value(item, None) or _canonical_text(item, "term")).replace(", ", " ")


def _canonical_value(plain: str, answer_type: str | None) -> str | None:
    text = _unquoted(plain)
    if answer_type in (None, "date", "term", "name", "option", "place"):
        date = parse_date(text)
        if date and (date.month or answer_type == "date"):
            return str(date)
        era = parse_era(text)
        if era:
            return era
    if answer_type == "date":
        month = MONTH_NUMBERS.get(normalise(text).strip(" ."))
        if month:
            return str(PartialDate(0, month))
    quantity = parse_quantity(text, answer_type)
    if quantity:
        if answer_type == "percentage":
            quantity = as_percentage(quantity, text)
            return str(quantity) if quantity.unit else f"{quantity}%"
        return str(quantity)
    date = parse_date(text) if answer_type in ("number", "duration") else None
    return str(date) if date and date.month else None


def _canonical_text(plain: str, answer_type: str | None) -> str:
    said = normalise(plain).strip(_OUTER)
    if answer_type is None and said in ("yes", "no", "yep", "nope", "yeah"):
        return "yes" if said in _YES else "no"
    text = _unquoted(plain)
    if answer_type == "option":
        text = _option(normalise(text))
    if answer_type == "name":
        text = _given_name_first(normalise(text))
    text = fold_text(text)
    if answer_type == "name":
        text = _TITLES.sub("", text, count=1) if _TITLES.match(text) else text
    article = (_THE if answer_type == "name" else _ARTICLE).match(text)  # "A. Turing" has no article
    return text[article.end() :] if article else text


def _option(text: str) -> str:
    """ "(b) malloc" -> "malloc", "(b)" -> "b"."""
    letter, mark = _BARE_OPTION.fullmatch(text), _OPTION_MARK.match(text)
    return letter["letter"] if letter else text[mark.end() :] if mark else text


def _given_name_first(text: str) -> str:
    """ "Curie, Marie" -> "Marie Curie", "Le Guin, Ursula K."; a suffix ("King, Jr.") stays where it is."""
    last, comma, first = text.partition(", ")
    plain = comma and "," not in first and len(last.split()) <= 2 and len(first.split()) <= 3
    return f"{first} {last}" if plain and first.rstrip(".") not in ("jr", "sr", "ii", "iii", "iv", "phd", "md") else text


# --- Agreement -----------------------------------------------------------------------------------


def answers_match(a: str, b: str, answer_type: str | None = None, aliases: tuple[str, ...] | list[str] = ()) -> bool:
    """Whether two answers say the same thing. Reflexive, and symmetric where no aliases are given.

    `aliases` are further spellings of `b`, the stored answer: `a` may match any of them. An empty
    answer matches nothing. Tolerated: another notation, another spelling of the unit or one that
    converts exactly, a unit that one side leaves out; never another number.
    """
    return _same(a, b, answer_type) or any(_same(a, alias, answer_type) for alias in aliases)


def _same(a: str, b: str, answer_type: str | None) -> bool:
    one, other = canonical(a, answer_type), canonical(b, answer_type)
    if not one or not other:
        return False
    if one == other:
        return True
    if answer_type == "expression":
        return equivalent(a, b)
    if answer_type in ("code", "list", "yes_no"):
        return False
    first, second = (_remembered_quantity(form[:_REMEMBERED_CHARS], answer_type) for form in (one, other))
    if first and second:
        return same_quantity(first, second, answer_type)
    if answer_type in VALUE_TYPES or first or second or max(len(one), len(other)) > MAX_CHARS:
        return False
    if loose_form(one, answer_type) == loose_form(other, answer_type):
        return True
    return answer_type == "name" and _same_person(one.split(), other.split())


def same_quantity(first: Quantity, second: Quantity, answer_type: str | None = None) -> bool:
    """Whether two quantities agree: in units that convert exactly, or where one side leaves the unit out."""
    if first.same(second) or _small_change(first, second) or _small_change(second, first):
        return True
    if answer_type == "number" and (_share_of(first, second) or _share_of(second, first)):
        return True
    return first.value == second.value and _unit_left_out(first, second, answer_type)


def _share_of(percentage: Quantity, share: Quantity) -> bool:
    """Whether a percentage is this number: 75% is 0.75."""
    return percentage.unit == "%" and not share.unit and percentage.value == 100 * share.value


# A hundred of these make one of any of those.
SMALL_CHANGE = {"cent": ("USD", "EUR", "AUD", "CAD", "NZD", "HKD", "SGD", "ZAR"), "penny": ("GBP",)}


def _small_change(coins: Quantity, money: Quantity) -> bool:
    return money.base in SMALL_CHANGE.get(coins.base, ()) and coins.value == 100 * money.value


_CUT_SHORT = {"st": "saint", "mt": "mount"}
_CUT = re.compile(r"\b(?:st|mt)(?= [a-z])")


@lru_cache(maxsize=4096)
def loose_form(form: str, answer_type: str | None = None) -> str:
    """What two canonical texts share that differ in British or American spelling, in spaces, or, of a term, in number."""
    form = _CUT.sub(lambda found: _CUT_SHORT[found[0]], one_spelling(form))
    if answer_type == "term":
        form = " ".join(singular(singular(word)) for word in form.split(" "))
    spelled_out = all(len(word) == 1 for word in form.split(" "))
    return form if spelled_out or re.search(r"\d", form) else form.replace(" ", "")


def _unit_left_out(first: Quantity, second: Quantity, answer_type: str | None) -> bool:
    """Whether one of two equal numbers has no unit: "155" for "155 km". A "%" may go only where one is expected."""
    if bool(first.unit) == bool(second.unit):
        return False
    return "%" not in (first.unit, second.unit) or answer_type == "percentage"


def _same_person(one: list[str], other: list[str]) -> bool:
    """Whether names agree but for initials: "J. Smith" and "John Smith", "John F. Kennedy" and "John Kennedy"."""
    if len(one) < 2 or len(other) < 2 or one[-1] != other[-1] or len(one[-1]) < 2:
        return False
    given, others = one[:-1], other[:-1]
    if len(given) == len(others):
        return all(x == y or (min(len(x), len(y)) == 1 and x[0] == y[0]) for x, y in zip(given, others, strict=True))
    short, long = sorted((given, others), key=len)
    if all(len(part) > 1 for part in short) and [part for part in long if len(part) > 1 or not part.isalpha()] == short:
        return True  # "Ursula Le Guin" and "Ursula K. Le Guin", "Robert Oppenheimer" and "J. Robert Oppenheimer"
    if len(short) == 1 and 1 < len(short[0]) == len(long):  # "jf kennedy" and "john f kennedy"
        return short[0] == "".join(part[0] for part in long)
    return False
