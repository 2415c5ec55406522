"""Verify: a second look at a pair, which must bring the document's own words as proof.

Input:    PCollection[QAPair]; of `VerifyQuestion` PCollection[VerifiedQA], whose answers are proven
Passed:   PCollection[VerifiedQA], with only those aliases that nobody called wrong
Rejected: Rejection, reason in {"incorrect", "leaks", "not_self_contained", "ambiguous", "unsafe",
          "no_quote", "quote_not_in_document", "quote_too_short"}; every verdict stays on the rejected item
Source:   Webscale-RL, arXiv:2510.06499, quality check: answer correctness and leakage prevention.

`VerifyQA` asks for everything in one call. `VerifyAnswer` is the first of two, as in the paper: whether
the document proves the answer and nothing else; `VerifyQuestion` follows it. Each may ask several
verifiers.

Who has read the document knows what a vague question means, and so does not see that it is vague. In
`VerifyQuestion` the verifier knows what the trained model will know, and the answer, to look for it in the
question. The call is cheap as well: some 300 tokens, nearly all of them the same for every pair.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel, Field

from prompts.load import PromptSet
from transforms.clean_draft import MOST_ALIASES, clean_aliases
from transforms.flow.outcome import Outcome
from transforms.grounding.quotes import find_quote, quote_problem
from transforms.inference.call import Opinion
from transforms.inference.call_several import AskSeveral
from transforms.inference.config import ModelConfig
from transforms.records import QAPair, Rejection, Stamp, Verdict, VerifiedQA, reject
from transforms.text import normalise
from transforms.verifier_votes import Vote, decide, vote


class VerifyAnswerReply(BaseModel):
    """Whether the answer is right, with the words of the document that prove it."""

    quote: str
    correct: bool
    wrong_aliases: list[str] = Field(json_schema_extra={"maxItems": MOST_ALIASES})


class VerifyQuestionReply(BaseModel):
    """Whether the question is a fair one."""

    leaks: bool
    self_contained: bool
    unambiguous: bool
    safe: bool


class VerifyReply(VerifyQuestionReply, VerifyAnswerReply):
    """The same, and whether the question is a fair one."""


def verify_variables(pair: QAPair) -> dict[str, str]:
    """The verifier sees question and answer, and not who asked."""
    return {
        "question": pair.question,
        "answer": pair.answer,
        "aliases": json.dumps(pair.aliases, ensure_ascii=False),
    }


def verify_question_variables(qa: VerifiedQA) -> dict[str, str]:
    """Question and answer, and no quote: it would be a piece of the document."""
    return {"question": qa.pair.question, "answer": qa.pair.answer}


def read_reply(pair: QAPair, reply: VerifyAnswerReply, stamp: Stamp, verifier: int = 1) -> tuple[Vote, str]:
    """A verifier's vote, and its quote in the document's spelling where that has it.

    A verifier that cannot point at its proof has none: its vote is against the pair.
    """
    found = find_quote(reply.quote, pair.task.document.text)
    problem = quote_problem(reply.quote, found, pair)
    said = vote(reply, stamp, verifier)
    verdicts = (*said.verdicts, Verdict("quoted", problem is None, stamp))
    return Vote(said.reason or problem or "", verdicts, stamp, verifier), reply.quote.strip() if found is None else found


def without_aliases(pair: QAPair, wrong: Sequence[str]) -> QAPair:
    """The pair without the aliases that a verifier called wrong: a response that gives one would be rewarded."""
    document = pair.task.document.text
    named = {normalise(alias) for alias in (*wrong, *clean_aliases(wrong, pair.answer_type, document))}
    kept = tuple(alias for alias in pair.aliases if normalise(alias) not in named)
    return pair if kept == pair.aliases else replace(pair, aliases=kept)


def apply_opinions(
    pair: QAPair | VerifiedQA,
    opinions: Sequence[Opinion],
    stage: str = "verify",
    asked: int = 1,
    agreement: str = "majority",
    keep_text: bool = True,
) -> Iterator[VerifiedQA | Rejection]:
    """What the verifiers' votes come to; nothing if those that did not answer could turn it.

    A pair whose answer is proven already has opinions on its question alone, and keeps its quote.
    """
    read = [read_reply(pair, *opinion) if isinstance(pair, QAPair) else (vote(*opinion), "") for opinion in opinions]
    decision = decide([said for said, _ in read], asked, agreement)
    if decision is None:
        return
    if isinstance(pair, VerifiedQA):
        judged = pair.judged(decision.verdicts, decision.stamps)
    else:
        # The first quote of a verifier that is for the pair, if there is one.
        quote = min(read, key=lambda said: bool(said[0].reason))[1]
        wrong = [alias for opinion in opinions for alias in opinion.reply.wrong_aliases]
        judged = VerifiedQA(without_aliases(pair, wrong), quote, decision.verdicts, decision.stamps)
    if decision.reason:
        yield reject(stage, decision.reason, judged, decision.detail)
    else:
        yield judged if keep_text else judged.without_text()


@dataclass
class VerifyQA(beam.PTransform):
    """Keeps the pairs that the verifiers can prove from the document.

    `others` are the verifiers besides `model`, `agreement` how many of all must let a pair pass:
    "majority" or "all". Without `keep_text` the document's text leaves the pairs that pass, because
    no later stage reads it.
    """

    model: ModelConfig
    prompts: PromptSet
    others: tuple[ModelConfig, ...] = ()
    agreement: str = "majority"
    keep_text: bool = True

    stage: ClassVar[str] = "verify"
    reply_type: ClassVar[type[BaseModel]] = VerifyReply
    variables: ClassVar[Callable[[Any], dict[str, str]]] = staticmethod(verify_variables)

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        asked = 1 + len(self.others)
        apply = partial(apply_opinions, stage=self.stage, asked=asked, agreement=self.agreement, keep_text=self.keep_text)
        return pairs | "CallModel" >> AskSeveral(
            *(self.stage, self.variables, self.reply_type, apply, VerifiedQA, self.model, self.prompts),
            others=self.others,
        )


@dataclass
class VerifyAnswer(VerifyQA):
    """Keeps the pairs whose answer the verifiers can prove from the document; the question is not judged."""

    stage: ClassVar[str] = "verify_answer"
    reply_type: ClassVar[type[BaseModel]] = VerifyAnswerReply


@dataclass
class VerifyQuestion(VerifyQA):
    """Keeps the pairs whose question stands by itself. Expects a PCollection of `VerifiedQA`."""

    stage: ClassVar[str] = "verify_question"
    reply_type: ClassVar[type[BaseModel]] = VerifyQuestionReply
    variables: ClassVar[Callable[[Any], dict[str, str]]] = staticmethod(verify_question_variables)
