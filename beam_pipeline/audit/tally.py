"""What an audit found, counted: rows, findings by group and reason, answer types and what a reward can check, subjects.

A row has as many findings as there are reasons against it, and counts once among the rows that have any.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from beam_pipeline.audit.checkable import CHECK
from transforms.records import Rejection, VerifiedQA

# What a reason is about, by the stage that gives it or by how it begins; the first that fits.
GROUPS = (
    ("deduplicate", "duplicates"),
    ("decontaminate", "benchmarks"),
    ("pass_rate", "difficulty"),
    ("doubt", "doubtful keys"),
    ("answer_in_question", "leaks"),
    ("question_", "questions"),
    ("reward", "answers"),
    ("answer_", "answers"),
)
OTHER = "other"
# A file that is not what it should be must not fill the summary with subjects.
MOST_SUBJECTS, OTHERS = 200, "(others)"
_CLEAN, _FLAGGED = "clean", "flagged"


def group_of(stage: str, reason: str) -> str:
    """What a finding is about."""
    return next((group for mark, group in GROUPS if mark == stage or reason.startswith(mark)), OTHER)


def counts_of(end: VerifiedQA | Rejection) -> Iterator[tuple[str, int]]:
    """What a row adds to the counts, by keys joined with tabs."""
    if isinstance(end, VerifiedQA):
        verdicts = [{"check": verdict.check, "passed": verdict.passed, "detail": verdict.detail} for verdict in end.verdicts]
        kind, domain, ending, found = end.pair.answer_type, end.pair.task.domain, _CLEAN, dict[str, str]()
    else:
        item = json.loads(end.item)
        verdicts, kind, domain, ending = item.get("verdicts", []), item.get("answer_type", ""), end.domain, _FLAGGED
        found = {end.reason: end.stage}
        found |= {row["check"]: "check" for row in verdicts if not row["passed"] and row["check"] not in (end.stage, end.reason)}
    yield f"rows\t{ending}", 1
    yield f"subjects\t{domain}\t{ending}", 1
    for reason, stage in found.items():
        yield f"findings\t{group_of(stage, reason)}\t{reason}", 1
    for group in {group_of(stage, reason) for reason, stage in found.items()}:
        yield f"groups\t{group}", 1
    paid = next((row["detail"] for row in verdicts if row["check"] == CHECK and row["passed"]), "never")
    yield f"answers\t{kind or '(none)'}\t{paid}", 1


def audit_of(counts: Mapping[str, int]) -> dict[str, Any]:
    """The part of the summary that is about an audit."""
    nested: dict[str, Any] = {"rows": {_CLEAN: 0, _FLAGGED: 0}, "groups": {}, "findings": {}, "answers": {}, "subjects": {}}
    for key, number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        part, *names, last = key.split("\t")
        node = nested[part]
        for name in names:
            if part == "subjects" and name not in node and len(node) >= MOST_SUBJECTS:
                name = OTHERS
            node = node.setdefault(name, {})
        node[last] = node.get(last, 0) + number
    return nested
