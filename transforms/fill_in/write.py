"""FillIn: a question of nine options from a document that has no short answer: which of them stood at the gap?

Input:    PCollection[Document], those that filter would have rejected as "not_informative"
Passed:   PCollection[QAPair] of type option; the right one is the document's own text, and `place` says where it stands
Rejected: Rejection, reason in {"no_gap", "options_too_few", "options_uneven"}: no sentence that can be masked, too few
          distractors that keep the rules, the right option known by its length
Source:   Golden Goose, arXiv:2601.22975
"""

from collections.abc import Iterator
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel, Field

from prompts.load import PromptSet
from transforms.fill_in.gap import find_gap
from transforms.fill_in.options import OPTIONS, distractors, options_fault, question_of
from transforms.flow.heartbeat import WAKE, wakeful, without_wakes
from transforms.flow.outcome import Outcome, apply_rules, as_waking_outcome, in_a_row
from transforms.inference.call import CallModel
from transforms.inference.config import ModelConfig
from transforms.records import Document, Persona, PersonaTask, QAPair, Rejection, Stamp, reject

# Some distractors break a rule, so the writer is asked for more than are needed.
ASKED_FOR = OPTIONS + 1
READER = Persona("attentive reader", "how the text goes on")


class FillInReply(BaseModel):
    """The domain of the text, and what might stand at the gap but does not fit."""

    domain: str
    distractors: list[str] = Field(max_length=4 * OPTIONS, json_schema_extra={"maxItems": ASKED_FOR})


def fill_in_variables(document: Document) -> dict[str, str]:
    """The passage with the mask, and what was masked."""
    gap = find_gap(document.text, document.id)
    return {"passage": gap.passage if gap else "", "span": gap.span if gap else ""}


def keep_with_gap(document: Document) -> Iterator[Document | Rejection]:
    """Pass a document of which a sentence can be masked; nobody is asked about the others."""
    yield document if find_gap(document.text, document.id) else reject("fill_in", "no_gap", document)


def apply_fill_in(document: Document, reply: FillInReply, stamp: Stamp) -> Iterator[QAPair | Rejection]:
    """The question, if its options keep the rules. The task begins here: before there was only a document."""
    gap = find_gap(document.text, document.id)
    assert gap, "a document without a gap was asked about"
    others = distractors(reply.distractors, gap)
    if fault := options_fault(gap.span, others):
        yield reject("fill_in", fault.reason, document, fault.detail)
        return
    question, answer = question_of(gap, others, document.id)
    task = PersonaTask(document, reply.domain, READER)
    yield QAPair(task, question, answer, "option", stamps=(stamp,), place=(gap.start, gap.end))


@dataclass
class ShortAnswer(beam.PTransform):
    """Of what filter passed, the documents that have a short answer, or those that have none."""

    has: bool

    @no_annotations
    def expand(self, documents: beam.PCollection) -> beam.PCollection:
        has = self.has
        kind = beam.Filter(lambda each: each is WAKE or each.no_short_answer != has).with_output_types(Document)
        return without_wakes(wakeful(documents) | "OfKind" >> kind)


@dataclass
class FillInTheMiddle(beam.PTransform):
    """Makes a question of nine options of each document that has a sentence to mask."""

    model: ModelConfig
    prompts: PromptSet

    @no_annotations
    def expand(self, documents: beam.PCollection) -> Outcome:
        kept = as_waking_outcome(wakeful(documents) | "FindGap" >> apply_rules("fill_in", keep_with_gap, Document, last=False))
        written = kept.passed | "CallModel" >> CallModel(
            *("fill_in", fill_in_variables, FillInReply, apply_fill_in, QAPair, self.model, self.prompts),
            choices={"domain": [domain.name for domain in self.prompts.domains]},
        )
        return in_a_row(kept, written)
