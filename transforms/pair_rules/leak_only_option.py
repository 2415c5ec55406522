"""Marked choices, "(A) ... (B) ...": where they stand, and whether only the right one can be an answer at all."""

import re

from transforms.english.number_words import SMALL_NUMBERS
from transforms.pair_rules.leak_words import Found

_MARK = re.compile(r"(?:^|(?<=[\s,;:.?]))\(?([A-Ja-j]|1?\d)[).]\s+")
_LEAST = 3
_MOST = 12
_MOST_CHARS = 200
_NUMBER_ASKED = re.compile(
    r"\b(?:how many|how much|how old|how long|which year|what year|(?:in|what|which) (?:an? )?(?:year|number|percentage|"
    r"age|date)|number|"
    r"percentage|prime|when)\b",
    re.I,
)
_NAME_ASKED = re.compile(
    r"\bwho(?:m|se)?\b|\b(?:which|what) (?:city|country|person|president|king|queen|author|"
    r"composer|state|river|scientist|capital)\b",
    re.I,
)
_PERSON_ASKED = re.compile(r"\bwho\b|\b(?:person|president|king|queen|author|composer|scientist|painter|poet|general)\b", re.I)
_PERSON = re.compile(r"[A-Z][\w.'-]*(?: (?:[A-Z][\w.'-]*|of|van|von|de|da|the))+")
_AN = re.compile(r"\ban (?:_{2,}|\.{3})[\W_]*$", re.I)
_A = re.compile(r"\ba (?:_{2,}|\.{3})[\W_]*$", re.I)


def split_choices(question: str) -> tuple[str, list[str], int]:
    """The question without its marked choices, the choices, and where they begin; no choices where fewer than two are marked."""
    marks: list[re.Match[str]] = []
    for found in _MARK.finditer(question):
        label = found[1].upper()
        wanted = chr(ord("A") + len(marks)) if not label.isdigit() else str(len(marks) + 1)
        if label == wanted and (not marks or marks[-1][1].isdigit() == found[1].isdigit()):
            marks.append(found)
        elif label in ("A", "1"):
            marks = [found]
    if len(marks) < 2 or len(marks) > _MOST:
        return question, [], len(question)
    ends = [mark.start() for mark in marks[1:]] + [len(question)]
    choices = [question[mark.end() : end].strip(" \n,;") for mark, end in zip(marks, ends, strict=True)]
    return question[: marks[0].start()], choices, marks[0].start()


def only_option(stem: str, choices: list[str], answer: str, place: int) -> Found | None:
    """Whether only one of the choices is of the kind that is asked for, and that is the answer."""
    if len(choices) < _LEAST or any(len(choice) > _MOST_CHARS for choice in choices):
        return None
    stem = stem.strip()
    if _AN.search(stem) or _A.search(stem):
        fitting = [choice for choice in choices if (choice[:1].lower() in "aeiou") == bool(_AN.search(stem))]
    elif _NAME_ASKED.search(stem):
        fitting = [choice for choice in choices if choice[:1].isupper()]
        if len(fitting) > 1 and len(fitting) < len(choices) and _PERSON_ASKED.search(stem):
            fitting = [choice for choice in fitting if _PERSON.fullmatch(choice)]
    elif _NUMBER_ASKED.search(stem):
        fitting = [choice for choice in choices if re.search(r"\d", choice) or choice.lower() in SMALL_NUMBERS]
    else:
        return None
    bare = answer.strip(" .").lower()
    if len(fitting) == 1 and fitting[0].strip(" .").lower() == bare:
        return "only_option", (place, place + len(fitting[0]))
    return None
