"""Classify: name the document's domain and up to three personas who would want to ask about it.

Input:    PCollection[Document]
Passed:   PCollection[PersonaTask], one for each persona, or as many as each is to have questions
Rejected: Rejection, reason "no_persona": the model named nobody usable; "persona_copied": only whom its prompt names, for
          an example, and this document is not for
Source:   Webscale-RL, arXiv:2510.06499, domain classification and persona assignment.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel, Field

from prompts.load import PromptSet
from transforms.english.function_words import ARTICLES, SHORT_PREPOSITIONS
from transforms.flow.outcome import Outcome, count
from transforms.inference.call import CallModel
from transforms.inference.config import ModelConfig
from transforms.pair_rules.copied import copied_persona, instructions_of
from transforms.records import Document, Persona, PersonaTask, Rejection, Stamp, reject
from transforms.text import normalise, words

MAX_PERSONAS = 3
# A persona is a label of a few words; a longer one is an essay and would be paid for three times over.
MAX_PERSONA_CHARACTERS = 120
# Two personas whose words overlap this much (Jaccard) would ask the same question.
SAME_PERSONA = 0.75

_LIST_MARK = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)](?!\d))\s*")
_FILLER = ARTICLES.union(SHORT_PREPOSITIONS, "and or who is as".split())


class PersonaReply(BaseModel):
    """A reader, and what in the document that reader would want to know."""

    name: str = Field(json_schema_extra={"minLength": 1})  # one without a name is left out; the others stay
    interest: str


class ClassifyReply(BaseModel):
    """What the document is about, its domain, and who would ask about it. The subject is said first, to choose the domain by."""

    subject: str = ""
    domain: str
    personas: list[PersonaReply] = Field(min_length=1, max_length=MAX_PERSONAS)


def clean_personas(personas: Iterable[PersonaReply], most: int) -> list[Persona]:
    """Tidy the names and drop those that say the same as an earlier one."""
    kept: list[Persona] = []
    seen: list[frozenset[str]] = []
    for persona in personas:
        name = _LIST_MARK.sub("", " ".join(persona.name.split()).strip("*`"))
        name = name.strip(" .,;:\"'*`\u201c\u201d")[:MAX_PERSONA_CHARACTERS].strip()
        content = frozenset(words(normalise(name))) - _FILLER
        if not content or any(len(content & other) >= SAME_PERSONA * len(content | other) for other in seen):
            continue
        seen.append(content)
        kept.append(Persona(name, " ".join(persona.interest.split())))
    return kept[:most]


def apply_classify(
    document: Document,
    reply: ClassifyReply,
    stamp: Stamp,
    max_personas: int = MAX_PERSONAS,
    instructions: str = "",
    questions: int = 1,
) -> Iterator[PersonaTask | Rejection]:
    """A task for each of the `questions` of each persona that is left after cleaning and was not taken from the instructions."""
    personas = clean_personas(reply.personas, len(reply.personas))
    own = [persona for persona in personas if not copied_persona(persona.name, instructions, document.text)]
    if copied := [persona.name for persona in personas if persona not in own]:
        count("classify", "fault/persona_copied", len(copied))
    if not own:
        yield reject("classify", "persona_copied" if copied else "no_persona", document, "; ".join(copied))
    for persona in own[:max_personas]:
        for number in range(1, questions + 1):
            yield PersonaTask(document, reply.domain, persona, (stamp,), number)


@dataclass
class ClassifyDocuments(beam.PTransform):
    """Makes a task of each (document, persona), or as many as each persona is to have questions."""

    model: ModelConfig
    prompts: PromptSet
    max_personas: int = MAX_PERSONAS
    questions: int = 1

    @no_annotations
    def expand(self, documents: beam.PCollection) -> Outcome:
        return documents | "CallModel" >> CallModel(
            "classify",
            lambda _: {},
            ClassifyReply,
            partial(
                apply_classify,
                max_personas=self.max_personas,
                instructions=instructions_of(self.prompts),
                questions=self.questions,
            ),
            PersonaTask,
            self.model,
            self.prompts,
            choices={"domain": [domain.name for domain in self.prompts.domains]},
        )
