"""What an audit found, counted: rows, findings by group and reason, answer types and what a reward can check, subjects.

A row has as many findings as there are reasons against it, and counts once among the rows that have any.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from beam_pipeline.audit.checkable import CHECK
from beam_pipeline.summary.audit_notes import NEVER
from beam_pipeline.summary.ledger import ACCEPTED, DEAD, MARKS, REJECTED, STARTED, task_ending
from transforms.flow.outcome import Outcome
from transforms.records import DeadLetter, Rejection, VerifiedQA

# What a reason is about, by the stage that gives it or by how it begins; the first that fits.
GROUPS = (
    ("deduplicate", "duplicates"),
    ("decontaminate", "benchmarks"),
    ("pass_rate", "difficulty"),
    ("ask_back", "questions"),
    ("round_trip", "keys"),
    ("key_doubt", "keys"),
    ("answer_in_question", "leaks"),
    ("question_", "questions"),
    ("reward", "answers"),
    ("answer_", "answers"),
)
OTHER = "other"
# A file that is not what it should be must not fill the summary with subjects.
MOST_SUBJECTS, OTHERS = 200, "(others)"
_CLEAN, _FLAGGED = "clean", "flagged"
AUDIT = "audit\t"


def group_of(stage: str, reason: str) -> str:
    """What a finding is about."""
    return next((group for mark, group in GROUPS if mark == stage or reason.startswith(mark)), OTHER)


def counts_of(end: VerifiedQA | Rejection | DeadLetter) -> Iterator[tuple[str, int]]:
    """What a row adds to the counts of the summary, by keys joined with tabs; those of the audit begin with `AUDIT`."""
    match end:
        case DeadLetter():
            yield f"stages\t{end.stage}\tdead_lettered", 1
            yield f"errors\t{end.stage}\t{end.error}", 1
            return
        case VerifiedQA():
            verdicts = [(verdict.check, verdict.passed, verdict.detail) for verdict in end.verdicts]
            kind, domain, ending, found = end.pair.answer_type, end.pair.task.domain, _CLEAN, dict[str, str]()
            yield "pairs", 1
            yield f"domains\t{domain}\taccepted", 1
            yield f"answer_types\t{kind}", 1
        case Rejection():
            item = json.loads(end.item)
            verdicts = [(row["check"], row["passed"], row["detail"]) for row in item.get("verdicts", ())]
            kind, domain, ending, found = item.get("answer_type", ""), end.domain, _FLAGGED, {end.reason: end.stage}
            found |= {check: "check" for check, passed, _ in verdicts if not passed and check not in (end.stage, end.reason)}
            yield f"stages\t{end.stage}\trejected", 1
            yield f"reasons\t{end.stage}\t{end.reason}", 1
            yield f"domains\t{domain}\trejected", 1
    yield f"{AUDIT}rows\t{ending}", 1
    yield f"{AUDIT}subjects\t{domain}\t{ending}", 1
    for reason, stage in found.items():
        yield f"{AUDIT}findings\t{group_of(stage, reason)}\t{reason}", 1
    for group in {group_of(stage, reason) for reason, stage in found.items()}:
        yield f"{AUDIT}groups\t{group}", 1
    paid = next((detail for check, passed, detail in verdicts if check == CHECK and passed), NEVER)
    yield f"{AUDIT}answers\t{kind or '(none)'}\t{paid}", 1


@dataclass
class CountAudit(beam.PTransform):
    """Counts an audit: pipeline -> PCollection of one dict of counts, as `summarise` and `audit_of` read them.

    A row must end in exactly one place, whatever was found of it; as in `summary/ledger.py`, but a row is its one text and its
    one task. `read` are the rows that were read, `left` all that leaves the graph.
    """

    read: Outcome
    left: Outcome

    def expand(self, pipeline: Any) -> beam.PCollection:
        begun = (
            (self.read.passed, self.read.dead_letters)
            | "FlattenRead" >> beam.Flatten()
            | "Begun" >> beam.Map(_mark, STARTED).with_output_types(tuple[str, int])
        )
        ends = [
            part | f"End{name}" >> beam.Map(_mark, mark).with_output_types(tuple[str, int])
            for name, part, mark in zip(("Passed", "Rejected", "Dead"), self.left, (ACCEPTED, REJECTED, DEAD), strict=True)
        ]
        endings = (
            [begun, *ends]
            | "FlattenMarks" >> beam.Flatten()
            | "JoinMarks" >> beam.CombinePerKey(sum)
            | "Ending" >> beam.FlatMap(_endings).with_output_types(tuple[str, int])
        )
        tallies = (
            [*self.left] | "FlattenEnds" >> beam.Flatten() | "Tally" >> beam.FlatMap(counts_of).with_output_types(tuple[str, int])
        )
        return (
            (endings, tallies)
            | "FlattenCounts" >> beam.Flatten()
            | "AddCounts" >> beam.CombinePerKey(sum)
            | "Gather" >> beam.CombineGlobally(beam.combiners.ToDictCombineFn())
        )


# How often a row began and ended in each way, in one number: digits of ten thousand.
_PLACES = 10_000


def _mark(item: VerifiedQA | Rejection | DeadLetter, mark: int) -> tuple[str, int]:
    where = item.pair.task.document.where if isinstance(item, VerifiedQA) else item.where
    return where, _PLACES**mark


def _endings(marked: tuple[str, int]) -> Iterator[tuple[str, int]]:
    counted = [0] * len(MARKS)
    for mark in (STARTED, ACCEPTED, DEAD, REJECTED):
        counted[mark] = marked[1] // _PLACES**mark % _PLACES
    ending = task_ending(tuple(counted))
    yield f"documents\t{ending}", 1
    yield f"tasks\t{ending}", 1


def audit_of(counts: Mapping[str, int]) -> dict[str, Any]:
    """The part of the summary that is about an audit."""
    nested: dict[str, Any] = {"rows": {_CLEAN: 0, _FLAGGED: 0}, "groups": {}, "findings": {}, "answers": {}, "subjects": {}}
    ours = ((key.removeprefix(AUDIT), number) for key, number in counts.items() if key.startswith(AUDIT))
    for key, number in sorted(ours, key=lambda item: (-item[1], item[0])):
        part, *names, last = key.split("\t")
        node = nested[part]
        for name in names:
            if part == "subjects" and name not in node and len(node) >= MOST_SUBJECTS:
                name = OTHERS
            node = node.setdefault(name, {})
        node[last] = node.get(last, 0) + number
    return nested
