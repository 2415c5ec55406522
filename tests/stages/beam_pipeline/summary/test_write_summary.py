"""The summary: counted by name inside the graph, so that whatever is lost on the way shows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from hypothesis import given as given_any
from hypothesis import strategies as st

from beam_pipeline.summary.ledger import (
    ACCEPTED,
    DEAD,
    DOUBLED_TEXT,
    LOST_TEXT,
    REJECTED,
    STARTED,
    CountRun,
    add_marks,
    marks,
    row_ending,
    task_ending,
    text_ending,
)
from beam_pipeline.summary.write_summary import WriteSummary, read_summary, summarise
from transforms.flow.outcome import Outcome
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
    ("left", "name"),
    [
        ((STARTED,), "lost"),
        ((STARTED, ACCEPTED), "accepted"),
        ((STARTED, REJECTED), "rejected"),
        ((STARTED, DEAD), "dead_lettered"),
        ((STARTED, DEAD, REJECTED), "dead_lettered"),
        ((STARTED, ACCEPTED, REJECTED), "accepted"),
        ((STARTED, ACCEPTED, ACCEPTED, DEAD, REJECTED), "accepted"),
        ((STARTED, ACCEPTED, LOST_TEXT), "lost"),
        ((STARTED, ACCEPTED, DOUBLED_TEXT), "doubled"),
        ((STARTED, STARTED, ACCEPTED), "doubled"),
        ((ACCEPTED,), "unknown"),
        ((DEAD, REJECTED, LOST_TEXT), "unknown"),
    ],
)
def test_a_row_ends_where_what_counts_most_ended(left: tuple[int, ...], name: str) -> None:
    assert row_ending(marks(*left)) == name


@pytest.mark.parametrize(
    ("left", "task_name", "text_name"),
    [
        ((STARTED,), "lost", "lost"),
        ((STARTED, ACCEPTED), "accepted", "accepted"),
        ((STARTED, REJECTED), "rejected", "rejected"),
        ((STARTED, DEAD), "dead_lettered", "dead_lettered"),
        ((STARTED, ACCEPTED, ACCEPTED), "doubled", "accepted"),  # a text may have several tasks
        ((STARTED, ACCEPTED, DEAD), "doubled", "doubled"),
        ((STARTED, ACCEPTED, REJECTED), "doubled", "doubled"),
        ((STARTED, REJECTED, REJECTED), "doubled", "doubled"),
        ((STARTED, STARTED, ACCEPTED), "doubled", "doubled"),
        ((STARTED, STARTED), "doubled", "doubled"),
        ((ACCEPTED,), "unknown", "unknown"),
    ],
)
def test_a_task_and_a_text_end_once(left: tuple[int, ...], task_name: str, text_name: str) -> None:
    assert (task_ending(marks(*left)), text_ending(marks(*left))) == (task_name, text_name)


@given_any(st.lists(st.lists(st.integers(0, 5))))
def test_marks_add_up_in_any_order_and_grouping(parts: list[list[int]]) -> None:
    whole = marks(*(mark for part in parts for mark in part))
    assert add_marks([marks(*part) for part in reversed(parts)]) == whole
    assert add_marks([add_marks([marks(*part)]) for part in parts] + [marks()]) == whole


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


def run_counts(
    folder: Path,
    read: Outcome,
    stages: dict[str, Outcome],
    tasks: list[PersonaTask],
    leaving: Outcome,
    given: list[Document] | None = None,
) -> Any:
    """The summary that a graph with these outputs writes; `given` is what was read unless it is given."""

    def outcome(pipeline: Any, label: str, parts: Outcome, passed: type) -> Outcome:
        named = zip(Outcome._fields, parts, (passed, *TYPES), strict=True)
        return Outcome(*(pipeline | f"{label}_{name}" >> beam.Create(part).with_output_types(kind) for name, part, kind in named))

    with TestPipeline(runner="FnApiRunner") as pipeline:
        ended = {name: outcome(pipeline, name, parts, Document) for name, parts in stages.items()}
        texts = pipeline | "texts" >> beam.Create(read.passed if given is None else given).with_output_types(Document)
        begun = pipeline | "tasks" >> beam.Create(tasks).with_output_types(PersonaTask)
        counts = pipeline | CountRun(
            outcome(pipeline, "started", read, Document), ended, texts, begun, outcome(pipeline, "leaving", leaving, VerifiedQA)
        )
        figures = pipeline | "Figures" >> beam.Create([{"pairs": len(leaving[0])}])
        counts | WriteSummary(str(folder / "summary.json"), figures)
    return read_summary(str(folder / "summary.json"))


def ledger(**endings: int) -> dict[str, int]:
    """A row of the summary: `read` is what was read or begun, and 0 of what is not named."""
    names = ("read", "accepted", "rejected", "dead_lettered", "lost", "unknown", "doubled")
    return {**dict.fromkeys(names, 0), **endings}


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
        "documents": ledger(read=5, accepted=1, rejected=2, dead_lettered=2),
        "tasks": ledger(read=2, accepted=1, rejected=1),
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
        "diversity": {"pairs": 1},
    }


NOTHING = Outcome([], [], [])


A, A2 = task("a"), task("a", "historian")


@pytest.mark.parametrize(
    ("read", "tasks", "leaving", "documents", "of_tasks"),
    [
        ("al", [], Outcome([], [reject("filter", "dull", doc("a"))], []), ledger(read=2, rejected=1, lost=1), ledger()),
        (
            "a",
            [],
            Outcome([], [reject("filter", "dull", doc(name)) for name in "ao"], []),
            ledger(read=1, rejected=1, unknown=1),
            ledger(),
        ),
        (
            "a",
            [],
            Outcome([], [reject("filter", "dull", doc("a"))], [dead("classify", doc("a"))]),
            ledger(read=1, doubled=1),
            ledger(),
        ),
        ("a", [], Outcome([], [reject("filter", "dull", doc("a"))] * 2, []), ledger(read=1, doubled=1), ledger()),
        ("a", [], Outcome([], [], [dead("filter", doc("a"))] * 2), ledger(read=1, doubled=1), ledger()),
        (
            "a",
            [A],
            Outcome([qa(A)], [reject("classify", "no_persona", doc("a"))], []),
            ledger(read=1, doubled=1),
            ledger(read=1, accepted=1),
        ),
        ("a", [], Outcome([], [reject("screen", "language", doc("a"))], []), ledger(read=1, doubled=1), ledger()),
        ("aa", [A], Outcome([qa(A)], [], []), ledger(read=1, doubled=1), ledger(read=1, accepted=1)),
        ("a", [A, A2], Outcome([qa(A)], [], []), ledger(read=1, accepted=1), ledger(read=2, accepted=1, lost=1)),
        (
            "a",
            [A],
            Outcome([qa(A)], [], [dead("verify", A2)]),
            ledger(read=1, accepted=1),
            ledger(read=1, accepted=1, unknown=1),
        ),
        ("a", [A], Outcome([qa(A)] * 2, [], []), ledger(read=1, accepted=1), ledger(read=1, doubled=1)),
        (
            "a",
            [A, A2],
            Outcome([qa(A), qa(A2)], [], [dead("verify", A)]),
            ledger(read=1, accepted=1),
            ledger(read=2, accepted=1, doubled=1),
        ),
        (
            "a",
            [A],
            Outcome([], [reject("check", "leak", A), reject("verify", "unsafe", A)], []),
            ledger(read=1, rejected=1),
            ledger(read=1, doubled=1),
        ),
        ("a", [A, A], Outcome([qa(A)], [], []), ledger(read=1, accepted=1), ledger(read=1, doubled=1)),
    ],
    ids=[
        *("document lost", "document from nowhere", "document rejected and dead", "document rejected twice"),
        *("document dead twice", "document tasked and rejected", "document screened out and passed", "document read twice"),
        *("task lost", "task from nowhere", "pair written twice", "task accepted and dead", "task rejected twice"),
        "task begun twice",
    ],
)
def test_what_does_not_close_is_found(
    tmp_path: Path,
    read: str,
    tasks: list[PersonaTask],
    leaving: Outcome,
    documents: dict[str, int],
    of_tasks: dict[str, int],
) -> None:
    summary = run_counts(tmp_path, Outcome([doc(name) for name in read], [], []), {}, tasks, leaving)
    assert not summary["balanced"]
    assert (summary["documents"], summary["tasks"]) == (documents, of_tasks)


def chunk(number: int) -> Document:
    return replace(doc("a"), id=f"a#{number}", parent_id="a")


ONE, TWO = (PersonaTask(chunk(number), "Other", Persona("sailor")) for number in (1, 2))
DULL = [reject("filter", "dull", chunk(number)) for number in range(3)]


@pytest.mark.parametrize(
    ("tasks", "leaving", "expected"),
    [
        ([ONE], Outcome([qa(ONE)], [], []), "lost"),
        ([], Outcome([], [DULL[1]], []), "lost"),
        ([ONE], Outcome([qa(ONE)], [DULL[1], DULL[2]], []), "doubled"),
        ([ONE], Outcome([qa(ONE)], [DULL[2]], [dead("classify", chunk(2))]), "doubled"),
        ([ONE, TWO], Outcome([qa(ONE), qa(TWO)], [DULL[0]], []), "doubled"),
    ],
    ids=[
        *("lost beside an accepted one", "lost beside a rejected one", "tasked and rejected", "rejected and dead"),
        "never given to the model block",
    ],
)
def test_a_chunk_is_not_hidden_by_its_sibling(tmp_path: Path, tasks: list[PersonaTask], leaving: Outcome, expected: str) -> None:
    summary = run_counts(tmp_path, Outcome([doc("a")], [], []), {}, tasks, leaving, given=[chunk(1), chunk(2)])
    assert summary["documents"] == ledger(**{"read": 1, expected: 1})
    assert not summary["balanced"]
    assert [summary["tasks"][name] for name in ("lost", "unknown", "doubled")] == [0, 0, 0]


def test_equal_ids_of_different_rows_are_not_one(tmp_path: Path) -> None:
    """A row may bear the name that a chunk of another row gets."""
    other = replace(doc("a#1"), where="f:other")
    tasks = [ONE, PersonaTask(other, "Other", Persona("sailor"))]
    assert tasks[0].id == tasks[1].id
    summary = run_counts(
        tmp_path, Outcome([doc("a"), other], [], []), {}, tasks, Outcome(list(map(qa, tasks)), [], []), given=[chunk(1), other]
    )
    assert summary["balanced"]
    assert summary["tasks"] == ledger(read=2, accepted=2)


def test_a_document_is_counted_once_however_many_tasks_it_has(tmp_path: Path) -> None:
    tasks = [task("a", persona) for persona in ("sailor", "historian", "engineer")]
    leaving = Outcome([qa(tasks[0]), qa(tasks[1])], [], [dead("verify", tasks[2])])
    summary = run_counts(tmp_path, Outcome([doc("a")], [], []), {}, tasks, leaving)
    assert summary["documents"] == ledger(read=1, accepted=1)
    assert summary["tasks"] == ledger(read=3, accepted=2, dead_lettered=1)
    assert summary["domains"] == {"Other": {"accepted": 2, "dead_lettered": 1, "yield": 0.6667}}


def test_chunks_of_a_row_are_one_document(tmp_path: Path) -> None:
    """A long row is read once and cut later; a pair of one chunk is enough."""
    boilerplate = reject("screen", "boilerplate", chunk(0))
    leaving = Outcome([qa(ONE)], [DULL[2], boilerplate], [])
    summary = run_counts(tmp_path, Outcome([doc("a")], [], []), {}, [ONE], leaving, given=[chunk(1), chunk(2)])
    assert summary["documents"] == ledger(read=1, accepted=1)
    assert summary["balanced"]


def test_a_run_without_input_closes_too(tmp_path: Path) -> None:
    summary = run_counts(tmp_path, NOTHING, {"filter": NOTHING}, [], NOTHING)
    assert summary == {**summarise({}), "diversity": {"pairs": 0}}
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
