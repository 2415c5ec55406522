"""PassRate: how often a solver that cannot see the document answers the question right.

Input:    PCollection[VerifiedQA], as they would be written
Passed:   PCollection[VerifiedQA], with the number of samples and of right ones
Rejected: Rejection, reason "too_easy" or "too_hard": the pass rate lies outside the band
Source:   offline difficulty filtering by the pass rate of the model to be trained, as in DAPO
          (arXiv:2503.14476) and Skywork-OR1 (arXiv:2505.22312): a question that is always or never
          answered right gives no gradient

The samples of a pair are graded as the trainer will grade them, by the reward function. One that failed
is no wrong answer: the rate is that of the samples that came, if they are at least half of those asked
for; with fewer the pair is a dead letter, and a replay asks only those that failed.

The stage stands behind de-duplication and decontamination: with k calls a pair it costs more than all others, and a
pair that is dropped as a duplicate or as a benchmark's is not worth them. Without a band it stands behind the mix too;
with one before it, so that caps and shares hold for what is written. No prefix is lost by it, since the document is not
part of the question. Behind a grouping a pair may be in another process than its document was, so earlier replies are
handed over here once more, pair by pair.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel

from prompts.load import PromptSet
from transforms.flow.outcome import Outcome
from transforms.inference.call import Opinion
from transforms.inference.call_several import AskSeveral, spread
from transforms.inference.config import ModelConfig
from transforms.inference.recall import RecallReplies
from transforms.records import Rejection, Verdict, VerifiedQA, reject
from transforms.reward.score import reward

# How many different wrong answers a verdict shows, and how much of each.
SHOWN_ANSWERS, SHOWN_CHARACTERS = 3, 60


class SolverReply(BaseModel):
    """A solver's answer, and how it came to it."""

    reasoning: str
    answer: str


def pass_rate_variables(qa: VerifiedQA) -> dict[str, str]:
    """The question alone, as the trained model will see it."""
    return {"question": qa.pair.question}


@dataclass(frozen=True, slots=True)
class Band:
    """The pass rates to keep, both ends included."""

    low: float = 0.0
    high: float = 1.0

    @property
    def rejects(self) -> bool:
        """Whether any rate lies outside."""
        return self.low > 0 or self.high < 1

    def problem(self, rate: float) -> str:
        """Why a pair with this rate is dropped; "" if it is kept."""
        return "too_hard" if rate < self.low else "too_easy" if rate > self.high else ""


def apply_samples(qa: VerifiedQA, opinions: Sequence[Opinion], asked: int, band: Band) -> Iterator[VerifiedQA | Rejection]:
    """Grade the answers that came; nothing if they are fewer than half of those asked for."""
    if 2 * len(opinions) < asked:
        return
    pair, answers = qa.pair, [" ".join(opinion.reply.answer.split()) for opinion in opinions]
    right = {answer: reward(answer, pair.answer, pair.answer_type, pair.aliases, pair.question) > 0 for answer in answers}
    wrong = Counter(answer[:SHOWN_CHARACTERS] for answer in answers if not right[answer])
    solved = len(answers) - wrong.total()
    problem = band.problem(solved / len(answers))
    said = ", ".join(f"{answer!r} ({number})" for answer, number in wrong.most_common(SHOWN_ANSWERS))
    detail = f"{solved} of {len(answers)} right" + (f"; wrong: {said}" if said else "")
    stamp = opinions[0].stamp
    judged = qa.judged([Verdict("pass_rate", not problem, stamp, detail)], [stamp])
    measured = replace(judged, samples=len(answers), solved=solved)
    yield reject("pass_rate", problem, measured, detail) if problem else measured


# The samples of a pair are routed by the pair: there is no document in them whose prefix could be shared.
_by_pair = attrgetter("id")


@dataclass
class MeasurePassRate(beam.PTransform):
    """Asks a solver `samples` times for each pair, and keeps the pairs whose pass rate is in the band.

    `earlier` is a PCollection[tuple[str, tuple[str, str]]]: pair id -> (key, reply text) of what was
    answered by an earlier run, or None.
    """

    model: ModelConfig
    prompts: PromptSet
    samples: int
    band: Band = Band()
    earlier: Any = None

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        if self.earlier is not None:
            pairs = pairs | "Recall" >> RecallReplies(self.earlier, _by_pair, VerifiedQA)
        first, *others = spread([self.model], self.samples)
        return pairs | "Sample" >> AskSeveral(
            *("pass_rate", pass_rate_variables, SolverReply, partial(apply_samples, asked=self.samples, band=self.band)),
            *(VerifiedQA, first, self.prompts),
            others=tuple(others),
            route=_by_pair,
        )
