"""Stages of one's own between the shipped ones, as `--stage` names them.

    webscale-qa run --demo --input beam_pipeline/sample/documents.jsonl --output out \
        --stage 'beam_pipeline.sample.stage_between:keep_figures after check' \
        --stage 'beam_pipeline.sample.stage_between:FirstParagraphs after screen' \
        --stage 'beam_pipeline.sample.stage_between:OneADocument after deduplicate'
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from transforms import Outcome
from transforms.flow.outcome import apply_rules, as_outcome
from transforms.records import Document, QAPair, Rejection, VerifiedQA, reject


def keep_figures(pair: QAPair) -> QAPair | str:
    """Keep the pairs whose answer is a figure: the record passes, or a word says why not."""
    return pair if pair.answer_type in ("number", "percentage", "money", "date") else "no_figure"


class FirstParagraphs:
    """Leave of a document its beginning. What takes long to load would be loaded in `__init__`, once in each process."""

    def __init__(self) -> None:
        self.most = 40

    def __call__(self, document: Document) -> Document:
        """The same document with a shorter text; its id stays."""
        return replace(document, text="\n\n".join(document.text.split("\n\n")[: self.most]))


class OneADocument(beam.PTransform):
    """Keep one pair of each document: what takes more than one record to say needs the whole PCollection."""

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        grouped = pairs | beam.GroupBy(lambda qa: qa.pair.task.document.id)
        return as_outcome(grouped | "Choose" >> apply_rules("one_a_document", self.choose, VerifiedQA))

    @staticmethod
    def choose(group: tuple[str, Iterable[VerifiedQA]]) -> Iterator[VerifiedQA | Rejection]:
        """The pair with the shortest answer; the others are rejected."""
        first, *others = sorted(group[1], key=lambda qa: (len(qa.pair.answer), qa.id))
        yield first
        yield from (reject("one_a_document", "another_is_kept", qa) for qa in others)
