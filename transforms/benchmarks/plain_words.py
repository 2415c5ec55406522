"""Plain words: what is left of a question when its dress is taken off, for comparing with benchmarks.

Two prints of one question give the same words although they differ in case, accents, punctuation,
LaTeX or plain notation, spacing, "Question:" or "Problem 12." in front, "Answer:" behind, the letters
of options, thousands separators, or small numbers as words. The operators + - / = < > ^ are words;
signs of multiplication and all brackets are not, for they come and go with the notation.
"""

import re
import unicodedata

from transforms.answers.markup import GREEK, GREEK_LETTERS
from transforms.english.number_words import UP_TO_TWENTY
from transforms.text import SPACELESS, unify

_WORD = re.compile(rf"\d+(?:\.\d+)?|[{SPACELESS}]|[^\W\d_{SPACELESS}]+|[<>]=?|[-+=/^]")

# White space is single by then: where more could stand, a run of it would be tried in every split.
_LABEL = re.compile(
    r"\W*(?:"
    r"(?:question|problem|exercise|example|instruction|prompt|input|task|item|q|ex)\b"
    r"(?: ?(?:no\b\.?|number|\#))? ?\d*(?:\.\d+)* ?[-:.)\]*]+"
    r"|[(\[]?\d{1,3} ?[.):\]]+(?= )"
    r"|q ?\d+ ?[-:.)\]]+"
    r"|(?:question|problem|exercise|example|task) \d+(?:\.\d+)* "
    r") ?",
    re.IGNORECASE,
)
_ENDING = re.compile(r"\W*\b(?:answer|response|solution|output|a)\W*:\W*$", re.IGNORECASE)
_OPTION = re.compile(r"(?<![\w'])[(\[]?([a-jA-J]|\d{1,2})[).:\]](?=\s|$)")

_RAISED = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u207f", "0123456789+-n")
_RAISED_RUN = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u207b\u207f]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_NAMED_SIGNS = zip("√°∠⊥∞∑∫ς", "sqrt degrees angle perp infinity sum int sigma".split(), strict=True)
_SIGNS = str.maketrans({
    **{sign: f" {name} " for sign, name in (*GREEK_LETTERS.items(), *_NAMED_SIGNS)},
    **{chr(0x2080 + digit): str(digit) for digit in range(10)},
    **dict.fromkeys("\u201a\u201b", " "),  # low quotes part words
    "\u02bc": "'", "÷": "/", "≤": "<=", "≥": ">=", "±": " + - ", "ı": "i",
})  # fmt: skip

_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_ARGUMENT = re.compile(r"(\\(?![dtc]?frac\b|begin\b|end\b)[a-zA-Z]+)\s*\{([^{}]*)\}")
_SCRIPT = re.compile(r"([_^])\s*\{([^{}]*)\}")
_SPACED_DIGITS = re.compile(r"(?<=\d)(?:\{,\}|,?\\[!,;])(?=\d{3})")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[^{}]*\}(?:\{[^{}]*\})?")
_COMMAND = re.compile(r"\\(?:([a-zA-Z]+)\*?|.)", re.DOTALL)
_NAMES = (
    "sqrt log ln exp sin cos tan cot sec csc arcsin arccos arctan lim sum int prod min max gcd angle triangle perp binom cup cap"
).split()
_COMMANDS = {
    **{name: f" {name} " for name in (*GREEK, *_NAMES)},
    **{f"var{name}": f" {name} " for name in ("phi", "epsilon", "theta")},
    **dict.fromkeys(("le", "leq", "leqslant"), " <= "),
    **dict.fromkeys(("ge", "geq", "geqslant"), " >= "),
    **dict.fromkeys(("circ", "degree"), " degrees "),
    "lt": " < ", "gt": " > ", "div": " / ", "pm": " + - ", "infty": " infinity ",
}  # fmt: skip
_NESTED = 6  # braces within braces that are unfolded

_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
# A minus has an operand on its right, and on its left what can end one; all other dashes are punctuation.
_DASH = re.compile(r"(?:(?<=[\d)\]}])|(?<=\b[a-z])|(?<=[\s(=,+/<>^\[{])|^) ?- ?(?=\d|[a-z]\b|[(\\])|(-+)")
_ARROW = re.compile(r"(?<![-=])[-=]+>|>{2,}|<{2,}")
_STARS = re.compile(r"\*\*(?=\s*[\d(a-z])")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_NUMBERS = {word: str(number) for number, word in enumerate(UP_TO_TWENTY)}


def plain_words(text: str) -> list[str]:
    """Split into plain words; fast for prose, careful with LaTeX. Never raises."""
    text = strip_frame(text)
    text = text.lower() if text.isascii() else _unify(text)
    if "\\" in text or "{" in text:
        text = _unfold_latex(text)
    text = text.replace("%", " percent ").replace("`", "'")
    text = _THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)
    if "**" in text:
        text = _STARS.sub("^", text)
    if ">" in text or "<" in text:
        text = _ARROW.sub(" ", text)
    if "-" in text:
        text = _DASH.sub(lambda match: " " if match.group(1) else " - ", " ".join(text.split()))
    if "'" in text:
        text = _APOSTROPHE.sub("", text)
    return [_NUMBERS.get(word, word) for word in _WORD.findall(text)]


def strip_frame(text: str) -> str:
    """Take off what is written around a question: labels and numbers in front, "Answer:" behind, letters of options."""
    text = " ".join(text.split())  # long runs of white space would make some expressions below slow
    for _ in range(3):
        label = _LABEL.match(text)
        if not label or label.end() == len(text):
            break
        text = text[label.end() :]
    ending = _ENDING.search(text[-40:])
    if ending:
        text = text[: max(0, len(text) - 40) + ending.start()] or text
    return _strip_option_letters(text)


def _strip_option_letters(text: str) -> str:
    """Drop "A)", "(b)", "3." where they count options up from the first; a lone "B." is left as it is."""
    found = list(_OPTION.finditer(text))
    if len(found) < 2:
        return text
    pieces, end, expected = [], 0, ""
    for place, match in enumerate(found):
        mark = match[1].lower()
        first = mark in ("a", "1") and place + 1 < len(found) and found[place + 1][1].lower() == _after(mark)
        if first or mark == expected:
            pieces += [text[end : match.start()], " "]
            end, expected = match.end(), _after(mark)
    return "".join(pieces) + text[end:]


def _after(mark: str) -> str:
    return str(int(mark) + 1) if mark.isdigit() else chr(ord(mark) + 1)


def _unify(text: str) -> str:
    text = _RAISED_RUN.sub(lambda match: "^" + match.group().translate(_RAISED), text)
    text = unify(text.translate(_SIGNS)).casefold()
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", text).translate(_SIGNS)


def _unfold_latex(text: str) -> str:
    text = _SPACED_DIGITS.sub("", text)
    text = _ENVIRONMENT.sub(" ", text)
    for _ in range(_NESTED):
        unfolded = _ARGUMENT.sub(r"\1 \2 ", _SCRIPT.sub(r"\1 \2 ", text))
        unfolded = _FRACTION.sub(lambda match: f" {match[1] or match[2] or ''} / {match[3] or match[4] or ''} ", unfolded)
        if unfolded == text:
            break
        text = unfolded
    text = text.replace("^\\circ", "\\circ").replace("^ \\circ", "\\circ")
    return _COMMAND.sub(lambda match: _COMMANDS.get(match[1] or "", " "), text)
