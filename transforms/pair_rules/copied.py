"""Rules on what a model repeated of its prompt instead of reading the document.

A small model takes the nearest concrete words for the task: a persona that an instruction gives as an example, an exemplar's
question, the words that say what an answer is. Two things make a copy: nearly all its words stand in runs in what was shown,
and the document knows too few of those. A question in an exemplar's form has a subject of its own, which was not shown; one
that the document is really about has its words.

Words are compared by their loose stems, without those of grammar; in a script without spaces, pairs of characters.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from prompts.exemplar_bank import Exemplar, sample_exemplars
from prompts.load import PromptSet
from transforms.answers.canonical import canonical
from transforms.english.function_words import AUXILIARIES, GRAMMAR
from transforms.english.stems import stem_loosely
from transforms.grounding.find import find_in_text
from transforms.records import Fault, PersonaTask, QAPair
from transforms.text import SPACELESS, normalise

# Share of a text's words that stand in runs in what was shown; share that does and that the document has not. Measured on 346
# documents: of an exemplar's questions asked of others of its domain 96% are found; of 3,203 questions of people none is one.
MOSTLY_SHOWN, NOT_IN_DOCUMENT = 0.75, 0.4
# The same where the document says the exemplar's own answer: then it may well be about that, in other words.
NOWHERE_IN_DOCUMENT = 0.7
# A question of fewer words says too little to know where it comes from, unless it is an exemplar's to the last word.
LEAST_WORDS = 4
# "3" may be the answer to anything.
LEAST_ANSWER_CHARS = 3

_FILLER = GRAMMAR.union(AUXILIARIES, "and or as not".split())
_WORD = re.compile(rf"[{SPACELESS}]+|[^\W{SPACELESS}]+")
_SPACELESS_WORD = re.compile(f"[{SPACELESS}]")
# Where a paragraph or an item of a list ends: the words on either side are no neighbours. Lines are wrapped anywhere.
_BREAK = re.compile(r"\n(?=[^\S\n]*(?:\n|[-*<] ?))")
_QUOTED = re.compile(r'(?<!\w)"(?=\w)([^"]{1,100})(?<=\w)"(?!\w)')


@dataclass(frozen=True)
class Told:
    """What the model is shown beside the document: the instructions, and of the exemplars of a domain, by its name, so many."""

    instructions: str = ""
    exemplars: Mapping[str, Sequence[Exemplar]] = field(default_factory=dict)
    per_prompt: int = 3

    def exemplars_for(self, task: PersonaTask) -> Sequence[Exemplar]:
        """Those that `synthesize` shows for a task."""
        return sample_exemplars(self.exemplars.get(task.domain, ()), task.document.id, self.per_prompt)


def instructions_of(prompts: PromptSet) -> str:
    """What the prompts of a run say, in front of the document and behind it."""
    return "\n\n".join([prompts.system, *(prompt.task for prompt in prompts.prompts if not prompt.closed_book)])


def content_words(text: str) -> list[str]:
    """The stems of a text's words without those of grammar, in order; of a script without spaces, pairs of neighbours."""
    found: list[str] = []
    for word in _WORD.findall(normalise(text)):
        if _SPACELESS_WORD.match(word):
            found += (word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif word not in _FILLER:
            found.append(stem_loosely(word))
    return found


def copied_persona(name: str, instructions: str, document: str) -> str | None:
    """A persona that was taken from the instructions, else None; of two words, from what they give in quotes."""
    own = content_words(name)
    if len(own) < 2:
        return None
    # "Software engineer" may stand in the description of a domain, and is a reader of many documents.
    shown = _runs(instructions) if len(own) > 2 else _quoted_runs(instructions)
    return name if _is_copy(own, shown, document) else None


def copied_from_exemplar(pair: QAPair, exemplars: Iterable[Exemplar]) -> Fault | None:
    """An exemplar's question asked again, or its answer given, of which the document knows nothing."""
    document, own = pair.task.document.text, content_words(pair.question)
    answer = _answer(pair.answer, pair.answer_type)
    for exemplar in exemplars:
        same_answer = answer != "" and answer == _answer(exemplar.answer, exemplar.answer_type)
        enough = len(own) >= LEAST_WORDS or own == content_words(exemplar.question)
        missing = NOWHERE_IN_DOCUMENT if same_answer else NOT_IN_DOCUMENT
        if (same_answer and _is_absent(pair)) or (enough and _is_copy(own, _runs(exemplar.question), document, missing)):
            return Fault("copied_from_exemplar", f"exemplar {exemplar.id}: {exemplar.question}")
    return None


def copied_from_prompt(pair: QAPair, instructions: str) -> Fault | None:
    """A question or an answer in the words of the instructions, of which the document knows nothing."""
    shown, document = _runs(instructions), pair.task.document.text
    answer, question = content_words(pair.answer), content_words(pair.question)
    if len(answer) >= 2 and all(_covered(answer, shown)) and _is_absent(pair):
        return Fault("copied_from_prompt", pair.answer)
    if len(question) >= LEAST_WORDS and _is_copy(question, shown, document):
        return Fault("copied_from_prompt", pair.question)
    return None


def _answer(answer: str, answer_type: str) -> str:
    """An answer as answers are compared; "" for one that says too little to know where it comes from."""
    said = "" if answer_type == "yes_no" else canonical(answer, answer_type)
    return said if len(said) >= LEAST_ANSWER_CHARS else ""


def _is_absent(pair: QAPair) -> bool:
    return pair.answer_type != "yes_no" and find_in_text(pair.answer, pair.task.document.text, pair.answer_type) is None


def _is_copy(own: Sequence[str], shown: frozenset[tuple[str, str]], document: str, least: float = NOT_IN_DOCUMENT) -> bool:
    """Whether nearly all words were shown in this order, and more than the `least` share of them are none of the document's."""
    covered = _covered(own, shown)
    if sum(covered) < MOSTLY_SHOWN * len(own):
        return False
    known = _vocabulary(document)
    missing = sum(word not in known for word, is_shown in zip(own, covered, strict=True) if is_shown)
    return missing > least * len(own)


def _covered(own: Sequence[str], shown: frozenset[tuple[str, str]]) -> list[bool]:
    """Of each word, whether it stands beside the same neighbour in what was shown; a word alone has none."""
    if not own:
        return []
    beside = [pair in shown for pair in pairwise(own)]
    return [left or right for left, right in zip([False, *beside], [*beside, False], strict=True)]


@lru_cache(maxsize=512)
def _runs(text: str) -> frozenset[tuple[str, str]]:
    """The neighbours in a text."""
    return frozenset(pair for part in _BREAK.split(text) for pair in pairwise(content_words(part)))


@lru_cache(maxsize=8)
def _quoted_runs(text: str) -> frozenset[tuple[str, str]]:
    """The neighbours in what stands in quotes in a text."""
    return frozenset().union(*map(_runs, _QUOTED.findall(text)))


@lru_cache(maxsize=256)
def _vocabulary(document: str) -> frozenset[str]:
    return frozenset(content_words(document))
