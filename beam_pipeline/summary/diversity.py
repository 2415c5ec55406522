"""Diversity: how varied the questions of a run are, in one pass and bounded memory.

What is closed or small is counted exactly. What may grow with the run, words, pairs of words and
personas, is counted exactly as well up to a bound, and estimated beyond it from hashes: how many
there are from the smallest hashes seen (Bar-Yossef et al., "Counting Distinct Elements in a Data
Stream", RANDOM 2002; of 16,384 kept the standard error is 0.8%), how common the commonest is from a
table of counts by hash (one row of Cormode and Muthukrishnan's Count-Min sketch, 2005: never too
low, too high by what shares its cell, about one pair in 16,384).

Everything depends on the pairs alone: not on their order, nor on how a runner splits and merges them.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import numpy as np

from transforms.english.function_words import DO, HAVE, MODALS
from transforms.records import VerifiedQA
from transforms.shingles import hash_shingles, hash_words, shingle_words
from transforms.text import normalise, stable_seed

KEPT_HASHES = 16_384
"""Distinct things that are counted exactly; 128 KB of hashes."""

NAMED = 4_096
"""Different values of one field (personas, domains) that are counted by name."""

_CELLS = 16_384
_PENDING = 65_536

# --- Question words ------------------------------------------------------------------------------

YES_NO, OTHER = "yes/no", "other"
_ASKS = re.compile(r"\b(?:what|which|whose|whom|who|when|where|why|how)(?!\w)")
_DEGREES = frozenset("many much long far often old tall high deep wide fast big large heavy".split())
_AUXILIARIES = DO.union(
    HAVE,
    MODALS,
    "is are was were am isn't aren't wasn't weren't don't doesn't didn't hasn't haven't hadn't can't couldn't won't wouldn't "
    "shouldn't".split(),
)
_FIRST = re.compile(r"\W*([\w']+)")
_AFTER_HOW = re.compile(r"how\W+(\w+)")


def question_word(question: str) -> str:
    """How a question asks: "what", "which", "who", "how many", ..., "yes/no", or "other".

    The first question word counts, wherever it stands ("In which year", "The bridge opened in what year?"), but not
    that of a clause in a question that begins with a verb ("Is the man who ...").
    """
    text = normalise(question)
    first = _FIRST.match(text)
    if first and first[1] in _AUXILIARIES:
        return YES_NO
    found = _ASKS.search(text)
    if not found:
        return OTHER
    if found[0] == "how":
        degree = _AFTER_HOW.match(text, found.start())
        return f"how {degree[1]}" if degree and degree[1] in _DEGREES else "how"
    return {"whom": "who"}.get(found[0], found[0])


# --- Counts --------------------------------------------------------------------------------------


class DistinctCount:
    """How many different hashes were seen: exactly up to `KEPT_HASHES`, then an estimate from the smallest of them."""

    def __init__(self) -> None:
        self._smallest: np.ndarray = np.zeros(0, np.uint64)
        self._pending: list[np.ndarray] = []

    def add(self, hashes: np.ndarray) -> None:
        """Take 64-bit hashes, evenly spread."""
        if len(self._smallest) == KEPT_HASHES:
            hashes = hashes[hashes < self._smallest[-1]]
        if len(hashes):
            self._pending.append(hashes)
            if len(self._pending) >= _PENDING // 16:
                self._settle()

    def merge(self, other: "DistinctCount") -> None:
        """Take all that another has taken."""
        other._settle()
        self._pending.append(other._smallest)
        self._settle()

    def __getstate__(self) -> dict[str, Any]:
        self._settle()
        return self.__dict__

    def _settle(self) -> None:
        """Bring what was taken into its small form."""
        if self._pending:
            self._smallest = np.unique(np.concatenate([self._smallest, *self._pending]))[:KEPT_HASHES].copy()
            self._pending = []

    def value(self) -> int:
        self._settle()
        if len(self._smallest) < KEPT_HASHES:
            return len(self._smallest)
        return round((KEPT_HASHES - 1) * 2.0**64 / float(self._smallest[-1]))


class ValueCounts:
    """How often each value of a field occurs: by name up to `NAMED` values, then in cells by hash."""

    def __init__(self) -> None:
        self.total = 0
        self._named: Counter[str] | None = Counter()
        self._distinct = DistinctCount()
        self._cells: np.ndarray = np.zeros(0, np.int64)

    def add(self, value: str) -> None:
        """Count a value."""
        self._count({value: 1})

    def merge(self, other: "ValueCounts") -> None:
        """Take all that another has taken."""
        if other._named is not None:
            self._count(other._named)
        else:
            self._give_up_names()
            self.total += other.total
            self._distinct.merge(other._distinct)
            self._cells = self._cells + other._cells

    def _count(self, counts: dict[str, int]) -> None:
        self.total += sum(counts.values())
        if self._named is None:
            self._hash(counts)
        else:
            self._named.update(counts)
            if len(self._named) > NAMED:
                self._give_up_names()

    def _give_up_names(self) -> None:
        if self._named is not None:
            named, self._named = self._named, None
            self._cells = np.zeros(_CELLS, np.int64)
            self._hash(named)

    def _hash(self, counts: dict[str, int]) -> None:
        hashes = np.array([stable_seed("value", value) for value in counts], np.uint64)
        self._distinct.add(hashes)
        np.add.at(self._cells, (hashes % np.uint64(_CELLS)).astype(np.int64), list(counts.values()))

    def table(self) -> dict[str, int] | None:
        """Every value with how often it occurs, the commonest first; None if there are too many to name."""
        if self._named is None:
            return None
        return dict(sorted(self._named.items(), key=lambda item: (-item[1], item[0])))

    def spread(self) -> dict[str, Any]:
        """How even the values are. Without names the entropy is that of the cells, a lower bound."""
        counts = np.array(list(self._named.values()), np.int64) if self._named is not None else self._cells
        counts = np.sort(counts[counts > 0])  # in one order, so that sums round alike
        distinct = len(counts) if self._named is not None else self._distinct.value()
        shares = counts / max(1, self.total)
        entropy = abs(float(-(shares * np.log2(shares)).sum())) if len(counts) else 0.0
        return {
            "distinct": distinct,
            "entropy_bits": round(entropy, 4),
            "entropy_normalised": round(entropy / math.log2(distinct), 4) if distinct > 1 else 0.0,
            "most_common": next(iter(self.table() or ()), None),
            "most_common_share": round(float(counts[-1]) / self.total, 4) if len(counts) else 0.0,
        }


# --- Figures -------------------------------------------------------------------------------------


def word_hashes(question: str) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of a question's words, and of its pairs of neighbouring words."""
    words = shingle_words(normalise(question))
    hashed, none = hash_words(words), np.zeros(0, np.uint64)
    unigrams, bigrams = (_spread_hashes(hash_shingles(hashed, size)) if len(words) >= size else none for size in (1, 2))
    return unigrams, bigrams


def _spread_hashes(hashes: np.ndarray) -> np.ndarray:
    """Spread hashes evenly over 64 bits (the finaliser of SplitMix64), as the estimate of how many there are asks for."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


_SUMS = ("pairs", "unigrams", "bigrams", "answer_words")
_COUNTS = ("distinct_unigrams", "distinct_bigrams", "domains", "personas", "answer_types", "question_words")


class Figures:
    """The diversity figures of some pairs, as they grow: at most some 600 KB encoded, however many pairs."""

    __slots__ = (*_SUMS, *_COUNTS)

    def __init__(self) -> None:
        self.pairs = self.unigrams = self.bigrams = self.answer_words = 0
        self.distinct_unigrams, self.distinct_bigrams = DistinctCount(), DistinctCount()
        self.domains, self.personas = ValueCounts(), ValueCounts()
        self.answer_types, self.question_words = ValueCounts(), ValueCounts()

    def add(self, qa: VerifiedQA) -> None:
        """Count a pair."""
        unigrams, bigrams = word_hashes(qa.pair.question)
        self.pairs += 1
        self.unigrams += len(unigrams)
        self.bigrams += len(bigrams)
        self.answer_words += len(shingle_words(normalise(qa.pair.answer)))
        self.distinct_unigrams.add(unigrams)
        self.distinct_bigrams.add(bigrams)
        self.domains.add(qa.pair.task.domain)
        self.personas.add(normalise(qa.pair.task.persona.name))
        self.answer_types.add(qa.pair.answer_type)
        self.question_words.add(question_word(qa.pair.question))

    def merge(self, other: "Figures") -> None:
        """Take all that another has taken."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _COUNTS:
            getattr(self, name).merge(getattr(other, name))

    def as_row(self) -> dict[str, Any]:
        """The figures, ready for JSON.

        distinct_1 and distinct_2 are different words, and pairs of neighbouring words, of all there are in the
        questions (Li et al., arXiv:1510.03055). They fall as a run grows, so compare runs of one size. Lengths are in words.
        """
        return {
            "pairs": self.pairs,
            "distinct_1": min(1.0, _ratio(self.distinct_unigrams.value(), self.unigrams)),
            "distinct_2": min(1.0, _ratio(self.distinct_bigrams.value(), self.bigrams)),
            "question_length_mean": _ratio(self.unigrams, self.pairs),
            "answer_length_mean": _ratio(self.answer_words, self.pairs),
            "domains": self.domains.spread(),
            "personas": self.personas.spread(),
            "answer_types": self.answer_types.spread(),
            "question_words": {**self.question_words.spread(), "counts": self.question_words.table()},
        }


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


class DiversityFn(beam.CombineFn):
    """Combines PCollection[VerifiedQA] into its diversity figures, a dictionary ready for JSON."""

    def create_accumulator(self) -> Figures:
        return Figures()

    def add_input(self, figures: Figures, qa: VerifiedQA) -> Figures:
        figures.add(qa)
        return figures

    def merge_accumulators(self, several: Iterable[Figures]) -> Figures:
        merged = Figures()
        for figures in several:
            merged.merge(figures)
        return merged

    def extract_output(self, figures: Figures) -> dict[str, Any]:
        return figures.as_row()
