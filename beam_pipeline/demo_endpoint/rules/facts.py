"""A fact that can be asked for, and what makes a pair worth asking."""

from collections.abc import Iterator
from dataclasses import dataclass

from beam_pipeline.demo_endpoint.rules.verify import REFERS, leaks
from beam_pipeline.demo_endpoint.rules.words import STOP, WORD, stem, stems


@dataclass(frozen=True, slots=True)
class Fact:
    """A question that a sentence of the document answers; `score` ranks how natural it reads."""

    question: str
    answer: str
    answer_type: str
    score: float
    position: int


# What a question form yields: question, answer, answer type.
Asked = Iterator[tuple[str, str, str]]


def worth_asking(question: str, found: str, kind: str) -> bool:
    """Whether a pair is worth asking: answer short and hidden, question of a reasonable length."""
    count = len(found.split())
    limit = 16 if kind == "list" else 7
    if not found or count > limit or not 5 <= len(question.split()) <= 60:
        return False
    if leaks(question, found) or REFERS.search(question):
        return False
    said = stems(question)
    hidden = {stem(word) for word in WORD.findall(found) if len(word) > 3 and word.lower() not in STOP}
    return kind in ("number", "duration", "percentage", "money", "date") or hidden.isdisjoint(said)
