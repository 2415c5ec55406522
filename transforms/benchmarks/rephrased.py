"""Rephrased: whether a question is a benchmark's in other words, told by rules from the signatures of the two.

The numbers say most. A problem whose numbers come back, counting the same things in the same order, is the same problem
even where half of its words are others; and one with other numbers is another problem, however alike it sounds. Shares
are weighted by how rare a feature is among the items:

- **In other words**: the share of the numbers that agree, how alike the content words are (a cosine), and how alike what
  the numbers count and their order are, add up to enough.
- **In another language**: the numbers come back, most of them in order, and names with them.
- **Without numbers**: most content words of a long question come back, and nothing tells the two apart: no name that each
  has and the other lacks, no opposite words ("highest", "lowest"), no other sort of thing asked for. A short one is told
  from its look-alikes by a single word, so it counts only where the pair's answer is the item's only one.

Besides, what is shared must be too much to be chance, the more items there are. How much each rule asks for was tuned on
questions of GSM8K that a model rephrased or people translated, and on their neighbours (tests/quality/rephrased.py).

Packed items, of which there is no text, are found in the same words too: 13 in a row, or a whole question.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from transforms.benchmarks.plain_words import plain_words
from transforms.benchmarks.signature import (
    KIND_BITS,
    MOST_CHARACTERS,
    RUN,
    Kind,
    kinds_of,
    sign_answers,
    sign_question,
    sign_runs,
    spell,
)
from transforms.benchmarks.signature_index import SignatureIndex
from transforms.benchmarks.word_overlap import OVERLAP, Match

REPHRASED = "benchmark_rephrased"
LEAST = 1.1
"""What the shares of numbers, words and roles must add up to; the most is 2.3."""

_ROLES = 0.3  # of how alike roles and order are, what is added
_FEW_NUMBERS = 2.0  # weight below which numbers tell little: added to what they are a share of
_TELLING_NUMBERS = 0.3  # least share of the numbers that agree
# What is shared must weigh as much, in nats, less what numbers that differ weigh.
_LEAST_WEIGHT, _LEAST_TRANSLATED = 26.0, 12.0
_HALF, _DIFFERENT = 0.5, 1.2  # how much of roles and order counts, and how much of numbers that differ
_TRANSLATED_ORDER, _TRANSLATED_NUMBERS = 0.6, 0.5
_NO_NUMBERS = 2.0  # numbers that weigh less together are none
_LIKE, _LONG = 0.6, 40.0  # cosine and shared weight of long questions without numbers
_ANSWERED_LIKE, _ANSWERED_WEIGHT = 0.4, 8.0  # where the answers agree
_TELLING_NAME = 3.0
_ITEMS = 1000  # so many items are no reason to ask for more
_SHOWN = 16  # features that a reader is shown

Parts = tuple[float, float, float]


class Evidence(NamedTuple):
    """What a question and an item share, what only the item has, and what only the question has, as sums of weights."""

    numbers: Parts
    words: Parts  # with names
    roles: Parts  # what numbers count
    orders: Parts  # of numbers
    names: Parts
    opposed: bool  # each has the other side of a matter, or they ask for other sorts of things
    translated: bool  # they are in different languages
    same_answer: bool  # the only answer of the item is the pair's


class RephrasedFinder:
    """Looks questions up in an index. Holds no state between questions; threads may share it.

    Attributes:
        least: see `LEAST`; 0 looks for the same words of packed items only.
    """

    def __init__(self, index: SignatureIndex, least: float = LEAST) -> None:
        self.index = index
        self.least = least
        self._chance = max(0.0, math.log(max(len(index), 1) / _ITEMS))

    def match(self, question: str, answer: str = "") -> Match | None:
        """The item that a question, with its answer, asks in the same words or in others; None if there is none."""
        if not len(self.index):
            return None
        return self._find_run(question, answer) or (self._find_rephrased(question, answer) if self.least else None)

    def _find_run(self, question: str, answer: str) -> Match | None:
        if not self.index.has_runs:
            return None
        asked, said = plain_words(question[:MOST_CHARACTERS]), plain_words(answer[:MOST_CHARACTERS])
        found = self.index.runs(sign_runs(asked, said))
        if not found:
            return None
        place, item = found[-1]
        words = [*asked, *said]
        whole = place > len(words) - RUN
        shown = asked if whole else words[place : place + RUN]
        what = "the whole question" if whole else f"{RUN} words in a row"
        return Match(OVERLAP, self.index.name(item), f'{what}: "{" ".join(shown[: 2 * RUN])}"')

    def _find_rephrased(self, question: str, answer: str) -> Match | None:
        signature = sign_question(question)
        numbers, kinds = self.index.numbers(signature), kinds_of(signature)
        weights = self.index.weights(numbers, kinds)
        features = dict(zip(numbers.tolist(), zip(kinds.tolist(), weights.tolist(), strict=True), strict=True))
        asked = Signed(features, sign_answers([answer]))
        best: tuple[float, int, Evidence] | None = None
        for item in self.index.candidates(numbers, weights):
            own, own_kinds = self.index.item(item)
            own_weights = self.index.weights(own, own_kinds)
            found = gather(asked, own.tolist(), own_kinds.tolist(), own_weights.tolist(), self.index)
            score = likeness(found)
            if asks_the_same(found, self.least, self._chance) and (best is None or score > best[0]):
                best = score, item, found
        if best is None:
            return None
        score, item, found = best
        theirs = set(self.index.item(item)[0].tolist())
        shared = {feature for feature, number in zip(signature.tolist(), numbers.tolist(), strict=True) if number in theirs}
        how = "in another language" if found.translated else "in other words"
        answered = ", with its answer" if found.same_answer else ""
        what = f"{how}{answered}, likeness {score:.2f}: {', '.join(spell(question, shared)[:_SHOWN])}"
        return Match(REPHRASED, self.index.name(item), what, score)


# --- the rules ---------------------------------------------------------------------------------------


def asks_the_same(found: Evidence, least: float = LEAST, chance: float = 0.0) -> bool:
    """Whether what was found shows that a question is an item in other words.

    `chance` is what the number of items adds to the weight that is asked for, in nats.
    """
    if found.translated:
        weight = found.numbers[0] + _TRANSLATED_ORDER * found.orders[0] + found.names[0] - _differing(found)
        return numbers_agree(found) >= _TRANSLATED_NUMBERS and weight >= _LEAST_TRANSLATED + chance
    renamed = min(found.names[1], found.names[2]) >= _TELLING_NAME
    numbered = sum(found.numbers) >= _NO_NUMBERS
    if numbered:
        weight = found.numbers[0] + found.words[0] + _HALF * (found.roles[0] + found.orders[0]) - _differing(found)
        enough = weight >= _LEAST_WEIGHT + chance and numbers_agree(found) >= _TELLING_NUMBERS
        if enough and likeness(found) >= least:
            return True
    if found.opposed or renamed or (numbered and found.numbers[1] + found.numbers[2] > 0):
        return False
    if found.same_answer and cosine(found.words) >= _ANSWERED_LIKE and found.words[0] >= _ANSWERED_WEIGHT + chance:
        return True
    return not numbered and cosine(found.words) >= _LIKE and found.words[0] >= _LONG + chance


def likeness(found: Evidence) -> float:
    """How alike a question and an item are: 0 to 2.3."""
    related = _add(found.roles, found.orders)
    return numbers_agree(found) + cosine(found.words) + _ROLES * cosine(related)


def numbers_agree(found: Evidence) -> float:
    """The share of the numbers of both that both have; less where these are few and small."""
    return found.numbers[0] / (sum(found.numbers) + _FEW_NUMBERS)


def cosine(parts: Parts) -> float:
    """The cosine of two sets of which the shared part and the rest of each are known."""
    shared, missing, foreign = parts
    return shared / math.sqrt((shared + missing) * (shared + foreign)) if shared else 0.0


def _differing(found: Evidence) -> float:
    return _DIFFERENT * (found.numbers[1] + found.numbers[2])


def _add(one: Parts, other: Parts) -> Parts:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


# --- evidence ----------------------------------------------------------------------------------------


class Signed(NamedTuple):
    """A question as an index sees it."""

    features: Mapping[int, tuple[int, float]]  # number: (kind, weight)
    answers: frozenset[int]


_NUMBERS, _WORDS, _RELATED, _ORDERED, _NAMED = range(5)
_PARTS_OF: dict[int, tuple[int, ...]] = {
    **dict.fromkeys((Kind.WORD, Kind.COMMON), (_WORDS,)),
    **dict.fromkeys((Kind.TINY, Kind.ROUND, Kind.NUMBER), (_NUMBERS,)),
    Kind.NAME: (_WORDS, _NAMED),
    Kind.ROLE: (_RELATED,),
    Kind.ORDER: (_ORDERED,),
}


def gather(
    question: Signed, item: Sequence[int], kinds: Sequence[int], weights: Sequence[float], index: SignatureIndex
) -> Evidence:
    """What a question and an item share; the item by the numbers, kinds and weights of its features."""
    sums = [[0.0, 0.0, 0.0] for _ in range(5)]
    own = set(item)
    sides: tuple[set[int], set[int]] = (set(), set())
    asked: tuple[set[int], set[int]] = (set(), set())
    same_answer = translated = False
    for number, kind, weight in zip(item, kinds, weights, strict=True):
        for part in _PARTS_OF.get(kind, ()):
            sums[part][0 if number in question.features else 1] += weight
        if kind == Kind.SOLE:
            same_answer = index.says(number) in question.answers
        elif kind == Kind.SIDE:
            sides[0].add(index.says(number))
        elif kind == Kind.ASKED:
            asked[0].add(number)
        elif kind == Kind.LANGUAGE:
            translated = number not in question.features
    for number, (kind, weight) in question.features.items():
        if number not in own:
            for part in _PARTS_OF.get(kind, ()):
                sums[part][2] += weight
        if kind == Kind.SIDE and number >= 0:
            sides[1].add(index.says(number))
        elif kind == Kind.ASKED:
            asked[1].add(number)
    opposed = bool(asked[0] and asked[1] and not asked[0] & asked[1]) or any(
        one >> KIND_BITS == other >> KIND_BITS for one in sides[0] - sides[1] for other in sides[1] - sides[0]
    )
    parts = [(shared, missing, foreign) for shared, missing, foreign in sums]
    return Evidence(*parts, opposed, translated, same_answer)
