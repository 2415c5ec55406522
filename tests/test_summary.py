"""The summary: counted by name inside the graph, so that whatever is lost on the way shows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline

from beam_pipeline.summary import ACCEPTED, DEAD, REJECTED, STARTED, CountRun, WriteSummary, ending, read_summary, summarise
from transforms.outcome import Outcome
from transforms.records import (
    DeadLetter,
    Document,
    Persona,
    PersonaTask,
    QAPair,
    Rejection,
    VerifiedQA,
    document_of,
    reject,
    task_of,
)

TYPES = (Rejection, DeadLetter)


@pytest.mark.parametrize(
    ("marks", "name"),
    [
        (STARTED, "lost"),
        (STARTED | ACCEPTED, "accepted"),
        (STARTED | REJECTED, "rejected"),
        (STARTED | DEAD, "dead_lettered"),
        (STARTED | DEAD | REJECTED, "dead_lettered"),
        (STARTED | ACCEPTED | REJECTED, "accepted"),
        (STARTED | ACCEPTED | DEAD | REJECTED, "accepted"),
        (ACCEPTED, "unknown"),
        (DEAD | REJECTED, "unknown"),
    ],
)
def test_a_document_ends_where_what_counts_most_ended(marks: int, name: str) -> None:
    assert ending(marks) == name


# --- a run, by hand


def doc(name: str) -> Document:
    return Document(name, f"Text of {name}.", where=f"f:{name}")


def task(name: str, persona: str = "sailor", domain: str = "Other") -> PersonaTask:
    return PersonaTask(doc(name), domain, Persona(persona))


def qa(of: PersonaTask, answer_type: str = "date") -> VerifiedQA:
    return VerifiedQA(QAPair(of, "When?", "1932", answer_type), "1932")


def dead(stage: str, item: Any, error: str = "Refused") -> DeadLetter:
    of, document = task_of(item), document_of(item)
    return DeadLetter(
        stage, error, "", document.where, document.id, of.id if of else "", of.domain if of else "", of.persona.name if of else ""
    )


def run_counts(folder: Path, read: Outcome, stages: dict[str, Outcome], tasks: list[PersonaTask], leaving: Outcome) -> Any:
    """The summary that a graph with these outputs writes."""

    def outcome(pipeline: Any, label: str, parts: Outcome, passed: type) -> Outcome:
        given = zip(Outcome._fields, parts, (passed, *TYPES), strict=True)
        return Outcome(*(pipeline | f"{label}_{name}" >> beam.Create(part).with_output_types(kind) for name, part, kind in given))

    with TestPipeline(runner="FnApiRunner") as pipeline:
        ended = {name: outcome(pipeline, name, parts, Document) for name, parts in stages.items()}
        begun = pipeline | "tasks" >> beam.Create(tasks).with_output_types(PersonaTask)
        counts = pipeline | CountRun(
            outcome(pipeline, "started", read, Document), ended, begun, *outcome(pipeline, "leaving", leaving, VerifiedQA)
        )
        counts | WriteSummary(str(folder / "summary.json"))
    return read_summary(str(folder / "summary.json"))


def test_a_run_that_closes(tmp_path: Path) -> None:
    """Document a gives a pair and a rejected task, r is rejected, d dies in a stage, b was never readable."""
    good, worse = task("a"), task("a", "historian")
    bad_row = DeadLetter("read", "InvalidJson", "", "f:b")
    copy = Rejection("read", "exact_duplicate", "a", "f:c")
    dull, broken, leaks = (
        reject("filter", "not_informative", doc("r")),
        dead("classify", doc("d")),
        reject("check", "leak", worse),
    )
    summary = run_counts(
        tmp_path,
        read=Outcome([doc("a"), doc("r"), doc("d")], [copy], [bad_row]),
        stages={
            "read": Outcome([doc("a"), doc("r"), doc("d")], [], []),
            "filter": Outcome([doc("a"), doc("d")], [], []),
        },
        tasks=[good, worse],
        leaving=Outcome([qa(good)], [dull, leaks, copy], [broken, bad_row]),
    )
    assert summary == {
        "documents": {"read": 5, "accepted": 1, "rejected": 2, "dead_lettered": 2, "lost": 0, "unknown": 0},
        "tasks": {"read": 2, "accepted": 1, "rejected": 1, "dead_lettered": 0, "lost": 0, "unknown": 0},
        "pairs": 1,
        "stages": {
            "read": {"passed": 3, "rejected": 1, "dead_lettered": 1},
            "filter": {"passed": 2, "rejected": 1},
            "classify": {"dead_lettered": 1},
            "check": {"rejected": 1},
        },
        "domains": {"Other": {"accepted": 1, "rejected": 1, "yield": 0.5}},
        "answer_types": {"date": 1},
        "reasons": {"check/leak": 1, "filter/not_informative": 1, "read/exact_duplicate": 1},
        "errors": {"classify/Refused": 1, "read/InvalidJson": 1},
        "balanced": True,
    }


NOTHING = Outcome([], [], [])


@pytest.mark.parametrize(
    ("read", "tasks", "leaving", "part", "expected"),
    [
        (["a", "l"], [], Outcome([], [reject("filter", "dull", doc("a"))], []), "documents", {"lost": 1, "rejected": 1}),
        (
            ["a"],
            [],
            Outcome([], [reject("filter", "dull", doc(name)) for name in "ao"], []),
            "documents",
            {"unknown": 1, "rejected": 1},
        ),
        (
            ["a"],
            [task("a"), task("a", "historian")],
            Outcome([qa(task("a"))], [], []),
            "tasks",
            {"lost": 1, "accepted": 1},
        ),
        (
            ["a"],
            [task("a")],
            Outcome([qa(task("a"))], [], [dead("verify", task("a", "historian"))]),
            "tasks",
            {"unknown": 1, "accepted": 1},
        ),
    ],
    ids=["document lost", "document from nowhere", "task lost", "task from nowhere"],
)
def test_what_does_not_close_is_found(
    tmp_path: Path, read: list[str], tasks: list[PersonaTask], leaving: Outcome, part: str, expected: dict[str, int]
) -> None:
    summary = run_counts(tmp_path, Outcome([doc(name) for name in read], [], []), {}, tasks, leaving)
    assert not summary["balanced"]
    total = "read"
    zero = dict.fromkeys(("accepted", "rejected", "dead_lettered", "lost", "unknown"), 0)
    assert summary[part] == {total: 1 + expected.get("lost", 0), **zero, **expected}
    other = summary["tasks" if part == "documents" else "documents"]
    assert (other["lost"], other["unknown"]) == (0, 0)


def test_a_document_is_counted_once_however_many_tasks_it_has(tmp_path: Path) -> None:
    tasks = [task("a", persona) for persona in ("sailor", "historian", "engineer")]
    leaving = Outcome([qa(tasks[0]), qa(tasks[1])], [], [dead("verify", tasks[2])])
    summary = run_counts(tmp_path, Outcome([doc("a")], [], []), {}, tasks, leaving)
    assert summary["documents"] == {"read": 1, "accepted": 1, "rejected": 0, "dead_lettered": 0, "lost": 0, "unknown": 0}
    assert summary["tasks"] == {"read": 3, "accepted": 2, "rejected": 0, "dead_lettered": 1, "lost": 0, "unknown": 0}
    assert summary["domains"] == {"Other": {"accepted": 2, "dead_lettered": 1, "yield": 0.6667}}


def test_chunks_of_a_row_are_one_document(tmp_path: Path) -> None:
    """A long row is read once and cut later; a pair of one chunk is enough."""
    chunks = [replace(doc("a"), id=f"a#{number}", parent_id="a") for number in range(2)]
    good = PersonaTask(chunks[0], "Other", Persona("sailor"))
    leaving = Outcome([qa(good)], [reject("filter", "dull", chunks[1])], [])
    summary = run_counts(tmp_path, Outcome([doc("a")], [], []), {}, [good], leaving)
    assert summary["documents"] == {"read": 1, "accepted": 1, "rejected": 0, "dead_lettered": 0, "lost": 0, "unknown": 0}
    assert summary["balanced"]


def test_a_run_without_input_closes_too(tmp_path: Path) -> None:
    summary = run_counts(tmp_path, NOTHING, {"filter": NOTHING}, [], NOTHING)
    assert summary == summarise({})
    assert (summary["documents"]["read"], summary["pairs"], summary["balanced"]) == (0, 0, True)


def test_reasons_come_commonest_first() -> None:
    counts = {"reasons\tfilter\tdull": 2, "reasons\tcheck\tleak": 9, "errors\tverify\tRefused": 1, "errors\tread\tInvalidJson": 4}
    summary = summarise(counts)
    assert list(summary["reasons"].items()) == [("check/leak", 9), ("filter/dull", 2)]
    assert list(summary["errors"].items()) == [("read/InvalidJson", 4), ("verify/Refused", 1)]


def test_writing_a_summary_replaces_the_one_before(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run_counts(tmp_path, Outcome([doc(name)], [], []), {}, [], Outcome([], [reject("filter", name, doc(name))], []))
    assert read_summary(str(tmp_path / "summary.json"))["reasons"] == {"filter/two": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]
