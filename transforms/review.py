"""Review: a person looks at the rows of a stage before the run goes on, and strikes some or edits them.

Input:    records of any stage from the screen on
Passed:   the same records, edited ones with the names of the changed fields in `edited` and the old id in `edited_from`; where
          the run stops after the stage, none
Rejected: Rejection of that stage, reason "struck_by_reviewer" with the reviewer's words; or what the rules of Check find in an
          edited pair, where they looked at it before the edit: later stages see what is edited anyway
Dead:     where the run stops, what waits for its review, as work that was not begun

Documents and tasks can be struck only: another text or persona would be another document or task.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from transforms.check import apply_check
from transforms.flow.heartbeat import wakeful
from transforms.flow.outcome import Outcome, apply_rules, as_waking_outcome
from transforms.pair_rules.copied import Told
from transforms.records import (
    NOT_STARTED,
    DeadLetter,
    Document,
    Item,
    PersonaTask,
    QAPair,
    Rejection,
    Verdict,
    VerifiedQA,
    document_of,
    origin_of,
    reject,
    task_of,
)
from transforms.stages import BEFORE_MODELS, STAGES

STRUCK = "struck_by_reviewer"
EDITABLE = ("question", "answer", "answer_type", "aliases", "valid_as_of")
# What stands in a row of a review to be read, and changes nothing.
CONTEXT = ("domain", "persona", "interest", "document_id", "source", "where", "fault", "quote", "passage")
# What each stage passes; those behind the verifiers pass what they pass.
_OF_STAGE: Mapping[str, type] = {
    **dict.fromkeys(("screen", "filter"), Document),
    "classify": PersonaTask,
    **dict.fromkeys(("synthesize", "check", "repair"), QAPair),
}
_PASSAGE = 700


@dataclass(frozen=True, slots=True)
class Edit:
    """What a reviewer says of one row: to strike it, or the values that some fields are to have."""

    id: str
    where: str  # the line that says so
    strike: bool = False
    reason: str = ""
    values: tuple[tuple[str, Any], ...] = ()


Edits = Mapping[str, Edit]  # by the ids of their rows


def passed_by(stage: str) -> type:
    """The type of what a stage passes."""
    return _OF_STAGE.get(stage, VerifiedQA)


def can_be_edited(stage: str) -> bool:
    """Whether a stage has pairs, whose fields can be changed."""
    return passed_by(stage) in (QAPair, VerifiedQA)


def pair_of(item: Item) -> QAPair | None:
    """The pair of an item; None for a document or task."""
    return item.pair if isinstance(item, VerifiedQA) else item if isinstance(item, QAPair) else None


def review_row(item: Item, stage: str) -> dict[str, Any]:
    """A row for the reviewer: a template of an edit that changes nothing yet, and what is to be known of it."""
    document, task, pair = document_of(item), task_of(item), pair_of(item)
    row: dict[str, Any] = {"stage": stage, "id": item.id, "strike": False, "reason": ""}
    if pair:
        row |= {name: list(value) if isinstance(value := getattr(pair, name), tuple) else value for name in EDITABLE}
    if pair and pair.fault:
        row["fault"] = f"{pair.fault.reason}: {pair.fault.detail}"
    if isinstance(item, VerifiedQA):
        row["quote"] = item.quote
    if task:
        row |= {"domain": task.domain, "persona": task.persona.name, "interest": task.persona.interest}
    passage = _passage(document.text, pair.place if pair else None)
    return row | {"document_id": document.id, "source": document.source, "where": document.where, "passage": passage}


def _passage(text: str, place: tuple[int, int] | None) -> str:
    """The part of a document around the answer, or its beginning."""
    start = max(0, place[0] - _PASSAGE // 2) if place else 0
    cut = text[start : start + _PASSAGE]
    return f"{'…' if start else ''}{cut}{'…' if start + _PASSAGE < len(text) else ''}"


def changed_by(pair: QAPair, edit: Edit) -> dict[str, Any]:
    """The fields of a pair that an edit gives another value."""
    return {name: value for name, value in edit.values if value != getattr(pair, name)}


def does(item: Item, edit: Edit) -> dict[str, Any] | None:
    """What an edit does to an item, as a row; None where it leaves it as it is."""
    if edit.strike:
        return {"struck": True, "reason": edit.reason}
    pair = pair_of(item)
    changes = changed_by(pair, edit) if pair else {}
    return {"from": {name: getattr(pair, name) for name in changes}, "to": changes} if changes else None


def apply_edits(item: Item, edits: Edits, stage: str, told: Told | None = None) -> Iterator[Item | Rejection]:
    """An item as its reviewer wants it."""
    edit = edits.get(item.id)
    if edit is None:
        yield item
        return
    if edit.strike:
        yield reject(stage, STRUCK, item, edit.reason)
        return
    pair = pair_of(item)
    changes = changed_by(pair, edit) if pair else {}
    if pair is None or not changes:
        yield item
        return
    for result in _looked_at(_changed(pair, changes), stage, told):
        if isinstance(item, VerifiedQA) and isinstance(result, QAPair):
            verdict = Verdict("review", True, detail=f"edited: {', '.join(changes)}")
            yield replace(item, pair=result, verdicts=(*item.verdicts, verdict))
        else:
            yield result


def _changed(pair: QAPair, changes: Mapping[str, Any]) -> QAPair:
    names = tuple(name for name in EDITABLE if name in changes or name in pair.edited)
    place = None if changes.keys() & {"answer", "answer_type"} else pair.place
    return replace(pair, **changes, place=place, fault=None, edited=names, edited_from=pair.edited_from or pair.id)


def _looked_at(pair: QAPair, stage: str, told: Told | None) -> Iterator[QAPair | Rejection]:
    """An edited pair by the rules, where Check is behind it and its document is still there to be read."""
    if STAGES.index(stage) < STAGES.index("check") or not pair.task.document.text:
        yield pair
    else:
        dated = pair.valid_as_of
        for result in apply_check(pair, told, stage=stage):
            yield replace(result, valid_as_of=dated or result.valid_as_of) if isinstance(result, QAPair) else result


def wait_for_review(item: Item, stage: str) -> Iterator[DeadLetter]:
    """What is said of an item that the run stops at: work that was not begun, by the stage that would have begun it."""
    behind = stage if stage in BEFORE_MODELS else [*STAGES, stage][STAGES.index(stage) + 1]
    origin: Mapping[str, Any] = origin_of(item)
    yield DeadLetter(behind, NOT_STARTED, f"waits for its review after {stage}", **origin)


@dataclass
class EditRows(beam.PTransform):
    """Applies edits to what a stage passed, a PCollection of its records: `Outcome` of the same."""

    stage: str
    edits: Edits
    told: Told | None = None

    @no_annotations
    def expand(self, passed: beam.PCollection) -> Outcome:
        apply = partial(apply_edits, edits=self.edits, stage=self.stage, told=self.told)
        edited = wakeful(passed) | "Apply" >> apply_rules(self.stage, apply, passed_by(self.stage), last=False)
        return as_waking_outcome(edited)


@dataclass
class HoldRows(beam.PTransform):
    """Lets nothing pass of a PCollection of records: `Outcome` in whose dead letters is what waits for its review."""

    stage: str

    @no_annotations
    def expand(self, passed: beam.PCollection) -> Outcome:
        apply = partial(wait_for_review, stage=self.stage)
        held = wakeful(passed) | "Hold" >> apply_rules(self.stage, apply, passed_by(self.stage), last=False)
        return as_waking_outcome(held)
