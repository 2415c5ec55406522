"""Repair: a draft that broke a rule is written once more by the model that wrote it, which is told what is wrong.

Input:    PCollection[QAPair] from Check, some with a `fault`
Passed:   PCollection[QAPair]: those without a fault at once, unchanged; the others when they are mended, with the reason in
          `repaired`
Rejected: Rejection, the reason that a second look by the rules of Check finds, or "no_question": the model found nothing
          better to ask
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from prompts.load import PromptSet
from transforms.check import apply_check
from transforms.flow.outcome import Outcome
from transforms.inference.call import CallModel
from transforms.inference.config import ModelConfig
from transforms.inference.scheduling.retries import REASK_TEMPERATURE
from transforms.pair_rules.copied import Told
from transforms.records import QAPair, Rejection, Stamp, reject
from transforms.synthesize import SynthesizeReply, apply_synthesize, persona_variables

# What the writer is told, by the reason; `{seen}` is what the rule saw. To other reasons there is nothing to say: who copied
# or found no answer would do so again.
FAULTS = {
    "answer_too_long": "the answer is too long. It must be a number, a date, a name or a term of a few words.",
    "answer_open_ended": "the answer explains. Ask for something whose answer is a number, a date, a name or a short term.",
    "answer_is_question": "the answer is a question.",
    "answer_type_mismatch": "the answer does not fit its type: {seen}. Change the one or the other.",
    "answer_not_in_document": 'the document does not say "{seen}". Copy the answer from the document, word for word.',
    "answer_incomplete": 'the answer is a part: the document says "{seen}". Give all as a list, or ask for what is but one.',
    "answer_in_question": "the question gives its answer away. Ask so that the answer cannot be read from the question.",
    "question_not_a_question": "the question is no question.",
    "question_multiple": "the question asks for two things. Ask for one of them.",
    "question_refers_to_document": 'the question says "{seen}", and its reader does not see the document. Name what is meant.',
    "question_dangling_pronoun": 'the question says "{seen}", and nothing in it tells what that is. Name it.',
    "question_deictic_date": 'the question says "{seen}", and its reader does not know when that is. Give the date or the year.',
    "question_expires": "the answer will be another one some day ({seen}). Say in the question as of when it is so, or ask for "
    "something that stays as it is.",
    "question_place_unclear": "each country, state or town has another answer ({seen}). Say in the question where it is so, or "
    "ask for something that is the same everywhere.",
    "question_context_missing": 'its reader does not know of which study, event, recipe or program the question asks ("{seen}"). '
    "Name it, or ask for something that is the same everywhere.",
}
MENDABLE = frozenset(FAULTS)


def repair_variables(pair: QAPair) -> dict[str, str]:
    """The draft, for whom it was written, and what is wrong with it in plain words."""
    assert pair.fault is not None
    told = FAULTS[pair.fault.reason].format(seen=pair.fault.detail)
    return {**persona_variables(pair.task), "question": pair.question, "answer": pair.answer, "fault": told}


def apply_repair(pair: QAPair, reply: SynthesizeReply, stamp: Stamp, told: Told | None = None) -> Iterator[QAPair | Rejection]:
    """The draft as it was written anew, if no rule finds fault with it now."""
    assert pair.fault is not None
    for draft in apply_synthesize(pair.task, reply, stamp):
        if isinstance(draft, Rejection):
            yield reject("repair", draft.reason, pair, f"asked again for {pair.fault.reason}")
            continue
        mended = replace(draft, stamps=(*pair.stamps, *draft.stamps), repaired=pair.fault.reason)
        for result in apply_check(mended, told, stage="repair"):
            if isinstance(result, Rejection):
                result = replace(result, detail=f"{result.detail} (asked again for {pair.fault.reason})".strip())
            yield result


@dataclass
class RepairQA(beam.PTransform):
    """Has each draft with a fault written once more, and lets the others pass at once, without a call."""

    model: ModelConfig
    prompts: PromptSet
    told: Told | None = None

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        return pairs | "CallModel" >> CallModel(
            "repair",
            repair_variables,
            SynthesizeReply,
            partial(apply_repair, told=self.told),
            QAPair,
            # As it was sure before, a model would be sure of the same again.
            replace(self.model, temperature=max(self.model.temperature, REASK_TEMPERATURE)),
            self.prompts,
            needs=lambda pair: pair.fault is not None,
        )
