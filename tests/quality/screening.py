"""Screening: the whole stage, rules and copies, as the pipeline runs it; positive means dropped.

Documents labelled "unsure" are counted apart. Of two documents with the same text either may be
kept, so where the labels name one of them and the stage keeps the other, they are taken for each other.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam

from tests.places import SAMPLE, SHARED
from tests.quality.cases import Area, Case, labelled, part_of, read_rows
from transforms.duplicates.document_copies import EXACT
from transforms.records import Document, Rejection
from transforms.screen import ScreenConfig, ScreenDocuments
from transforms.text import normalise


class Ended(NamedTuple):
    """How a document ended: kept (whole, or one of its chunks), or for which reason it was not."""

    kept: bool
    reason: str = ""
    detail: str = ""


def screen(rows: Sequence[dict[str, Any]], config: ScreenConfig) -> dict[str, Ended]:
    """Run the stage over rows with an id and a text."""
    documents = [Document(row["id"], row["text"], row.get("source", ""), f"input:{n:06d}") for n, row in enumerate(rows, 1)]
    with tempfile.TemporaryDirectory() as folder:
        with beam.Pipeline(runner="FnApiRunner") as pipeline:
            outcome = pipeline | "Documents" >> beam.Create(documents) | "Screen" >> ScreenDocuments(config)
            for name, records in (("passed", outcome.passed), ("rejected", outcome.rejected)):
                lines = records | f"Line_{name}" >> beam.Map(_line)
                lines | f"Write_{name}" >> beam.io.WriteToText(str(Path(folder, name)), ".jsonl")
        ended: dict[str, Ended] = {}
        for path in sorted(Path(folder).glob("*.jsonl"), reverse=True):  # rejections, then what passed: one chunk is enough
            for document_id, reason, detail in map(json.loads, path.read_text("utf-8").splitlines()):
                ended[document_id] = Ended(not reason, reason, detail)
    return ended


def _line(record: Document | Rejection) -> str:
    if isinstance(record, Rejection):
        return json.dumps([record.document_id.split("#")[0], record.reason, record.detail])
    return json.dumps([record.parent_id or record.id, "", ""])


def _settle_copies(rows: Sequence[dict[str, Any]], ended: dict[str, Ended]) -> dict[str, Ended]:
    """Give the copies of one text to the labels that expect them."""
    settled = dict(ended)
    same: dict[str, list[str]] = {}
    for row in rows:
        same.setdefault(normalise(row["text"]), []).append(row["id"])
    expected = {row["id"]: row["expect"] for row in rows}
    for ids in same.values():
        endings = sorted((ended[document_id] for document_id in ids), key=lambda ending: not ending.kept)
        if any(ending.reason == EXACT for ending in endings):
            wanted = sorted(ids, key=lambda document_id: ("keep", "unsure", "drop").index(expected[document_id]))
            settled.update(zip(wanted, endings, strict=True))
    return settled


def real_documents() -> Area:
    """The labelled documents, all of them real; the rules were tuned on them, so they have no held-out part."""
    rows = read_rows(SHARED / "documents.jsonl")
    if not rows:
        return _sample()
    ended = _settle_copies(rows, screen(rows, ScreenConfig()))
    unsure = [ended[row["id"]] for row in rows if row["expect"] == "unsure"]
    dropped = Counter(ending.reason for ending in unsure if not ending.kept)
    notes = [
        f"reasons of what was dropped: {_counts(ended[row['id']].reason for row in rows if row['expect'] == 'drop')}",
        f"unsure: {sum(ending.kept for ending in unsure)} of {len(unsure)} kept; dropped: {_counts(dropped.elements())}",
    ]
    certain = [row for row in rows if row["expect"] != "unsure"]
    return Area("screening, real documents", "drop", _cases(certain, ended), notes)


def _sample() -> Area:
    """The sample corpus, where the labelled documents are not at hand: its junk says so in its ids."""
    rows = [{**row, "expect": "drop" if row["id"].startswith("junk-") else "keep"} for row in read_rows(SAMPLE)]
    ended = _settle_copies(rows, screen(rows, ScreenConfig()))
    notes = ["../shared/data/documents.jsonl is not here, so this is the sample corpus"]
    return Area("screening, sample corpus", "drop", _cases(rows, ended), notes)


def odd_documents() -> Area:
    """Junk and good documents that look like junk, written for this; in any language, so that no rule hides behind another."""
    rows = labelled("screening")
    ended = screen(rows, ScreenConfig(languages=("all",)))
    reasons = _counts(ended[row["id"]].reason for row in rows if row["expect"] == "drop")
    return Area("screening, written", "drop", _cases(rows, ended), [f"reasons of what was dropped: {reasons}"])


def _cases(rows: Sequence[dict[str, Any]], ended: dict[str, Ended]) -> list[Case]:
    return [
        Case(
            row["id"],
            row.get("kind", ""),
            part_of(row),
            row["expect"] == "drop",
            not ended[row["id"]].kept,
            f"{ended[row['id']].reason} {ended[row['id']].detail}".strip() or "kept",
            row["text"],
        )
        for row in rows
    ]


def _counts(reasons: Any) -> str:
    return ", ".join(f"{reason or 'kept'} {count}" for reason, count in Counter(reasons).most_common()) or "nothing"
