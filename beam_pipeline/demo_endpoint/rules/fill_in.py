"""The tasks of `transforms/fill_in`: distractors by changed words, a guess, and a choice by what the options share."""

import re
from typing import Any

from beam_pipeline.demo_endpoint.rules.classify import classify_document
from transforms.text import normalise, stable_seed, words

_OPTION = re.compile(r"^(\d)\) (.*)$", re.MULTILINE)
_DOMAINS = re.compile(r"^Domains: (.*)\.$", re.MULTILINE)
WRITTEN = 10
# What turns a sentence round, each way.
_OPPOSITES = dict(
    pair
    for one, other in (
        *(("more", "less"), ("always", "never"), ("before", "after"), ("first", "last"), ("can", "cannot"), ("is", "is not")),
        *(("are", "are not"), ("was", "was not"), ("because", "although"), ("many", "few"), ("good", "bad"), ("all", "none")),
        *(("high", "low"), ("large", "small"), ("new", "old"), ("with", "without"), ("will", "will not"), ("has", "lacks")),
    )
    for pair in ((one, other), (other, one))
)
_WORD = re.compile(r"[A-Za-z]+")


def write_distractors(document: str, span: str, task: str) -> dict[str, Any]:
    """The span with words turned round, or with long words of the document for its own."""
    found = [match for match in _WORD.finditer(span)]
    turned = [span[: match.start()] + _OPPOSITES[match[0]] + span[match.end() :] for match in found if match[0] in _OPPOSITES]
    long = [match for match in found if len(match[0]) > 4 and match[0].islower()]
    others = sorted({word for word in _WORD.findall(document) if len(word) > 5 and word.islower()} - {m[0] for m in long})
    swapped = []
    for number in range(WRITTEN if long and len(others) > 1 else 0):
        text = span
        # From behind, so that places before stay where they are.
        for match in [*reversed(long)][number % 2 :: 2]:
            other = others[stable_seed(span, str(number), match[0]) % len(others)]
            text = text[: match.start()] + other + text[match.end() :]
        swapped.append(text)
    return {"domain": _domain(document, task), "distractors": [*turned, *swapped][:WRITTEN]}


def choose_by_look(options: str, seed: int) -> dict[str, Any]:
    """A guess: who has no text has nothing to go by."""
    numbers = [number for number, _ in _OPTION.findall(options)] or ["1"]
    return {"reasoning": "This is a guess.", "answer": numbers[stable_seed(options, str(seed)) % len(numbers)]}


def choose_by_text(question: str) -> dict[str, Any]:
    """The option that has most in common with all others: each of them is a change of it."""
    options = {number: set(words(normalise(text))) for number, text in _OPTION.findall(question)}
    alike = {
        number: sum(len(own & other) / max(1, len(own | other)) for other in options.values()) for number, own in options.items()
    }
    best = max(alike, key=lambda number: (alike[number], number), default="1")
    return {"reasoning": "It has most in common with the others.", "answer": best}


def _domain(document: str, task: str) -> str:
    listed = _DOMAINS.search(task)
    lines = "\n".join(f'- "{name}": ' for name in (listed[1] if listed else "").split("; "))
    return str(classify_document(document, lines)["domain"])
