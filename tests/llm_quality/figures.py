"""What came of labelled documents in an output folder, as figures with their intervals.

A figure is a ratio of two sums over documents: drafts whose answer stands in the document to all drafts, accepted pairs to
documents. Documents are what was drawn, and what one yields hangs together, so they are what an interval resamples.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from beam_pipeline.output.read_back import OutputFolder
from prompts.exemplar_bank import load_bank
from prompts.load import load_domains
from tests.intervals import CONFIDENCE, wilson
from tests.llm_quality.documents import Labelled
from transforms.check import find_in_text
from transforms.pair_rules.copied import (
    Told,
    content_words,
    copied_from_exemplar,
    copied_from_prompt,
    copied_persona,
    instructions_of,
)
from transforms.records import Document, Persona, PersonaTask, QAPair
from transforms.text import words

RESAMPLES = 2000
LONG_ANSWER_WORDS = 8
# Where a document goes that a stage let pass: a row of a later stage names it.
AFTER_FILTER = "classify synthesize check repair verify verify_answer verify_question round_trip deduplicate".split()


@dataclass
class Outcome:
    """What came of one document: who filtered it, its domain, its personas and drafts, and the pairs that were accepted."""

    filtered: bool | None = None
    screened: bool = False
    domain: str = ""
    personas: set[str] = field(default_factory=set)
    drafts: list[Mapping[str, Any]] = field(default_factory=list)
    checked: int = 0
    accepted: int = 0


def outcomes(folder: str) -> tuple[dict[str, Outcome], Counter[str]]:
    """What came of each document of a run, and how many rows were rejected for which reason."""
    output, found, reasons = OutputFolder(folder), defaultdict(Outcome), Counter()
    for kind in ("qa", "rejected", "dead_letters"):
        for row in output.rows(kind):
            outcome, stage = found[row["document_id"]], row.get("stage", "")
            if kind == "rejected":
                reasons[f"{stage}/{row['reason']}"] += 1
            if kind == "rejected" and stage in ("read", "screen"):
                outcome.screened = True
            elif kind == "rejected" and stage == "filter":
                outcome.filtered = True
            elif kind == "qa" or stage in AFTER_FILTER:
                outcome.filtered = False
            outcome.domain = row.get("domain") or outcome.domain
            if row.get("persona"):
                outcome.personas.add(row["persona"])
            draft = row if kind == "qa" else row.get("item") or {}
            if draft.get("question") and draft.get("answer") and stage != "synthesize":
                outcome.drafts.append({**draft, "domain": row["domain"], "persona": row["persona"]})
                outcome.checked += kind == "qa" or stage not in ("check", "repair")
            outcome.accepted += kind == "qa"
    return found, reasons


@dataclass(frozen=True)
class Figure:
    """One ratio: its name, and for each document by its id the two counts. `rate` says that it is a share of at most 1."""

    name: str
    counts: Mapping[str, tuple[float, float]]
    rate: bool = True

    @property
    def total(self) -> tuple[float, float]:
        return sum(over for over, _ in self.counts.values()), sum(under for _, under in self.counts.values())

    @property
    def value(self) -> float:
        over, under = self.total
        return over / under if under else math.nan

    def interval(self) -> tuple[float, float]:
        """The 95% interval: of a share after Wilson, which has a width at 0 and 1 too, of another ratio by resampling."""
        over, under = self.total
        if not under:
            return math.nan, math.nan
        if self.rate:
            return wilson(over, under)
        return _resampled([np.array(list(self.counts.values()), dtype=float)], lambda sums: sums[0])


def difference(a: Figure, b: Figure) -> tuple[float, float, float]:
    """How much more `b` is than `a` on the documents of both, and the interval of that."""
    shared = [document for document in a.counts if document in b.counts]
    arms = [np.array([figure.counts[document] for document in shared], dtype=float).reshape(-1, 2) for figure in (a, b)]
    if any(not arm[:, 1].sum() for arm in arms):
        return math.nan, math.nan, math.nan
    low, high = _resampled(arms, lambda ratios: ratios[1] - ratios[0])
    first, second = (arm[:, 0].sum() / arm[:, 1].sum() for arm in arms)
    return second - first, low, high


def _resampled(arms: Sequence[np.ndarray], what: Callable[[list[np.ndarray]], np.ndarray]) -> tuple[float, float]:
    """The interval of something made of the arms' ratios when documents are drawn again, the same ones for each arm."""
    drawn = np.random.default_rng(0).integers(0, len(arms[0]), (RESAMPLES, len(arms[0])))
    sums = [arm[drawn].sum(axis=1) for arm in arms]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = what([each[:, 0] / each[:, 1] for each in sums])
    low, high = np.nanquantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def figures(documents: Iterable[Labelled], found: Mapping[str, Outcome], told: Told) -> list[Figure]:
    """All figures of one run over these documents."""
    documents = list(documents)
    known = {document.id: found.get(document.id, Outcome()) for document in documents}
    pairs = {
        document.id: [_pair(document, known[document.id].domain, draft) for draft in known[document.id].drafts]
        for document in documents
    }

    def over_documents(count: Callable[[Labelled, Outcome], tuple[float, float] | None]) -> dict[str, tuple[float, float]]:
        counted = {document.id: count(document, known[document.id]) for document in documents}
        return {document: counts for document, counts in counted.items() if counts is not None}

    def over_personas(is_so: Callable[[str, Labelled], bool]) -> dict[str, tuple[float, float]]:
        return over_documents(lambda doc, out: (sum(is_so(name, doc) for name in out.personas), len(out.personas)))

    def over_drafts(is_so: Callable[[QAPair], bool]) -> dict[str, tuple[float, float]]:
        return {document: (sum(map(is_so, drafts)), len(drafts)) for document, drafts in pairs.items()}

    return [
        Figure("filter right", over_documents(lambda doc, out: _filtered_right(doc, out))),
        Figure("kept of those to keep", over_documents(lambda doc, out: _passed(doc, out) if doc.keep else None)),
        Figure("passed of those to drop", over_documents(lambda doc, out: None if doc.keep else _passed(doc, out))),
        Figure("domain right", over_documents(lambda doc, out: _domain_right(doc, out))),
        Figure("personas: copied", over_personas(lambda name, doc: bool(copied_persona(name, told.instructions, doc.text)))),
        Figure("personas: no word of the document", over_personas(_is_foreign)),
        Figure("drafts: exemplar copied", over_drafts(lambda pair: bool(_exemplar_copied(pair, told)))),
        Figure("drafts: prompt copied", over_drafts(lambda pair: bool(copied_from_prompt(pair, told.instructions)))),
        Figure("drafts: answer in document", over_drafts(_is_grounded)),
        Figure(f"drafts: answer over {LONG_ANSWER_WORDS} words", over_drafts(lambda p: len(words(p.answer)) > LONG_ANSWER_WORDS)),
        Figure("drafts: passed the rules", over_documents(lambda _, out: (out.checked, len(out.drafts)))),
        Figure(
            "accepted pairs a kept document",
            over_documents(lambda doc, out: (out.accepted, 1.0) if doc.keep else None),
            rate=False,
        ),
    ]


def told_by(prompts: Any) -> Told:
    """What the model is shown of a run's prompts and of the shipped exemplars."""
    return Told(instructions_of(prompts), load_bank(prompts.domains or load_domains()))


def _pair(document: Labelled, domain: str, draft: Mapping[str, Any]) -> QAPair:
    task = PersonaTask(Document(document.id, document.text), draft.get("domain") or domain, Persona(draft["persona"]))
    return QAPair(task, draft["question"], draft["answer"], draft.get("answer_type") or "")


def _filtered_right(document: Labelled, outcome: Outcome) -> tuple[float, float] | None:
    return None if outcome.filtered is None else (float(outcome.filtered != document.keep), 1.0)


def _passed(document: Labelled, outcome: Outcome) -> tuple[float, float] | None:
    """Whether a document came through Screen and Filter; nothing where it ended as a dead letter before."""
    if outcome.filtered is None and not outcome.screened:
        return None
    return float(outcome.filtered is False), 1.0


def _domain_right(document: Labelled, outcome: Outcome) -> tuple[float, float] | None:
    return (float(outcome.domain == document.domain), 1.0) if document.keep and outcome.domain else None


def _is_foreign(name: str, document: Labelled) -> bool:
    return not set(content_words(name)) & set(content_words(document.text))


def _exemplar_copied(pair: QAPair, told: Told) -> object:
    return copied_from_exemplar(pair, told.exemplars_for(pair.task))


def _is_grounded(pair: QAPair) -> bool:
    return pair.answer_type == "yes_no" or find_in_text(pair.answer, pair.task.document.text, pair.answer_type) is not None
