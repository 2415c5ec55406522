"""Which of the other names that a model gives are of the answer at all: a response that gives one is taken for right.

Small models fill the field with whatever comes next: the topic, the question's own words, "median income" for $67,521.
"""

import re

from transforms.answers.canonical import canonical, list_items, unify_lines
from transforms.english.function_words import GRAMMAR
from transforms.grounding.find import find_in_text
from transforms.pair_rules.answer_rules import MAX_LIST_CHARS
from transforms.pair_rules.copied import content_words
from transforms.pair_rules.leakage import find_leak
from transforms.records import QAPair
from transforms.text import normalise, words

# More than these nobody reads.
MOST_READ = 20
_COUNTED = ("number", "percentage", "money", "date", "duration")
_DIGIT = re.compile(r"\d")
# What stands between a name and another one of the same: "adenosine triphosphate (ATP)", "Burma, also known as Myanmar".
_LINKS = r"or|i\.e\.|aka|also|sometimes|better|now|formerly|called|named|known|as|the|abbreviated"
_APPOSITION = rf"(?:\s?[(\[,]\s?|\s)(?:{_LINKS}|\s|,|\"){{0,12}}"


def grounded_aliases(pair: QAPair) -> tuple[str, ...]:
    """The aliases worth keeping, each once: the answer in another notation, or another name of it that the document says."""
    if pair.answer_type == "yes_no":
        return ()
    answer = canonical(pair.answer, pair.answer_type)
    items = list_items(pair.answer)  # one of two things is no other name of both
    parts = {canonical(item, pair.answer_type) for item in items} if len(items) > 1 else set()
    seen, kept = {normalise(pair.answer)}, []
    for alias in pair.aliases[:MOST_READ]:
        said = normalise(alias)
        if not said or said in seen or len(alias) > MAX_LIST_CHARS:
            continue
        seen.add(said)
        if canonical(alias, pair.answer_type) in parts:
            continue
        if canonical(alias, pair.answer_type) == answer or _is_said(alias, pair):
            kept.append(alias)
    return tuple(kept)


def alias_problem(alias: str, pair: QAPair) -> str:
    """Why a name that somebody accepted may not become an alias of a pair, in words; "" if it may.

    The rules of `grounded_aliases`, and that the question must not say it; whoever accepted it stands in for the document.
    """
    said = normalise(alias)
    if pair.answer_type == "yes_no":
        return "yes and no have no other names"
    if not said or len(alias) > MAX_LIST_CHARS:
        return f"it is longer than {MAX_LIST_CHARS} characters" if said else "it is empty"
    if said in map(normalise, (pair.answer, *pair.aliases)):
        return "the pair has it already"
    if len(pair.aliases) >= MOST_READ:
        return f"the pair has {MOST_READ} aliases already"
    if canonical(alias, pair.answer_type) == canonical(pair.answer, pair.answer_type):
        return ""
    if not _is_of_the_answer(alias, pair):
        return "it has no number" if pair.answer_type in _COUNTED else "it has only words of the question"
    leak = find_leak(pair.question, alias, (), pair.task.document.text, pair.answer_type)
    return "the question says it" if leak else ""


def _is_said(alias: str, pair: QAPair) -> bool:
    return find_in_text(alias, pair.task.document.text, pair.answer_type) is not None and _is_of_the_answer(alias, pair)


def _is_of_the_answer(alias: str, pair: QAPair) -> bool:
    """Whether a name that the document says may be one of the answer, and not only the topic or the question's own words."""
    if pair.answer_type in _COUNTED:
        return bool(_DIGIT.search(alias)) or not _DIGIT.search(pair.answer)
    return _is_related(alias, pair) or not set(content_words(alias)) <= set(content_words(pair.question))


def _is_related(alias: str, pair: QAPair) -> bool:
    """Whether a name has a word or its letters in common with the answer, or the document sets it beside it."""
    if not set(content_words(alias)).isdisjoint(content_words(pair.answer)):
        return True
    if _initials(alias) == pair.answer.lower() or _initials(pair.answer) == alias.lower():
        return True
    first, second = re.escape(unify_lines(alias)), re.escape(unify_lines(pair.answer))
    text = pair.task.document.text
    return any(re.search(f"{a}{_APPOSITION}{b}", text, re.IGNORECASE) for a, b in ((first, second), (second, first)))


def _initials(name: str) -> str:
    return "".join(word[0] for word in words(normalise(name)) if word not in GRAMMAR)
