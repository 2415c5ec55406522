"""The dress that LaTeX and JSON put on formulas, and forms that are written in another way than `formula_parser` reads."""

import re

_CUT_COMMANDS = {"\x0c": "\\f", "\x08": "\\b"}  # what JSON makes of "\frac" and "\boxed" with one backslash
_GAPS = re.compile(r"[^\S\n]{1,1000}")
_DOUBLED = re.compile(r"\\\\(?=[A-Za-z]{2})")
MATRIX = re.compile(r"\\begin\{([pbvBV]?matrix|array|cases)\}(?:\{[^{}]{0,20}\})?")
_ALIGNED = re.compile(r"\\begin\{(?:align|aligned|gather|equation|split)\*?\}(.{1,900})\\end\{", re.DOTALL)
SIZES = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits)(?![A-Za-z])\.?|\\[,;:! ]|\\q?quad(?![A-Za-z])|~|&"
)
_WORD_COMMAND = re.compile(r"\\(?:text|mathrm|mbox|textbf|mathbf)\s?\{([^{}]*)\}")
_CONDITION = re.compile(
    r"[,;]?\s?\\?\(?\b(?:for (?:all|any|every|some|each)|where|with)\b(?=[^=]{0,200}(?:integer|natural|real|positive|"
    r"\\in(?![a-z])|"
    r"\u2208))[^=]{0,200}$|[,(]\s?[a-z]\s?(?:\\in(?![a-z])|"
    r"\u2208)\s?(?:\\mathbb\s?\{?|\\mathbf\s?\{?)?[ZNRQ].*$",
    re.DOTALL,
)
# What has another form that is read: binomials, inverse functions, degrees inside of functions, the real numbers.
_REWRITTEN = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"(?:\\\$|(?P<sign>[\u20ac\u00a3\u00a5\u20b9])) ?(\d[\d.,]{0,20})", r"\2 @\g<sign>dollars@ "),
        (r"(\d[\d.,]{0,20}) ?(?:\\\$|(?P<sign>[\u20ac\u00a3\u00a5\u20b9]))", r"\1 @\g<sign>dollars@ "),
        (r"^\s{0,3}=(?!=)|(?<=\d )(?:&|=)\s?$", ""),
        (r"\binfinity\b", r"\\infty"),
        (r"(\d(?:\s|\\[,;:! ]){0,3})\\(?:text|mathrm) ?\{ ?([A-Za-z]) ?\}", r"\1@\2@"),
        (r"\\langle ?", "("),
        (r"\\rangle", ")"),
        (r"\\[dt]?binom ?\{([^{}]{1,40})\} ?\{([^{}]{1,40})\}", r"((\1)!/((\2)!((\1)-(\2))!))"),
        (
            r"(?<![A-Za-z])[Cc] ?_ ?\{?(\d{1,3}|[a-z])\}? ?\^ ?\{?(\d{1,3}|[a-z])\}?(?![\d.])",
            r"((\1)!/((\2)!((\1)-(\2))!))",
        ),
        (r"\\?(sin|cos|tan) ?\^ ?(?:\{-1\}|-1)", r"\\arc\1 "),
        (r"((?:sin|cos|tan)[ ({]{0,2}\d{1,4}(?:\.\d{1,4})?) ?\^ ?(?:\{ ?\\circ ?\}|\\circ)", r"\1\\pi/180"),
        (r"(\\?(?:sin|cos|tan)) (\d{1,4}\\pi/180)", r"\1(\2)"),
        (r"\\(?:overline|vec|hat|overrightarrow|triangle) ?(?:\{([A-Z]{1,4})\}|([A-Z]{1,4}))", r"\1\2"),
        (r"\\(?:vec|hat) ?(?:\{([a-z])\}|([a-z])(?![a-z]))", r" \1\2"),
        (r"\\angle ?(?:\{[A-Z]{1,4}\}|[A-Z]{1,4})", "angle"),
        (r"\\wedge(?![a-z])", r"\\land"),
        (r"\\vee(?![a-z])", r"\\lor"),
        (r"\\mathbb ?\{R\}|\\mathbb R|\u211d", r"(-\\infty, \\infty)"),
        (r"\\emptyset(?![a-z])|\\varnothing(?![a-z])|\u2205|^\s?\\\{ ?\\\}\s?$", "emptyset"),
        (r"^\s?\](.{1,200})\[\s?$", r"(\1)"),
        (r"^\s?\](.{1,200}\])\s?$", r"(\1"),
    )
)
_ONLY = re.compile(r"^\s{0,3}only\b\s?")

# Words in \text{} that belong to the formula.
_READ_WORDS = frozenset("or and for where with only sin cos tan log ln max min".split())


def undressed(text: str) -> str:
    """A formula without what only dresses it: sizes, spaces, dollar signs, conditions.

    Units come to stand between "@"; other ways to write the same are rewritten.
    """
    for cut, command in _CUT_COMMANDS.items():
        text = text.replace(cut, command)
    text = _GAPS.sub(" ", text)
    for pattern, instead in _REWRITTEN:
        text = pattern.sub(instead, text)
    lines = _ALIGNED.search(text)
    if lines:  # a calculation, line by line
        text = lines[1].replace("\\\\", " ").replace("&", " ")
    if not MATRIX.search(text):
        text = _DOUBLED.sub(r"\\", text)
        text = SIZES.sub(" ", text)
    # "@ m @" is a unit; words that join formulas stand bare.
    text = _WORD_COMMAND.sub(_bare_or_unit, text)
    text = text.replace("$", " ").replace("\\(", " ").replace("\\)", " ").replace("\\[", " ").replace("\\]", " ")
    text = _ONLY.sub("", text.replace("+\\infty", "\\infty").replace("+ \\infty", "\\infty").replace("+\u221e", "\u221e"))
    text = _GAPS.sub(" ", text)
    bare = _CONDITION.sub("", text)
    return " ".join((bare if bare.strip() else text).split()).rstrip(" .;,").lstrip(" ;,")


def _bare_or_unit(found: re.Match[str]) -> str:
    words = found[1].strip()
    if len(words) < 2 or words.split(" ")[0] in _READ_WORDS:
        return f" {words} " if len(words) > 1 else words
    return f" @{words}@ " if words.replace(" ", "").isalpha() else f" {words} "
