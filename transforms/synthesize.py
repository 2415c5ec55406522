"""Synthesize: for each task, one question that stands alone and its short answer.

Input:    PCollection[PersonaTask], and the exemplar banks as a side input
Passed:   PCollection[QAPair]
Rejected: Rejection, reason "no_question": the model found nothing to ask for this persona
Source:   Webscale-RL, arXiv:2510.06499, QA pair generation with domain few-shots and personas.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel, Field

from prompts.exemplar_bank import render_exemplars, sample_exemplars
from prompts.load import PromptSet
from transforms.clean_draft import MOST_ALIASES, clean_aliases, clean_answer, clean_question, fitting_type
from transforms.document_rules.language import detect_language
from transforms.english.abbreviations import spell_out
from transforms.english.sentences import BORDER
from transforms.flow.outcome import Outcome
from transforms.inference.call import CallModel
from transforms.inference.config import ModelConfig
from transforms.languages.names import language_name
from transforms.languages.short_texts import ENGLISH
from transforms.records import AnswerType, PersonaTask, QAPair, Rejection, Stamp, reject


class SynthesizeReply(BaseModel):
    """A question with its answer; both empty when nothing can be asked.

    In the order in which a model should decide: what the document says, what of that is the answer, how to ask for it.
    """

    evidence: str = ""
    answer: str
    answer_type: AnswerType
    question: str
    # Small models go on until they are cut; a reply with more is taken all the same.
    aliases: list[str] = Field(json_schema_extra={"maxItems": MOST_ALIASES})


# A language that is named, or this: the one that the document is in.
DOCUMENT_LANGUAGE = "document"
# The tasks of one document come close together.
_detect = lru_cache(maxsize=64)(detect_language)


def synthesize_variables(
    task: PersonaTask, bank: Mapping[str, Any], exemplars: int, question_language: str = DOCUMENT_LANGUAGE
) -> dict[str, str]:
    """Exemplars come first: the tasks of one document share them, so they are prefilled once.

    They are sampled by the document's id, never by the run, and the same for all of its personas. Nothing is said of the
    language where it goes without saying: English of an English document, and that of a text which does not show its own.
    """
    spoken = _detect(task.document.text)
    asked = spoken if question_language == DOCUMENT_LANGUAGE else question_language
    chosen = sample_exemplars(bank.get(task.domain, ()), task.document.id, exemplars)
    # What is said last; nothing of a first question, whose prompt is the same whatever number a persona has.
    last = "\n".join(filter(None, (_told(asked, spoken), _further(task))))
    shown = {"exemplars": render_exemplars(chosen, asked), "language": last, "domain": task.domain}
    return {**shown, **persona_variables(task)}


def persona_variables(task: PersonaTask) -> dict[str, str]:
    """For whom a question is asked, and why the document matters to that reader."""
    persona = task.persona
    return {"persona": f"{persona.name}: {persona.interest}" if persona.interest else persona.name}


def _told(asked: str, spoken: str) -> str:
    """What the writer is told of the language: "" where it is English both ways."""
    if asked in ("", ENGLISH) and spoken in ("", ENGLISH):
        return ""
    if asked.partition("-")[0] in (spoken, ""):
        return f"Write question and answer in {language_name(asked)}."
    return f"Write the question in {language_name(asked)}, the answer as the document writes it."


# Where in a document, as a share of its length, a persona's second question begins to look for its fact, and those after it: far
# from each other, and from the beginning, where a first question mostly finds its own.
_PLACES = (0.6, 0.3, 0.8, 0.45)
MOST_QUESTIONS = 1 + len(_PLACES)
_WORDS_SHOWN, _CHARACTERS_SHOWN = 8, 80


def _further(task: PersonaTask) -> str:
    """What a persona's second question is told, and those after it: their number, and where to look for another fact.

    Nobody waits for the first: questions are written side by side, and each does without what the others cost. So it is not
    told what they ask, but which part of the document it is about.
    """
    if task.number == 1:
        return ""
    begins = _words_at(task.document.text, _PLACES[(task.number - 2) % len(_PLACES)])
    return (
        f"This is question {task.number} of this persona, about another fact than the one that comes to mind first. Take "
        f"`evidence` from the part of the document that begins with the words: {begins}"
    )


def _words_at(text: str, share: float) -> str:
    """The first words of the sentence or line that begins behind a share of a text."""
    at = int(len(text) * share)
    border = BORDER.search(text, at)
    begin = border.end() if border and border.end() < len(text) else at
    return " ".join(text[begin : begin + _CHARACTERS_SHOWN].split()[:_WORDS_SHOWN])


def apply_synthesize(task: PersonaTask, reply: SynthesizeReply, stamp: Stamp) -> Iterator[QAPair | Rejection]:
    """A draft, without what the model wrote around it, its abbreviations spelt out; nothing is judged here."""
    kind, text = reply.answer_type, task.document.text
    question, answer = spell_out(clean_question(reply.question), text), clean_answer(reply.answer, kind, text)
    kind = fitting_type(kind, answer, text)
    if not question or not answer:
        yield reject("synthesize", "no_question", task)
        return
    yield QAPair(
        task=task,
        question=question,
        answer=answer,
        answer_type=kind,
        aliases=clean_aliases(reply.aliases, kind, text, answer),
        stamps=(stamp,),
    )


@dataclass
class SynthesizeQA(beam.PTransform):
    """Drafts one question for each task.

    `bank` is the exemplars by domain name, or a PCollection[tuple[str, list[Exemplar]]] of them, from
    `ReadExemplars`. Flink fuses no stage that has a side input with those before it, and then asks the
    first stages of all documents before the others of any; so a bank that is known goes with the stage.
    """

    model: ModelConfig
    prompts: PromptSet
    bank: Any
    exemplars: int = 3
    question_language: str = DOCUMENT_LANGUAGE

    @no_annotations
    def expand(self, tasks: beam.PCollection) -> Outcome:
        variables: Any = partial(synthesize_variables, exemplars=self.exemplars, question_language=self.question_language)
        side = None
        if isinstance(self.bank, Mapping):
            variables = partial(variables, bank=self.bank)
        else:
            side = beam.pvalue.AsDict(self.bank)
        return tasks | "CallModel" >> CallModel(
            "synthesize",
            variables,
            SynthesizeReply,
            apply_synthesize,
            QAPair,
            self.model,
            self.prompts,
            side=side,
        )
