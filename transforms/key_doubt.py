"""KeyDoubt: how likely each stored answer (the key) is right, by what all rows were answered; doubtful ones are left out.

Input:    PCollection[VerifiedQA], and the rejections of earlier stages, to learn from
Passed:   PCollection[VerifiedQA], with a verdict that has the probability and who said what
Rejected: Rejection, reason "key_doubtful": the probability is below the bound

No model is asked: the answers of the round trip, the samples of the pass rate and the votes of verifiers were paid for
already. The estimate needs the whole run, so this stage waits for all pairs, and a stream has none. A pair of which nobody said
anything is not doubted.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from transforms.doubt.estimate import estimate
from transforms.doubt.explanations import Pattern
from transforms.doubt.said import Said, said_of
from transforms.flow.outcome import Outcome, apply_rules, as_outcome
from transforms.records import Rejection, Verdict, VerifiedQA, item_row, reject

STAGE, REASON = "key_doubt", "key_doubtful"


def judge_key(qa: VerifiedQA, right: Mapping[str, float], least: float) -> Iterator[VerifiedQA | Rejection]:
    """Pass a pair whose key is right with at least this probability. `right` has it by pattern, as JSON text."""
    said = said_of(item_row(qa))
    confidence = right.get(_key(said.pattern))
    if confidence is None:
        yield qa
        return
    detail = f"{confidence:.3f}: {said.why}"
    judged = qa.judged([Verdict(STAGE, confidence >= least, None, detail)], ())
    yield judged if confidence >= least else reject(STAGE, REASON, judged, detail)


def said_of_rejection(rejection: Rejection) -> Said:
    """What was said of a pair that an earlier stage rejected; an empty pattern of anything else."""
    return said_of(json.loads(rejection.item))


def _key(pattern: Pattern) -> str:
    return json.dumps(pattern, ensure_ascii=False)


def _key_of_pair(qa: VerifiedQA) -> str:
    return _key(said_of(item_row(qa)).pattern)


def _key_of_rejection(rejection: Rejection) -> str:
    return _key(said_of_rejection(rejection).pattern)


def _learn(counts: Mapping[str, int]) -> dict[str, float]:
    patterns = {key: tuple((name, label) for name, label in json.loads(key)) for key in counts}
    learnt = estimate({pattern: counts[key] for key, pattern in patterns.items()}).right
    return {key: learnt[pattern] for key, pattern in patterns.items() if pattern in learnt}


@dataclass
class DoubtKeys(beam.PTransform):
    """Keeps the pairs whose key is right with a probability of at least `least`.

    `others` are PCollections of what earlier stages rejected: without them one would learn from those alone that agree.
    """

    least: float
    others: Sequence[beam.PCollection] = ()

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        said = [pairs | "SaidOfPairs" >> beam.Map(_key_of_pair).with_output_types(str)]
        for number, rejected in enumerate(self.others):
            said.append(rejected | f"SaidOfRejected{number}" >> beam.Map(_key_of_rejection).with_output_types(str))
        learnt = (
            said
            | "Flatten" >> beam.Flatten()
            | "Count" >> beam.combiners.Count.PerElement()
            | "Gather" >> beam.CombineGlobally(beam.combiners.ToDictCombineFn())
            | "Learn" >> beam.Map(_learn).with_output_types(dict[str, float])
        )
        return as_outcome(
            pairs | "Judge" >> apply_rules(STAGE, judge_key, VerifiedQA, beam.pvalue.AsSingleton(learnt), self.least)
        )
