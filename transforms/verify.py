"""Verify: a second look at a pair, which must bring the document's own words as proof.

Input:    PCollection[QAPair]
Passed:   PCollection[VerifiedQA]
Rejected: Rejection, reason in {"incorrect", "leaks", "not_self_contained", "unsafe", "no_quote",
          "quote_not_in_document", "quote_too_short"}; every verdict stays on the rejected item
Source:   Webscale-RL, arXiv:2510.06499, quality check: answer correctness and leakage prevention.

A quote is looked for word by word, whatever its case, quotes, dashes and white space, and what is kept
is the document's own spelling of it. One that has fewer than three words and does not say the answer
("the") proves nothing: "quote_too_short".
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations
from pydantic import BaseModel

from prompts import PromptSet
from transforms.grounding import find_in_text
from transforms.inference.call import CallModel
from transforms.inference.endpoint import ModelConfig
from transforms.minhash import shingle_words
from transforms.outcome import Outcome
from transforms.records import QAPair, Rejection, Stamp, Verdict, VerifiedQA, reject
from transforms.text import normalise, words


class VerifyReply(BaseModel):
    """The verifier's judgement, with the words of the document that it rests on."""

    quote: str
    correct: bool
    leaks: bool
    self_contained: bool
    safe: bool


# Verdict that must hold, and the reason for rejection where it does not; the first one counts.
VERDICTS = (
    ("correct", "incorrect"),
    ("no_leak", "leaks"),
    ("self_contained", "not_self_contained"),
    ("safe", "unsafe"),
)


def verify_variables(pair: QAPair) -> dict[str, str]:
    """The verifier sees question and answer, and not who asked."""
    return {"question": pair.question, "answer": pair.answer}


# Fewer words may stand anywhere ("it is"); they prove something only if the answer is among them.
MIN_QUOTE_WORDS = 3
_MARKS = " \"'.,;:"
# What becomes a text of the same length when normalised (printable ASCII, single spaces), or else one word.
_PIECE = re.compile(r"(?<!\S)[!-~]+(?: [!-~]+)*(?!\S)|\S+")


@dataclass(frozen=True, slots=True)
class _Normalised:
    """A document normalised piece by piece, with the way back to its own spelling."""

    text: str
    starts: list[int]  # of each piece in `text`
    pieces: list[tuple[int, str]]  # where it begins in the document, and how it is spelled there

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The place in the document of a place in the normalised text."""
        first, last = bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1) - 1
        (before, head), (between, tail) = self.pieces[first], self.pieces[last]
        return before + _begin(head, start - self.starts[first]), between + _end(tail, end - self.starts[last])


@lru_cache(maxsize=64)
def _normalised(text: str) -> _Normalised:
    # The pairs of one document come close together.
    parts: list[str] = []
    starts: list[int] = []
    pieces: list[tuple[int, str]] = []
    offset = 0
    for found in _PIECE.finditer(text):
        part = normalise(found[0])
        if part:  # not so for invisible characters
            parts.append(part)
            starts.append(offset)
            pieces.append((found.start(), found[0]))
            offset += len(part) + 1
    return _Normalised(" ".join(parts), starts, pieces)


def _begin(piece: str, offset: int) -> int:
    """The character of a piece from which the normalised character at `offset` comes."""
    if piece.isascii():
        return offset
    return bisect_right(range(len(piece) + 1), offset, key=lambda size: len(normalise(piece[:size]))) - 1


def _end(piece: str, offset: int) -> int:
    """The same for the end of a span, which is after the last character that belongs to it."""
    if piece.isascii():
        return offset
    sizes = range(len(piece) + 1)
    least = bisect_left(sizes, offset, key=lambda size: len(normalise(piece[:size])))
    most = bisect_right(sizes, offset, key=lambda size: len(normalise(piece[:size]))) - 1
    # An accent written after its letter belongs to it, an invisible character does not.
    return most if most > least and normalise(piece[:most]) != normalise(piece[:least]) else least


def find_quote(quote: str, text: str) -> str | None:
    """The words of a document that a quote repeats, as the document spells them; None if it has no such words."""
    normalised, wanted = _normalised(text), normalise(quote)
    for form in (wanted, wanted.strip(_MARKS)):
        start = _find_words(form, normalised.text)
        if start is not None:
            return text[slice(*normalised.original(start, start + len(form)))]
    return None


def _find_words(wanted: str, text: str) -> int | None:
    """Where whole words stand in a text, both normalised."""
    start = text.find(wanted) if wanted else -1
    while start >= 0:
        if _between_words(text, start) and _between_words(text, start + len(wanted)):
            return start
        start = text.find(wanted, start + 1)
    return None


def _between_words(text: str, offset: int) -> bool:
    # Plain text sets words off with underscores; scripts without spaces have a border at every character.
    around = text[max(0, offset - 1) : offset + 1].replace("_", " ")
    return len(around) < 2 or shingle_words(around) != [around]


def quote_problem(quote: str, found: str | None, pair: QAPair) -> str | None:
    """Reason to distrust a quote, or None: a verifier that cannot point at its proof has none.

    `found` is the quote in the document's own words, as `find_quote` has it.
    """
    if not normalise(quote).strip(_MARKS):
        return "no_quote"
    if found is None:
        return "quote_not_in_document"
    return None if _count_words(found) >= MIN_QUOTE_WORDS or _says_answer(found, pair) else "quote_too_short"


def _count_words(text: str) -> int:
    return sum(1 if word.isascii() else len(shingle_words(word)) for word in words(text))


def _says_answer(quote: str, pair: QAPair) -> bool:
    return any(find_in_text(form, quote, pair.answer_type) for form in (pair.answer, *pair.aliases))


def apply_verify(pair: QAPair, reply: VerifyReply, stamp: Stamp) -> Iterator[VerifiedQA | Rejection]:
    """Pass the pair with quote and verdicts, or reject it for the first verdict that fails."""
    held = {"correct": reply.correct, "no_leak": not reply.leaks, "self_contained": reply.self_contained, "safe": reply.safe}
    problem = next((reason for check, reason in VERDICTS if not held[check]), None)
    quote = find_quote(reply.quote, pair.task.document.text)
    problem = problem or quote_problem(reply.quote, quote, pair)
    verdicts = tuple(Verdict(check, held[check], stamp) for check, _ in VERDICTS)
    judged = VerifiedQA(pair, reply.quote.strip() if quote is None else quote, verdicts, (stamp,))
    yield reject("verify", problem, judged) if problem else judged


@dataclass
class VerifyQA(beam.PTransform):
    """Keeps the pairs that the verifier can prove from the document."""

    model: ModelConfig
    prompts: PromptSet

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        return pairs | "CallModel" >> CallModel(
            "verify", verify_variables, VerifyReply, apply_verify, VerifiedQA, self.model, self.prompts
        )
