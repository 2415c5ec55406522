"""VerifyQuestion: whether a question stands by itself, judged by somebody who cannot see the document.

Input:    PCollection[VerifiedQA], whose answers are proven
Passed:   PCollection[VerifiedQA], with further verdicts
Rejected: Rejection, reason in {"leaks", "not_self_contained", "ambiguous", "unsafe"}
Source:   Webscale-RL, arXiv:2510.06499, quality check: leakage prevention, a stage of its own after
          answer correctness.

Who has read the document knows what a vague question means, and so does not see that it is vague. Here
the verifier knows what the trained model will know, and the answer, to look for it in the question. The
call is cheap as well: some 300 tokens, nearly all of them the same for every pair.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel

from prompts.load import PromptSet
from transforms.flow.outcome import Outcome
from transforms.inference.call import Opinion
from transforms.inference.call_several import AskSeveral
from transforms.inference.config import ModelConfig
from transforms.records import Rejection, VerifiedQA, reject
from transforms.verifier_votes import decide, stamps_of_votes, verdicts_of, vote


class VerifyQuestionReply(BaseModel):
    """Whether the question is a fair one."""

    leaks: bool
    self_contained: bool
    unambiguous: bool
    safe: bool


def verify_question_variables(qa: VerifiedQA) -> dict[str, str]:
    """Question and answer, and no quote: it would be a piece of the document."""
    return {"question": qa.pair.question, "answer": qa.pair.answer}


def apply_opinions(
    qa: VerifiedQA, opinions: Sequence[Opinion], asked: int = 1, agreement: str = "majority"
) -> Iterator[VerifiedQA | Rejection]:
    """What the verifiers' votes come to; nothing if those that did not answer could turn it."""
    votes = [vote(*opinion) for opinion in opinions]
    decision = decide(votes, asked, agreement)
    if decision is None:
        return
    judged = qa.judged(verdicts_of(votes, asked, not decision.reason), stamps_of_votes(votes))
    yield reject("verify_question", decision.reason, judged, decision.detail) if decision.reason else judged


@dataclass
class VerifyQuestion(beam.PTransform):
    """Keeps the pairs whose question stands by itself; `others` and `agreement` as in `VerifyQA`."""

    model: ModelConfig
    prompts: PromptSet
    others: tuple[ModelConfig, ...] = ()
    agreement: str = "majority"

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        apply = partial(apply_opinions, asked=1 + len(self.others), agreement=self.agreement)
        return pairs | "CallModel" >> AskSeveral(
            *("verify_question", verify_question_variables, VerifyQuestionReply, apply, VerifiedQA),
            *(self.model, self.prompts),
            others=self.others,
        )
