"""Sets of real numbers: "x < -1 or x > 1", "|x| > 1" and "(-\\infty, -1) \\cup (1, \\infty)" are one.

`real_set` reads intervals, inequalities, what is left out ("x \\ne 0") and unions of these, where their ends are numbers.
"""

import math
from dataclasses import dataclass

from transforms.answers.formula_parser import Node
from transforms.answers.formula_reading import Group, Relation, Row, Statement, Value
from transforms.answers.formula_values import CONSTANTS, number_of

# An end is (number, 0 or 1): of a lower end 1 says that the number itself is out, of an upper one that it is in.
_End = tuple[float, int]
_ALL = ((-math.inf, 1), (math.inf, 0))
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class RealSet:
    """Intervals in their order, none touching another, and the name that an inequality has for its numbers."""

    intervals: tuple[tuple[_End, _End], ...]
    name: str = ""

    def same(self, other: "RealSet") -> bool:
        """Whether these are the same numbers, under one name if both have one."""
        return self.intervals == other.intervals and (not self.name or not other.name or self.name == other.name)


def real_set(statement: Statement) -> RealSet | None:
    """The numbers that a statement means; None for what means none, or whose ends are no numbers."""
    match statement:
        case Row(items=(Value() as low, Value() as high), brackets=brackets) if set(brackets) <= set("()[]"):
            ends = _number(low), _number(high)
            if ends[0] is None or ends[1] is None or ends[0] >= ends[1]:
                return None
            return RealSet((((ends[0], int(brackets[0] == "(")), (ends[1], int(brackets[1] == "]"))),))
        case Row(items=(whole, out), brackets="\\"):
            sets = real_set(whole), real_set(out)
            if sets[0] is None or sets[1] is None:
                return None
            return RealSet(_without(_merged([*_without(sets[0].intervals), *sets[1].intervals])))
        case Relation():
            return _of_relation(statement)
        case Group():
            return _of_group(statement)
    return None


def _of_group(group: Group) -> RealSet | None:
    sets = [_point(item) if group.joined == "set" and isinstance(item, Value) else real_set(item) for item in group.items]
    known = [one for one in sets if one is not None]
    names = {one.name for one in known if one.name}
    if len(known) < len(sets) or len(names) > 1 or (group.joined in ("and", ",") and not names):
        return None
    name = names.pop() if names else ""
    joined = _merged([interval for one in known for interval in one.intervals])
    if group.joined in ("and", ","):  # in all of them is what none leaves out
        shared = _without(_merged([gap for one in known for gap in _without(one.intervals)]))
        return RealSet(shared if shared or group.joined == "and" else joined, name)  # "x < 1, x > 2" means either
    return RealSet(joined, name)


def _point(value: Value) -> RealSet | None:
    number = _number(value)
    return None if number is None else RealSet((((number, 0), (number, 1)),))


def _of_relation(relation: Relation) -> RealSet | None:
    signs = relation.signs
    names = [_name(side) for side in relation.sides]
    numbers = [_number(side) for side in relation.sides]
    if signs in (("=",), ("!=",)) and names[0] and numbers[1] is not None and not _is_size(relation.sides[0]):
        point = (((numbers[1], 0), (numbers[1], 1)),)
        return RealSet(point if signs == ("=",) else _without(point), names[0])
    if not set(signs) <= {"<", "<="}:
        return None
    closed = [sign == "<=" for sign in signs]
    match names, numbers:
        case [str(name), ""], [None, float(high)] if name:
            low_end: _End = (-math.inf, 1)
            if _is_size(relation.sides[0]):
                if high < 0:
                    return None
                low_end = (-high, int(not closed[0]))
            return RealSet(((low_end, (high, int(closed[0]))),), name)
        case ["", str(name)], [float(low), None] if name:
            above: tuple[tuple[_End, _End], ...] = (((low, int(not closed[0])), (math.inf, 0)),)
            if _is_size(relation.sides[1]):
                if low < 0:
                    return None
                above = (((-math.inf, 1), (-low, int(closed[0]))), *above)
            return RealSet(_merged(list(above)), name)
        case ["", str(name), ""], [float(low), None, float(high)] if name and low < high and not _is_size(relation.sides[1]):
            return RealSet((((low, int(not closed[0])), (high, int(closed[1]))),), name)
    return None


def _merged(intervals: list[tuple[_End, _End]]) -> tuple[tuple[_End, _End], ...]:
    merged: list[tuple[_End, _End]] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def _without(intervals: tuple[tuple[_End, _End], ...]) -> tuple[tuple[_End, _End], ...]:
    """All numbers but these. The end of one interval is where the next gap begins."""
    start, last = _ALL
    gaps = []
    for low, high in intervals:
        if start < low:
            gaps.append((start, low))
        start = high
    return tuple([*gaps, (start, last)] if start < last else gaps)


def _number(value: Value) -> float | None:
    node, sign = value.readings[0], 1.0
    while node.op == "neg":
        node, sign = node.args[0], -sign
    if node.name == "infty":
        return sign * math.inf
    number = number_of(value)
    return None if number is None or value.measure else float(f"{number:.{_DIGITS}g}")


def _variable(node: Node) -> str:
    return node.name if node.op == "var" and node.name not in CONSTANTS and node.name != "infty" else ""


def _name(value: Value) -> str:
    """The name of "x" and of "|x|"."""
    node = value.readings[0]
    return _variable(node.args[0] if node.op == "abs" else node)


def _is_size(value: Value) -> bool:
    return value.readings[0].op == "abs"
