"""Rules on what a model repeated of its prompt instead of reading the document.

A small model takes the nearest concrete words for the task: a persona that an instruction gives as an example, an exemplar's
question, the words that say what an answer is. What the document says as well is no copy, whatever the prompt holds.

Words are compared by their loose stems. Words of grammar do not count, and order does: what is copied is a run of words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from prompts.exemplar_bank import Exemplar
from transforms.answers.canonical import canonical
from transforms.english.function_words import AUXILIARIES, GRAMMAR
from transforms.english.stems import stem_loosely
from transforms.grounding.find import find_in_text
from transforms.pair_rules.answer_rules import Fault
from transforms.records import QAPair
from transforms.shingles import shingle_words
from transforms.text import normalise

# Share of a text's content words that stand in the prompt in the same order; and of those that the document has as well.
MOSTLY_COPIED, HALF_COPIED, IN_DOCUMENT = 0.75, 0.6, 0.5
_FILLER = GRAMMAR.union(AUXILIARIES, "and or as not".split())


@dataclass(frozen=True)
class Told:
    """What the model is shown beside the document: the instructions, and the exemplars by the name of their domain."""

    instructions: str = ""
    exemplars: Mapping[str, Sequence[Exemplar]] = field(default_factory=dict)


def content_words(text: str) -> list[str]:
    """The stems of a text's words without those of grammar, in order; of a script without spaces, its characters."""
    return [stem_loosely(word) for word in shingle_words(normalise(text)) if word not in _FILLER]


def copied_persona(name: str, instructions: str, document: str) -> str | None:
    """The words of a persona if it was taken from the instructions, else None."""
    own = content_words(name)
    if len(own) < 2 or _share_in_document(own, document) >= IN_DOCUMENT:
        return None
    return name if _share_in_runs(own, _runs(instructions)) >= MOSTLY_COPIED else None


def copied_from_exemplar(pair: QAPair, exemplars: Iterable[Exemplar]) -> Fault | None:
    """An exemplar's question asked again, or its answer given, of which the document knows nothing."""
    document = pair.task.document.text
    own = content_words(pair.question)
    if not own or _share_in_document(own, document) >= 0.8:
        return None
    for exemplar in exemplars:
        same_answer = canonical(pair.answer, pair.answer_type) == canonical(exemplar.answer, exemplar.answer_type)
        same_question = _share_in_runs(own, _runs(exemplar.question)) >= HALF_COPIED
        if same_question or (same_answer and find_in_text(pair.answer, document, pair.answer_type) is None):
            return Fault("copied_from_exemplar", f"exemplar {exemplar.id}: {exemplar.question}")
    return None


def copied_from_prompt(pair: QAPair, instructions: str) -> Fault | None:
    """A question or an answer in the words of the instructions, of which the document knows nothing."""
    told, document = _runs(instructions), pair.task.document.text
    for text, least, share in ((pair.answer, 2, 1.0), (pair.question, 4, HALF_COPIED)):
        own = content_words(text)
        if len(own) >= least and _share_in_runs(own, told) >= share and _share_in_document(own, document) < IN_DOCUMENT:
            return Fault("copied_from_prompt", text)
    return None


def _share_in_runs(own: Sequence[str], runs: frozenset[tuple[str, str]]) -> float:
    """Share of words that stand beside the same neighbour in what was shown."""
    beside = [pair in runs for pair in zip(own, own[1:])]
    covered = [left or right for left, right in zip([False, *beside], [*beside, False])]
    return sum(covered) / len(covered) if covered else 0.0


def _share_in_document(own: Sequence[str], document: str) -> float:
    known = _vocabulary(document)
    return sum(word in known for word in own) / len(own)


@lru_cache(maxsize=512)
def _runs(text: str) -> frozenset[tuple[str, str]]:
    """The neighbours in a text, line by line: the last word of one is no neighbour of the next one's first."""
    return frozenset(pair for line in text.split("\n") for own in [content_words(line)] for pair in zip(own, own[1:]))


@lru_cache(maxsize=64)
def _vocabulary(document: str) -> frozenset[str]:
    return frozenset(content_words(document))
