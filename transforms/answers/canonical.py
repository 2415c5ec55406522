"""Answers as values: their types, and one canonical form for every spelling.

Shared by the rules that check a pair and by the reward that scores a response, so both mean the
same thing by "the same answer". Linear in the length of what is given, and never raises.
"""

import re
from functools import lru_cache

from transforms.answers.dates import MONTH_NUMBERS, PartialDate, parse_date, parse_era
from transforms.answers.markup import FRACTION, SIGNS, TEXT_COMMAND, TYPED, unwrapped
from transforms.answers.quantities import as_percentage, parse_quantity
from transforms.english.names import TITLES
from transforms.english.number_words import ORDINALS, TENS
from transforms.text import RAISED, normalise, unify, without_accents

VALUE_TYPES = frozenset({"number", "percentage", "money", "date", "duration"})

# Longer answers are compared as plain text: no checkable answer is that long, and nothing hostile
# gets to the parsers.
MAX_CHARS = 1000
REMEMBERED_CHARS = 200

YES = frozenset({"yes", "y", "yeah", "yep", "true", "correct", "affirmative", "right"})
NO = frozenset({"no", "n", "nope", "nah", "false", "incorrect", "negative", "wrong", "not"})
_ARTICLE = re.compile(r"(?:the|an|a) (?=\S)")
_THE = re.compile(r"the (?=\S)")
_TITLES = re.compile(rf"(?:(?:{'|'.join(sorted(TITLES))})\.? )+(?!of )(?=\S)")
_OUTER = "\"'.,;:!? "
_INITIALS = re.compile(
    r"(?<![\w.])(?:[^\W\d_]\.[ ]?){2,}(?:(?<=\.)[^\W\d_](?![\w'.]))?|(?<![\w.'])(?:[^\W\d_] )+[^\W\d_](?![\w'.])"
)
_MAX_INITIALS = 4
_BARE_OPTION = re.compile(r"\(?(?P<letter>[a-h1-9])[).:]+")
_OPTION_MARK = re.compile(r"\(?[a-h1-9]\)[ ]*(?=\S)|[a-h][.:] (?=\S)")
_SUBSCRIPT = re.compile(r"(?:(?<=[A-Z)])|(?<=[A-Z][a-z]))_(?:\{(\d{1,3})\}|(\d{1,3}))")  # "C_6H_{12}O_6"
_HOUR = re.compile(r"(?:at )?(0?[1-9]|1[0-2])(?::([0-5]\d))? ?([ap])\.? ?m\.?")  # "5:00 p.m."
_RANGE = re.compile(r"(?<=\d) ?(?:-| to | until ) ?(?=\d)")
_WORD_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=\w)|(?<=\w)-(?=[^\W\d_])")
_WORD_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])|(?<=s)'(?= |$)")
_LOOSE_MARK = re.compile(r"(?<!\d)[,;]|[,;](?!\d)|(?<=[^\W\d_])\.(?= |$)|\"")
_ORDINAL = re.compile(r"\b(?:(" + "|".join(TENS) + r")-)?(" + "|".join(ORDINALS) + r")\b(?= |$)")


def fold_text(text: str) -> str:
    """The form of a text that does not depend on case, accents, hyphens or loose punctuation."""
    text = normalise(_SUBSCRIPT.sub(lambda found: found[1] or found[2], text)).replace(" & ", " and ")
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
    text = re.sub(r",\s", ";", text.replace("\\{", "\u27e8").replace("\\}", "\u27e9"))  # "12, 102" is no number, a set no point
    text = FRACTION.sub(lambda m: f"({m[1] or m[3]})/({m[2] or m[4]})", text)
    for written, plain in _EXPRESSION_WORDS.items():
        text = text.replace(written, plain)
    text = re.sub(r"(?<![a-zA-Z])pi(?![a-zA-Z])", "\u03c0", text)
    text = re.sub(r"\{([^{}]*)\}", lambda m: m[1] if len(m[1]) < 2 else f"({m[1]})", text)
    text = re.sub(r"\(([a-zA-Z0-9\u03c0])\)", r"\1", text) if not re.search(r"[A-Za-z]\(", text) else text
    text = "".join(text.split()).replace('"', "'")
    return text.rstrip(".,;") or text


_LIST_SPLIT = re.compile(r"\s{0,3}(?:;|\n|,(?!\d{3}(?!\d))|\s(?:and|&|or)\s|,\s)\s{0,3}(?:(?:and|or|&)\s+)?")
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
    said = "yes" if first in YES else "no" if first in NO else None
    opposite = NO if said == "yes" else YES
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
    if len(answer) <= REMEMBERED_CHARS:
        return _remembered_form(answer, answer_type)
    if len(answer) <= MAX_CHARS:
        return _remembered_long_form(answer, answer_type)
    return _long_form(answer, answer_type)


def _long_form(answer: str, answer_type: str | None) -> str:
    plain = unify(answer)
    return normalise(plain) if len(plain) > MAX_CHARS else _stable_form(answer, answer_type)


def _stable_form(answer: str, answer_type: str | None) -> str:
    form = answer if normalise(answer) else ""
    for _ in range(6):
        plain = unify(form)
        previous, form = form, _typed_form(form, plain, answer_type) or normalise(plain)
        if form == previous:
            break
    return form


# The same stored answer is compared with many responses, and every part of a response with all its aliases.
_remembered_form = lru_cache(maxsize=4096)(_stable_form)
_remembered_long_form = lru_cache(maxsize=64)(_long_form)  # few, for what they hold


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
    hour = _HOUR.fullmatch(normalise(text).strip(" .")) if answer_type in (None, "date", "term", "number", "duration") else None
    if hour:
        return f"{int(hour[1]) % 12 + 12 * (hour[3] == 'p'):02d}:{hour[2] or '00'}"
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
        return "yes" if said in YES else "no"
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
