"""AskBack: a reader who has the question alone says what it would have to ask before it could answer.

Input:    PCollection[VerifiedQA]
Passed:   PCollection[VerifiedQA], with a verdict that keeps what was asked back, if anything
Rejected: Rejection, reason in {"ask_back_which", "ask_back_when", "ask_back_where"}: which one is meant, at what time, in
          what place (the detail has what was asked)
Source:   questions in context, CANARD (Elgohary et al., D19-1605); time and place, SituatedQA (arXiv:2109.06157)

Rules find what is missing by words that they know. Asked whether a question stands alone, a model tends to say yes; asked what it
would have to know, it says what is missing, and who reads the rejection sees whether that is so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel

from prompts.load import PromptSet
from transforms.flow.outcome import Outcome
from transforms.inference.call import CallModel
from transforms.inference.config import ModelConfig
from transforms.records import Rejection, Stamp, Verdict, VerifiedQA, reject

SHOWN_CHARACTERS = 200


class AskBackReply(BaseModel):
    """What the reader would ask, empty if nothing; and what that is about."""

    ask_back: str
    missing: Literal["nothing", "which", "when", "where"]


def ask_back_variables(qa: VerifiedQA) -> dict[str, str]:
    """The question, and neither its answer nor the quote: both tell what is meant."""
    return {"question": qa.pair.question}


def apply_ask_back(qa: VerifiedQA, reply: AskBackReply, stamp: Stamp) -> Iterator[VerifiedQA | Rejection]:
    """Pass the pair if nothing is missing; what is missing without a question to ask is nothing."""
    asked = " ".join(reply.ask_back.split())
    shown = asked if len(asked) <= SHOWN_CHARACTERS else f"{asked[:SHOWN_CHARACTERS]}..."
    clear = reply.missing == "nothing" or not asked
    judged = qa.judged([Verdict("ask_back", clear, stamp, shown)], [stamp])
    yield judged if clear else reject("ask_back", f"ask_back_{reply.missing}", judged, shown)


@dataclass
class AskBackQA(beam.PTransform):
    """Keeps the pairs of whose question a model that sees nothing else has nothing to ask back."""

    model: ModelConfig
    prompts: PromptSet

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        return pairs | "CallModel" >> CallModel(
            *("ask_back", ask_back_variables, AskBackReply, apply_ask_back, VerifiedQA, self.model, self.prompts)
        )
