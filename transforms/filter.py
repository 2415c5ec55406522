"""Filter: keep documents that can ground a question with a short, checkable answer.

Input:    PCollection[Document]
Passed:   PCollection[Document], unchanged but for the stamp of the model that judged it
Rejected: Rejection, reason in {"not_informative", "not_self_contained"}. Where a stage behind makes questions of texts without
          a short answer (`fill_in`), those that are not informative pass with that mark; a fragment is of no use to it
Source:   Webscale-RL, arXiv:2510.06499, data filtering stage.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel

from prompts.load import PromptSet
from transforms.flow.outcome import Outcome
from transforms.inference.call import CallModel
from transforms.inference.config import ModelConfig
from transforms.records import Document, Rejection, Stamp, reject


class FilterReply(BaseModel):
    """Whether the document qualifies, and if not, why."""

    reason: Literal["ok", "not_informative", "not_self_contained"]
    qualified: bool


def apply_filter(
    document: Document, reply: FilterReply, stamp: Stamp, keep_without_answer: bool = False
) -> Iterator[Document | Rejection]:
    """Pass the document, or reject it for the model's reason."""
    reason = "not_informative" if reply.reason == "ok" else reply.reason
    no_short_answer = not reply.qualified and reason == "not_informative"
    if reply.qualified or (no_short_answer and keep_without_answer):
        yield replace(document, stamps=(*document.stamps, stamp), no_short_answer=no_short_answer)
    else:
        yield reject("filter", reason, document)


@dataclass
class FilterDocuments(beam.PTransform):
    """Keeps the documents that the model calls qualified, and by request, marked, those that have no short answer."""

    model: ModelConfig
    prompts: PromptSet
    keep_without_answer: bool = False

    @no_annotations
    def expand(self, documents: beam.PCollection) -> Outcome:
        apply = partial(apply_filter, keep_without_answer=self.keep_without_answer)
        return documents | "CallModel" >> CallModel(
            "filter", lambda _: {}, FilterReply, apply, Document, self.model, self.prompts
        )
