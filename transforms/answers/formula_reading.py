"""What mathematical answers are made of: values, relations, intervals, rows (points, vectors), sets and matrices.

`read_statement` reads a text into one of them, and raises FormulaError for what is none. It knows the shapes
that answers have; `formula_dress` takes off what LaTeX puts on them, and `formula_parser` reads the formulas inside.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from transforms.answers.formula_dress import MATRIX, SIZES, undressed
from transforms.answers.formula_parser import FormulaError, Node, parse_formula
from transforms.answers.markup import SIGNS, TYPED
from transforms.answers.units import parse_unit
from transforms.english.stems import singular

MAX_CHARS = 1000
_MAX_ITEMS = 16
_MAX_DEPTH = 6

_MEMBER = re.compile(r"^\s?[A-Za-z]\s?(?:\\in(?![a-z])|\u2208)\s?")
_CONNECTIVES = re.compile(r"\s(?:or|and)\s|\\cup(?![a-z])|\u222a|\\lor(?![a-z])|\\land(?![a-z])")
# How several answers are joined, the first that is found.
_JOINED = (
    ("set", re.compile(r"\\cup(?![a-z])|\u222a")),
    ("or", re.compile(r"\sor\s|\\lor(?![a-z])")),
    ("and", re.compile(r"\sand\s|\\land(?![a-z])")),
)
_PLUS_MINUS = re.compile(r"\\pm(?![a-z])")
_NEARLY = re.compile(r"\\approx(?![a-z])|\u2248|\\simeq(?![a-z])|\\doteq(?![a-z])")
_LESS = re.compile(r"\\setminus(?![a-z])|\\backslash(?![a-z])|\u2216|(?<=[\])}])\s?\\\s?(?=\\?\{)")
_PROPORTION = re.compile(r"[^:]{1,40}(?::[^:]{1,40}){2,5}")
_RELATION = re.compile(
    r"<=|>=|!=|=|<|>|\\leq?(?:slant|q)?(?![a-z])|\\geq?(?:slant|q)?(?![a-z])|\\neq?(?![a-z])|\\[lg]t(?![a-z])|\u2264|\u2265|\u2260"
)
_FLIPPED = {">": "<", ">=": "<="}
_CALLED = re.compile(
    r"(?:[A-Za-z]'*(?:_\w|_\{\w+\})?(?:\^(?:\{-1\}|-1))?\s?\(\s?(?P<argument>[A-Za-z])(?:\s?,\s?[a-z])*\s?\)|[a-z]'|d[a-z]?/d[a-z]|\\d?frac\{d[a-z]?\}\{d[a-z]\}"
    # what is worked out: "\\int 2x dx = ..."
    r"|(?:\\d?frac\{d\}\{d[a-z]\}|d/d[a-z]|\\(?:int|lim|sum|prod)(?![a-z])|[\u222b\u2211\u220f]).{1,200})",
    re.DOTALL,
)
_DEGREES = re.compile(r"\s?(?:\^\s?\{?\s?\\circ\s?\}?|\u00b0|\\degree(?![a-z])|\bdegrees?)\s?$")
_PERCENT = re.compile(r"\s?(?:\\?%|\bper ?cent|\bpct)\s?$")
_UNIT = re.compile(r"(?<=[\d}) ])\s?@([A-Za-z\u00a3-\u20b9][A-Za-z ]{0,40})@(?:\s?\^\s?\{?([23])\}?)?\s?$")
_COUNTED = re.compile(r"(?<=\d) ([a-z]{3,15}(?: [a-z]{2,15})?)$")
# Plurals that say how many of it there are, and not what.
_NO_THINGS = frozenset(
    "halves thirds quarters fourths fifths sixths tenths times dozens hundreds thousands millions billions doubles is was "
    "less".split()
)
_BUILDER = re.compile(r"[A-Za-z]\s?(?:\\mid|\\vert|\||:)\s?(.*)", re.DOTALL)


# --- The shapes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value:
    """A formula in all its readings; `measure` is "deg", "%", a unit or nothing; `argument` the name that it is a function of."""

    readings: tuple[Node, ...]
    measure: str = ""
    argument: str = ""
    derived: bool = False  # of f' or the inverse of f
    decimals: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """Values joined by relations, all of one direction where they are inequalities."""

    sides: tuple[Value, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in brackets, in its order: a point, a vector, an interval, a column of a matrix.

    Also what colons part ("::"), and a set without another one ("\\").
    """

    items: "tuple[Statement, ...]"
    brackets: str = "()"


@dataclass(frozen=True, slots=True)
class Group:
    """Several answers in any order; `joined` by "," or "or" or "and", or "set" for what braces hold and unions join."""

    items: "tuple[Statement, ...]"
    joined: str = ","


Statement = Value | Relation | Row | Group


@lru_cache(maxsize=1024)
def read_statement(text: str) -> tuple[Statement, ...]:
    """What a text states, and behind it what it says to be about the same ("... \\approx 1.36"); raises FormulaError."""
    if len(text) > MAX_CHARS:
        raise FormulaError("too long")
    parts = _cut(undressed(text), _NEARLY)
    if not 0 < len(parts) <= 3:
        raise FormulaError("nothing, or too much")
    return tuple(_statement(part, 0) for part in parts)


def _statement(text: str, depth: int) -> Statement:
    if depth > _MAX_DEPTH:
        raise FormulaError("too deep")
    text = _MEMBER.sub("", text.rstrip(" .;,").lstrip(" ;,"))
    matrix = MATRIX.match(text)
    if matrix and text.endswith(f"\\end{{{matrix[1]}}}"):
        return _matrix(text[matrix.end() : -len(f"\\end{{{matrix[1]}}}")], depth)
    whole, *out = _cut(text, _LESS)
    if out and len(out) == 1:
        return Row((_statement(whole, depth + 1), _statement(out[0], depth + 1)), "\\")
    parts = [part for piece in _cut(text, _CONNECTIVES) for part in _listed(piece)]
    if len(parts) > 1:
        joined = next((name for name, sign in _JOINED if sign.search(text)), ",")
        together = _group(parts, depth, joined)
        if joined == "set":  # of sets: what is in any of them
            return Group(
                tuple(one for item in together.items for one in (item.items if isinstance(item, Group) else (item,))), "set"
            )
        return together
    group = _bracketed(text)
    if group:
        opening, inner, closing = group
        parts = _listed(inner)
        if len(parts) == 1:  # a number does not stand alone in brackets: (12,102) has two
            parts = [part for part in _cut(inner, _COMMA) if part.strip()]
        if opening == "{" and closing == "}":
            builder = _BUILDER.fullmatch(inner)
            return _statement(builder[1], depth + 1) if builder else _group(parts, depth, "set")
        if 1 < len(parts) <= _MAX_ITEMS:
            return Row(tuple(_statement(part, depth + 1) for part in parts), opening + closing)
    if _PROPORTION.fullmatch(text):
        return Row(tuple(_statement(part, depth + 1) for part in text.split(":")), "::")
    text = _PLUS_MINUS.sub("\u00b1", text)
    if "\u00b1" in text:
        both = dict.fromkeys(_single(text.replace("\u00b1", sign), depth) for sign in "+-")
        return Group(tuple(both), "or") if len(both) > 1 else next(iter(both))
    return _single(text, depth)


def _group(parts: list[str], depth: int, joined: str) -> Group:
    if not 0 < len(parts) <= _MAX_ITEMS:
        raise FormulaError("too many parts")
    items: list[Statement] = []
    for part in parts:
        item = _statement(part, depth + 1)
        items += item.items if isinstance(item, Group) and item.joined != "set" else (item,)
    return Group(tuple(items), joined)


def _matrix(inner: str, depth: int) -> Statement:
    rows = [SIZES.sub(" ", row.replace("&", "\x00")) for row in inner.split("\\\\") if row.strip()]
    cells = [[_statement(cell, depth + 1) for cell in row.split("\x00")] for row in rows]
    if not 0 < len(cells) <= _MAX_ITEMS or any(len(row) > _MAX_ITEMS for row in cells):
        raise FormulaError("too large")
    if all(len(row) == 1 for row in cells):
        return Row(tuple(row[0] for row in cells))
    return Row(tuple(Row(tuple(row)) for row in cells))


_SURE_COMMA = re.compile(r"[;\n]|,\s")
_COMMA = re.compile(",")
_THOUSANDS = re.compile(r"[^,\d]{0,60}\d{1,3}(?:,\d{3})+(?![\d])[^,]{0,60}", re.ASCII)


def _listed(text: str) -> list[str]:
    """What commas part, outside of brackets: "1, 200" and "1,7,103" are several numbers, "1,000" is one."""
    found = [
        part for piece in _cut(text, _SURE_COMMA) for part in ([piece] if _THOUSANDS.fullmatch(piece) else _cut(piece, _COMMA))
    ]
    return [part for part in found if part.strip()]


def _cut(text: str, at: re.Pattern[str]) -> list[str]:
    """Cut outside brackets."""
    parts, start, depth, position = [], 0, 0, 0
    while position < len(text):
        char = text[position]
        depth += (char in "([{") - (char in ")]}")
        found = at.match(text, position) if depth <= 0 else None
        if found:
            parts.append(text[start:position])
            start = position = max(found.end(), position + 1)
        else:
            position += 1
    return [*parts, text[start:]]


def _bracketed(text: str) -> tuple[str, str, str] | None:
    """The brackets that hold a whole text, and what is in them; those of intervals may differ."""
    text = text.replace("\\{", "{").replace("\\}", "}").replace("\\lbrace", "{").replace("\\rbrace", "}")
    if len(text) < 3 or text[0] not in "([{" or text[-1] not in ")]}":
        return None
    depth = 0
    for position, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0 and position < len(text) - 1:
            return None
    return text[0], text[1:-1], text[-1]


def _single(text: str, depth: int) -> Statement:
    """One formula, equation or chain of inequalities."""
    sides = _cut(text, _RELATION)
    signs = tuple(map(_typed, _signs(text)))
    if len(sides) > 6 or any(not side.strip() for side in sides):
        raise FormulaError("no relation, or too many")
    if signs and set(signs) == {"="}:
        called = _CALLED.fullmatch(sides[0].strip())
        left = _bracketed(sides[0].strip())
        if called and len(sides) > 2:
            return _single("=".join(sides[1:]), depth + 1)
        if called or (left and len(_listed(left[1])) > 1):  # f(x) = ..., and (a, b) = (1, 2)
            value = _statement(sides[1], depth + 1)
            named = called["argument"] if called else ""
            if named and isinstance(value, Value):
                return Value(value.readings, value.measure, named, "'" in sides[0] or "^" in sides[0], value.decimals)
            return value
    values = tuple(_value(side) for side in sides)
    if not signs:
        return values[0]
    if all(sign in _FLIPPED for sign in signs):
        return Relation(values[::-1], tuple(_FLIPPED[sign] for sign in reversed(signs)))
    return Relation(values, signs)


def _signs(text: str) -> list[str]:
    signs, depth, position = [], 0, 0
    while position < len(text):
        depth += (text[position] in "([{") - (text[position] in ")]}")
        found = _RELATION.match(text, position) if depth <= 0 else None
        if found:
            signs.append(found[0])
        position = found.end() if found else position + 1
    return signs


def _typed(relation: str) -> str:
    """A relation as it is typed: "<=" for "≤" and "\\leq"."""
    sign = SIGNS.get(relation[1:], relation)
    return TYPED.get(sign, sign)


def _measure(words: str, power: str = "") -> str:
    """The one name of a unit or of what is counted; raises FormulaError for words that are neither: "3 is wrong", "3 million"."""
    if words.startswith("degree"):
        return "deg"
    sign = words.removesuffix("dollars") if words.endswith("dollars") else ""
    unit = parse_unit(f"{sign or words}^{power}" if power else sign or words, money=True)
    if unit:
        return unit.symbol
    last = words.split(" ")[-1]
    if last in _NO_THINGS or singular(last) == last or power:
        raise FormulaError(f"no unit: {words}")
    return words


_LOG = re.compile(r"\\?(?<![a-z])log(?![a-z_])(?! ?_)")
_LG = re.compile(r"\\?(?<![a-z])lg(?![a-z])")
_RATIO = re.compile(r"([^:]{1,60}):([^:]{1,60})|(\d{1,9}) to (\d{1,9})")


def _value(text: str) -> Value:
    measure = ""
    for pattern, name in ((_DEGREES, "deg"), (_PERCENT, "%")):
        found = pattern.search(text)
        if found and text[: found.start()].strip():
            text, measure = text[: found.start()], name
            break
    unit = _UNIT.search(text)
    if unit and text[: unit.start()].strip():
        text, measure = text[: unit.start()], _measure(unit[1].strip(), unit[2] or "")
    counted = _COUNTED.search(text)
    if counted and not measure:  # "50 dollars"
        text, measure = text[: counted.start()], _measure(counted[1])
    ratio = _RATIO.fullmatch(text.strip())
    if ratio:
        text = f"({ratio[1] or ratio[3]})/({ratio[2] or ratio[4]})"
    text = text.replace("@", " ")
    readings = parse_formula(text)
    if _LOG.search(text):  # which may be the natural one
        readings = (*readings, *parse_formula(_LOG.sub(r"\\ln ", text)))
    if _LG.search(text):  # of two, or of ten
        readings = (*readings, *parse_formula(_LG.sub(r"\\log ", text)))
    return Value(readings, measure, decimals="." in text)
