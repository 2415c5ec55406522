"""The rows at which a run stopped to be reviewed: what a person reads before striking or editing them in a file."""

import shlex
from collections.abc import Mapping
from typing import Any

from beam_pipeline.report.browse import clip
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.layout import lead, number, table

_CELL, _PASSAGE = 400, 500


def rows_to_review(collected: Collected) -> Html:
    """A table of the rows, with their passages; nothing where the run did not stop for a review."""
    stage = collected.summary.get("stop_after")
    if not stage:
        return Html("")
    waiting = collected.summary["stages"].get(stage, {}).get("passed", 0)
    shown = "all of them" if len(collected.review) >= waiting else f"{number(len(collected.review))} of them, chosen by a hash"
    folder = shlex.quote(collected.folder)
    return joined(
        lead(
            f"The run stopped after {stage}, and {number(waiting)} rows wait; below are {shown}. "
            f"webscale-qa review {folder} --to edits.jsonl writes them to a file; strike or edit them there, and go on with "
            f"webscale-qa run --resume {folder} --edits edits.jsonl."
        ),
        table(["Row", "For whom", "Passage"], [_cells(row) for row in collected.review], texts=(1, 2)),
    )


def _cells(row: Mapping[str, Any]) -> list[Html | str]:
    aliases = row.get("aliases")
    also = f" (also: {', '.join(map(str, aliases))})" if isinstance(aliases, list) and aliases else ""
    answer = f"{row.get('answer', '')} [{row.get('answer_type', '')}]{also}" if row.get("question") else ""
    fault = f"rule: {row['fault']}" if row.get("fault") else ""
    smaller = (element("small", clip(words, _CELL)) for words in (answer, fault, f"id {row.get('id', '')}") if words)
    whom = " · ".join(filter(None, (clip(row.get(name), _CELL) for name in ("domain", "persona"))))
    title = clip(row.get("question") or row.get("persona") or row.get("document_id"), _CELL)
    return [joined(element("b", title), *smaller), whom, clip(row.get("passage"), _PASSAGE)]
