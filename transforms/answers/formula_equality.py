"""Expressions: whether two formulas are the same by algebra, in bounded time and in any thread.

Two formulas are one if they have the same value wherever they are tried. Rational ones are computed
modulo a prime of 61 bits at points that depend on the names alone: exact, and wrong only if a
polynomial of small degree happens to vanish there. Roots, powers with names in the exponent and
functions are computed in floating point at positive points. Nothing is ever expanded, so
"9**9**9**9" costs no more than "9". A computer algebra system would know more identities, but can be
bounded only by a signal (not in threads) or a process, and takes a second to import.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import zip_longest

from transforms.answers.formula_parser import FormulaError, Node
from transforms.answers.formula_reading import MAX_CHARS, Group, Relation, Row, Statement, Value, read_statement
from transforms.answers.formula_sets import real_set
from transforms.answers.formula_values import (
    CONSTANTS,
    MIN_POINTS,
    PRIME,
    TOLERANCE,
    NotRational,
    close,
    constant,
    exact,
    floating,
    number_of,
    values_at_points,
)

_MAX_ITEMS = 8


def equivalent(one: str, other: str) -> bool:
    """Whether two texts write the same expression, equation, inequality, point, interval or set of these. Symmetric."""
    first, second = _read(one), _read(_with_names_of(one, other))
    if not first or not second:
        return False
    try:
        return any(_same(a, b) for a in _usable(first) for b in _usable(second))
    except (ArithmeticError, ValueError):  # beyond what floating point holds
        return False


# "k \\pi, k \\in \\mathbb{Z}": the letter that stands for any integer.
_ANY_INTEGER = re.compile(
    r"(?<![A-Za-z\\])([a-z])\s?(?:(?:\\in(?![a-z])|\u2208)\s?(?:\\math(?:bb|bf)\s?\{?|\\)?[Z\u2124]|is (?:an|any) integer)"
)


def _with_names_of(one: str, other: str) -> str:
    """The other text, with the letter that the first one has for any integer."""
    letters = [found[1] for text in (one, other) if (found := _ANY_INTEGER.search(text[:MAX_CHARS]))]
    if len(letters) < 2 or letters[0] == letters[1] or re.search(rf"(?<![A-Za-z\\]){letters[0]}(?![A-Za-z])", other):
        return other
    return re.sub(rf"(?<![A-Za-z\\]){letters[1]}(?![A-Za-z])", letters[0], other)


def _usable(read: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """What a text states, and the value that it is said to be about; nothing if it is not that nearly."""
    stated, *near = read
    return read if all(_nearly(stated, other) for other in near) else ()


def _nearly(one: Statement, other: Statement) -> bool:
    values = [statement.sides[-1] if isinstance(statement, Relation) else statement for statement in (one, other)]
    numbers = [number for value in values if isinstance(value, Value) and (number := number_of(value)) is not None]
    return len(numbers) == 2 and abs(numbers[0] - numbers[1]) <= 0.01 * max(map(abs, numbers))


def rounds_to(text: str, stored: str) -> bool:
    """Whether a text writes exactly what the stored decimals, three or more of them, are rounded from."""
    exact, rounded = _read(text), _read(stored)
    if not exact or not rounded or not isinstance(exact[0], Value) or not isinstance(rounded[0], Value):
        return False
    digits = _DECIMALS.fullmatch(stored.strip(" $"))
    number = number_of(exact[0])
    if digits is None or number is None or exact[0].decimals or len(digits[0].replace(".", "").lstrip("-0")) < 3:
        return False
    return abs(number - float(digits[0])) <= 0.500001 * 10.0 ** -len(digits[1])


_DECIMALS = re.compile(r"-?\d{0,9}\.(\d{1,9})", re.ASCII)


def worked_out(text: str) -> bool:
    """Whether nothing plain is left to do: no numbers to add, multiply or raise ("2 + 1"), no like terms ("3x + 2x")."""
    read = _read(text)
    return not read or all(_worked_out(value.readings[0]) for value in _last_values(read[0]))


def _last_values(statement: Statement) -> list[Value]:
    if isinstance(statement, Value):
        return [statement]
    if isinstance(statement, Relation):
        return [statement.sides[-1]]
    return [value for item in statement.items for value in _last_values(item)]


def _worked_out(node: Node) -> bool:
    parts = _flat(node, node.op) if node.op in ("+", "*") else list(node.args)
    if not all(_worked_out(part) for part in parts):
        return False
    numbers = [number for part in parts if (number := constant(part)) is not None]
    if node.op in ("+", "*") and len(numbers) > 1:
        return False
    if node.op == "^" and len(numbers) == 2:  # "2^10" is a way to write a number
        base, power = numbers
        if power.denominator == 1 and power > 1 and base.denominator == 1:
            return True
        is_square = base >= 0 and all(math.isqrt(part) ** 2 == part for part in (base.numerator, base.denominator))
        return power.denominator != 1 and not (power == Fraction(1, 2) and is_square)
    if node.op == "+" and len(parts) <= _MAX_ITEMS:
        return not any(_ratio(one, other) for index, one in enumerate(parts) for other in parts[:index])
    return True


def _flat(node: Node, op: str) -> list[Node]:
    """The terms of a sum or the factors of a product."""
    return [part for arg in node.args for part in _flat(arg, op)] if node.op == op else [node]


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[Statement, ...]:
    """What a text states; nothing if it is no formula."""
    try:
        return read_statement(text)
    except (FormulaError, RecursionError, ValueError):
        return ()


# --- Comparing -----------------------------------------------------------------------------------


def _same(one: Statement, other: Statement) -> bool:
    if isinstance(one, Value) and isinstance(other, Value):
        return _same_values(one, other)
    if isinstance(one, Relation) and isinstance(other, Relation) and _same_relations(one, other):
        return True
    if not (isinstance(one, Row) and isinstance(other, Row)) and _same_sets(one, other):
        return True
    first, second = _range(one), _range(other)
    if first and second and (isinstance(one, Relation) or isinstance(other, Relation)):
        return _same_ranges(first, second)
    if isinstance(one, Row) and isinstance(other, Row):
        if one.brackets != other.brackets or len(one.items) != len(other.items):
            return False
        return _same_in_order(one.items, other.items) or (one.brackets == "::" and _in_proportion(one.items, other.items))
    if isinstance(one, Group) and isinstance(other, Group):
        kinds = {one.joined, other.joined}
        if "and" in kinds and kinds & {"or", "set"} and not all(map(_is_answer, (*one.items, *other.items))):
            return False
        return _same_in_any_order(one.items, other.items)
    for shape, statement in ((one, other), (other, one)):
        if isinstance(shape, Group) and len(shape.items) == 1:
            return _same(shape.items[0], statement)
        if isinstance(shape, Group) and shape.joined == "," and isinstance(statement, Row):
            return statement.brackets == "()" and _same_in_order(shape.items, statement.items)
        if isinstance(shape, Relation) and isinstance(statement, Value):
            return set(shape.signs) == {"="} and any(_same_values(value, statement) for value in _assigned(shape))
        # "b < a < c" is an order, as is "b, a, c".
        if isinstance(shape, Relation) and isinstance(statement, Group) and len(shape.sides) > 3:
            return statement.joined == "," and _same_in_order(shape.sides, statement.items)
    return False


def _same_sets(one: Statement, other: Statement) -> bool:
    """Whether two statements mean the same real numbers."""
    first = real_set(one)
    second = real_set(other) if first else None
    return first is not None and second is not None and first.same(second)


def _in_proportion(one: tuple[Statement, ...], other: tuple[Statement, ...]) -> bool:
    numbers = [number for item in (*one, *other) if isinstance(item, Value) and (number := number_of(item)) and not item.measure]
    if len(numbers) < 2 * len(one):
        return False
    return all(close(a * numbers[len(one)], b * numbers[0]) for a, b in zip(numbers, numbers[len(one) :], strict=False))


def _is_answer(statement: Statement) -> bool:
    """Whether "and" and "or" say the same between two of these: numbers, and equations for a name ("x = 3 and x = 4")."""
    if isinstance(statement, Relation):
        return statement.signs == ("=",)
    return isinstance(statement, Value) and not _name(statement)


def _same_in_order(one: tuple[Statement, ...], other: tuple[Statement, ...]) -> bool:
    return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))


def _same_in_any_order(one: tuple[Statement, ...], other: tuple[Statement, ...]) -> bool:
    left = list(other)
    for item in one:
        found = next((index for index, candidate in enumerate(left) if _same(item, candidate)), None)
        if found is None:
            return False
        del left[found]
    return not left


@dataclass(frozen=True, slots=True)
class _Range:
    """From where to where, either end open or closed; None where it has no end."""

    low: Value | None
    high: Value | None
    closed: tuple[bool, bool]
    name: str = ""


def _range(statement: Statement) -> _Range | None:
    """The numbers that an inequality or an interval means: "x > 2", "1 <= x < 3", "(2, \\infty)"."""
    if isinstance(statement, Row) and len(statement.items) == 2 and all(isinstance(item, Value) for item in statement.items):
        low, high = statement.items
        closed = (statement.brackets[0] == "[", statement.brackets[1] == "]")
        return _Range(None if _is_infinite(low) else low, None if _is_infinite(high) else high, closed)  # type: ignore[arg-type]
    if not isinstance(statement, Relation) or not set(statement.signs) <= {"<", "<="}:
        return None
    names = [_name(side) for side in statement.sides]
    if len(names) == 2 and bool(names[0]) != bool(names[1]):
        closed_end = statement.signs[0] == "<="
        if names[0]:
            return _Range(None, statement.sides[1], (False, closed_end), names[0])
        return _Range(statement.sides[0], None, (closed_end, False), names[1])
    if len(names) == 3 and names[1]:
        return _Range(statement.sides[0], statement.sides[2], (statement.signs[0] == "<=", statement.signs[1] == "<="), names[1])
    return None


def _same_ranges(one: _Range, other: _Range) -> bool:
    if one.closed != other.closed or (one.name and other.name and one.name != other.name):
        return False
    return all(
        a is b if a is None or b is None else _same_values(a, b) for a, b in ((one.low, other.low), (one.high, other.high))
    )


def _name(value: Value) -> str:
    node = value.readings[0]
    return node.name if node.op == "var" and node.name not in CONSTANTS and node.name != "infty" else ""


def _is_infinite(statement: Statement) -> bool:
    node = statement.readings[0] if isinstance(statement, Value) else None
    while node and node.op == "neg":
        node = node.args[0]
    return node is not None and node.name == "infty"


def _same_values(one: Value, other: Value) -> bool:
    """Whether two formulas have one value, in the measures that they have: 45 is 45 degrees, a half is 50%."""
    if one.argument and other.argument and one.derived != other.derived:
        return False
    if one.argument and other.argument and one.argument != other.argument:
        free = frozenset().union(*(node.names() for node in other.readings))
        if one.argument in free or {one.argument, other.argument} & CONSTANTS.keys():
            return False
        swapped = {name: Node("var", name=to) for name, to in ((other.argument, one.argument), (one.argument, other.argument))}
        renamed = tuple(_replaced(node, swapped) for node in other.readings)
        other = Value(renamed, other.measure, one.argument)
    if (one.decimals and not _is_root(one) and _is_root(other)) or (other.decimals and not _is_root(other) and _is_root(one)):
        return False
    percent = (one.measure == "%") != (other.measure == "%")
    if not percent and any(_same_value(a, b) for a in one.readings for b in other.readings):
        return one.measure == other.measure or not one.measure or not other.measure
    for measured, plain in ((one, other), (other, one)):
        factor = _IN_PLAIN.get(measured.measure) if not plain.measure else None
        if factor and any(_same_value(Node("*", (a, factor)), b) for a in measured.readings for b in plain.readings):
            return True
    return False


def _is_root(value: Value) -> bool:
    """Whether a value has no decimals that end: a root, or what is made of pi."""
    try:
        exact(value.readings[0], 0)
    except (NotRational, ArithmeticError, ValueError):
        return True
    return bool(value.readings[0].names() & CONSTANTS.keys())


_IN_PLAIN = {
    "deg": Node("/", (Node("var", name="pi"), Node("num", value=Fraction(180)))),
    "%": Node("num", value=Fraction(1, 100)),
}


def _replaced(node: Node, instead: Mapping[str, Node]) -> Node:
    """A formula with others in the place of its names."""
    if node.op == "var":
        return instead.get(node.name, node)
    return Node(node.op, tuple(_replaced(arg, instead) for arg in node.args), node.name, node.value)


def _same_relations(one: Relation, other: Relation) -> bool:
    if one.signs != other.signs or len(one.sides) != len(other.sides):
        return False
    if all(_same_values(a, b) for a, b in zip(one.sides, other.sides, strict=True)):
        return True
    if len(one.sides) > 2:
        return False
    return any(_same_differences(first, second, one.signs[0]) for first in _differences(one) for second in _differences(other))


def _same_differences(first: Node, second: Node, sign: str) -> bool:
    if first.names() != second.names() or _bars(first) != _bars(second):
        return False
    ratio = _ratio(first, second)
    if sign in ("=", "!="):
        return ratio not in (None, 0) or _same_roots(first, second)
    return ratio is not None and isinstance(ratio, float) and ratio > 0


def _assigned(relation: Relation) -> list[Value]:
    """What an equation sets a name to: the x + 1 of "y = x + 1"; also of "2(x + 1) = 2x + 2"."""
    if len(relation.sides) > 2:  # "x = 3 + 3 = 6": what has no names must be one number
        numbers = [number for side in relation.sides if (number := number_of(side)) is not None]
        same = len(numbers) + sum(bool(_name(side)) for side in relation.sides) == len(relation.sides) and all(
            close(numbers[0], one) for one in numbers
        )
        return [relation.sides[-1]] if numbers and same else []
    left, right = relation.sides
    for name, value in ((left, right), (right, left)):
        if _name(name) and all(_name(name) not in reading.names() for reading in value.readings):
            return [value]
    return [right] if _same_values(left, right) else []


def _differences(relation: Relation) -> list[Node]:
    """The left side less the right one, in both readings."""
    return [
        Node("+", (left, Node("neg", (right,))))
        for left, right in zip_longest(*(side.readings for side in relation.sides), fillvalue=relation.sides[-1].readings[-1])
    ]


_IMAGINARY = Node("^", (Node("num", value=Fraction(-1)), Node("num", value=Fraction(1, 2))))


def _same_value(one: Node, other: Node) -> bool:
    if one == other:
        return True
    if "i" in (names := one.names() | other.names()) and names <= {"i", *CONSTANTS}:  # a number, and not the name of a current
        one, other = (_replaced(node, {"i": _IMAGINARY}) for node in (one, other))
    if _bars(one) != _bars(other):  # points are positive, and would not tell |x| from x
        return False
    try:
        pairs = values_at_points(one, other, exact)
        return len(pairs) >= MIN_POINTS and all(a == b for a, b in pairs)
    except NotRational:
        pairs = values_at_points(one, other, floating)
        return len(pairs) >= MIN_POINTS and all(close(a, b) for a, b in pairs)


def _bars(node: Node) -> bool:
    """Whether there is an absolute value of something with names in it."""
    return any(map(_bars, node.args)) or (node.op == "abs" and bool(node.names() - CONSTANTS.keys()))


def _ratio(one: Node, other: Node) -> float | None:
    """The constant of which one is the multiple of the other, by floating point; None if there is none."""
    pairs = [(a, b) for a, b in values_at_points(one, other, floating) if abs(b) > TOLERANCE and abs(a) > TOLERANCE]
    if len(pairs) < MIN_POINTS:
        return None
    ratios = [a / b for a, b in pairs]
    constant = all(close(ratio, ratios[0]) for ratio in ratios) and abs(ratios[0].imag) <= TOLERANCE * abs(ratios[0])
    return ratios[0].real if constant else None


def _same_roots(one: Node, other: Node) -> bool:
    """Whether two equations that are linear in some name have the same solution for it: P V = n R T and P = n R T / V."""
    for name in sorted(one.names()):
        try:
            if all(_root_fits(a, b, name, index) for a, b in ((one, other), (other, one)) for index in range(3)):
                return True
        except (NotRational, ArithmeticError, ValueError):
            continue
    return False


def _root_fits(one: Node, other: Node, name: str, index: int) -> bool:
    at = [exact(one, index, {name: value}) for value in range(3)]
    slope = (at[1] - at[0]) % PRIME
    if not slope or (at[2] - at[1]) % PRIME != slope:
        return False
    root = -at[0] * pow(slope, -1, PRIME) % PRIME
    return exact(other, index, {name: root}) == 0
