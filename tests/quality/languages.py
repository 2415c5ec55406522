"""Other languages: grounding, leakage, and the rules on a pair, in six of them."""

from collections.abc import Callable

from tests.quality.cases import Area, Case, by_kind, labelled, part_of
from transforms.check import check_pair
from transforms.grounding.find import find_in_text
from transforms.pair_rules.leakage import find_leak
from transforms.records import Document, Persona, PersonaTask, QAPair


def _area(kind: str, positive: str, judge: Callable[[dict[str, str]], tuple[bool, str]]) -> Area:
    """Cases of one kind, by language; `judge` gives what a rule found, and what it said."""
    cases = [
        Case(row["id"], row["language"], part_of(row), row["expected"], *judge(row), f"{row['question']} [{row['answer']}]")
        for row in labelled("languages")
        if row["kind"] == kind
    ]
    right = ", ".join(f"{code} {good}/{total}" for code, (good, total) in by_kind(cases).items())
    return Area(f"other languages, {kind}", positive, cases, [right])


def grounding() -> Area:
    """Whether the document says an answer."""
    return _area("grounding", "grounded", _grounded)


def leakage() -> Area:
    """Whether a question gives its answer away."""
    return _area("leakage", "leak", _leaks)


def checks() -> Area:
    """The rules on a pair, with a document that says its answer."""
    return _area("checks", "fault", _faulty)


def _grounded(row: dict[str, str]) -> tuple[bool, str]:
    place = find_in_text(row["answer"], row["document"], row["answer_type"])
    return bool(place), row["document"][slice(*place)] if place else "not found"


def _leaks(row: dict[str, str]) -> tuple[bool, str]:
    leak = find_leak(row["question"], row["answer"], (), row["document"], row["answer_type"])
    return bool(leak), leak or "no leak"


def _faulty(row: dict[str, str]) -> tuple[bool, str]:
    task = PersonaTask(Document("d", f"{row['answer']}."), "Other", Persona("reader"))
    fault = check_pair(QAPair(task, row["question"], row["answer"], row["answer_type"]))
    return fault is not None, f"{fault.reason}: {fault.detail}" if fault else "no fault"
