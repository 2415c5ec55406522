"""What a run says of its review: that rows wait for it, what was struck and edited, and which lines found no row."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from beam_pipeline.output.names import APPLIED_EDITS
from beam_pipeline.output.read_back import OutputFolder
from beam_pipeline.plan import RunPlan
from beam_pipeline.review.stopped import STOP_AFTER
from transforms.said import said
from transforms.stages import STAGES

UNKNOWN_SHOWN = 10


def stop_for_review(stage: str) -> dict[str, Any]:
    """The part of the summary that says after which stage a run stopped."""
    return {"stopped": STOP_AFTER, STOP_AFTER: stage}


def review_line(summary: Mapping[str, Any], output: str) -> str:
    """What a person reads of a run that stopped for its review."""
    stage, folder = summary[STOP_AFTER], shlex.quote(output.rstrip("/"))
    rows = summary["stages"].get(stage, {}).get("passed", 0)
    return (
        f"stopped after {stage}: {rows:,} rows wait in review/ and in the report; "
        f"webscale-qa review {folder} --to edits.jsonl writes them to be struck or edited, "
        f"and webscale-qa run --resume {folder} --edits edits.jsonl goes on"
    )


def applied_edits(plan: RunPlan) -> dict[str, Any]:
    """The part of the summary about `--edits`; {} without. Lines of stages that the run did not come to are not unknown."""
    stop = plan.config.stop_after
    reached = {stage: edits for stage, edits in plan.edits.items() if not stop or STAGES.index(stage) <= STAGES.index(stop)}
    if not plan.edits:
        return {}
    counts = {"struck": 0, "edited": 0, "unchanged": 0}
    found = set()
    for row in OutputFolder(plan.config.output).rows(APPLIED_EDITS):
        counts["struck" if row.get("struck") else "unchanged" if row.get("unchanged") else "edited"] += 1
        found.add((row["stage"], row["id"]))
    unknown = [
        {"stage": stage, "id": edit.id, "line": edit.where}
        for stage, edits in reached.items()
        for edit in edits.values()
        if (stage, edit.id) not in found
    ]
    return {"edits": {**counts, "unknown": len(unknown), "unknown_lines": unknown[:UNKNOWN_SHOWN]}}


def unknown_lines(parts: Mapping[str, Any]) -> Iterator[str]:
    """What a person reads of edits that found no row."""
    edits = parts.get("edits") or {}
    for line in edits.get("unknown_lines", ()):
        yield f"--edits {line['line']}: {line['stage']} has no row {said(json.dumps(line['id']))}; the line did nothing"
    if (more := edits.get("unknown", 0) - len(edits.get("unknown_lines", ()))) > 0:
        yield f"--edits: {more:,} more lines found no row"


def edits_line(parts: Mapping[str, Any]) -> str:
    """What came of the edits; "" where there were none."""
    edits = parts.get("edits") or {}
    done = "{struck:,} rows struck, {edited:,} edited, {unchanged:,} left as they were, {unknown:,} not found"
    return f"edits: {done.format(**edits)}" if edits else ""
