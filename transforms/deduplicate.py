"""Deduplicate: one pair per question in the whole output.

Input:    PCollection[VerifiedQA]
Passed:   PCollection[VerifiedQA], the pair with the smallest (document id, id) of each question
Rejected: Rejection, reason "duplicate_question"; the detail names the pair that was kept
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from transforms.outcome import Outcome, apply_rules, as_outcome
from transforms.records import Rejection, VerifiedQA, reject
from transforms.text import normalise

REASONS = ("duplicate_question",)

# Marks that end or set off words. Those of mathematics stay: "2 + 2" is not "2 - 2", nor "C" "C++".
_MARKS = re.compile(r"[\"']|[.,:;!?]+(?=\s|$)|(?<=\s)[.,:;!?-]+(?=\s)|(?<=[a-z])[.,:;!?]+(?=[a-z])")


def question_key(question: str) -> str:
    """A question without case, punctuation and accidents of spacing: equal for equal questions."""
    plain = normalise(question)
    return " ".join(_MARKS.sub(" ", plain.replace("'", "")).split()) or plain


def key_by_question(qa: VerifiedQA) -> tuple[str, VerifiedQA]:
    """Key a pair by its question."""
    return question_key(qa.pair.question), qa


def _rank(qa: VerifiedQA) -> tuple[str, str, str, str]:
    # Two personas of one document may draw the same pair, with the same id.
    task = qa.pair.task
    return task.document.id, qa.id, task.id, task.document.where


def keep_one(group: tuple[str, Iterable[VerifiedQA]]) -> Iterator[VerifiedQA | Rejection]:
    """Keep the first pair of a question, reject the rest; the order they come in does not matter."""
    _, pairs = group
    # Two passes and no list: a question may be repeated more often than memory allows.
    winner = min(pairs, key=_rank)
    kept = False
    for qa in pairs:
        if not kept and _rank(qa) == _rank(winner):
            kept = True
            yield qa
        else:
            yield reject(
                "deduplicate", "duplicate_question", qa, f"asked by {winner.id} of document {winner.pair.task.document.id}"
            )


@dataclass
class DeduplicateQA(beam.PTransform):
    """Keeps one pair of each question. Expects a PCollection of `VerifiedQA`, outputs an `Outcome` of the same."""

    @no_annotations
    def expand(self, pairs: beam.PCollection[VerifiedQA]) -> Outcome:
        groups = (
            pairs
            | "KeyByQuestion" >> beam.Map(key_by_question).with_output_types(tuple[str, VerifiedQA])
            | "GroupByQuestion" >> beam.GroupByKey()
        )
        return as_outcome(groups | "KeepOne" >> apply_rules("deduplicate", keep_one, VerifiedQA))
