"""Reward: 1.0 if a response's final answer agrees with the stored one, else 0.0.

    from transforms.reward import reward

    reward("<think>...</think>The capital is Paris.", "Paris", "place")   # 1.0
    reward("Paris or Lyon", "Paris", "place")                             # 0.0

A trainer imports this and nothing else of the project: standard library only, no state, the same in
any thread and on any machine. It never raises and its time is bounded, whatever the strings: a
response is read at its end, an answer up to a length, and expressions are evaluated, not expanded.

Never rewarded: several candidates, negations, relations ("x > 5"), an answer beside which stands
something that changes it or is not understood ("twice 5", "5!", "since 1923", a LaTeX command that is
not known), hedges, questions, an answer that is only thought or taken back, lists of everything, and
words meant for a judge. Where a sentence could be read either way it is not rewarded: a policy learns
what it is paid for.
"""

import re
from collections.abc import Iterable
from itertools import islice

from transforms.english.sentences import BORDER
from transforms.records import ANSWER_TYPES
from transforms.reward.final_answer import MAX_MARKS, Mark, labelled, last_word, marked, without_thinking
from transforms.reward.hedges import OFFERS
from transforms.reward.match_by_type import contradicts, states
from transforms.reward.truth import Truth

# No checkable answer is longer, nor has it more spellings than these can hold.
_MAX_TRUTH_CHARS = 500
_MAX_BITS = 1024
_MAX_ALIASES = 16
_MAX_ALIASES_CHARS = 1000
_MAX_SENTENCES_BEHIND = 12

# Words meant for whoever scores the response; a judge in a court of law is none.
_TO_A_JUDGE = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.!?\n]{0,40}\b(?:rubric|instructions?|prompt|rules|criteria|guidelines)\b|"
    r"\b(?:grader|rubric|ground[ _]truth|reference answer)\b|\bnote to (?:the )?judge\b|"
    r"\bjudge\b[^.!?\n]{0,30}\b(?:accept|reward|score|mark|grade|output|return)\b|"
    r"\b(?:give|assign|award|output|return)\b[^.!?\n]{0,30}\b(?:reward|full (?:marks|credit|score)|score of 1)\b|"
    r"\breward\s*(?::|=|\bis\b|\bof\b)\s*(?:1|full)|\b(?:score|grade)\s*[:=]\s*(?:1\b|a\+|full|correct|pass)|"
    r"\b(?:mark|grade|accept|count|score|rate|treat) (?:this|it|that|my)\b[^.!?\n]{0,30}\b(?:correct|right|true|1)\b|"
    r"\bthis (?:response|answer|output|completion) is (?:correct|right)|\b(?:say|answer) (?:yes|correct) to this\b|"
    r"</?response>|\bany answer is (?:accepted|correct|right|fine)\b",
    re.IGNORECASE,
)
_TAKES_BACK_BEFORE = re.compile(
    r"(?:\b(?:not|never|isn't|wasn't|doubt|false|wrong|maybe|perhaps|possibly|probably|might|could|whether|either|neither|or)\b|"
    r"n't\b|\u2260|!=)(?:(?!\b(?:so|then|thus|therefore|hence|because)\b)[^.!?\n,;]){0,40}$|\bif (?:the |that )?$",
    re.IGNORECASE,
)
_TAKES_BACK_BEHIND = re.compile(
    r"^[\s$*.)\]}]*(?:or\b|/|\||and/or|(?:is|was|seems) (?:wrong|incorrect|false|not)|isn't|(?:,|;|\()\s*(?:or|but not|maybe|"
    r"possibly|not (?:sure|certain|quite|exactly|really))\b|\?)",
    re.IGNORECASE,
)
_MAYBE = re.compile(r"\b(?:maybe|perhaps|possibly|alternatively|or else)\b", re.IGNORECASE)


def reward(
    response: str,
    ground_truth: str | float,
    answer_type: str | None = None,
    aliases: Iterable[str | float] | str | float | None = (),
) -> float:
    """Score a response against the stored answer: 1.0 or 0.0.

    `answer_type` is one of `transforms.records.ANSWER_TYPES`; any other value counts as unknown.
    `aliases` are other spellings of the stored answer. A number counts as its text; anything else that
    is no text is never right, and no alias.
    """
    stored = _as_text(ground_truth)
    if not isinstance(response, str) or not stored.strip() or len(stored) > _MAX_TRUTH_CHARS:
        return 0.0
    known_type = answer_type if answer_type in ANSWER_TYPES else None
    return float(_is_right(response, Truth(stored, known_type, _bounded(aliases))))


def _as_text(value: object) -> str:
    """A text as it is, a number as one writes it; "" for anything else, and for numbers too long to be written."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return "" if isinstance(value, int) and value.bit_length() > _MAX_BITS else str(value)


def _bounded(aliases: Iterable[str | float] | str | float | None) -> tuple[str, ...]:
    """The first aliases that fit the bounds; one string or number is one alias."""
    given: Iterable[object] = aliases if isinstance(aliases, Iterable) and not isinstance(aliases, str) else (aliases,)
    bounded: list[str] = []
    left = _MAX_ALIASES_CHARS
    for alias in map(_as_text, islice(given, _MAX_ALIASES)):
        if alias.strip() and len(alias) <= left:
            bounded.append(alias)
            left -= len(alias)
    return tuple(bounded)


def _is_right(response: str, truth: Truth) -> bool:
    text = without_thinking(response)
    if not text or (_TO_A_JUDGE.search(text) and not _TO_A_JUDGE.search(truth.answer)):
        return False
    marks = marked(text)
    if marks:
        return len(marks) <= MAX_MARKS and _marked_right(text, marks, truth)
    said = last_word(text, truth.answer_type)
    claims = labelled(said)
    if not claims:
        return states(said, truth)
    if len(claims) > MAX_MARKS:
        return False
    *earlier, last = claims
    if _TAKES_BACK_BEFORE.search(last.before):
        return False
    return states(last.text, truth) and not any(contradicts(_first_sentence(claim.text), truth) for claim in earlier)


def _marked_right(text: str, marks: list[Mark], truth: Truth) -> bool:
    """Whether every marked answer is right, and the text around does not take it back."""
    if not all(states(mark.answer, truth) for mark in marks):
        return False
    last = marks[-1]
    before, behind = text[max(0, marks[0].start - 200) : marks[0].start], text[last.end :]
    if _TAKES_BACK_BEFORE.search(before.rstrip(" $*({[\\")) or _TAKES_BACK_BEHIND.match(behind):
        return False
    closing = last_word(behind, truth.answer_type)
    if closing != behind and not states(closing, truth):
        return False
    shown = text[: marks[0].start] + marks[0].answer + text[marks[0].end :]
    if OFFERS.search(_first_sentence(behind)) or _MAYBE.search(_first_sentence(behind)):
        return False
    claims = [_first_sentence(claim.text) for claim in labelled(shown)] + BORDER.split(behind.strip())[:_MAX_SENTENCES_BEHIND]
    return not any(contradicts(claim, truth) for claim in claims)


def _first_sentence(text: str) -> str:
    return BORDER.split(text.strip(), maxsplit=1)[0]
