"""What a formula is at a point: by exact arithmetic modulo a prime, or in floating point.

Nothing is ever expanded, so "9**9**9**9" costs no more than "9". Points depend on the names alone, so that the same formula
has the same values everywhere.
"""

import cmath
import math
import operator
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from transforms.answers.formula_parser import Node
from transforms.answers.formula_reading import Value
from transforms.text import stable_seed

PRIME = 2**61 - 1
_POINTS = 6
MIN_POINTS = 4  # of these, so many must be defined for both sides
TOLERANCE = 1e-12  # relative, of floating point
_MAX_EXPONENT = 10**6
_MAX_CONSTANT_BITS = 256


class NotRational(Exception):
    """Not a rational function: exact arithmetic cannot say its value."""


def values_at_points(one: Node, other: Node, value: Callable[[Node, int], complex]) -> list[tuple[complex, complex]]:
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


def exact(node: Node, index: int, known: dict[str, int] | None = None) -> int:
    """The value of a rational function modulo the prime; an arithmetic or value error where it has none."""
    if node.op == "num":
        return node.value.numerator * pow(node.value.denominator, -1, PRIME) % PRIME
    if node.op == "var":
        if known and node.name in known:
            return known[node.name]
        return _modular_point(node.name, index)
    if node.op == "^":
        power = constant(node.args[1])
        if power is None or power.denominator != 1 or abs(power.numerator) > _MAX_EXPONENT:
            raise NotRational
        base = exact(node.args[0], index, known)
        if base == power == 0:
            raise ZeroDivisionError
        return pow(base, power.numerator, PRIME)
    if node.op not in _OPERATIONS:
        raise NotRational
    values = [exact(arg, index, known) for arg in node.args]
    value = values[0] * pow(values[1], -1, PRIME) if node.op == "/" else _OPERATIONS[node.op](*values)
    return value % PRIME


def constant(node: Node) -> Fraction | None:
    """The exact value of a small constant, such as an exponent; None if it has names or grows out of bounds."""
    if node.op == "num":
        return node.value
    if node.op != "^" and node.op not in _OPERATIONS:
        return None
    known = [value for arg in node.args if (value := constant(arg)) is not None]
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
    # -(1+0j) is -1-0j, whose root is -i.
    "neg": lambda z: 0 - z,
    "floor": lambda z: complex("nan") if z.imag else math.floor(z.real + TOLERANCE),
    "ceil": lambda z: complex("nan") if z.imag else math.ceil(z.real - TOLERANCE),
    "factorial": lambda z: complex("nan") if z.imag else math.gamma(z.real + 1),
}  # fmt: skip


def floating(node: Node, index: int) -> complex:
    """The value in floating point; an error, infinity or no number where it has none."""
    if node.op == "num":
        return complex(float(node.value))
    if node.op == "var":
        return complex(_point(node.name, index))
    values = [floating(arg, index) for arg in node.args]
    # All points lie between two integers: they tell nothing of what is cut to integers.
    if node.op in _FLOATING and not (node.op in ("floor", "ceil") and node.names() - CONSTANTS.keys()):
        return complex(_FLOATING[node.op](*values))
    # A function of which nothing is known but its name: any curve will do, if it is no line.
    shift = _point(node.op, 0)
    return cmath.cos(values[0] * 1.37 + shift) + values[0] * values[0] * shift


@lru_cache(maxsize=4096)
def _modular_point(name: str, index: int) -> int:
    return stable_seed("expression", name, str(index)) % PRIME


@lru_cache(maxsize=4096)
def _point(name: str, index: int) -> float:
    """Where a name stands in floating point: between 0.05 and 0.95, where arcs are defined, with no two alike."""
    if name in CONSTANTS:
        return CONSTANTS[name]
    return 0.05 + 0.9 * (stable_seed("expression", name, str(index)) % 10**9) / 10**9


CONSTANTS = {"pi": math.pi, "e": math.e}


def close(one: complex, other: complex) -> bool:
    return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))


def number_of(value: Value) -> float | None:
    """The number that a value without names is; None for any other."""
    node = value.readings[0]
    if node.names() - CONSTANTS.keys():
        return None
    try:
        number = floating(node, 0)
    except (ArithmeticError, ValueError):
        return None
    return number.real if cmath.isfinite(number) and abs(number.imag) < TOLERANCE else None
