"""OptionsOnly and FillInRead: a solver that may not see the text, and one that sees it, choose among the options.

OptionsOnly
Input:    PCollection[QAPair], questions of `write`
Passed:   PCollection[VerifiedQA], the masked text as the quote, with a verdict
Rejected: Rejection, reason "options_give_it_away": most samples chose the right option without the text

FillInRead
Input:    PCollection[VerifiedQA]
Passed:   PCollection[VerifiedQA], with a verdict and without the document's text
Rejected: Rejection, reason "not_fillable": with the text the solver chose another option

A solver that knows nothing is right once in nine. One call would so reject every ninth good question, the majority of three
one in thirty. Answers are graded by the reward, as a trainer will grade them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel

from prompts.load import PromptSet
from transforms.fill_in.options import options_in
from transforms.flow.outcome import Outcome
from transforms.inference.call import CallModel, Opinion
from transforms.inference.call_several import AskSeveral, spread
from transforms.inference.config import ModelConfig
from transforms.records import QAPair, Rejection, Stamp, Verdict, VerifiedQA, reject
from transforms.reward.score import reward

SHOWN_CHARACTERS = 60


class ChoiceReply(BaseModel):
    """The option that a solver chose, and what led to it."""

    reasoning: str
    answer: str


def options_only_variables(pair: QAPair) -> dict[str, str]:
    """The options, and nothing of the text around the mask."""
    return {"question": options_in(pair.question)}


def fill_in_read_variables(qa: VerifiedQA) -> dict[str, str]:
    """The question as the trained model will see it."""
    return {"question": qa.pair.question}


def chooses_right(pair: QAPair, reply: ChoiceReply) -> bool:
    """Whether a solver's answer would be paid."""
    return reward(reply.answer, pair.answer, pair.answer_type, pair.aliases, pair.question) > 0


def apply_options_only(pair: QAPair, opinions: Sequence[Opinion], asked: int) -> Iterator[VerifiedQA | Rejection]:
    """Reject what most answers got right; nothing if fewer came than half of those asked for."""
    if 2 * len(opinions) < asked:
        return
    right = sum(chooses_right(pair, opinion.reply) for opinion in opinions)
    seen, detail, stamp = 2 * right > len(opinions), f"{right} of {len(opinions)} right without the text", opinions[0].stamp
    start, end = pair.place or (0, 0)
    quoted = VerifiedQA(pair, pair.task.document.text[start:end])
    qa = quoted.judged([Verdict("options_only", not seen, stamp, detail)], [stamp])
    yield reject("options_only", "options_give_it_away", qa, detail) if seen else qa


def apply_fill_in_read(qa: VerifiedQA, reply: ChoiceReply, stamp: Stamp) -> Iterator[VerifiedQA | Rejection]:
    """Pass what a reader of the question gets right."""
    right, said = chooses_right(qa.pair, reply), " ".join(reply.answer.split())[:SHOWN_CHARACTERS]
    judged = qa.judged([Verdict("fill_in_read", right, stamp, said)], [stamp])
    yield judged.without_text() if right else reject("fill_in_read", "not_fillable", judged, said)


@dataclass
class OptionsOnly(beam.PTransform):
    """Asks a solver `samples` times for the right option without the text, and keeps what most samples miss."""

    model: ModelConfig
    prompts: PromptSet
    samples: int = 3

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        first, *others = spread([self.model], self.samples)
        apply: partial[Iterator[VerifiedQA | Rejection]] = partial(apply_options_only, asked=self.samples)
        if not others:
            return pairs | "Sample" >> CallModel(
                *(
                    "options_only",
                    options_only_variables,
                    ChoiceReply,
                    partial(_apply_one, apply),
                    VerifiedQA,
                    first,
                    self.prompts,
                )
            )
        return pairs | "Sample" >> AskSeveral(
            *("options_only", options_only_variables, ChoiceReply, apply, VerifiedQA, first, self.prompts),
            others=tuple(others),
        )


def _apply_one(
    apply: partial[Iterator[VerifiedQA | Rejection]], pair: QAPair, reply: ChoiceReply, stamp: Stamp
) -> Iterator[VerifiedQA | Rejection]:
    return apply(pair, [Opinion(reply, stamp)])


@dataclass
class FillInRead(beam.PTransform):
    """Keeps the questions that a solver who sees the text around the mask gets right."""

    model: ModelConfig
    prompts: PromptSet

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        return pairs | "CallModel" >> CallModel(
            *("fill_in_read", fill_in_read_variables, ChoiceReply, apply_fill_in_read, VerifiedQA, self.model, self.prompts)
        )
