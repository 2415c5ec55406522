"""Markdown and LaTeX as answers use them: the same value or text without its dress.

A command that says something has a sign of its own here ("\\neq" is "≠"); one that only dresses goes; one
that is not known stays as it is written, for whoever reads the answer to stop at.
"""

import re

from transforms.english.number_words import SMALL_NUMBERS

TEXT_COMMAND = re.compile(
    r"\\(?:(?:text|math)(?:rm|bf|it|sf|tt|sc|up|normal)?|emph|underline|mbox|hbox|boldsymbol|bm|(?:text)?color ?\{\w{1,20}\} ?)"
    r"\{([^{}]*)\}|\\operatorname\{([^{}]*)\}"
)
FRACTION = re.compile(r"\\[dt]?frac(?:\{([^{}]*)\}\{([^{}]*)\}|(\d)(\d))", re.ASCII)
_WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
# A closing dollar sign stands behind what it closes and not before a digit: "$5 or $10" is money.
_INLINE = re.compile(
    r"(?<!\\)\$\$?(?=\S)((?:[^$\n\\]|\\[^\n]){1,200}?)(?<=\S)\$\$?(?!\d)"
    r"|\\\(((?:[^\\\n]|\\(?![()\[\]])){1,200})\\\)|\\\[((?:[^\\]|\\(?![()\[\]])){1,200})\\\]"
)
_SPACING = re.compile(r"\\[,;:! ]|\\q?quad(?![a-z])|(?<=\w)~")
_ESCAPED = re.compile(r"\\([%$#&_{}])")
_DEGREE = re.compile(r"\^(?:\\circ(?![a-z])|\{ ?\\circ ?\})|\\degree(?![a-z])|\\textdegree(?![a-z])")
_SCALE = re.compile(r"\u00b0\s+(?=[CF]\b)")
# What a command says, in one sign.
SIGNS = {
    name: sign
    for entry in (
        "ne neq ≠; le leq leqslant leqq lesssim lessapprox ≤; ge geq geqslant geqq gtrsim gtrapprox ≥; lt ll <; gt gg >; "
        "approx simeq approxeq ≈; pm mp ±; times ×; cdot bullet ·; div ÷; neg lnot not ¬; pi π; infty ∞; sqrt √; "
        "to rightarrow longrightarrow mapsto →; implies Rightarrow Longrightarrow ⇒; therefore ∴; dots ldots ...; "
        "permil textperthousand ‰; euro texteuro €; pounds £; yen ¥"
    ).split("; ")
    for *names, sign in (entry.split(),)
    for name in names
}
# The same sign as it is typed.
TYPED = {"√": "sqrt", "×": "*", "·": "*", "⋅": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!="}
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi omega"
).split()
GREEK_LETTERS = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", GREEK, strict=True))
# Written for looks alone, or to set lines of a calculation below each other.
_DRESS = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|limits|rm|bf|it|tt|normalsize|large|Large|bfseries|itshape|checkmark|"
    r"blacksquare|qed|centering|noindent)(?![A-Za-z])|\\color ?\{\w{1,20}\}|"
    r"\\(?:begin|end)\{(?:align|aligned|alignat|equation|gather|gathered|split|center|flalign|displaymath|math)\*?\}|"
    r"\\\\(?=\s|$)|&(?=\s*[=<>\u2248\u2264\u2265])"
)
COMMAND = re.compile(r"\\(?:[A-Za-z]+|\S)")
_UNEQUAL = re.compile(r"\\not ?=")
_SIMILAR = re.compile(r"\\sim(?= ?[\d$])")
_ENDLESS = re.compile(r"(?<=\d)\.(\d{0,12})\\(?:overline|bar|dot)\{(\d{1,12})\}")
_HIDDEN = re.compile(r"<[a-z]{1,12}\s[^<>]{0,300}=[^<>]{0,300}>", re.IGNORECASE)  # a tag with attributes shows none of them
_RAISED_WORD = re.compile(r"(?<=[A-Za-z]) ([_^])(?=\S)")
_SQUARED = re.compile(r"(?<=[A-Za-z])\^\{([23])\}")
_STRUCK = re.compile(r"(?<!~)~~(?=[^\s~])[^~\n]{1,400}~~(?!~)|<(del|s|strike)>[^<>]{0,400}</\1>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_EMPHASIS = (
    re.compile(r"(?<![\w)*])\*\*\*?(?=\S)([^*\n]{1,400}?)(?<=\S)\*\*\*?(?!\w)"),
    re.compile(r"(?<![\w)*])\*(?=[^\s*])([^*\n]{1,400}?)(?<=[^\s*])\*(?![\w*])"),
    re.compile(r"(?<!\w)__(?=\S)([^\n]{1,400}?)(?<=\S)__(?!\w)"),
    re.compile(r"(?<!\w)_(?=[^\s_])([^_\n]{1,400}?)(?<=[^\s_])_(?!\w)"),
)
# "> 42" is no quotation.
_LINE_START = re.compile(
    r"(?m)^[ \t]*(?:#{1,6}[ \t]+|>[ \t](?![ \t*_$\\(]*(?:[\d.+\u20ac\u00a3\u00a5\u2212-]|"
    rf"(?:{'|'.join(SMALL_NUMBERS)}|hundred|half)\b)))",
    re.IGNORECASE,
)


def unwrapped(text: str) -> str:
    """A formula without the signs that say where it begins and ends."""
    text = text.strip()
    for opening, closing in _WRAPPERS:
        if len(text) > len(opening + closing) and text.startswith(opening) and text.endswith(closing):
            return text[len(opening) : -len(closing)].strip()
    return text


def without_latex(text: str) -> str:
    """A value written in LaTeX as one would type it: "12\\,\\text{km}" -> "12 km", "2\\frac{1}{2}" -> "2 1/2"."""
    return " ".join(_typed(unwrapped(text)).split())


def _typed(text: str) -> str:
    if "\\" not in text and "{,}" not in text and "~" not in text:
        return text
    text = _DEGREE.sub("\u00b0", text)
    for _ in range(2):  # \text{(\textbf{B})}
        text = TEXT_COMMAND.sub(lambda m: f" {(m[1] or m[2] or '').lstrip('~')} ", text)
    text = _SQUARED.sub(r"^\1", _RAISED_WORD.sub(r"\1", text))  # "\\mathrm{cm}^{2}", "\\text{CO}_2"
    text = FRACTION.sub(_divided, text)
    text = _ENDLESS.sub(r".\1(\2)", _DRESS.sub(" ", _SIMILAR.sub("~", _UNEQUAL.sub("≠", text))))
    text = COMMAND.sub(lambda m: SIGNS.get(m[0][1:], m[0]), text)
    text = _SPACING.sub(" ", text.replace("{,}", ","))
    return _ESCAPED.sub(r"\1", _SCALE.sub("\u00b0", text))


def _divided(fraction: re.Match[str]) -> str:
    before = fraction.string[max(0, fraction.start() - 1) : fraction.start()]
    return f"{' ' if before.isdigit() else ''}{fraction[1] or fraction[3]}/{fraction[2] or fraction[4]}"


def without_markdown(text: str) -> str:
    """Prose without comments, what is struck out, emphasis, headings and marks of quoted lines; code marks stay."""
    text = _HIDDEN.sub(" ", text)
    text = _LINE_START.sub("", _STRUCK.sub(" ", _COMMENT.sub(" ", text)))
    for emphasis in _EMPHASIS:
        text = emphasis.sub(r"\1", text)
    return text.strip()


def plain(text: str) -> str:
    """Prose without Markdown and LaTeX, line by line."""
    text = _INLINE.sub(lambda m: m[1] or m[2] or m[3], without_markdown(text))
    return "\n".join(" ".join(line.split()) for line in _typed(text).splitlines()).strip()
