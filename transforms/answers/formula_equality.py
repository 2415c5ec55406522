"""Expressions: whether two formulas are the same by algebra, in bounded time and in any thread.

Two formulas are one if they have the same value wherever they are tried. Rational ones are computed
modulo a prime of 61 bits at points that depend on the names alone: exact, and wrong only if a
polynomial of small degree happens to vanish there. Roots, powers with names in the exponent and
functions are computed in floating point at positive points. Nothing is ever expanded, so
"9**9**9**9" costs no more than "9". A computer algebra system would know more identities, but can be
bounded only by a signal (not in threads) or a process, and takes a second to import.
"""

import cmath
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from transforms.answers.formula_parser import MAX_CHARS, FormulaError, Node, parse_formula
from transforms.answers.markup import SIGNS, TYPED, unwrapped
from transforms.text import stable_seed

_PRIME = 2**61 - 1
_POINTS = 6
_MIN_POINTS = 4  # of these, so many must be defined for both sides
_TOLERANCE = 1e-9  # relative, of floating point
_MAX_EXPONENT = 10**6
_MAX_CONSTANT_BITS = 256
_MAX_ITEMS = 8

_RELATION = re.compile(r"<=|>=|!=|=|<|>|\\leq?(?![a-z])|\\geq?(?![a-z])|\\neq?(?![a-z])|≤|≥|≠")
_FLIPPED = {">": "<", ">=": "<="}
_SEPARATOR = re.compile(
    r"\s+(?:or|and)\s+|,\s+(?:or|and)\s+|\\text\s*\{\s*(?:or|and)\s*\}|[;,](?!\d{3}(?!\d))|,\s|\n|\\cup(?![a-z])"
)
_GROUP = re.compile(r"^\s*(\\\{|[\[({])(.*?)(\\\}|[\])}])\s*$", re.DOTALL)
_MEMBER = re.compile(r"^\s*[A-Za-z]\s*(?:\\in(?![a-z])|∈)\s*")
_CALLED = re.compile(
    r"[A-Za-z]'*(?:_\w|_\{\w+\})?\s*\(\s*[a-z](?:\s*,\s*[a-z])*\s*\)|[a-z]'|d[a-z]?/d[a-z]|\\d?frac\{d[a-z]?\}\{d[a-z]\}"
    # what is worked out: "\\int 2x dx = ..."
    r"|(?:\\d?frac\{d\}\{d[a-z]\}|d/d[a-z]|\\(?:int|lim|sum|prod)(?![a-z])|[\u222b\u2211\u220f]).{1,200}"
)


class _NotRational(Exception):
    """Not a rational function: exact arithmetic cannot say its value."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """Formulas joined by relations; without a relation it is one formula."""

    sides: tuple[Node, ...]
    relations: tuple[str, ...] = ()


def equivalent(one: str, other: str) -> bool:
    """Whether two texts write the same expression, equation, inequality, or set of these. Symmetric."""
    first, second = _read(one), _read(other)
    return first is not None and second is not None and _same_items(first, second)


def worked_out(text: str) -> bool:
    """Whether nothing plain is left to do: no numbers to add, multiply or raise ("2 + 1"), no like terms ("3x + 2x")."""
    read = _read(text)
    return read is None or all(_worked_out(item[0].sides[-1]) for item in read.items)


def _worked_out(node: Node) -> bool:
    parts = _flat(node, node.op) if node.op in ("+", "*") else list(node.args)
    if not all(_worked_out(part) for part in parts):
        return False
    numbers = [number for part in parts if (number := _constant(part)) is not None]
    if node.op in ("+", "*") and len(numbers) > 1:
        return False
    if node.op == "^" and len(numbers) == 2:
        base, power = numbers
        is_square = base >= 0 and all(math.isqrt(part) ** 2 == part for part in (base.numerator, base.denominator))
        return power.denominator != 1 and not (power == Fraction(1, 2) and is_square)
    if node.op == "+" and len(parts) <= _MAX_ITEMS:
        return not any(_ratio(one, other) for index, one in enumerate(parts) for other in parts[:index])
    return True


def _flat(node: Node, op: str) -> list[Node]:
    """The terms of a sum or the factors of a product."""
    return [part for arg in node.args for part in _flat(arg, op)] if node.op == op else [node]


# --- Reading -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Items:
    """What a text lists, each in all its readings; `brackets` are those of an interval or a point."""

    items: tuple[tuple[_Statement, ...], ...]
    brackets: str = ""


@lru_cache(maxsize=1024)
def _read(text: str) -> _Items | None:
    if len(text) > MAX_CHARS:
        return None
    try:
        return _read_items(text)
    except (FormulaError, RecursionError, ValueError):
        return None


def _read_items(text: str) -> _Items:
    text = _MEMBER.sub("", unwrapped(text.strip().strip(".;")))
    brackets = ""
    parts = _split(text)
    group = _GROUP.match(text)
    if len(parts) == 1 and group and len(_split(group[2])) > 1:
        parts, brackets = _split(group[2]), group[1][-1] + group[3][-1]
    if not 1 <= len(parts) <= _MAX_ITEMS:
        raise FormulaError("too many parts")
    items: list[tuple[_Statement, ...]] = []
    for part in (part.replace("\\pm", "±") for part in parts):
        for sign in "+-" if "±" in part else "+":
            item = _statements(part.replace("±", sign))
            if "±" not in part or item not in items[-1:]:
                items.append(item)
    return _Items(tuple(items), "" if brackets == "{}" else brackets)


def _split(text: str) -> list[str]:
    """Cut at commas and at "or" outside brackets."""
    parts, start, depth, position = [], 0, 0, 0
    while position < len(text):
        char = text[position]
        depth += (char in "([{") - (char in ")]}")
        found = _SEPARATOR.match(text, position) if depth <= 0 else None
        if found:
            parts.append(text[start:position])
            start = position = found.end()
        else:
            position += 1
    return [part for part in (*parts, text[start:]) if part.strip()]


def _statements(text: str) -> tuple[_Statement, ...]:
    """Every reading of one formula, equation or inequality."""
    sides = _RELATION.split(text)
    relations = [_typed(found) for found in _RELATION.findall(text)]
    if len(sides) > 3:
        raise FormulaError("too many relations")
    if relations == ["="] and _CALLED.fullmatch(sides[0].strip()):  # f(x) = ...
        sides, relations = sides[1:], []
    readings = [parse_formula(side) for side in sides]
    chosen = [tuple(reading[min(number, len(reading) - 1)] for reading in readings) for number in (0, 1)]
    if relations and all(relation in _FLIPPED for relation in relations):
        chosen = [choice[::-1] for choice in chosen]
        relations = [_FLIPPED[relation] for relation in reversed(relations)]
    return tuple(dict.fromkeys(_Statement(choice, tuple(relations)) for choice in chosen))


def _typed(relation: str) -> str:
    """A relation as it is typed: "<=" for "≤" and "\\leq"."""
    sign = SIGNS.get(relation[1:], relation)
    return TYPED.get(sign, sign)


# --- Comparing -----------------------------------------------------------------------------------


def _same_items(first: _Items, second: _Items) -> bool:
    if len(first.items) != len(second.items) or first.brackets != second.brackets:
        return False
    if first.brackets:
        return all(_same_readings(a, b) for a, b in zip(first.items, second.items, strict=True))
    left = list(second.items)
    for item in first.items:
        found = next((other for other in left if _same_readings(item, other)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _same_readings(one: tuple[_Statement, ...], other: tuple[_Statement, ...]) -> bool:
    return any(_same_statement(a, b) for a in one for b in other)


def _same_statement(one: _Statement, other: _Statement) -> bool:
    if one == other:
        return True
    if one.relations != other.relations:
        formula, equation = sorted((one, other), key=lambda statement: len(statement.relations))
        value = _assigned(equation) if equation.relations == ("=",) and not formula.relations else None
        return value is not None and _same_value(value, formula.sides[0])
    if not one.relations:
        return _same_value(one.sides[0], other.sides[0])
    if all(_same_value(a, b) for a, b in zip(one.sides, other.sides, strict=True)):
        return True
    if len(one.sides) > 2:
        return False
    first, second = _difference(one), _difference(other)
    if first.names() != second.names():
        return False
    ratio = _ratio(first, second)
    if one.relations[0] in ("=", "!="):
        return ratio not in (None, 0) or _same_roots(first, second)
    return ratio is not None and isinstance(ratio, float) and ratio > 0


def _assigned(statement: _Statement) -> Node | None:
    """What an equation sets a name to: the x + 1 of "y = x + 1"; also of "2(x + 1) = 2x + 2"."""
    left, right = statement.sides
    for name, value in ((left, right), (right, left)):
        if name.op == "var" and name.name not in value.names():
            return value
    return right if _same_value(left, right) else None


def _difference(statement: _Statement) -> Node:
    return Node("+", (statement.sides[0], Node("neg", (statement.sides[1],))))


def _same_value(one: Node, other: Node) -> bool:
    if one == other:
        return True
    if _bars(one) != _bars(other):  # points are positive, and would not tell |x| from x
        return False
    try:
        pairs = _values(one, other, _exact)
        return len(pairs) >= _MIN_POINTS and all(a == b for a, b in pairs)
    except _NotRational:
        pairs = _values(one, other, _float)
        return len(pairs) >= _MIN_POINTS and all(_close(a, b) for a, b in pairs)


def _bars(node: Node) -> bool:
    """Whether there is an absolute value of something with names in it."""
    return any(map(_bars, node.args)) or (node.op == "abs" and bool(node.names() - _CONSTANTS.keys()))


def _close(one: complex, other: complex) -> bool:
    return abs(one - other) <= _TOLERANCE * max(abs(one), abs(other))


def _ratio(one: Node, other: Node) -> float | None:
    """The constant of which one is the multiple of the other, by floating point; None if there is none."""
    pairs = [(a, b) for a, b in _values(one, other, _float) if abs(b) > _TOLERANCE and abs(a) > _TOLERANCE]
    if len(pairs) < _MIN_POINTS:
        return None
    ratios = [a / b for a, b in pairs]
    constant = all(_close(ratio, ratios[0]) for ratio in ratios) and abs(ratios[0].imag) <= _TOLERANCE * abs(ratios[0])
    return ratios[0].real if constant else None


def _same_roots(one: Node, other: Node) -> bool:
    """Whether two equations that are linear in some name have the same solution for it: P V = n R T and P = n R T / V."""
    for name in sorted(one.names()):
        try:
            if all(_root_fits(a, b, name, index) for a, b in ((one, other), (other, one)) for index in range(3)):
                return True
        except (_NotRational, ArithmeticError, ValueError):
            continue
    return False


def _root_fits(one: Node, other: Node, name: str, index: int) -> bool:
    at = [_exact(one, index, {name: value}) for value in range(3)]
    slope = (at[1] - at[0]) % _PRIME
    if not slope or (at[2] - at[1]) % _PRIME != slope:
        return False
    root = -at[0] * pow(slope, -1, _PRIME) % _PRIME
    return _exact(other, index, {name: root}) == 0


# --- Values --------------------------------------------------------------------------------------


def _values(one: Node, other: Node, value: Callable[[Node, int], complex]) -> list[tuple[complex, complex]]:
    """The values of two formulas at the points where both have one."""
    found = []
    for index in range(_POINTS):
        try:
            pair = (value(one, index), value(other, index))
        except (ArithmeticError, ValueError):
            continue
        if all(map(cmath.isfinite, pair)):
            found.append(pair)
    return found


def _exact(node: Node, index: int, known: dict[str, int] | None = None) -> int:
    """The value of a rational function modulo the prime; an arithmetic or value error where it has none."""
    if node.op == "num":
        return node.value.numerator * pow(node.value.denominator, -1, _PRIME) % _PRIME
    if node.op == "var":
        if known and node.name in known:
            return known[node.name]
        return _modular_point(node.name, index)
    if node.op == "^":
        power = _constant(node.args[1])
        if power is None or power.denominator != 1 or abs(power.numerator) > _MAX_EXPONENT:
            raise _NotRational
        base = _exact(node.args[0], index, known)
        if base == power == 0:
            raise ZeroDivisionError
        return pow(base, power.numerator, _PRIME)
    if node.op not in _OPERATIONS:
        raise _NotRational
    values = [_exact(arg, index, known) for arg in node.args]
    value = values[0] * pow(values[1], -1, _PRIME) if node.op == "/" else _OPERATIONS[node.op](*values)
    return value % _PRIME


def _constant(node: Node) -> Fraction | None:
    """The exact value of a small constant, such as an exponent; None if it has names or grows out of bounds."""
    if node.op == "num":
        return node.value
    if node.op != "^" and node.op not in _OPERATIONS:
        return None
    known = [value for arg in node.args if (value := _constant(arg)) is not None]
    if len(known) < len(node.args) or any(_bits(value) > _MAX_CONSTANT_BITS for value in known):
        return None
    if node.op != "^":
        return None if node.op == "/" and not known[1] else _OPERATIONS[node.op](*known)
    a, b = known
    small = b.denominator == 1 and abs(b.numerator) * _bits(a) <= _MAX_CONSTANT_BITS and (a or b > 0)
    return Fraction(a) ** b.numerator if small else None


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


_OPERATIONS: dict[str, Callable[..., Any]] = {"+": operator.add, "*": operator.mul, "/": operator.truediv, "neg": operator.neg}
_FLOATING = _OPERATIONS | {
    "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan, "cot": lambda z: 1 / cmath.tan(z), "sec": lambda z: 1 / cmath.cos(z),
    "csc": lambda z: 1 / cmath.sin(z), "arcsin": cmath.asin, "arccos": cmath.acos, "arctan": cmath.atan, "sinh": cmath.sinh,
    "cosh": cmath.cosh, "tanh": cmath.tanh, "ln": cmath.log, "log": cmath.log10, "lg": lambda z: cmath.log(z) / cmath.log(2),
    "abs": abs, "^": operator.pow,
    "factorial": lambda z: complex("nan") if z.imag else math.gamma(z.real + 1),
}  # fmt: skip


def _float(node: Node, index: int) -> complex:
    """The value in floating point; an error, infinity or no number where it has none."""
    if node.op == "num":
        return complex(float(node.value))
    if node.op == "var":
        return complex(_point(node.name, index))
    values = [_float(arg, index) for arg in node.args]
    if node.op in _FLOATING:
        return complex(_FLOATING[node.op](*values))
    # A function of which nothing is known but its name: any curve will do, if it is no line.
    shift = _point(node.op, 0)
    return cmath.cos(values[0] * 1.37 + shift) + values[0] * values[0] * shift


@lru_cache(maxsize=4096)
def _modular_point(name: str, index: int) -> int:
    return stable_seed("expression", name, str(index)) % _PRIME


@lru_cache(maxsize=4096)
def _point(name: str, index: int) -> float:
    """Where a name stands in floating point: between 0.3 and 2.7, with no two alike."""
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    return 0.3 + 2.4 * (stable_seed("expression", name, str(index)) % 10**9) / 10**9


_CONSTANTS = {"pi": math.pi, "e": math.e}
