"""Contamination: whether a question, or a question with its answer, was taken from a benchmark item.

Two tiers, both on plain words (`plain_words.py`), against a `BenchmarkIndex`:

- **Overlap**: `ngram` words in a row that an item also has (13 as in GPT-3, arXiv:2005.14165, appendix C, and
  lm-evaluation-harness), or all words of an item's question that is shorter.
- **Near duplicate**: the words of an item's question come back, most of them in runs, after a light
  edit: typos, a word swapped, clauses reordered, words put in or left out, other numbers. Words count by
  how rare they are, and the less a question holds, the more of it must come back, so that "What is the
  capital of Spain?" is not "What is the capital of France?". Whatever a question holds, it is a near duplicate where a
  single edit that leaves its meaning makes the one of the other: neighbours change places, a small word goes, a word has
  a typo. A word problem with other numbers is a
  variant and counts as a near duplicate; a bare formula with other numbers is another problem.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, takewhile
from operator import eq, itemgetter
from typing import NamedTuple, TypeVar

import numpy as np

from transforms.benchmarks.common_words import COMMON_WORDS, FUNCTION
from transforms.benchmarks.index import BenchmarkIndex
from transforms.benchmarks.plain_words import plain_words
from transforms.english.spelling import one_spelling
from transforms.english.stems import stem_loosely

Word = TypeVar("Word", str, int)

OVERLAP, NEAR_DUPLICATE = "benchmark_overlap", "benchmark_near_duplicate"

# Weights are in nats of surprise, less 1; a content word weighs 3 to 7, a function word 0.2.
_LEAST, _MOST = 0.2, 9.0
_SHORT = 1.0  # the most that a single letter, digit or operator may weigh
# The most that a number weighs when it comes back, and when it does not: the same numbers are strong evidence,
# other numbers make a variant.
_NUMBER, _OTHER_NUMBER = 4.0, 1.0
# How common words are, as if this many more items had been seen: a small benchmark says little about that.
_PRIOR_ITEMS = 1000
_PRIOR, _PRIOR_COMMON, _PRIOR_FUNCTION = 0.0005, 0.03, 0.3  # share of items that hold such a word

_MIN_WHOLE = 10.0  # a short question that weighs less ("Which of these is true?") counts only when nothing else is asked
_MIN_NEAR = 15.0  # a question that weighs less has no near duplicates
_MIN_QUESTION = 12.0  # an item whose question weighs less is told from others by its options: these must come back too
# Of a question that weighs 20 nothing may be missing, of one that weighs 30 a tenth, and so on down to
# the similarity asked for; 0.05 is for a word that any edit may touch.
_STRICT_WEIGHT, _SLOPE, _STRICTEST = 20.0, 100.0, 0.95
# A question that is cut, in its old order, may lack a quarter: no other fact can have taken the place of what is missing.
_SHORTENED, _PURE = 0.25, 0.05
# Questions of so many words may be one edit from another, if they weigh as much; shares of the weight that a word may have
# which is left out, and where a function word or nothing follows it.
_FEWEST_EDITED, _MOST_EDITED, _MIN_EDITED, _SMALL_WORD, _BROKEN_WORD = 5, 40, 6.0, 0.2, 0.35
_MOST_PERMUTED = 8  # words that two neighbours which changed places may leave without a gram of their own
_CONTENT = 4.5  # what a word weighs at least that may be a modifier
_LONG_WEIGHT = 30.0  # of a question that tells enough besides
# However small they weigh, these make another question.
_TELLING = frozenset("not no never non without except nor neither cannot only first second third last next previous".split())
_RUN, _PAIR_WEIGHT = 3, 6.0  # words in a row that count as kept together; two do if they weigh as much as this
_MIN_SLIP = 4  # letters
_MOST_SHOWN = 30  # words of a match that a reader is shown
_MOST_COMPARED = 16
_MOST_CHARACTERS = 20_000  # of a question: no question is longer, and a hostile one costs no more
_MIN_COVERED = 0.45  # of the weight, by the very same words, before typos and endings are looked at

_PRIORS = {
    **dict.fromkeys(COMMON_WORDS, _PRIOR_COMMON),
    **dict.fromkeys(FUNCTION, _PRIOR_FUNCTION),
}


@dataclass(frozen=True, slots=True)
class Match:
    """What a question matched."""

    reason: str
    item: str  # see `BenchmarkItem.name`
    what: str  # of it, for a reader
    similarity: float = 1.0  # of an overlap


class ContaminationFinder:
    """Looks questions up in an index. Holds no state between questions; threads may share it.

    Attributes:
        similarity: share of a long question's weight that must come back to be a near duplicate; 0
            looks for overlaps only.
    """

    def __init__(self, index: BenchmarkIndex, similarity: float = 0.65) -> None:
        self.index = index
        self.similarity = similarity
        self._weights = _weigh(map(index.word, range(len(index.word_counts))), index.word_counts, len(index))

    def match(self, question: str, answer: str = "") -> Match | None:
        """The item that a question, or a question and its answer, was taken from; None if there is none."""
        asked = plain_words(question[:_MOST_CHARACTERS])
        words = asked + plain_words(answer[:_MOST_CHARACTERS])
        numbers = self.index.numbers(words)
        whole = self.index.whole(numbers[: len(asked)])
        if whole >= 0:
            return Match(OVERLAP, self.index.name(whole), f'the whole question: "{_shorten(asked)}"')
        items, covered, streaks = self._survey(numbers)
        overlap = self._find_overlap(numbers, words, items, streaks)
        if overlap or not self.similarity:
            return overlap
        text = self._describe(asked, numbers[: len(asked)])
        return self._find_near(text, words, items, covered) or self._find_edited(text, numbers[: len(asked)], items, covered)

    def _describe(self, asked: list[str], numbers: np.ndarray) -> "Text":
        counts = np.where(numbers >= 0, self.index.word_counts[numbers] if len(self.index) else 0.0, 0.0)
        weights = dict(zip(asked, _weigh(asked, counts, len(self.index)).tolist(), strict=True))
        return Text(asked, weights, frozenset(word for word, count in zip(asked, counts.tolist(), strict=True) if count > 1))

    def _survey(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The items worth a look; what share of their questions' weight occurs in a text, and the longest run that may be shared.

        The run is not certain: any two words of it that follow each other do so in the text.
        """
        items = self.index.candidates(numbers).astype(np.int64)
        if not len(items):
            return items, np.empty(0), np.empty(0, dtype=np.int64)
        words, starts = self.index.ragged_words(items)
        lengths = np.diff(np.append(starts, len(words)))
        places = np.arange(len(words))
        weights = self._weights[words]
        asked = np.where(
            places - np.repeat(starts, lengths) < np.repeat(self.index.question_lengths(items), lengths), weights, 0.0
        )
        total = np.add.reduceat(asked, starts)
        asked = np.where(np.repeat(total < _MIN_QUESTION, lengths), weights, asked)
        covered = np.add.reduceat(asked * np.isin(words, numbers), starts) / np.maximum(np.add.reduceat(asked, starts), _LEAST)

        follows = np.append(False, np.isin(_pairs(words.astype(np.int64)), _pairs(numbers)))
        follows[starts] = False
        broken = np.maximum.accumulate(np.where(follows, 0, places))
        return items, covered, np.maximum.reduceat(places - broken, starts) + 1

    def _find_overlap(self, numbers: np.ndarray, words: list[str], items: np.ndarray, streaks: np.ndarray) -> Match | None:
        needed = np.minimum(self.index.ngram, np.maximum(1, self.index.question_lengths(items).astype(np.int64)))
        runs, text = [], numbers.tolist()
        for item in items[streaks >= needed].tolist():
            own, asked = self.index.item_words(item)
            length, end = _longest_run(own.tolist(), text)
            if length < self.index.ngram:
                if asked >= self.index.ngram or self._weights[own[:asked]].sum() < _MIN_WHOLE:
                    continue
                length, end = _longest_run(own[:asked].tolist(), text)
                if length < asked:
                    continue
            runs.append((length, item, end))
        if not runs:
            return None
        length, item, end = max(runs, key=itemgetter(0))
        return Match(OVERLAP, self.index.name(item), f'{length} words in a row: "{_shorten(words[end - length : end])}"')

    def _find_near(self, text: "Text", words: list[str], items: np.ndarray, covered: np.ndarray) -> Match | None:
        near = []
        for item in _most_covered(items, covered):
            own, length = self.index.item_words(item)
            if self._weights[own[:length]].sum() >= _MIN_QUESTION:
                own = own[:length]
            own_words, weights = self._spell(own)
            found = compare(own_words, weights, text._replace(words=words))
            alike = found.similarity >= threshold(found, self.similarity)
            if alike and not _asks_more(found, own_words, _adopt_spelling(own_words, text), weights):
                near.append((found.similarity, item))
        if not near:
            return None
        score, item = max(near, key=itemgetter(0))
        own, length = self.index.item_words(item)
        shown = _shorten(self._spell(own[:length])[0])
        return Match(NEAR_DUPLICATE, self.index.name(item), f'similarity {score:.2f} to "{shown}"', score)

    def _find_edited(self, text: "Text", numbers: np.ndarray, items: np.ndarray, covered: np.ndarray) -> Match | None:
        if not _FEWEST_EDITED <= len(numbers) <= _MOST_EDITED:
            return None
        near = np.abs(self.index.question_lengths(items).astype(np.int64) - len(numbers)) <= 1
        permuted = self.index.permuted(numbers)[:_MOST_COMPARED] if len(numbers) <= _MOST_PERMUTED else ()
        for item in [*map(int, permuted), *_most_covered(items[near], covered[near])]:
            own, length = self.index.item_words(item)
            words, weights = self._spell(own[:length])
            if is_edited(words, weights, _adopt_spelling(words, text)):
                what = f'one edit from "{_shorten(words)}"'
                return Match(NEAR_DUPLICATE, self.index.name(item), what, 1 - 1 / len(words))
        return None

    def _spell(self, numbers: np.ndarray) -> tuple[list[str], dict[str, float]]:
        """Words by their numbers, and what they weigh."""
        words = [self.index.word(number) for number in numbers.tolist()]
        return words, dict(zip(words, self._weights[numbers].tolist(), strict=True))


def _most_covered(items: np.ndarray, covered: np.ndarray) -> list[int]:
    """The items worth comparing word by word, those of which a text holds most first."""
    order = np.argsort(-covered, kind="stable")[:_MOST_COMPARED]
    found: list[int] = items[order[covered[order] >= _MIN_COVERED]].tolist()
    return found


class Text(NamedTuple):
    """A question with its answer."""

    words: list[str]  # of both
    weights: Mapping[str, float]  # what the question's words weigh
    known: frozenset[str]  # those of them that several items have, and that so are no slips of a pen


class Likeness(NamedTuple):
    """How a text resembles an item, in one place of the text."""

    weight: float  # of the item, each repetition of a word counted
    kept: float  # share of the item's weight whose words are there
    together: float  # share of it that is there in runs of words
    foreign: float  # weight of what else is there

    @property
    def similarity(self) -> float:
        return (self.kept + self.together) / 2


def threshold(found: Likeness, similarity_of_long: float) -> float:
    """How similar a text must be to an item of such a weight to be its near duplicate."""
    if found.weight < _MIN_NEAR:
        return math.inf
    missing = max((found.weight - _STRICT_WEIGHT) / _SLOPE, 1 - _STRICTEST)
    if found.foreign <= _PURE * found.weight and found.together >= 1 - _SHORTENED:
        missing = max(missing, _SHORTENED)
    return max(similarity_of_long, 1 - missing)


def _asks_more(found: Likeness, item: list[str], words: list[str], weights: Mapping[str, float]) -> bool:
    """Whether a short item is told from a question by a word: a "not" or "first" of one of them, or a modifier.

    Who leaves "rugby" out of "the rugby world cup" asks for another cup; without "volume", "the volume of a sphere" is broken.
    """
    if found.weight >= _LONG_WEIGHT:
        return False
    if _TELLING & set(item) != _TELLING & set(words):
        return True
    place = _left_out(item, words)
    return 0 <= place < len(item) - 1 and weights[item[place]] >= _CONTENT and item[place + 1] not in FUNCTION


def _left_out(item: list[str], words: list[str]) -> int:
    """The place of the one word of an item that a text lacks, all else being the same; -1 if there is no such."""
    if len(words) != len(item) - 1:
        return -1
    place = _shared_start(item, words)
    return place if words[place:] == item[place + 1 :] else -1


def _shared_start(one: Iterable[str], other: Iterable[str]) -> int:
    """How many words or letters two begin with alike."""
    return sum(takewhile(bool, map(eq, one, other)))


def compare(item: list[str], weights: Mapping[str, float], text: Text) -> Likeness:
    """How a text resembles an item where it does most; in shares, a word counts once, however often it is repeated.

    Words with a typo or another ending count as the same, and so do two that were written as one. In runs a
    number stands for any other, but only the same number has weight.
    """
    words = _adopt_spelling(item, text)
    best = Likeness(0.0, 0.0, 0.0, 0.0)
    for window in _windows(words, len(item)):
        given = set(window)
        weighed = {
            word: weight if word in given or not word[0].isdigit() else min(weight, _OTHER_NUMBER)
            for word, weight in weights.items()
        }
        total = sum(weighed.values())
        in_runs = {item[place] for place in _run_places(item, weighed, window)}
        kept = sum(weight for word, weight in weighed.items() if word in given)
        together = sum(weight for word, weight in weighed.items() if word in given and word in in_runs)
        foreign = sum(
            _MOST if word[0].isdigit() else text.weights.get(word, 0.0) for word in sorted(given) if word not in weighed
        )
        found = Likeness(sum(weighed[word] for word in item), kept / total, together / total, foreign)
        if (found.similarity, -found.foreign) > (best.similarity, -best.foreign):
            best = found
    return best


def is_edited(item: list[str], weights: Mapping[str, float], words: list[str]) -> bool:
    """Whether a text is an item with no more than a typo, two neighbours that changed places, or a word left out.

    `words` are the text's as the item spells them. A word may be left out that carries little of the item's weight, or
    without which the sentence is broken; without another, or a number, a sign or a "not", it asks something else.
    """
    if len(item) < _FEWEST_EDITED or sum(weights[word] for word in item) < _MIN_EDITED:
        return False
    if len(words) == len(item):
        place = _shared_start(item, words)
        swapped = item[place : place + 2]
        turned = [*item[:place], *reversed(swapped), *item[place + 2 :]]
        return words == item or (words == turned and any(map(_is_wordlike, swapped)))
    place = _left_out(item, words)
    if place < 0 or item[place] in _TELLING or not _is_wordlike(item[place]):
        return False
    broken = place == len(item) - 1 or item[place + 1] in FUNCTION
    return weights[item[place]] <= (_BROKEN_WORD if broken else _SMALL_WORD) * sum(weights[word] for word in item)


def _is_wordlike(word: str) -> bool:
    return len(word) > 1 and word.isalpha()


def _windows(words: list[str], length: int) -> Iterator[list[str]]:
    """Parts of a text a little longer than an item: its words, scattered over a long text, are no copy of it."""
    size = int(1.6 * length) + 8
    step = max(1, size // 4)
    for start in range(0, max(1, len(words) - size + step), step):
        yield words[start : start + size]


def _run_places(item: list[str], weights: Mapping[str, float], words: list[str]) -> set[int]:
    """Where an item has words that stand in a run that the text has too."""
    found: set[int] = set()
    for place, ending in enumerate(_runs(map(_mask, item), map(_mask, words))):
        longest = max(ending.values(), default=0)
        if longest >= _RUN or (longest == 2 and weights[item[place - 1]] + weights[item[place]] >= _PAIR_WEIGHT):
            found.update(range(place - longest + 1, place + 1))
    return found


def _mask(word: str) -> str:
    return "#" if word[0].isdigit() else word


def _adopt_spelling(item: list[str], text: Text) -> list[str]:
    """A text's words as the item spells them, where it has them with a typo, another ending or another space."""
    own, given = set(item), set(text.words)
    if own <= given:
        return text.words
    renamed: dict[str, str] = {}
    for word in sorted(own - given):
        for other in sorted(given - own):
            if other not in renamed and (_same_stem(word, other) or (other not in text.known and one_slip(word, other))):
                renamed[other] = word
    pairs = {first + second: (first, second) for first, second in pairwise(item)}
    adopted: list[str] = []
    for word in text.words:
        if word in own:
            adopted.append(word)
        elif word in pairs:
            adopted += pairs[word]
        elif adopted and adopted[-1] + word in own:
            adopted[-1] += word
        else:
            adopted.append(renamed.get(word, word))
    return adopted


def one_slip(one: str, other: str) -> bool:
    """Whether one letter put in, left out, changed, or changed places with the next tells two words apart.

    The first letter may only change places: other slips seldom hit it, and methanol is not ethanol. Short words and
    numbers are never slips of each other.
    """
    if one[0].isdigit() or min(len(one), len(other)) < _MIN_SLIP or abs(len(one) - len(other)) > 1:
        return False
    if one[0] != other[0] and one[:2] != other[1::-1]:
        return False
    start = _shared_start(one, other)
    rest, other_rest = one[start:], other[start:]
    if len(one) != len(other):
        return rest[1:] == other_rest or rest == other_rest[1:]
    return rest[1:] == other_rest[1:] or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])


def _same_stem(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= 4 and not one[0].isdigit() and _root(one) == _root(other)


@lru_cache(maxsize=1 << 14)
def _root(word: str) -> str:
    return stem_loosely(one_spelling(word))


def _pairs(numbers: np.ndarray) -> np.ndarray:
    """Each two numbers that follow each other as one; -1 follows and is followed by nothing that an item has."""
    pairs: np.ndarray = (numbers[:-1] << 32) + numbers[1:]
    return pairs


def _longest_run(item: list[int], text: list[int]) -> tuple[int, int]:
    """The longest run of words that two texts share: its length, and where it ends in the second."""
    runs = ((length, place + 1) for ending in _runs(item, text) for place, length in ending.items())
    return max(runs, key=itemgetter(0), default=(0, 0))


def _runs(item: Iterable[Word], text: Iterable[Word]) -> Iterator[dict[int, int]]:
    """For each word of an item, where in a text the runs end that both share up to this word, and how long they are."""
    places: dict[Word, list[int]] = {}
    for place, word in enumerate(text):
        places.setdefault(word, []).append(place)
    ending: dict[int, int] = {}
    for word in item:
        ending = {place: ending.get(place - 1, 0) + 1 for place in places.get(word, ())}
        yield ending


def _weigh(words: Iterable[str], counts: np.ndarray, items: int) -> np.ndarray:
    """What words weigh that so many of so many items hold."""
    prior, most = [], []
    for word in words:
        prior.append(_PRIORS.get(word, _PRIOR))
        short = len(word) == 1 and word.isascii()
        most.append(_SHORT if short else _NUMBER if word[0].isdigit() else _MOST)
    surprise = math.log(items + _PRIOR_ITEMS) - np.log(counts + _PRIOR_ITEMS * np.array(prior))
    return np.clip(surprise - 1, _LEAST, np.array(most))


def _shorten(words: list[str]) -> str:
    return " ".join(words[:_MOST_SHOWN]) + (" ..." if len(words) > _MOST_SHOWN else "")
