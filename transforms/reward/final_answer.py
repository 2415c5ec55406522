"""Final answer: where a response gives its answer, once it has stopped thinking and changing its mind.

Answers may be marked (`\\boxed{}`, `<answer>`, a JSON object with the key "answer"), labelled ("The answer
is", "Answer:", "####") or simply said. This module finds the places; `match_by_type` says what is said there.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

from transforms.english.sentences import BORDER
from transforms.languages.answering import ANSWER_WORDS

# A final answer is at the end and short; what comes before this is not read.
MAX_CHARS = 4000
_MAX_THINKING_TAIL = 32_000
MAX_MARKS = 8

_THINK = r"think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis"
_THINKING_ENDS = re.compile(
    rf"</(?:\w{{1,20}}:)?(?:{_THINK})>|\[/THINK\]|\u25c1/think\u25b7|<\|channel\|>final<\|message\|>", re.IGNORECASE
)
_THINKING_BEGINS = re.compile(rf"<(?:\w{{1,20}}:)?(?:{_THINK})>|\[THINK\]|\u25c1think\u25b7|<\|channel\|>analysis", re.IGNORECASE)
_TURN_ENDS = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eom_id|end|endoftext|end_of_text|return|start_header_id)\|>|</s>|<eos>|<end_of_turn>"
)
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_GAP = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r" ?\n[ \n]*\n")


def ascii_digits(text: str) -> str:
    """A text with the digits of other scripts in those of ASCII."""
    return text if text.isascii() else _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)


def without_thinking(response: str) -> str:
    """What a response says after its thinking; nothing if the thinking never ends."""
    *thoughts, tail = _THINKING_ENDS.split(response[-_MAX_THINKING_TAIL:])
    if not thoughts and len(response) > _MAX_THINKING_TAIL and _THINKING_BEGINS.search(response[:1000]):
        return ""
    tail = _THINKING_BEGINS.split(tail, maxsplit=1)[0]
    # Runs of white space say nothing, and what follows need not mind them.
    text = _EMPTY_LINES.sub("\n\n", _GAP.sub(" ", tail)).strip()
    ends = _TURN_ENDS.search(text)  # behind it somebody else speaks
    if ends:
        if len(re.findall(r"\w{1,40}", text[ends.end() : ends.end() + 400])) > 3 or re.search(r"\d", text[ends.end() :]):
            return ""
        text = text[: ends.start()].rstrip()
    text = ascii_digits(text[-MAX_CHARS:]).strip()
    # A few characters stand for whole sentences; as many of them as fit are no answer.
    return text if len(unicodedata.normalize("NFKC", text)) <= 2 * MAX_CHARS else ""


# --- Marked answers ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """An answer that is marked as such, and the place of mark and answer together. "" where the mark never closes."""

    answer: str
    start: int
    end: int


_BOX = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z]) *(?:\{|(?P<bare>[^\s$]{0,100}))")  # \boxed 5
_BRACE = re.compile(r"\\\\|\\[{}]|[{}]")
_TAG = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL)  # the closing tag is often the stop word
_FENCED_JSON = re.compile(r"^\s{0,3}```(?:json)?\s{0,3}(\{.*\})\s{0,3}```\s{0,3}$", re.DOTALL)
_FLAT_OBJECT = re.compile(r"\{[^{}]{0,2000}\}")
_THOUGHT_KEYS = frozenset({"reasoning", "thought", "thoughts", "thinking", "explanation", "rationale", "analysis", "reason"})
_ANSWER_KEYS = frozenset({"answer", "final_answer", "final answer", "finalanswer"})


def marked(text: str) -> list[Mark]:
    """Every marked answer, in order."""
    tags = [Mark(found[1].strip(), *found.span()) for found in islice(_TAG.finditer(text), MAX_MARKS + 1)]
    boxes = _boxes(text)
    # A box in a tag is the answer, and the tag its dress.
    tags = [tag for tag in tags if not any(tag.start <= box.start and box.end <= tag.end for box in boxes)]
    marks = _objects(text) or [*boxes, *tags]
    return sorted(marks, key=lambda mark: mark.start)[: MAX_MARKS + 1]


def _boxes(text: str) -> list[Mark]:
    found: list[Mark] = []
    position = 0
    while len(found) <= MAX_MARKS and (box := _BOX.search(text, position)):
        if box["bare"] is None:
            end = _closing_brace(text, box.end() - 1)
            inner = text[box.end() : end].strip() if end else ""
            while (
                (again := _BOX.match(inner))
                and again["bare"] is None
                and _closing_brace(inner, again.end() - 1) == len(inner) - 1
            ):
                inner = inner[again.end() : -1].strip()
            found.append(Mark(inner, box.start(), (end or len(text) - 1) + 1))
        else:
            found.append(Mark(box["bare"], box.start(), box.end()))
        position = found[-1].end
    return found


def _closing_brace(text: str, opening: int) -> int | None:
    depth = 0
    for brace in _BRACE.finditer(text, opening):
        depth += (brace[0] == "{") - (brace[0] == "}")
        if depth == 0:
            return brace.start()
    return None


def _objects(text: str) -> list[Mark]:
    """The answers of JSON objects: of the whole text, or of flat ones inside it."""
    if "{" not in text or '"' not in text:
        return []
    fenced = _FENCED_JSON.match(text)
    whole = fenced[1] if fenced else text.strip()
    if whole.startswith("{") and (answers := _answers_in(whole)) is not None:
        return [Mark(answer, 0, len(text)) for answer in answers or [""]]
    found: list[Mark] = []
    for flat in _FLAT_OBJECT.finditer(text):
        answers = _answers_in(flat[0]) if '"' in flat[0] else None
        found += [Mark(answer, flat.start(), flat.end()) for answer in answers or ()]
        if len(found) > MAX_MARKS:
            break
    return found


def _answers_in(written: str) -> list[str] | None:
    """The answers of one JSON object, every one if the key stands twice; None if it is no object that could have one."""
    answers: list[str] = []
    keys: set[str] = set()

    def take(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys.update(key.strip().lower() for key, _ in pairs)
        answers.extend(_as_text(value) for key, value in pairs if key.strip().lower() in _ANSWER_KEYS)
        return dict(pairs)

    try:
        json.loads(written, object_pairs_hook=take, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return answers if answers or keys & _THOUGHT_KEYS else None


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return ""


# --- Labelled answers ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """What follows a label such as "The answer is", up to the next one; `before` is the sentence up to the label."""

    text: str
    before: str


_LABEL = re.compile(
    r"(?:\b(?:the|my|our|your|final|correct|right|short|best) ){0,4}\banswer\b(?:"
    # "Answer:", "**Answer**:", "### Answer" on a line of its own
    r"[*_]{0,3}(?: \([^()\n]{0,30}\))?[*_]{0,3}[ ]?(?::|=(?!=)|\u2192|->|[-\u2013\u2014](?= )|[ #*_]*\n)[*_]{0,3}"
    # "The answer to the question is"
    r"|(?: to (?:this|that|the|your|our|question|q)\b[^.:;!?\n]{0,100}?)?[ ](?:is|was|would be|must be|comes to|equals)\b"
    r"(?!n't| (?:found|obtained|given by|calculated|as follows|in the|simple|clear|based)\b)[ ]?[:=]?"
    r")"
    r"|(?m:^[*_#> ]{0,4}(?:A|Ans|Final)[*_]{0,2}[:][*_]{0,2} )"
    r"|(?m:^####[ ]?(?=[^\n]{1,200}\s{0,3}\Z))",
    re.IGNORECASE,
)

_DENYING = re.compile(r"\b(?:avoid|opposite|incorrect|wrong|not)\b", re.IGNORECASE)
_OTHER_LABEL = re.compile(rf"[*_]{{0,3}}\b(?:{'|'.join(ANSWER_WORDS.values())})[*_]{{0,3}}(?:\s{{0,3}}:)?", re.IGNORECASE)


def labelled(text: str) -> list[Claim]:
    """What every label in a text introduces, in order."""
    places = list(_LABEL.finditer(text)) or list(_OTHER_LABEL.finditer(text))
    claims = []
    for place, following in zip_longest(places, places[1:]):
        before = text[max(0, place.start() - 200) : place.start()]
        said = text[place.end() : following.start() if following else len(text)]
        claims.append(Claim(_unlabelled(said), f"{BORDER.split(before)[-1]}{place[0] if _DENYING.search(place[0]) else ''}"))
    return claims


def _unlabelled(said: str) -> str:
    """A claim without what closes its label, as in "**Answer: ** Paris"."""
    said = said.strip().lstrip(":# \n").strip()  # a ">" may say something
    line = said.partition("\n")[0]
    return said.removeprefix("**").removesuffix("**").strip() if line.count("**") % 2 else said


# --- Second thoughts -----------------------------------------------------------------------------

_TAKEN_BACK = re.compile(
    r"(?:^|(?<=[.!?\u2026\u2014\u2013,;:(\n])|(?<= - ))\s{0,3}(?:but |and |or |oh,? |so )?(?:"
    r"wait|hold on|hang on|actually|correction|scratch that|on second thoughts?|sorry|oops|i mean|i meant|i was wrong|my mistake|"
    r"that(?: i|')s (?:wrong|not right|incorrect)|this is wrong|let me (?:re\w+|correct|double.check|think again|check)|hmm+|"
    r"i take (?:that|it) back|(?:or )?rather(?! than)|no(?=[,.!])"
    r")(?=[ ,.:;!?\u2014\u2026-]|$)[ ,.:;!?\u2014\u2026-]*",
    re.IGNORECASE | re.MULTILINE,
)
_TAKEN_BACK_YES_NO = re.compile(_TAKEN_BACK.pattern.replace("|no(?=[,.!])", ""), re.IGNORECASE | re.MULTILINE)


def last_word(text: str, answer_type: str | None = None) -> str:
    """What a text says after it last changed its mind ("Paris. Wait, actually Lyon"); all of it if it never did."""
    pattern = _TAKEN_BACK_YES_NO if answer_type == "yes_no" else _TAKEN_BACK
    changes = [change for change in pattern.finditer(text) if text[: change.start()].strip()]
    if not changes:
        return text
    text = text[changes[-1].end() :]
    while again := pattern.match(text):  # "Wait, actually"
        text = text[again.end() :]
    return text
