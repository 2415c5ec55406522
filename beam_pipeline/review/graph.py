"""Review in the graph: what `--stop_after` and `--edits` put behind the stages that they name, and nothing behind others."""

from collections.abc import Mapping
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.kinds import json_line
from beam_pipeline.output.names import APPLIED_EDITS, REVIEW
from transforms.flow.outcome import Outcome, in_a_row
from transforms.pair_rules.copied import Told
from transforms.review import EditRows, Edits, HoldRows, does, review_row


class Review:
    """Called with each stage's name and outcome it gives what goes on to the next stage.

    Attributes:
        counted: of the stages that were reviewed the outcomes to count, with what was struck. What waits for its review
            passed the stage, and its dead letters say that the next one was not begun.
    """

    def __init__(self, output: str, stop_after: str, edits: Mapping[str, Edits], told: Told | None = None) -> None:
        self._output = output
        self._stop_after = stop_after
        self._edits = edits
        self._told = told
        self._applied: list[Any] = []
        self.counted: dict[str, Outcome] = {}

    def __call__(self, stage: str, outcome: Outcome) -> Outcome:
        """What goes on: the outcome as it is, as its reviewer edited it, or nothing."""
        label = stage.title().replace("_", "")
        if edits := self._edits.get(stage):
            told = outcome.passed | f"TellEdits{label}" >> beam.FlatMap(_applied, edits, stage).with_output_types(bytes)
            self._applied.append(told)
            edited = outcome.passed | f"Edit{label}" >> EditRows(stage, edits, self._told)
            outcome = self.counted[stage] = in_a_row(outcome, edited, (f"FlattenStruck{label}", f"FlattenLost{label}"))
        if stage == self._stop_after:
            rows = outcome.passed | "ReviewRows" >> beam.Map(_line, stage).with_output_types(bytes)
            _write(rows, "WriteReview", self._output, REVIEW)
            held = outcome.passed | f"Hold{label}" >> HoldRows(stage)
            both = in_a_row(outcome, held, (f"FlattenHeldRejected{label}", f"FlattenHeld{label}"))
            self.counted[stage] = both._replace(passed=outcome.passed)
            return both
        return outcome

    def write(self) -> None:
        """Write what was done, once all stages are there."""
        if self._applied:
            _write(self._applied | "FlattenEdits" >> beam.Flatten(), "WriteEdits", self._output, APPLIED_EDITS)


def _line(item: Any, stage: str) -> bytes:
    return json_line(review_row(item, stage))


def _applied(item: Any, edits: Edits, stage: str) -> list[bytes]:
    """What is kept of an edit that found its row: the line that said so, and what it did."""
    edit = edits.get(item.id)
    if edit is None:
        return []
    return [json_line({"stage": stage, "id": item.id, "line": edit.where, **(does(item, edit) or {"unchanged": True})})]


def _write(lines: Any, label: str, output: str, folder: str) -> None:
    lines | label >> beam.io.WriteToText(
        FileSystems.join(output, folder, folder), ".jsonl", num_shards=1, coder=beam.coders.BytesCoder()
    )
