"""Deduplicate: one pair per question in the whole output, however it is worded.

Input:    PCollection[VerifiedQA]
Passed:   PCollection[VerifiedQA], the pair with the smallest (document id, id) of each question; of a stream, the first
Rejected: Rejection, reason in {"duplicate_question", "near_duplicate_question"}; the detail names
          the pair that was preferred

What is grouped by question are a pair's question, answer and name, under one key for equal questions, and
under one for each rare word with each spelling of the answer for near ones: some ten, and with four aliases two dozen.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from transforms.duplicates.same_question import Asking, find_keys, find_repeated
from transforms.flow.first_seen import FirstSeen
from transforms.flow.keep_best import KeepBest
from transforms.flow.outcome import Outcome
from transforms.records import Rejection, VerifiedQA, reject
from transforms.text import normalise, stable_hash

STAGE = "deduplicate"
EXACT, NEAR = REASONS = ("duplicate_question", "near_duplicate_question")
_DETAIL = "asked by {}"
_EQUAL, _ALIKE = b"=", b"~"  # what a bucket's key begins with

# Which pair is kept, smallest first; it is also what tells a pair from all others. Two personas of one
# document may draw the same pair, with the same id: (document id, id, task id, where).
Rank = tuple[str, str, str, str]
Shown = tuple[str, str, str, tuple[str, ...]]  # question, answer, answer type, aliases; "" among equal questions
Print = tuple[Rank, Shown]
Loss = tuple[str, Rank]  # EXACT or NEAR (which sort in this order), and the pair that is preferred

# Marks that end or set off words. Those of mathematics stay: "2 + 2" is not "2 - 2", nor "C" "C++".
_MARKS = re.compile(r"[\"']|(?<![.,:;!?])[.,:;!?]+(?=\s|$)|(?<=\s)[.,:;!?-]+(?=\s)|(?<=[a-z])[.,:;!?]+(?=[a-z])")


def question_key(question: str) -> str:
    """A question without case, punctuation and accidents of spacing: equal for equal questions."""
    plain = normalise(question)
    return " ".join(_MARKS.sub(" ", plain.replace("'", "")).split()) or plain


def rank_of(qa: VerifiedQA) -> Rank:
    """The place of a pair among all that ask the same; unique in a run."""
    task = qa.pair.task
    return task.document.id, qa.id, task.id, task.document.where


def make_prints(qa: VerifiedQA, near: bool = True) -> Iterator[tuple[bytes, Print]]:
    """Where a pair may meet others that ask the same, and what it shows of itself there."""
    rank, pair = rank_of(qa), qa.pair
    yield _EQUAL + _key_of(qa).encode(), (rank, ("", "", "", ()))
    if near:
        shown = (pair.question, pair.answer, pair.answer_type, pair.aliases)
        for key in sorted(find_keys(Asking(*shown))):
            yield _ALIKE + key, (rank, shown)


def find_losses(bucket: tuple[bytes, Iterable[Print]]) -> Iterator[tuple[Rank, Loss]]:
    """Which pairs of a bucket lose to a better one in it; the order they come in does not matter.

    The best of all loses nowhere, so one is always kept. Chains are not followed: with A like B and B like C
    but A unlike C, C loses to B although B itself loses to A.
    """
    key, prints = bucket
    if key.startswith(_EQUAL):  # two passes and no list: a question may be repeated more often than memory allows
        winner = min(rank for rank, _ in prints)
        yield from ((rank, (EXACT, winner)) for rank, _ in prints if rank != winner)
        return
    # Pairs that are equal here meet among equal questions as well, so the first of them stands for all.
    first: dict[Asking, Rank] = {}
    for rank, shown in prints:
        asking = Asking(*shown)
        first[asking] = min(rank, first.get(asking, rank))
    if len(first) > 1:
        ranked = sorted((rank, asking) for asking, rank in first.items())
        for loser, winner_place in find_repeated(asking for _, asking in ranked):
            if ranked[loser][0] != ranked[winner_place][0]:
                yield ranked[loser][0], (NEAR, ranked[winner_place][0])


def best_pairs(near: bool = True) -> KeepBest:
    """One pair of each question; `near` as in `DeduplicateQA`."""
    return KeepBest(
        STAGE,
        (VerifiedQA, Print, Loss),
        ("GroupByQuestion", "FindRepeated", "GroupByPair"),
        fingerprint=partial(_fingerprint, near=near),
        find_losses=find_losses,
        exact=EXACT,
        detail=_DETAIL,
        name=_name_of,
        name_of=_name_of_rank,
    )


def _fingerprint(qa: VerifiedQA, near: bool) -> tuple[Rank, Iterator[tuple[bytes, Print]]]:
    return rank_of(qa), make_prints(qa, near)


def _key_of(qa: VerifiedQA) -> str:
    return stable_hash(question_key(qa.pair.question))


def _name_of(qa: VerifiedQA) -> str:
    return _name_of_rank(rank_of(qa))


def _name_of_rank(rank: Rank) -> str:
    return f"{rank[1]} of document {rank[0]}"


def _reject_again(qa: VerifiedQA, first: str) -> Iterator[Rejection]:
    yield reject(STAGE, EXACT, qa, _DETAIL.format(first))


@dataclass
class DeduplicateQA(beam.PTransform):
    """Keeps one pair of each question. Expects a PCollection of `VerifiedQA`, outputs an `Outcome` of the same.

    Attributes:
        near: whether questions in other words and with the same answer are taken for one.
        ttl_s: 0 compares all pairs of the input, as far as it is one window, before it lets any pass. For a stream, how
            many seconds a question is remembered: pairs pass as they come, the first of each question, and questions in
            other words are not looked for.
    """

    near: bool = True
    ttl_s: float = 0.0

    @no_annotations
    def expand(self, pairs: beam.PCollection[VerifiedQA]) -> Outcome:
        if self.ttl_s:
            return pairs | "FirstOfQuestion" >> FirstSeen(STAGE, _key_of, _name_of, _reject_again, VerifiedQA, self.ttl_s)
        return best_pairs(self.near).among(pairs)
