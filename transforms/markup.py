"""Markdown and LaTeX as answers use them: the same value or text without its dress."""

import re

TEXT_COMMAND = re.compile(r"\\(?:text|math)(?:rm|bf|it|sf|normal)?\{([^{}]*)\}|\\operatorname\{([^{}]*)\}")
FRACTION = re.compile(r"\\[dt]?frac(?:\{([^{}]*)\}\{([^{}]*)\}|(\d)(\d))", re.ASCII)
_WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
# A closing dollar sign stands behind what it closes and not before a digit: "$5 or $10" is money.
_INLINE = re.compile(
    r"\$\$?(?=\S)([^$\n]{1,200}?)(?<=[^\s\\])\$\$?(?!\d)"
    r"|\\\(((?:[^\\\n]|\\(?![()\[\]])){1,200})\\\)|\\\[((?:[^\\]|\\(?![()\[\]])){1,200})\\\]"
)
_SPACING = re.compile(r"\\[,;:! ]|\\q?quad(?![a-z])|(?<=\w)~")
_ESCAPED = re.compile(r"\\([%$#&_])")
_DEGREE = re.compile(r"\^(?:\\circ(?![a-z])|\{ ?\\circ ?\})|\\degree(?![a-z])|\\textdegree(?![a-z])")
_SCALE = re.compile(r"\u00b0\s+(?=[CF]\b)")
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_EMPHASIS = (
    re.compile(r"(?<![\w)*])\*\*\*?(?=\S)([^*\n]{1,400}?)(?<=\S)\*\*\*?(?!\w)"),
    re.compile(r"(?<![\w)*])\*(?=[^\s*])([^*\n]{1,400}?)(?<=[^\s*])\*(?![\w*])"),
    re.compile(r"(?<!\w)__(?=\S)([^\n]{1,400}?)(?<=\S)__(?!\w)"),
    re.compile(r"(?<!\w)_(?=[^\s_])([^_\n]{1,400}?)(?<=[^\s_])_(?!\w)"),
)
_LINE_START = re.compile(r"(?m)^[ \t]*(?:#{1,6}[ \t]+|>[ \t])")


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
        text = TEXT_COMMAND.sub(lambda m: f" {m[1] or m[2] or ''} ", text)
    text = FRACTION.sub(_divided, text)
    text = _SPACING.sub(" ", text.replace("{,}", ","))
    return _ESCAPED.sub(r"\1", _SCALE.sub("\u00b0", text))


def _divided(fraction: re.Match[str]) -> str:
    before = fraction.string[max(0, fraction.start() - 1) : fraction.start()]
    return f"{' ' if before.isdigit() else ''}{fraction[1] or fraction[3]}/{fraction[2] or fraction[4]}"


def without_markdown(text: str) -> str:
    """Prose without comments, emphasis, headings and quotation marks of whole lines; code marks stay."""
    text = _LINE_START.sub("", _COMMENT.sub(" ", text))
    for emphasis in _EMPHASIS:
        text = emphasis.sub(r"\1", text)
    return text.strip()


def plain(text: str) -> str:
    """Prose without Markdown and LaTeX, line by line."""
    text = _INLINE.sub(lambda m: m[1] or m[2] or m[3], without_markdown(text))
    return "\n".join(" ".join(line.split()) for line in _typed(text).splitlines()).strip()
