"""Questions that mean nothing by themselves: without their time, their place, or what was said before.

The sets on time and place are in `tests/data`, written before the rules were. The questions in context are CANARD's: they lie
beside the checkout, and are measured only. A third of each set, by the hash of its questions, is shut (`judged.is_shut`).
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tests.quality.cases import HELD_OUT, TUNE, Area, Case, labelled, read_rows
from tests.quality.judged import LABELLED, PARTS, is_shut
from transforms.check import question_problem
from transforms.pair_rules.expiring import question_expires
from transforms.pair_rules.question_rules import question_has_a_deictic_date
from transforms.pair_rules.unclear_place import question_place_is_unclear
from transforms.records import Document, Fault, Persona, PersonaTask, QAPair

IN_CONTEXT = LABELLED / "questions_in_context.jsonl"
_PRONOUN = re.compile(r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|this|that|these|those)\b", re.IGNORECASE)
# Of these rewrites the question still needs its article: "are there any other interesting aspects about this article?"
_OF_AN_ARTICLE = re.compile(r"\barticles?\b", re.IGNORECASE)
# What these say is wrong with a question has nothing to do with its context.
_OF_ITS_SHAPE = ("question_multiple", "question_not_a_question", "question_too_short", "question_too_long")


def _pair(question: str) -> QAPair:
    return QAPair(PersonaTask(Document("", ""), "", Persona("")), question, "", "")


def _area(topic: str, rules: Iterable[Callable[[QAPair], Fault | None]]) -> Area:
    """A rule on one of the two sets; positive means that the answer depends on it."""
    cases = []
    for row in labelled(f"means_a_{topic}"):
        fault = next((fault for rule in rules if (fault := rule(_pair(row["question"])))), None)
        part = HELD_OUT if is_shut(row) else TUNE
        said = f"{fault.reason}: {fault.detail}" if fault else "nothing"
        cases.append(Case(row["id"], row["kind"], part, row[f"means_a_{topic}"], bool(fault), said, row["question"]))
    area = Area(f"questions, {topic}", f"of a {topic}", cases, parts=PARTS, silent=True)
    return Area(area.name, area.positive, cases, [_false_alarms(area)], PARTS, silent=True)


def _false_alarms(area: Area) -> str:
    """How many of those that should pass do not, part by part."""
    parts = ((name, area.scores(part)) for part, name in PARTS.items())
    return "false: " + ", ".join(f"{name} {scores.false_positives} of {scores.negatives}" for name, scores in parts)


def time() -> Area:
    """Whether the answer of a question changes with time."""
    return _area("time", (question_has_a_deictic_date, question_expires))


def place() -> Area:
    """Whether the answer of a question changes from place to place."""
    return _area("place", (question_place_is_unclear,))


def in_context(without_pronoun: bool = False) -> Area:
    """Questions as they were asked in a conversation, and as they were rewritten to stand alone; positive is the first.

    Rewrites without a change are left out, and those that still name "the article" are counted apart.
    """
    name = "  without a pronoun" if without_pronoun else "questions in context"
    if not IN_CONTEXT.exists():
        return Area(name, "in context", notes=["../shared/data/labelled is not here"])
    cases: list[Case] = []
    unfinished = [0, 0]
    for number, row in enumerate(_changed(read_rows(IN_CONTEXT)), 1):
        part = HELD_OUT if is_shut(row) else TUNE
        problem = question_problem(row["question"])
        if not (without_pronoun and _PRONOUN.search(row["question"])):
            cases.append(Case(f"{number}q", "asked", part, True, bool(problem), problem or "nothing", row["question"]))
        problem = question_problem(row["rewrite"])
        if _OF_AN_ARTICLE.search(row["rewrite"]):
            unfinished[0] += bool(problem)
            unfinished[1] += 1
        else:
            of_context = bool(problem) and problem not in _OF_ITS_SHAPE
            cases.append(Case(f"{number}r", "rewritten", part, False, of_context, problem or "nothing", row["rewrite"]))
    area = Area(name, "in context", cases, parts=PARTS, silent=True)
    aside = f"rewrites that still need an article: {unfinished[0]} of {unfinished[1]} found, not counted above"
    return Area(name, "in context", cases, [_false_alarms(area), aside], PARTS, silent=True)


def _changed(rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    return (row for row in rows if row["question"] != row["rewrite"])


without_pronoun = partial(in_context, without_pronoun=True)
