"""Pairs: leakage, the checks on shape and self-containedness, grounding, and when two answers are equal."""

from dataclasses import replace
from typing import Any

from tests.quality.cases import HELD_OUT, TUNE, Area, Case, by_kind, labelled, part_of
from transforms.answers.agreement import answers_match
from transforms.check import check_pair
from transforms.grounding.find import find_in_text
from transforms.pair_rules.leakage import find_leak
from transforms.records import Document, Persona, PersonaTask, QAPair


def leakage() -> Area:
    """Whether a question gives its answer away; positive means that it does."""
    return _leaks("leakage", labelled("leakage"))


def leakage_near() -> Area:
    """The same on pairs that were written apart from the rules: leaks of many kinds, and pairs that are near to one.

    Its third that is held out is counted, and never listed.
    """
    return replace(_leaks("leakage, near pairs", labelled("leakage_near")), parts={TUNE: "open", HELD_OUT: "shut"}, silent=True)


def leakage_apart() -> Area:
    """The same on pairs of another writer, which no rule was written for: all of it is counted, and none of it listed."""
    return replace(_leaks("leakage, another writer's", labelled("leakage_apart")), parts={TUNE: "unseen"}, notes=(), silent=True)


def _leaks(name: str, rows: list[dict[str, Any]]) -> Area:
    cases, kinds = [], [0, 0]
    for row in rows:
        given = row.get("aliases", ()), row.get("document", ""), row.get("answer_type")
        found = find_leak(row["question"], row["answer"], *given)
        shown = f"{row['question']} [{row['answer']}]"
        cases.append(Case(row["id"], row["kind"], part_of(row), row["leak"], bool(found), found or "no leak", shown))
        if row["leak"] and found:
            kinds[0] += found == row["kind"]
            kinds[1] += 1
    return Area(name, "leak", cases, [f"the kind of leak is named right in {kinds[0]} of {kinds[1]}"])


def checks() -> Area:
    """The rules on a pair; positive means that it has a fault. A document is made up where the rule needs none."""
    cases, named = [], [0, 0]
    for row in labelled("checks"):
        document = Document("d", row["document"] or f"It says: {row['answer']}.")
        task = PersonaTask(document, "Other", Persona("reader"))
        fault = check_pair(QAPair(task, row["question"], row["answer"], row["answer_type"]))
        shown = f"{row['question']} [{row['answer']}]"
        said = f"{fault.reason}: {fault.detail}" if fault else "no fault"
        cases.append(Case(row["id"], row["reason"] or "innocent", part_of(row), bool(row["reason"]), bool(fault), said, shown))
        if row["reason"] and fault:
            named[0] += fault.reason == row["reason"]
            named[1] += 1
    reasons = ", ".join(f"{kind} {right}/{total}" for kind, (right, total) in by_kind(cases).items())
    return Area("checks on a pair", "fault", cases, [f"the reason is named right in {named[0]} of {named[1]}", reasons])


def grounding() -> Area:
    """Whether the document says an answer; positive means that it does."""
    cases = []
    for row in labelled("grounding"):
        place = find_in_text(row["answer"], row["document"], row["answer_type"])
        said = row["document"][slice(*place)] if place else "not found"
        cases.append(Case(row["id"], row["answer_type"], part_of(row), row["grounded"], bool(place), said, row["answer"]))
    return Area("grounding", "grounded", cases)


def equal_answers() -> Area:
    """Whether a given answer says what the stored one says."""
    cases = []
    for row in labelled("answers"):
        found = answers_match(row["given"], row["stored"], row["answer_type"], row["aliases"])
        shown = f"{row['given']!r} for {row['stored']!r} ({row['answer_type']})"
        said = "equal" if found else "different"
        cases.append(Case(row["id"], row["kind"], part_of(row), row["equal"], found, said, shown))
    return Area("equal answers", "equal", cases)
