"""RoundTrip: the question is answered anew from the document, and the answers must agree.

Input:    PCollection[VerifiedQA]
Passed:   PCollection[VerifiedQA], with a verdict that keeps the new answer
Rejected: Rejection, reason "round_trip_disagrees" (the detail has both answers) or
          "round_trip_unanswered": the document does not answer the question, or in more than one way
Source:   round-trip consistency, Alberti et al., arXiv:1906.05416

A verifier that is shown an answer tends to find reasons for it. Here the model is not shown it, so that
it errs in its own way: an answer that both reach is seldom wrong, and a question with two answers shows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel

from prompts.load import PromptSet
from transforms.answers.agreement import answers_match
from transforms.flow.outcome import Outcome
from transforms.inference.call import CallModel
from transforms.inference.config import ModelConfig
from transforms.records import Rejection, Stamp, Verdict, VerifiedQA, reject

# A longer answer is a text: what is kept of it is for a reader.
SHOWN_CHARACTERS = 200


class RoundTripReply(BaseModel):
    """The answer that the document gives; empty if it gives none."""

    answer: str


def round_trip_variables(qa: VerifiedQA) -> dict[str, str]:
    """The question and the type of its answer: never the answer, an alias or the quote."""
    return {"question": qa.pair.question, "answer_type": qa.pair.answer_type}


def apply_round_trip(
    qa: VerifiedQA, reply: RoundTripReply, stamp: Stamp, keep_text: bool = True
) -> Iterator[VerifiedQA | Rejection]:
    """Pass the pair if both answers say the same, in whatever spelling its type and aliases allow."""
    pair, answer = qa.pair, " ".join(reply.answer.split())
    agrees = any(answers_match(said, pair.answer, pair.answer_type, pair.aliases) for said in _said(answer))
    shown = answer if len(answer) <= SHOWN_CHARACTERS else f"{answer[:SHOWN_CHARACTERS]}..."
    judged = qa.judged([Verdict("round_trip", agrees, stamp, shown)], [stamp])
    if agrees:
        yield judged if keep_text else judged.without_text()
    elif answer:
        yield reject("round_trip", "round_trip_disagrees", judged, f"stored {pair.answer!r}, found {shown!r}")
    else:
        yield reject("round_trip", "round_trip_unanswered", judged, f"stored {pair.answer!r}, found none")


def _said(answer: str) -> tuple[str, ...]:
    """An answer, and of one with another name or unit in brackets behind it both: "rookworst (smoked sausage)"."""
    marked = re.fullmatch(r"([^()]*\w) \(([^()]{2,60})\)", answer)
    return (answer, *marked.groups()) if marked else (answer,)


@dataclass
class RoundTripQA(beam.PTransform):
    """Keeps the pairs whose answer a model reaches again from the document; `keep_text` as in `VerifyQA`."""

    model: ModelConfig
    prompts: PromptSet
    keep_text: bool = True

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        apply = partial(apply_round_trip, keep_text=self.keep_text)
        return pairs | "CallModel" >> CallModel(
            *("round_trip", round_trip_variables, RoundTripReply, apply, VerifiedQA, self.model, self.prompts)
        )
