"""Offered answers: where a question names the choices that it offers, which gives none of them away."""

import re

from transforms.english.function_words import DO, HAVE, QUESTION_WORDS, either

_CHOICE_QUESTION = re.compile(
    r"\b(?:which|whether|choose|select|is|are|was|were|do|does|did|can|could|has|have|had|will|would|should)\b|:|"
    r"\b(?:between|of the two|true or false)\b",
    re.IGNORECASE,
)
_SYNONYM_OR = re.compile(r"\b(?:called|known as|named|also|another (?:name|term|word) for|synonym|abbreviated)\b", re.IGNORECASE)
_MARKED = re.compile(r"(?:^|[\s,;:])\(?[A-Ha-h1-8][).] ")
_CLAUSE = re.compile(r"[?;:.](?=\s|$)|$")
_CHOICES_FIRST = re.compile(r"(?:of|between|among)\b.*,\s*(?:which|what|who)\b", re.IGNORECASE | re.DOTALL)
_LAST_CHOICE = re.compile(r" or ([^?,;:]{1,80})\?\W*$")
_MAX_CHOICE_WORDS = 6
_PREDICATE = re.compile(rf"\b(?:{either(QUESTION_WORDS, HAVE, DO)}|is|are|was|were|can|could|will|would|called|as)\b")


def _closing_choices(lower: str) -> int:
    """Where the choices begin that close a question ("Who won the final, Brazil or France?"); -1 if none do."""
    last = _LAST_CHOICE.search(lower)
    if not last or len(last[1].split()) > _MAX_CHOICE_WORDS:
        return -1
    start = last.start()
    while (comma := lower.rfind(",", 0, start)) >= 0:
        choice = lower[comma + 1 : start]
        if not 0 < len(choice.split()) <= _MAX_CHOICE_WORDS or _PREDICATE.search(choice):
            break
        start = comma
    return start if start < last.start() else -1


def without_choices(question: str, answer: str) -> str:
    """Blank out the answer where the question merely offers it among its choices."""
    if not re.search(r"\bor\b|\band\b|\(?[A-Da-d][).] |/", question):
        return question
    lower = question.lower()
    if len(lower) != len(question) or answer.lower() not in lower:
        return question
    pattern = re.compile(rf"(?<!\w)(?:the |an? )?{re.escape(answer.lower())}(?!\w)")
    marked = len(_MARKED.findall(question)) >= 2
    closing = _closing_choices(lower)
    for found in pattern.finditer(lower):
        start = max(lower.rfind(mark, 0, found.start()) for mark in ":;?.(")
        clause_end = _CLAUSE.search(lower, found.end())
        before, after = lower[start + 1 : found.start()], lower[found.end() : clause_end.start() if clause_end else len(lower)]
        if marked or 0 <= closing < found.start() or _is_choice(question, before, after, start >= 0 and lower[start] == ":"):
            question = question[: found.start()] + "\u25a1" * (found.end() - found.start()) + question[found.end() :]
    return question


def _is_choice(question: str, before: str, after: str, listed: bool) -> bool:
    """Whether what stands before and after says "this or that" and the question is one that lets choose."""
    next_to = re.search(r"(?:\bor(?: (?:is it|in|on|at|by|to|with|for|from|of|one of|that of))?|,)\s*$", before) or re.match(
        r"\s*(?:,|\bor\b|/)", after
    )
    has_or = re.search(r"\bor\b", before[-80:]) or re.search(r"\bor\b", after[:120])
    of_two = re.search(r"\b(?:of|between|among|from|than)\b", before[-80:]) and re.search(
        r"\band\b", before[-60:] + " " + after[:60]
    )
    asked_last = re.match(r"which\b|what\b", (after.lstrip(" ,") + " ").split(" and ")[-1].split(", ")[-1])
    if of_two and (asked_last or _CHOICES_FIRST.match(question)):
        return True
    if not has_or or _SYNONYM_OR.search(before[-30:]):
        return False
    if re.search(r"^[^,]*,\s*or\s*$", before) and after.lstrip().startswith(","):
        return False  # "sodium chloride, or table salt, ...": the same thing again
    # "shorter legs or arms"
    head_or = re.search(r"\bor (?:[\w'-]+ ){1,4}$", before) or re.match(r"(?: [\w'-]+){1,4} or\b", after)
    return bool((next_to or head_or or listed) and _CHOICE_QUESTION.search(question))
