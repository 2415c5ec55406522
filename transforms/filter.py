"""Filter: keep documents that can ground a question with a short, checkable answer.

Input:    PCollection[Document]
Passed:   PCollection[Document], unchanged but for the stamp of the model that judged it
Rejected: Rejection, reason in {"not_informative", "not_self_contained"}
Source:   Webscale-RL, arXiv:2510.06499, data filtering stage.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
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


def apply_filter(document: Document, reply: FilterReply, stamp: Stamp) -> Iterator[Document | Rejection]:
    """Pass the document, or reject it for the model's reason."""
    if reply.qualified:
        yield replace(document, stamps=(*document.stamps, stamp))
    else:
        reason = "not_informative" if reply.reason == "ok" else reply.reason
        yield reject("filter", reason, document)


@dataclass
class FilterDocuments(beam.PTransform):
    """Keeps the documents that the model calls qualified."""

    model: ModelConfig
    prompts: PromptSet

    @no_annotations
    def expand(self, documents: beam.PCollection) -> Outcome:
        return documents | "CallModel" >> CallModel(
            "filter", lambda _: {}, FilterReply, apply_filter, Document, self.model, self.prompts
        )
