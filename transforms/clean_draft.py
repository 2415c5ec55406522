"""What a model writes around a question or an answer, taken off by rule.

A label in front, the mark of a list, a type, quotes, fences, bold, a final full stop. Only what is certain
goes: the "1." of "1. FC Köln" is of its name. All rules are linear in their text. Nothing is judged here.
"""

import json
import re
from collections.abc import Iterable

from transforms.answers.canonical import MAX_CHARS, list_items
from transforms.answers.quantities import parse_quantity
from transforms.answers.units import CURRENCIES, parse_unit
from transforms.english.sentences import ABBREVIATION
from transforms.records import ANSWER_TYPES, AnswerType

# More other names than this no short answer has.
MOST_ALIASES = 2
_MOST_LAYERS = 5  # "**Answer:** `Paris`." has four
_SYMBOLS = ("code", "expression")  # where quotes, marks and words like "answer" may be what is meant
_COUNTED = ("number", "percentage", "money", "duration")

_FENCE = re.compile(r"```[\w+#.-]*[ \t]*\n(.*?)\n? ?```|```([^`\n]+)```|`([^`]+)`", re.DOTALL)
_BOLD = re.compile(r"(\*{2,3})([^*]+)\1|__(?=[^_]+? [^_])([^_]+)__")
_QUOTED = re.compile(
    "\"([^\"]+)\"|'([^']+)'|\u201c([^\u201c\u201d]+)\u201d|\u201e([^\u201c\u201d\u201e]+)[\u201c\u201d]|\u00ab([^\u00ab\u00bb]+)\u00bb"
)
_LABEL = r"^[*_#\s]{0,6}%s[*_]{0,3}(?:\s?:[*_]{0,3}\s*|\uff1a\s*)(?=\S)"
_ANSWER_IS = r"(?:(?:the|final|correct|right|short) ){0,2}answer(?: is)?"
_ANSWER_LABEL = re.compile(rf"{_LABEL % _ANSWER_IS}|^the (?:\w+ )?answer is (?=\S)", re.IGNORECASE)
_QUESTION_LABEL = re.compile(_LABEL % r"(?:question|q)\s?\d{0,2}", re.IGNORECASE)
_ANSWER_BEHIND = re.compile(
    rf"\s?\({_ANSWER_IS}\s?[:\uff1a=][^()]{{0,300}}(?:\([^()]{{0,100}}\)[^()]{{0,100}}){{0,5}}\)[.?]?$"
    r"|(?<=[?\uff1f])\s?[*_#]{0,6}answer[*_]{0,3}:.*$",
    re.IGNORECASE,
)
_TYPES = "|".join((*ANSWER_TYPES, "yes/no", "yes or no"))
_TYPE_BEHIND = re.compile(rf"\s[(\[](?:(?:answer[_ ])?type: ?)?({_TYPES})[)\]]\.?$", re.IGNORECASE)
_UNIT_BEHIND = re.compile(r"([^()]*\S) ?\((?:in |units?: ?)?([^()\d]{2,30})\)")
_BULLET = re.compile(r"(?:[-*\u2013\u2022\u2023\u25aa] +(?=[^\W\d]|[\"'`*\u201c])|(?:\d{1,2}|[A-Za-z]|[ivx]{2,4})\) +)(?=\S)")
_NUMBER = re.compile(r"(?:(\d{1,2})[.)]|\([A-Za-z0-9]{1,2}\)) +(?=\S)")
_LINE_NUMBER = re.compile(r"^[ \t]*(\d{1,2})[.)] ", re.MULTILINE)
_ITEM_NUMBER = re.compile(r"(?:^|[,;]? (?:and )?|\n)\(?(\d{1,2})[.)] ")  # spaces are single by then
_STOPPED_WORDS = 6  # more of them with a full stop are a sentence, and a rule of Check says so


def clean_question(text: str) -> str:
    """A question without its label, what dresses all of it, and the answer or type behind it."""
    text = " ".join(text.split())
    for _ in range(_MOST_LAYERS):
        before, text = text, _ANSWER_BEHIND.sub("", _QUESTION_LABEL.sub("", _undressed(text, ""), count=1))
        if (kind := _TYPE_BEHIND.search(text)) and text[: kind.start()].endswith("?"):
            text = text[: kind.start()]
        if text == before:
            break
    return text


def clean_answer(text: str, answer_type: str, document: str = "") -> str:
    """An answer without all that is not it; of a list each item. The document tells a number that counts from one of a name."""
    text = "\n".join(filter(None, (" ".join(line.split()) for line in text.splitlines())))
    if len(text) > MAX_CHARS:  # no answer, whatever is around it; and looking for it in the document would take its square
        return " ".join(text.split())
    for _ in range(_MOST_LAYERS):
        before, text = text, _clean_once(text, answer_type, document)
        if text == before:
            break
    return " ".join(text.split())


def clean_aliases(texts: Iterable[str], answer_type: str = "", document: str = "", answer: str = "") -> tuple[str, ...]:
    """Other names of an answer, cleaned like it: without empty ones, those said before, and the answer itself."""
    cleaned = dict.fromkeys(clean_answer(text, answer_type, document) for text in texts)
    return tuple(text for text in cleaned if text and text != answer)


def fitting_type(kind: AnswerType, answer: str, document: str) -> AnswerType:
    """The type that an answer has, where the one that it was given cannot be meant.

    Plain words are no formula, and no code unless the document sets them as such; one thing is no list; an amount of
    flour is no money. The reward compares by the type: as a formula, "ternary operator" would match nothing.
    """
    if kind in _SYMBOLS and _PLAIN_WORDS.fullmatch(answer) and not _set_as_code(answer, document):
        return "term"
    if kind == "expression" and len(_WORD.findall(answer)) > _MOST_WORDS and not _OPERATION.search(answer):
        return "term"  # a sentence, which is too long for one
    if kind == "list" and answer and len(list_items(answer)) < 2:
        return "term"
    measured = _MEASURED.match(answer) if kind == "money" else None
    if measured and (unit := parse_unit(measured[1], money=True)) and unit.symbol not in CURRENCIES:
        return "number"
    return kind


_WORD, _MOST_WORDS = re.compile(r"[^\W\d_]{2,}"), 4  # in a formula without a sign of an operation
_OPERATION = re.compile(r"[\\=^<>+*/|_]")
_MEASURED = re.compile(r"[\d][\d.,/ ]* ?([^\W\d_]+)")
# At least two words, of letters alone: one may be an identifier, and "x" is a formula.
_PLAIN_WORDS = re.compile(r"(?:[^\W\d_]|['\u2019-]){2,}(?: (?:[^\W\d_]|['\u2019-]){2,})+")


def _set_as_code(answer: str, document: str) -> bool:
    """Whether a document has an answer between backticks, or in a line that is indented or follows a prompt."""
    for line in document.split("\n"):
        if answer in line:
            indented = line.startswith(_CODE_LINES) and answer in line[: _NEAR_THE_START + len(answer)]
            if indented or any(answer in part for part in line.split("`")[1:-1]):
                return True
    return False


_CODE_LINES, _NEAR_THE_START = ("    ", "\t", "$ ", "> ", "# "), 200


def _clean_once(text: str, kind: str, document: str) -> str:
    text = _undressed(text, kind)
    if kind == "list":
        text = _listed(text)
    if kind != "code":
        text = _ANSWER_BEHIND.sub("", _ANSWER_LABEL.sub("", text, count=1)) or text
    named = _TYPE_BEHIND.search(text)
    if named and (kind not in _SYMBOLS or named[1].lower() == kind):
        text = text[: named.start()]
    if kind in _COUNTED:
        text = _with_unit(text, kind)
    return _without_stop(_without_mark(text, kind, document), kind).strip()


def _undressed(text: str, kind: str) -> str:
    """What stands in a fence, in bold or in quotes, if that is all of the text."""
    for layer in (_FENCE, *(() if kind == "code" else (_BOLD,)), *(() if kind in _SYMBOLS else (_QUOTED,))):
        if found := layer.fullmatch(text.strip()):
            text = found[found.lastindex or 0]
    return text.strip()


def _without_mark(text: str, kind: str, document: str) -> str:
    if kind in (*_SYMBOLS, "option", "list"):
        return text
    if kind not in _COUNTED and (mark := _BULLET.match(text)):
        return text[mark.end() :]
    mark = _NUMBER.match(text)
    return text[mark.end() :] if mark and kind != "date" and _counts(mark, document) else text


def _counts(mark: re.Match[str], document: str) -> bool:
    """Whether the number in front of an answer is not of it: the document has the rest without, or in a numbered list."""
    flat, text = " ".join(document.split()), mark.string
    if text not in flat:
        return bool(re.search(rf"(?<![\w.,]){re.escape(text[mark.end() :])}", flat))
    numbers = {int(number) for number in _LINE_NUMBER.findall(document)}
    begun = sum(line.lstrip().startswith(text) for line in document.splitlines())
    return bool(mark[1]) and bool({int(mark[1]) - 1, int(mark[1]) + 1} & numbers) and begun == flat.count(text)


def _listed(text: str) -> str:
    """The items of a list in one line: of lines, of a numbered row, and of a list as programs write it."""
    if text.startswith("[") and text.endswith("]"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list) and all(isinstance(item, str) for item in found):
            return _joined(found)
    marks = list(_ITEM_NUMBER.finditer(text))
    if len(marks) > 1 and marks[0].start() == 0 and [int(mark[1]) for mark in marks] == list(range(1, len(marks) + 1)):
        ends = [*(mark.start() for mark in marks[1:]), len(text)]
        return _joined(text[mark.end() : end] for mark, end in zip(marks, ends, strict=True))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _joined(_BULLET.sub("", line, count=1) for line in lines) if len(lines) > 1 else text


def _joined(items: Iterable[str]) -> str:
    kept = [item for item in (_undressed(item.strip(" \n,;"), "") for item in items) if item]
    return ("; " if any("," in item for item in kept) else ", ").join(kept)


def _with_unit(text: str, kind: str) -> str:
    """ "12 (metres)" -> "12 metres", "300 mg (milligrams)" -> "300 mg"."""
    found = _UNIT_BEHIND.fullmatch(text)
    unit = parse_unit(found[2], kind == "money") if found else None
    quantity = parse_quantity(found[1], kind) if found and unit else None
    if not found or not unit or not quantity:
        return text
    if not quantity.unit:
        return f"{found[1]} {found[2]}"
    return found[1] if parse_quantity(f"{found[1].split()[0]} {found[2]}", kind) == quantity else text


def _without_stop(text: str, kind: str) -> str:
    if not text.endswith((".", "\u3002")) or kind == "code" or (kind != "list" and len(text.split()) > _STOPPED_WORDS):
        return text
    last = text[:-1].rpartition(" ")[2]
    number = last.replace(",", "").replace(".", "", 1).strip("$\u20ac\u00a3%").isdigit()
    kept = not last or ("." in last and not number) or ABBREVIATION.search(text, max(0, len(text) - 8))
    return text if kept else text[:-1]
