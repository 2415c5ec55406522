"""Labelled documents to measure prompts on: what the filter should do with each, and its domain."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.places import DATA, SAMPLE, SHARED
from tests.quality.cases import read_rows
from transforms.text import estimate_tokens

LABELS = DATA / "sample_labels.jsonl"
# One document in so many is to be dropped; the others are spread over the domains.
DROPPED_SHARE = 0.25


@dataclass(frozen=True)
class Labelled:
    """A document with what a reader says of it: `keep` it for questions or not, and its domain."""

    id: str
    text: str
    keep: bool
    domain: str


def labelled_documents(path: Path | None = None) -> list[Labelled]:
    """The documents of a file with `expect` and `domain_label`; without one those beside this checkout, else the sample.

    A document whose label says "unsure" is left out, and so is one that is to be dropped only as a copy of another.
    """
    rows = read_rows(path or SHARED / "documents.jsonl")
    if not rows and path is None:
        labels = {row["id"]: row for row in read_rows(LABELS)}
        rows = [{**row, **labels[row["id"]]} for row in read_rows(SAMPLE) if row["id"] in labels]
    if not rows:
        raise ValueError(f"{path}: no rows; each needs id, text, expect (keep or drop) and domain_label")
    return [
        Labelled(row["id"], row["text"], row["expect"] == "keep", row["domain_label"])
        for row in rows
        if row["expect"] in ("keep", "drop") and "dup" not in row.get("kind", "")
    ]


def choose(documents: Iterable[Labelled], count: int, longest: int, seed: str = "") -> list[Labelled]:
    """So many documents of at most `longest` tokens, of all domains alike; the same for the same seed.

    One more document changes few choices: each is drawn by its own id.
    """
    groups: dict[tuple[bool, str], list[Labelled]] = defaultdict(list)
    short = (document for document in documents if estimate_tokens(document.text) <= longest)
    for document in sorted(short, key=lambda document: hashlib.sha256(f"{seed}\0{document.id}".encode()).digest()):
        groups[document.keep, document.domain if document.keep else ""].append(document)
    dropped = groups.pop((False, ""), [])[: round(count * DROPPED_SHARE)]
    kept = list(_in_turns(list(groups.values())))[: count - len(dropped)]
    return kept + dropped


def _in_turns(groups: list[list[Labelled]]) -> Iterator[Labelled]:
    """The first of each group, then the second of each."""
    for number in range(max(map(len, groups), default=0)):
        yield from (group[number] for group in groups if number < len(group))
