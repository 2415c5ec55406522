"""The summary: every document and every task must have ended in exactly one place, and this proves it.

The proof is counted inside the graph, by name, and not with counters. Whatever begins leaves a mark
under its name, and so does whatever it ends in:

    row    by `where`: read; pairs, rejections and dead letters of it
    text   a document or chunk, by row and id: given to the model block; tasks begun, or rejected there, or dead there
    task   by row and id: begun; accepted, rejected or dead

A text or task must end exactly once: with no ending it was lost, with two it was doubled, and an ending
without a beginning came from nowhere. A row may end in several places, as its tasks do, and counts where
what counts most of it ended; if one of its texts was lost or doubled, so was the row.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from transforms.outcome import Outcome
from transforms.records import DeadLetter, Document, PersonaTask, Rejection, VerifiedQA

# How often each mark was left under a name. Of a text, ACCEPTED are the tasks that were begun for it.
STARTED, ACCEPTED, DEAD, REJECTED, LOST_TEXT, DOUBLED_TEXT = MARKS = range(6)
# Where a row ended when its tasks ended in several places: what counts most comes first. Dead
# goes before rejected, because a replay may still make a pair of it.
ENDINGS = ((ACCEPTED, "accepted"), (DEAD, "dead_lettered"), (REJECTED, "rejected"))
LOST, UNKNOWN, DOUBLED = "lost", "unknown", "doubled"
UNBALANCED = (LOST, UNKNOWN, DOUBLED)
# Stages that a document goes through before any model is asked about it.
BEFORE_MODELS = ("read", "screen")
SUMMARY_FILE = "summary.json"

Counts = dict[str, int]
Count = tuple[str, int]
Marks = tuple[int, ...]
RowMark = tuple[str, Marks]  # under a row's `where`
TextMark = tuple[tuple[str, str], Marks]  # under a row's `where` and the id of one of its texts or tasks
Ended = VerifiedQA | Rejection | DeadLetter


def marks(*left: int) -> Marks:
    """Marks as they are counted: how many of each kind."""
    return tuple(left.count(mark) for mark in MARKS)


def add_marks(counted: Iterable[Marks]) -> Marks:
    """All marks under one name."""
    return tuple(map(sum, zip(*counted, strict=True))) or marks()


def row_ending(counted: Marks) -> str:
    """Where a row ended, by the marks under its name."""
    if not counted[STARTED]:
        return UNKNOWN
    if counted[LOST_TEXT]:
        return LOST
    if counted[STARTED] > 1 or counted[DOUBLED_TEXT]:
        return DOUBLED
    return next((name for mark, name in ENDINGS if counted[mark]), LOST)


def task_ending(counted: Marks) -> str:
    """Where a task ended, which must be one place."""
    if not counted[STARTED]:
        return UNKNOWN
    ended = [name for mark, name in ENDINGS for _ in range(counted[mark])]
    if counted[STARTED] > 1 or len(ended) > 1:
        return DOUBLED
    return ended[0] if ended else LOST


def text_ending(counted: Marks) -> str:
    """Where a text ended in the model block; "accepted" if tasks were begun for it, however many."""
    return task_ending(tuple(min(number, 1) if mark == ACCEPTED else number for mark, number in enumerate(counted)))


def _row_read(item: Document | Rejection | DeadLetter) -> RowMark:
    return item.where, marks(STARTED)


def _row_ended(item: Ended) -> RowMark:
    match item:
        case VerifiedQA():
            return item.pair.task.document.where, marks(ACCEPTED)
        case Rejection():
            return item.where, marks(REJECTED)
        case DeadLetter():
            return item.where, marks(DEAD)


def _text_given(document: Document) -> TextMark:
    return (document.where, document.id), marks(STARTED)


def _text_tasked(task: PersonaTask) -> TextMark:
    return (task.document.where, task.document.id), marks(ACCEPTED)


def _text_ended(item: Rejection | DeadLetter) -> Iterator[TextMark]:
    ended = REJECTED if isinstance(item, Rejection) else DEAD
    if item.stage in BEFORE_MODELS:
        yield (item.where, item.document_id), marks(STARTED, ended)  # so it must not be given to the model block as well
    elif not item.task_id:  # what has a task ends as a task
        yield (item.where, item.document_id), marks(ended)


def _row_of_text(marked: TextMark) -> Iterator[RowMark]:
    """What a text that did not end exactly once says of its row."""
    (where, _), counted = marked
    ended = text_ending(counted)
    if ended in UNBALANCED:
        yield where, marks(LOST_TEXT if ended == LOST else DOUBLED_TEXT)


def _task_begun(task: PersonaTask) -> TextMark:
    return (task.document.where, task.id), marks(STARTED)


def _task_ended(item: Ended) -> Iterator[TextMark]:
    match item:
        case VerifiedQA():
            yield (item.pair.task.document.where, item.pair.task.id), marks(ACCEPTED)
        case Rejection() if item.task_id:
            yield (item.where, item.task_id), marks(REJECTED)
        case DeadLetter() if item.task_id:
            yield (item.where, item.task_id), marks(DEAD)


def _key(*parts: str) -> str:
    # Reasons and domains may hold any character but this one.
    return "\t".join(parts)


def _tallies(item: Ended) -> Iterator[Count]:
    match item:
        case VerifiedQA():
            yield _key("pairs"), 1
            yield _key("domains", item.pair.task.domain, "accepted"), 1
            yield _key("answer_types", item.pair.answer_type), 1
        case Rejection():
            yield _key("stages", item.stage, "rejected"), 1
            yield _key("reasons", item.stage, item.reason), 1
            if item.domain:
                yield _key("domains", item.domain, "rejected"), 1
        case DeadLetter():
            yield _key("stages", item.stage, "dead_lettered"), 1
            yield _key("errors", item.stage, item.error), 1
            if item.domain:
                yield _key("domains", item.domain, "dead_lettered"), 1


class _PassedFn(beam.DoFn):
    def __init__(self, stage: str) -> None:
        self._count = (_key("stages", stage, "passed"), 1)

    def process(self, element: Any) -> Iterator[Count]:
        yield self._count


@dataclass
class CountRun(beam.PTransform):
    """Counts a whole run: PCollection of one Counts, keys of the summary's parts joined by tabs.

    Attributes:
        read: what reading gave.
        stages: each stage's outcome by name, in order.
        given: PCollection[Document], all documents and chunks that the model block was given.
        tasks: PCollection[PersonaTask], all that were begun.
        final, rejected, dead_letters: everything that left the pipeline.
    """

    read: Outcome
    stages: Mapping[str, Outcome]
    given: Any
    tasks: Any
    final: Any
    rejected: Any
    dead_letters: Any

    def expand(self, pipeline: Any) -> beam.PCollection:
        leaving = (self.final, self.rejected, self.dead_letters)
        texts = [
            self.given | "TextGiven" >> beam.Map(_text_given).with_output_types(TextMark),
            self.tasks | "TextTasked" >> beam.Map(_text_tasked).with_output_types(TextMark),
            self.rejected | "TextRejected" >> beam.FlatMap(_text_ended).with_output_types(TextMark),
            self.dead_letters | "TextDeadLetters" >> beam.FlatMap(_text_ended).with_output_types(TextMark),
        ]
        rows = [part | f"Read{name}" >> beam.Map(_row_read).with_output_types(RowMark) for name, part in _named(self.read)]
        rows += [part | f"Row{name}" >> beam.Map(_row_ended).with_output_types(RowMark) for name, part in _named(leaving)]
        rows.append(_join(texts, "Texts") | "RowOfText" >> beam.FlatMap(_row_of_text).with_output_types(RowMark))
        tasks = [self.tasks | "TaskBegun" >> beam.Map(_task_begun).with_output_types(TextMark)]
        tasks += [part | f"Task{name}" >> beam.FlatMap(_task_ended).with_output_types(TextMark) for name, part in _named(leaving)]
        counts = [
            _join(rows, "Rows") | "EndRows" >> beam.MapTuple(_row_count).with_output_types(Count),
            _join(tasks, "Tasks") | "EndTasks" >> beam.MapTuple(_task_count).with_output_types(Count),
            *(part | f"Tally{name}" >> beam.FlatMap(_tallies).with_output_types(Count) for name, part in _named(leaving)),
            *(
                outcome.passed | f"Passed{_camel_case(stage)}" >> beam.ParDo(_PassedFn(stage)).with_output_types(Count)
                for stage, outcome in self.stages.items()
            ),
        ]
        return (
            counts
            | "Flatten" >> beam.Flatten()
            | "Sum" >> beam.CombinePerKey(sum)
            | "Gather" >> beam.CombineGlobally(_GatherFn()).with_output_types(dict[str, int])
        )


def _camel_case(stage: str) -> str:
    """A stage's name as a part of a label: "round_trip" -> "RoundTrip"."""
    return stage.title().replace("_", "")


def _named(parts: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return zip(("Passed", "Rejected", "DeadLetters"), parts, strict=True)


def _join(parts: list[Any], label: str) -> beam.PCollection:
    """All marks under each name."""
    return parts | f"Flatten{label}" >> beam.Flatten() | f"Join{label}" >> beam.CombinePerKey(add_marks)


def _row_count(where: str, counted: Marks) -> Count:
    return _key("documents", row_ending(counted)), 1


def _task_count(name: tuple[str, str], counted: Marks) -> Count:
    return _key("tasks", task_ending(counted)), 1


class _GatherFn(beam.CombineFn):
    """All counts of a run as one dictionary: some hundred keys, however large the run."""

    def create_accumulator(self) -> Counts:
        return {}

    def add_input(self, accumulator: Counts, count: Count) -> Counts:
        accumulator[count[0]] = accumulator.get(count[0], 0) + count[1]
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counts]) -> Counts:
        merged: Counts = {}
        for accumulator in accumulators:
            for count in accumulator.items():
                self.add_input(merged, count)
        return merged

    def extract_output(self, accumulator: Counts) -> Counts:
        return accumulator


def summarise(counts: Mapping[str, int]) -> dict[str, Any]:
    """The summary that counts make: nested, with totals, and whether they close."""
    nested: dict[str, Any] = {}
    for key, number in sorted(counts.items()):
        *parents, name = key.split("\t")
        node = nested
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = number
    documents, tasks = _ledger(nested, "documents"), _ledger(nested, "tasks")
    reasons = {f"{stage}/{reason}": n for stage, rows in nested.get("reasons", {}).items() for reason, n in rows.items()}
    errors = {f"{stage}/{error}": n for stage, rows in nested.get("errors", {}).items() for error, n in rows.items()}
    domains = nested.get("domains", {})
    for row in domains.values():
        started = sum(row.values())
        row["yield"] = round(row.get("accepted", 0) / started, 4)
    return {
        "documents": documents,
        "tasks": tasks,
        "pairs": nested.get("pairs", 0),
        "stages": nested.get("stages", {}),
        "domains": domains,
        "answer_types": nested.get("answer_types", {}),
        "reasons": dict(sorted(reasons.items(), key=lambda item: -item[1])),
        "errors": dict(sorted(errors.items(), key=lambda item: -item[1])),
        "balanced": not any(part[ending] for part in (documents, tasks) for ending in UNBALANCED),
    }


def _ledger(nested: Mapping[str, Any], part: str) -> dict[str, int]:
    endings = nested.get(part, {})
    row = {name: endings.get(name, 0) for name in ("accepted", "rejected", "dead_lettered", *UNBALANCED)}
    return {"read": sum(row.values()) - row[UNKNOWN], **row}


class _WriteSummaryFn(beam.DoFn):
    def __init__(self, path: str) -> None:
        self._path = path

    def process(self, counts: Counts, diversity: dict[str, Any]) -> Iterator[str]:
        write_summary(self._path, {**summarise(counts), "diversity": diversity})
        yield self._path


@dataclass
class WriteSummary(beam.PTransform):
    """Writes the summary from inside the graph, so that it is there even if nobody waited for the job.

    Attributes:
        path: file to write.
        diversity: PCollection of one dict, the figures of `DiversityFn`.
    """

    path: str
    diversity: Any

    def expand(self, counts: beam.PCollection) -> beam.PCollection:
        write = beam.ParDo(_WriteSummaryFn(self.path), beam.pvalue.AsSingleton(self.diversity))
        return counts | "Write" >> write.with_output_types(str)


def write_summary(path: str, summary: Mapping[str, Any]) -> None:
    """Write a summary, replacing what is there."""
    with FileSystems.create(path, mime_type="application/json", compression_type="uncompressed") as file:
        file.write((json.dumps(summary, indent=2, ensure_ascii=False) + "\n").encode())


def read_summary(path: str) -> dict[str, Any]:
    """Read a summary back."""
    with FileSystems.open(path, compression_type="uncompressed") as file:
        return dict(json.loads(file.read()))
