"""Formulas as trees: reads what people and LaTeX write, within fixed bounds.

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/" | nothing) signed)*
    signed  = ("+" | "-")* power
    power   = atom "!"* ("^" signed)?
    atom    = number | name | function argument | \\frac | \\sqrt | "(" sum ")" | "|" sum "|"

"1/2x" is written for both x/2 and 1/(2x): `parse_formula` gives every reading. Names of one letter
multiply ("mv" is m times v); a digit right behind a letter belongs to it, so that CO2 is not C2O.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from transforms.answers.markup import GREEK, GREEK_LETTERS, TYPED, unwrapped
from transforms.text import unify

# No checkable formula is longer, deeper or has more tokens, and nothing hostile gets to the parser.
MAX_CHARS = 300
_MAX_TOKENS = 160
_MAX_DEPTH = 24

_FUNCTIONS = frozenset(
    "sin cos tan cot sec csc arcsin arccos arctan asin acos atan sinh cosh tanh ln log lg exp sqrt abs f g O Theta Omega".split()
)
_SCANNED = sorted((name for name in _FUNCTIONS if len(name) > 1), key=len, reverse=True)
_CAPITALS = "Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega".split()
_GREEK = frozenset("varepsilon vartheta varphi hbar ell infty".split()).union(GREEK, _CAPITALS)
_GREEK_LETTERS = {letter.upper(): name.capitalize() for letter, name in GREEK_LETTERS.items() if name.capitalize() in _CAPITALS}
_GREEK_LETTERS |= {**GREEK_LETTERS, "∞": "infty", "ħ": "hbar", "ℓ": "ell"}
_SAME_NAME = {"varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
# What a word says, written in letters or as a command: the kind of its token and the text.
_WORDS = {
    word: (kind, _SAME_NAME.get(word, word)) for kind, known in (("name", _GREEK), ("function", _FUNCTIONS)) for word in known
}
_OPERATORS = {"cdot": "*", "times": "*", "ast": "*", "div": "/", "lvert": "|", "rvert": "|", "vert": "|"}
_OPERATORS |= {"lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉"}
_COMMANDS = _WORDS | {name: ("sign", sign) for name, sign in _OPERATORS.items()} | {"sqrt": ("command", "sqrt")}
_COMMANDS |= dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac"), ("command", "frac"))
# Written for looks alone.
_DRESS = frozenset("left right big Big bigl bigr displaystyle textstyle limits quad qquad rm bf".split())
_FONT = re.compile(r"\\(?:text|math)(?:rm|bf|it|sf|cal|normal)?\{([^{}]*)\}|\\operatorname\*?\{([^{}]*)\}")
_RAISED = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u207b\u207f]+")
_LOWERED = re.compile("[\u2080-\u208b]+")
_PLAIN_SIGNS = str.maketrans({**TYPED, "√": "\\sqrt ", "∙": "*", "≈": "~"})
_TOKEN = re.compile(
    r"(?P<number>(?a:\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3}(?![\w.]))?))"
    r"|\\(?P<command>[A-Za-z]+)|(?P<letters>[^\W\d_]+)|(?P<sign>\*\*|[-+*/^_!|(){}\[\]⌊⌋⌈⌉])"
    r"|(?P<gap>\s+|\\[,;:! ]|~|&)"
)


class FormulaError(ValueError):
    """The text is no formula, or one out of bounds."""


@dataclass(frozen=True, slots=True)
class Node:
    """A number ("num"), a name ("var"), an operation ("+", "*", "/", "^", "-") or a call of the function `op`."""

    op: str
    args: tuple["Node", ...] = ()
    name: str = ""
    value: Fraction = Fraction(0)

    def names(self) -> frozenset[str]:
        """The variables in it; constants such as pi are among them."""
        found = frozenset((self.name,)) if self.op == "var" else frozenset[str]()
        return found.union(*(arg.names() for arg in self.args))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "number", "name", "function", "command" (frac, sqrt) or "sign"
    text: str
    close: bool = False  # nothing stands between it and the token before


def tokens(text: str) -> list[_Token]:
    """Cut a formula into tokens; raises FormulaError at a character that no formula has, or too much of everything."""
    if len(text) > MAX_CHARS:
        raise FormulaError("too long")
    found: list[_Token] = []
    position, close = 0, False
    plain = _plain(text)
    while position < len(plain):
        match = _TOKEN.match(plain, position)
        if not match:
            raise FormulaError(f"not of a formula: {plain[position]!r}")
        kind, written = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "number":
            found.append(_Token("number", written.replace(",", ""), close))
        elif kind == "letters":
            found += _names(written, close)
        elif kind == "sign":
            found.append(_Token("sign", "^" if written == "**" else written, close))
        elif kind == "command" and written not in _DRESS:
            if written not in _COMMANDS:
                raise FormulaError(f"unknown command {written}")
            found.append(_Token(*_COMMANDS[written], close))
        close = kind != "gap"
        position = match.end()
        if len(found) > _MAX_TOKENS:
            raise FormulaError("too many tokens")
    return found


def _plain(text: str) -> str:
    text = _RAISED.sub(lambda m: f"^{{{unicodedata.normalize('NFKC', m[0])}}}", text)
    text = _LOWERED.sub(lambda m: f"_{{{unicodedata.normalize('NFKC', m[0])}}}", text)
    if not text.isascii():
        parts = (_vulgar(char) or f" {_GREEK_LETTERS.get(char, '')} ".strip() or char for char in text)
        text = "".join(f"\\{part} " if part in _GREEK else part for part in parts)
    text = unify(text.translate(_PLAIN_SIGNS)).rstrip(" .,;").lstrip(" ,;")
    text = unwrapped(text)
    text = _FONT.sub(lambda m: m[1] or m[2] or "", text)
    return text.replace("{,}", "").replace("\\{", "{").replace("\\}", "}").replace("\\_", "_").replace("\\|", "|")


def _vulgar(char: str) -> str:
    """A one-character fraction as a division in brackets."""
    if not unicodedata.decomposition(char).startswith("<fraction>"):
        return ""
    return f"({unicodedata.normalize('NFKC', char)})".replace("\u2044", "/")


def _names(run: str, close: bool) -> list[_Token]:
    """The names in a run of letters: "mv" is two, "nlogn" is n, log, n, "mass" is one."""
    if run in _WORDS or len(run) == 1:
        return [_Token(*_WORDS.get(run, ("name", run)), close)]
    found: list[_Token] = []
    position = 0
    while position < len(run):
        known = next((name for name in (*_SCANNED, "pi") if run.startswith(name, position)), "")
        part = known or run[position]
        found.append(_Token("function" if known in _FUNCTIONS else "name", part, close or position > 0))
        position += len(part)
    if len(run) > 3 and not any(token.kind == "function" or token.text == "pi" for token in found):
        return [_Token("name", run, close)]
    return found


_CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|", "⌊": "⌋", "⌈": "⌉"}
_BRACKET_CALLS = {"|": "abs", "⌊": "floor", "⌈": "ceil"}


class _Parser:
    def __init__(self, found: list[_Token], tight: bool) -> None:
        self.tokens = [*found, _Token("end", "")]
        self.position = 0
        self.depth = 0
        self.tight = tight  # whether what is written side by side binds closer than "/"

    def peek(self) -> _Token:
        return self.tokens[self.position]

    def at(self, *signs: str) -> bool:
        return self.peek().kind == "sign" and self.peek().text in signs

    def take(self) -> _Token:
        token = self.peek()
        if token.kind == "end":
            raise FormulaError("ends too early")
        self.position += 1
        return token

    def accept(self, *signs: str) -> str:
        """Take one of these signs; "" where another token stands."""
        return self.take().text if self.at(*signs) else ""

    def deeper(self, read: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise FormulaError("too deep")
        node = read()
        self.depth -= 1
        return node

    def whole(self) -> Node:
        node = self.sum()
        if self.peek().kind != "end":
            raise FormulaError("more than one formula")
        return node

    def sum(self) -> Node:
        node = self.product()
        while sign := self.accept("+", "-"):
            other = self.product()
            node = Node("+", (node, other if sign == "+" else Node("neg", (other,))))
        return node

    def product(self) -> Node:
        node = self.beside(self.signed())
        while sign := self.accept("*", "/"):
            if self.tight:
                node = Node(sign, (node, self.beside(self.signed())))
            else:
                node = self.beside(Node(sign, (node, self.signed())))
        return node

    def beside(self, node: Node) -> Node:
        """A factor with those that are written right behind it."""
        while self.begins_factor():
            fraction = self.peek()
            factor = self.power()
            # 2\frac{1}{2} is a mixed number.
            mixed = node.op == "num" and fraction.text == "frac" and all(arg.op == "num" for arg in factor.args)
            node = Node("+" if mixed else "*", (node, factor))
        return node

    def begins_factor(self) -> bool:
        token = self.peek()
        return token.kind in ("name", "function", "command") or (token.kind == "sign" and token.text in "({[⌊⌈")

    def signed(self) -> Node:
        negative = False
        while sign := self.accept("+", "-"):
            negative ^= sign == "-"
        node = self.power()
        return Node("neg", (node,)) if negative else node

    def power(self) -> Node:
        node = self.atom()
        while self.accept("!"):
            node = Node("factorial", (node,))
        return self.raised(node)

    def raised(self, node: Node) -> Node:
        return Node("^", (node, self.deeper(self.signed))) if self.accept("^") else node

    def atom(self) -> Node:
        return self.deeper(self.simple)

    def simple(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return Node("num", value=Fraction(token.text))
        if token.kind == "name":
            return Node("var", name=token.text + self.subscript())
        if token.kind == "function":
            return self.call(token.text)
        if token.kind == "command":
            return Node("/", (self.argument(), self.argument())) if token.text == "frac" else self.root()
        if token.text not in _CLOSING:
            raise FormulaError(f"{token.text!r} is out of place")
        node = self.sum()
        if not self.accept(_CLOSING[token.text]):
            raise FormulaError(f"{_CLOSING[token.text]!r} is missing")
        return Node(_BRACKET_CALLS[token.text], (node,)) if token.text in _BRACKET_CALLS else node

    def subscript(self) -> str:
        """What belongs to a name: "_1", "_{max}", or a digit right behind it."""
        token = self.peek()
        if token.kind == "number" and token.close and token.text.isdigit():
            self.take()
            return f"_{token.text}"
        if not self.accept("_"):
            return ""
        if not self.accept("{"):
            return f"_{self.take().text}"
        name = "_"
        while not self.accept("}"):
            name += self.take().text
        return name

    def argument(self) -> Node:
        """One LaTeX argument: a group, or the next digit or name."""
        token = self.peek()
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():  # \frac12
            self.tokens[self.position] = _Token("number", token.text[1:], True)
            return Node("num", value=Fraction(token.text[0]))
        return self.atom()

    def root(self) -> Node:
        degree = self.simple() if self.at("[") else Node("num", value=Fraction(2))
        return Node("^", (self.argument(), Node("/", (Node("num", value=Fraction(1)), degree))))

    def call(self, name: str) -> Node:
        base = self.subscript() if name == "log" else ""
        power = self.atom() if self.accept("^") else None  # sin^2 x
        if self.at("(", "[", "{", "|"):
            argument = self.atom()
        elif name in ("f", "g", "O"):
            return self.raised(Node("var", name=name + self.subscript()))  # a letter that calls nothing
        else:
            argument = self.deeper(self.signed)
            while self.begins_factor() and self.peek().kind != "function":
                argument = Node("*", (argument, self.power()))
        node = _called(name, argument, base)
        return Node("^", (node, power)) if power else node


def _called(name: str, argument: Node, base: str) -> Node:
    if name == "sqrt":
        return Node("^", (argument, Node("num", value=Fraction(1, 2))))
    if name == "exp":
        return Node("^", (Node("var", name="e"), argument))
    if name == "log" and base[1:].isdigit():
        return Node("/", (Node("ln", (argument,)), Node("ln", (Node("num", value=Fraction(base[1:])),))))
    return Node(name, (argument,))


def parse_formula(text: str) -> tuple[Node, ...]:
    """The readings of a formula without relations, two where "/" meets a product side by side; raises FormulaError for others."""
    found = tokens(text)
    return tuple(dict.fromkeys(_Parser(found, tight).whole() for tight in (False, True)))
