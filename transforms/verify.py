"""Verify: a second look at a pair, which must bring the document's own words as proof.

Input:    PCollection[QAPair]
Passed:   PCollection[VerifiedQA]
Rejected: Rejection, reason in {"incorrect", "leaks", "not_self_contained", "unsafe", "no_quote",
          "quote_not_in_document"}; every verdict stays on the rejected item
Source:   Webscale-RL, arXiv:2510.06499, quality check: answer correctness and leakage prevention.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel

from prompts import PromptSet
from transforms.inference.call import CallModel
from transforms.inference.endpoint import ModelConfig
from transforms.outcome import Outcome
from transforms.records import QAPair, Rejection, Stamp, Verdict, VerifiedQA, reject
from transforms.text import normalise


class VerifyReply(BaseModel):
    """The verifier's judgement, with the words of the document that it rests on."""

    quote: str
    correct: bool
    leaks: bool
    self_contained: bool
    safe: bool


# Verdict that must hold, and the reason for rejection where it does not; the first one counts.
VERDICTS = (
    ("correct", "incorrect"),
    ("no_leak", "leaks"),
    ("self_contained", "not_self_contained"),
    ("safe", "unsafe"),
)


def verify_variables(pair: QAPair) -> dict[str, str]:
    """The verifier sees question and answer, and not who asked."""
    return {"question": pair.question, "answer": pair.answer}


@lru_cache(maxsize=64)
def _normalised(text: str) -> str:
    # The pairs of one document come close together.
    return normalise(text)


def quote_problem(quote: str, text: str) -> str | None:
    """Reason to distrust a quote, or None: a verifier that cannot point at its proof has none."""
    wanted = normalise(quote).strip(" \"'.,;:")
    if not wanted:
        return "no_quote"
    return None if wanted in _normalised(text) else "quote_not_in_document"


def apply_verify(pair: QAPair, reply: VerifyReply, stamp: Stamp) -> Iterator[VerifiedQA | Rejection]:
    """Pass the pair with quote and verdicts, or reject it for the first verdict that fails."""
    held = {"correct": reply.correct, "no_leak": not reply.leaks, "self_contained": reply.self_contained, "safe": reply.safe}
    problem = next((reason for check, reason in VERDICTS if not held[check]), None)
    problem = problem or quote_problem(reply.quote, pair.task.document.text)
    verdicts = tuple(Verdict(check, held[check], stamp) for check, _ in VERDICTS)
    judged = VerifiedQA(pair, reply.quote.strip(), verdicts, (stamp,))
    yield reject("verify", problem, judged) if problem else judged


@dataclass
class VerifyQA(beam.PTransform):
    """Keeps the pairs that the verifier can prove from the document."""

    model: ModelConfig
    prompts: PromptSet

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        return pairs | "CallModel" >> CallModel(
            "verify", verify_variables, VerifyReply, apply_verify, VerifiedQA, self.model, self.prompts
        )
