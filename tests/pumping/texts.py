"""What to pump with: a beginning, a piece many times, an end. For a pattern the pieces come from its own parse tree.

A pattern is slow where a repeat can be cut in many ways, and to get there the text must have matched so far. So for each
repeat of a pattern the beginning is an example of all that stands before it, and the piece an example of what is repeated.
"""

import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

if sys.version_info >= (3, 11):
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
else:
    import sre_constants as sre
    import sre_parse as parser

# Whatever the pattern: runs of one mark, words, numbers, initials, lists, brackets that never close, formulas.
UNITS: Sequence[str] = (
    *" \n\ta1.,([{)]}\\$'\"-A*_#=/|:;<>&^%?!+~`@",
    *("\u6c49", "\u00e9", "\u2026", "\u201c", "\u0430", "\u0e01", "\u00bd", "\ufdfa", "\u0301", "\u200b", "\u3010"),
    *("a ", "1 ", "A ", "a, ", "1,", "1.", "A. ", "a.", "a-", "- ", "a' ", "a\n", "\n ", "(a", "[a](", "aA", "a_", "-a", ". "),
    *(
        "the ",
        "of ",
        "and ",
        "one ",
        "not ",
        "is it ",
        "what of ",
        "A b ",
        "a@",
        "<a",
        "</a>",
        "http://a",
        "$1 ",
        "x1 ",
        "1/",
        "1 m ",
    ),
    *("\\sqrt{", "\\frac{", "\\a{", "{a}", "(a)", "^2", "x^", "\\left(", "\\text{a} ", "1.1.", "1-1 ", "\u6c49\u3010", "J. K. "),
)
TAILS: Sequence[str] = ("", "!", "\0", "\n", "a", "1")
_POOL = " a1A,.-('\")\n_\u6c49\u00e9x:/"
_MOST_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Pump:
    """A text of any length: `before`, `unit` until it is so long, `after`."""

    before: str
    unit: str
    after: str

    def __call__(self, size: int) -> str:
        return self.before + (self.unit * (size // max(1, len(self.unit)) + 1))[:size] + self.after

    def __str__(self) -> str:
        return f"{self.before[:40]!r} + {self.unit[:40]!r} x n + {self.after!r}"


def pumps_for(pattern: re.Pattern[str], draw: random.Random, each: int = 2, others: int = 12) -> Iterator[Pump]:
    """Pumps from the repeats of a pattern, `each` for each of them, and `others` with what is slow for many."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    repeats = list(_repeats(tree, "", draw, 0))
    for before, body in repeats:
        for _ in range(each):
            unit = _example(body, draw, 0)
            if draw.random() < 0.3:
                unit += draw.choice((" ", ",", "-", *UNITS))
            if unit:
                yield Pump(before, unit, draw.choice(TAILS))
    examples = [text for _, body in repeats if (text := _example(body, draw, 0))] or [""]
    for _ in range(others):
        unit = draw.choice(UNITS) + (draw.choice(examples) if draw.random() < 0.3 else "")
        before = draw.choice(repeats)[0] if repeats and draw.random() < 0.5 else ""
        yield Pump(before, unit, draw.choice(TAILS))


def _repeats(tree: Any, before: str, draw: random.Random, depth: int) -> Iterator[tuple[str, Any]]:
    """Every repeat that has no small bound, with an example of all before it."""
    if depth > _MOST_DEPTH:
        return
    for operation, given in tree:
        inner: list[Any] = []
        if operation in _REPEATS:
            _, most, body = given
            if most is sre.MAXREPEAT or most > 3:
                yield before, body
            inner = [body]
        elif operation is sre.SUBPATTERN:
            inner = [given[-1]]
        elif operation is sre.BRANCH:
            inner = given[1]
        elif operation in _ASSERTIONS:
            inner = [given[1]]
        elif operation is _ATOMIC:
            inner = [given]
        for body in inner:
            yield from _repeats(body, before, draw, depth + 1)
        before += _example([(operation, given)], draw, 0)


_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT, getattr(sre, "POSSESSIVE_REPEAT", None)}
_ASSERTIONS = {sre.ASSERT, sre.ASSERT_NOT}
_ATOMIC = getattr(sre, "ATOMIC_GROUP", object())


def _example(tree: Any, draw: random.Random, depth: int) -> str:
    """A text that a part of a pattern matches, or nearly: borders and assertions are not looked at."""
    if depth > _MOST_DEPTH:
        return ""
    parts: list[str] = []
    for operation, given in tree:
        if operation is sre.LITERAL:
            parts.append(chr(given))
        elif operation is sre.NOT_LITERAL:
            parts.append(_one_that(lambda char, given=given: ord(char) != given, draw))
        elif operation is sre.ANY:
            parts.append(draw.choice(_POOL.replace("\n", "")))
        elif operation is sre.IN:
            parts.append(_one_of(given, draw))
        elif operation is sre.BRANCH:
            parts.append(_example(draw.choice(given[1]), draw, depth + 1))
        elif operation is sre.SUBPATTERN:
            parts.append(_example(given[-1], draw, depth + 1))
        elif operation is _ATOMIC:
            parts.append(_example(given, draw, depth + 1))
        elif operation in _REPEATS:
            least, most, body = given
            times = max(least, min(int(most), draw.choice((0, 1, 1, 2))))
            parts.extend(_example(body, draw, depth + 1) for _ in range(min(times, 20)))
    return "".join(parts)


def _one_of(items: Any, draw: random.Random) -> str:
    """A character of a class: one that is listed, or where the class is of all others, one that is not."""
    negated = items[0][0] is sre.NEGATE
    if negated or draw.random() < 0.3:
        return _one_that(lambda char: _is_in(char, items[1:] if negated else items) != negated, draw)
    operation, given = draw.choice(items)
    if operation is sre.LITERAL:
        return chr(given)
    if operation is sre.RANGE:
        return chr(draw.randint(*given))
    return _one_that(lambda char: _is_in(char, [(operation, given)]), draw)


def _is_in(char: str, items: Any) -> bool:
    for operation, given in items:
        if operation is sre.LITERAL and ord(char) == given:
            return True
        if operation is sre.RANGE and given[0] <= ord(char) <= given[1]:
            return True
        if operation is sre.CATEGORY and _CATEGORIES[given](char):
            return True
    return False


_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_DIGIT: str.isdigit,
    sre.CATEGORY_NOT_DIGIT: lambda char: not char.isdigit(),
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    sre.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    sre.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}


def _one_that(fits: Callable[[str], bool], draw: random.Random) -> str:
    fitting = [char for char in _POOL if fits(char)]
    return draw.choice(fitting) if fitting else ""


# What has made a rule slow before.
KNOWN: Sequence[str] = ("\u2026", "\\sqrt{", "-", '"', "[", ".", "\n )", "\u6c49\u3010", "\ufdfa", "1-1 ")
_BEFORE: Sequence[str] = ("", "", "What is ", "The ", "In 1,", '"')


def pumps_for_texts(draw: random.Random, others: int, words: Sequence[str] = ()) -> Iterator[Pump]:
    """Pumps for a rule: what was slow before, and `others` by chance, some with the `words` that a rule may look for."""
    for unit in KNOWN:
        yield Pump(draw.choice(_BEFORE), unit, draw.choice(TAILS))
    for _ in range(others):
        unit = draw.choice(words) + draw.choice(" ,-\n.") if words and draw.random() < 0.3 else draw.choice(UNITS)
        unit += draw.choice(UNITS) if draw.random() < 0.4 else ""
        yield Pump(draw.choice(_BEFORE), unit, draw.choice(TAILS))
