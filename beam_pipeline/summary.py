"""The summary: every document and every task must have ended in exactly one place, and this proves it.

The proof is counted inside the graph, by key, and not with counters: each row that was read leaves a
mark under its own name (`where`), and so does each pair, rejection and dead letter that came of it. A
row with no second mark was lost; a mark under a name that was never read came from nowhere.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from transforms.outcome import Outcome
from transforms.records import DeadLetter, Document, PersonaTask, Rejection, VerifiedQA

STARTED, ACCEPTED, DEAD, REJECTED = 1, 2, 4, 8
# Where a document ended when its tasks ended in several places: what counts most comes first. Dead
# goes before rejected, because a replay may still make a pair of it.
ENDINGS = ((ACCEPTED, "accepted"), (DEAD, "dead_lettered"), (REJECTED, "rejected"))
LOST, UNKNOWN = "lost", "unknown"
SUMMARY_FILE = "summary.json"

Counts = dict[str, int]
Count = tuple[str, int]
Mark = tuple[str, int]


def ending(marks: int) -> str:
    """Where a document or task ended, by the marks under its name."""
    if not marks & STARTED:
        return UNKNOWN
    return next((name for mark, name in ENDINGS if marks & mark), LOST)


def _bit_or(marks: Iterable[int]) -> int:
    result = 0
    for mark in marks:
        result |= mark
    return result


def _read_marks(item: Document | Rejection | DeadLetter) -> Mark:
    return item.where, STARTED


def _document_marks(item: VerifiedQA | Rejection | DeadLetter) -> Mark:
    match item:
        case VerifiedQA():
            return item.pair.task.document.where, ACCEPTED
        case Rejection():
            return item.where, REJECTED
        case DeadLetter():
            return item.where, DEAD


def _task_started(task: PersonaTask) -> Mark:
    return task.id, STARTED


def _task_marks(item: VerifiedQA | Rejection | DeadLetter) -> Iterator[Mark]:
    match item:
        case VerifiedQA():
            yield item.pair.task.id, ACCEPTED
        case Rejection() if item.task_id:
            yield item.task_id, REJECTED
        case DeadLetter() if item.task_id:
            yield item.task_id, DEAD


def _key(*parts: str) -> str:
    # Reasons and domains may hold any character but this one.
    return "\t".join(parts)


def _tallies(item: VerifiedQA | Rejection | DeadLetter) -> Iterator[Count]:
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
        tasks: PCollection[PersonaTask], all that were begun.
        final, rejected, dead_letters: everything that left the pipeline.
    """

    read: Outcome
    stages: Mapping[str, Outcome]
    tasks: Any
    final: Any
    rejected: Any
    dead_letters: Any

    def expand(self, pipeline: Any) -> beam.PCollection:
        leaving = (self.final, self.rejected, self.dead_letters)
        documents = [part | f"Read{name}" >> beam.Map(_read_marks).with_output_types(Mark) for name, part in _named(self.read)]
        documents += [
            part | f"Document{name}" >> beam.Map(_document_marks).with_output_types(Mark) for name, part in _named(leaving)
        ]
        tasks = [self.tasks | "TaskStarted" >> beam.Map(_task_started).with_output_types(Mark)]
        tasks += [part | f"Task{name}" >> beam.FlatMap(_task_marks).with_output_types(Mark) for name, part in _named(leaving)]
        counts = [
            _count_endings(documents, "Documents", "documents"),
            _count_endings(tasks, "Tasks", "tasks"),
            *(part | f"Tally{name}" >> beam.FlatMap(_tallies).with_output_types(Count) for name, part in _named(leaving)),
            *(
                outcome.passed | f"Passed{stage.title()}" >> beam.ParDo(_PassedFn(stage)).with_output_types(Count)
                for stage, outcome in self.stages.items()
            ),
        ]
        return (
            counts
            | "Flatten" >> beam.Flatten()
            | "Sum" >> beam.CombinePerKey(sum)
            | "Gather" >> beam.CombineGlobally(_GatherFn()).with_output_types(dict[str, int])
        )


def _named(parts: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return zip(("Passed", "Rejected", "DeadLetters"), parts, strict=True)


def _count_endings(marks: list[Any], label: str, part: str) -> beam.PCollection:
    return (
        marks
        | f"Flatten{label}" >> beam.Flatten()
        | f"Join{label}" >> beam.CombinePerKey(_bit_or)
        | f"End{label}" >> beam.Map(_end, part).with_output_types(Count)
    )


def _end(marked: Mark, part: str) -> Count:
    return _key(part, ending(marked[1])), 1


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
        "balanced": not any(part[ending] for part in (documents, tasks) for ending in (LOST, UNKNOWN)),
    }


def _ledger(nested: Mapping[str, Any], part: str) -> dict[str, int]:
    endings = nested.get(part, {})
    row = {name: endings.get(name, 0) for name in ("accepted", "rejected", "dead_lettered", LOST, UNKNOWN)}
    return {"read": sum(row.values()) - row[UNKNOWN], **row}


class _WriteSummaryFn(beam.DoFn):
    def __init__(self, path: str) -> None:
        self._path = path

    def process(self, counts: Counts) -> Iterator[str]:
        write_summary(self._path, summarise(counts))
        yield self._path


@dataclass
class WriteSummary(beam.PTransform):
    """Writes the summary from inside the graph, so that it is there even if nobody waited for the job."""

    path: str

    def expand(self, counts: beam.PCollection) -> beam.PCollection:
        return counts | "Write" >> beam.ParDo(_WriteSummaryFn(self.path)).with_output_types(str)


def write_summary(path: str, summary: Mapping[str, Any]) -> None:
    """Write a summary, replacing what is there."""
    with FileSystems.create(path, mime_type="application/json", compression_type="uncompressed") as file:
        file.write((json.dumps(summary, indent=2, ensure_ascii=False) + "\n").encode())


def read_summary(path: str) -> dict[str, Any]:
    """Read a summary back."""
    with FileSystems.open(path, compression_type="uncompressed") as file:
        return dict(json.loads(file.read()))
