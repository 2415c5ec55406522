"""What became of the same pairs and documents in two runs.

A pair is the same where document, question and answer are; so its verdict in both can be told. A pair of one run that the
other has never written came or went, for the reason that the other gives for its document.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from beam_pipeline.output.read_back import OutputFolder
from transforms.text import stable_hash

ACCEPTED = "accepted"
STAYED, CAME, WENT, CHANGED = "stayed", "came", "went", "changed"
# Pairs of each kind that are shown whole.
MOST_SHOWN = 200

_KINDS = ("qa", "rejected", "dead_letters")


@dataclass
class Verdicts:
    """What one run said, in bounded memory for a pair: no text is held.

    `pairs` has the verdict on each pair by its key, `documents` that on each document: accepted if one of its pairs was,
    else the first that was said of it.
    """

    folder: OutputFolder
    pairs: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str) -> "Verdicts":
        """Read the rows of a run. ReadBackError where that cannot be done."""
        verdicts = cls(OutputFolder(path))
        names: dict[str, str] = {}  # each text of a verdict once
        for row, verdict in _rows(verdicts.folder):
            verdict = names.setdefault(verdict, verdict)
            if key := pair_key(row):
                verdicts.pairs.setdefault(key, verdict)  # accepted rows come first: one of two equal drafts
            if document := _text(row.get("document_id")):
                verdicts.documents.setdefault(stable_hash(document), verdict)
        return verdicts


@dataclass(frozen=True, slots=True)
class Shown:
    """A pair as a page shows it; texts of others."""

    kind: str
    document: str
    domain: str
    question: str
    answer: str
    before: str
    after: str


@dataclass(frozen=True)
class Changes:
    """Two runs side by side.

    Attributes:
        kinds: how many pairs stayed, came, went and changed their verdict.
        moves: how many went from which verdict to which, where they differ.
        documents: documents of both, of the first only, of the second only.
        shown: some of the pairs that did not stay, chosen by a hash.
    """

    kinds: Counter[str]
    moves: Counter[tuple[str, str]]
    documents: tuple[int, int, int]
    shown: tuple[Shown, ...]


def pair_key(row: Mapping[str, Any]) -> str:
    """What stands for the pair of a row; "" where the row is of none."""
    question, answer = _pair_of(row)
    document = _text(row.get("document_id"))
    return stable_hash(document, question, answer) if document and question else ""


def changes(first: Verdicts, second: Verdicts) -> Changes:
    """What changed from one run to another. ReadBackError where rows cannot be read again."""
    kinds: Counter[str] = Counter()
    moves: Counter[tuple[str, str]] = Counter()
    chosen: dict[str, list[str]] = defaultdict(list)
    for key in sorted({**first.pairs, **second.pairs}):
        before, after = first.pairs.get(key, ""), second.pairs.get(key, "")
        kind = _kind(before, after)
        if not kind:
            continue
        kinds[kind] += 1
        if kind == CHANGED:
            moves[before, after] += 1
        if kind != STAYED and len(chosen[kind]) < MOST_SHOWN:  # in the order of hashes, so any pair may be among them
            chosen[kind].append(key)
    wanted = {key: kind for kind, keys in chosen.items() for key in keys}
    shown: dict[str, Shown] = {}
    for verdicts in (second, first):
        for row, _ in _rows(verdicts.folder):
            key = pair_key(row)
            if key in wanted and key not in shown:
                shown[key] = _shown(row, wanted[key], first, second, key)
    both = len(first.documents.keys() & second.documents.keys())
    return Changes(
        kinds,
        moves,
        (both, len(first.documents) - both, len(second.documents) - both),
        tuple(shown[key] for kind in (CHANGED, WENT, CAME) for key in chosen[kind] if key in shown),
    )


def _kind(before: str, after: str) -> str:
    """What happened to a pair; "" where neither run accepted it and no two verdicts can be compared."""
    if before and after:
        return STAYED if before == after == ACCEPTED else CHANGED if before != after else ""
    if before == ACCEPTED:
        return WENT
    return CAME if after == ACCEPTED else ""


def _shown(row: Mapping[str, Any], kind: str, first: Verdicts, second: Verdicts, key: str) -> Shown:
    document = _text(row.get("document_id"))
    question, answer = _pair_of(row)
    before = first.pairs.get(key) or _of_document(first, document)
    after = second.pairs.get(key) or _of_document(second, document)
    return Shown(kind, document, _text(row.get("domain")), question, answer, before, after)


def _of_document(verdicts: Verdicts, document: str) -> str:
    """Why a run has no such pair."""
    said = verdicts.documents.get(stable_hash(document), "")
    return "other pairs of the document" if said == ACCEPTED else said or "the document is not there"


def _rows(folder: OutputFolder) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Every row of a run with its verdict, accepted ones first."""
    for kind in _KINDS:
        for row in folder.rows(kind):
            stage = _text(row.get("stage"))
            verdict = {"qa": ACCEPTED, "rejected": f"{stage}/{_text(row.get('reason'))}"}.get(
                kind, f"{stage}: {_text(row.get('error'))}"
            )
            yield row, verdict


def _pair_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Question and answer of a row; "" where it is about no pair."""
    place: Any = row
    for _ in range(4):  # of a dead letter the pair lies some objects deep
        if not isinstance(place, Mapping):
            break
        if isinstance(place.get("question"), str):
            return place["question"], _text(place.get("answer"))
        place = place.get("item") or place.get("pair")
    return "", ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
