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
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

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
        numbers = self.index.numbers(signature)
        asked = Signed(numbers, kinds_of(signature), self.index.weights(numbers, kinds_of(signature)), sign_answers([answer]))
        items = self.index.candidates(numbers, asked.weights)
        evidence = list(zip(items, gather(asked, items, self.index), strict=True)) if items else []
        same = [(item, found) for item, found in evidence if asks_the_same(found, self.least, self._chance)]
        if not same:
            return None
        item, found = max(same, key=lambda pair: likeness(pair[1]))
        theirs = set(self.index.features([item])[0].tolist())
        shared = {feature for feature, number in zip(signature.tolist(), numbers.tolist(), strict=True) if number in theirs}
        how = "in another language" if found.translated else "in other words"
        answered = ", with its answer" if found.same_answer else ""
        what = f"{how}{answered}, likeness {likeness(found):.2f}: {', '.join(spell(question, shared)[:_SHOWN])}"
        return Match(REPHRASED, self.index.name(item), what, likeness(found))


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
    """A question as an index sees it, its features one beside the other."""

    numbers: np.ndarray
    kinds: np.ndarray
    weights: np.ndarray
    answers: frozenset[int]


_NUMBERS, _WORDS, _RELATED, _ORDERED, _NAMED = range(5)
_PARTS = 6  # with one for what weighs nothing
# Of each kind the part that it is summed in; names are words besides.
_PART_OF = np.array([_WORDS, _WORDS, _NAMED, *[_NUMBERS] * 3, _RELATED, _ORDERED, *[_PARTS - 1] * 8])


def gather(question: Signed, items: Sequence[int], index: SignatureIndex) -> list[Evidence]:
    """What a question shares with each of some items, and what only one of the two has."""
    numbers, kinds, owners = index.features(items)
    weights = index.weights(numbers, kinds)
    order = np.argsort(question.numbers)
    places = order[np.minimum(np.searchsorted(question.numbers, numbers, sorter=order), len(order) - 1)]
    common = question.numbers[places] == numbers

    def add(which: np.ndarray, parts: np.ndarray, added: np.ndarray) -> np.ndarray:
        """The weights by item and part."""
        sums = np.bincount(owners[which] * _PARTS + parts[which], added[which], minlength=len(items) * _PARTS)
        return sums.reshape(len(items), _PARTS)

    own_parts, asked_parts = _PART_OF[kinds], _PART_OF[question.kinds]
    shared, missing = add(common, own_parts, weights), add(~common, own_parts, weights)
    asked = np.bincount(asked_parts, question.weights, minlength=_PARTS)
    foreign = np.maximum(asked - add(common, asked_parts[places], question.weights[places]), 0.0)
    for sums in (shared, missing, foreign):
        sums[:, _WORDS] += sums[:, _NAMED]
    sums = np.stack((shared, missing, foreign), axis=2)
    sides = set(_say(question.numbers, question.kinds, Kind.SIDE, index))
    sorts = set(question.numbers[question.kinds == Kind.ASKED].tolist())
    made = []
    for place, parts in enumerate(sums.tolist()):
        own, own_kinds, known = (values[owners == place] for values in (numbers, kinds, common))
        own_sides = set(_say(own, own_kinds, Kind.SIDE, index))
        own_sorts = set(own[own_kinds == Kind.ASKED].tolist())
        opposed = bool(sorts and own_sorts and not sorts & own_sorts) or any(
            one >> KIND_BITS == other >> KIND_BITS for one in own_sides - sides for other in sides - own_sides
        )
        translated = not known[own_kinds == Kind.LANGUAGE].all()
        same_answer = any(key in question.answers for key in _say(own, own_kinds, Kind.SOLE, index))
        numbers_of, words, roles, orders, names = (_as_parts(part) for part in parts[: _NAMED + 1])
        made.append(Evidence(numbers_of, words, roles, orders, names, opposed, translated, same_answer))
    return made


def _as_parts(sums: list[float]) -> Parts:
    shared, missing, foreign = sums
    return shared, missing, foreign


def _say(numbers: np.ndarray, kinds: np.ndarray, kind: Kind, index: SignatureIndex) -> Iterator[int]:
    """What features of a kind say, of those that items have."""
    return (index.says(number) for number in numbers[kinds == kind].tolist() if number >= 0)
