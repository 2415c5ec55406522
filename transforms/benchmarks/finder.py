"""Finder: all that is looked for without a model, in the order in which it is: the same words, then other words."""

from collections.abc import Iterable

from transforms.benchmarks.index import BenchmarkIndex, BenchmarkShard
from transforms.benchmarks.rephrased import LEAST, RephrasedFinder
from transforms.benchmarks.signature_index import SignatureIndex
from transforms.benchmarks.word_overlap import ContaminationFinder, Match


class BenchmarkFinder:
    """Looks pairs up in benchmark items. Holds no state between them; threads may share it.

    Attributes:
        words: finds the same words, and lightly edited ones.
        rephrased: finds other words, and whatever is found of packed items.
    """

    def __init__(
        self, shards: Iterable[BenchmarkShard], ngram: int = 13, similarity: float = 0.65, rephrased: float = LEAST
    ) -> None:
        shards = list(shards)
        self.words = ContaminationFinder(BenchmarkIndex(shards, ngram), similarity)
        self.rephrased = RephrasedFinder(SignatureIndex(shard.signatures for shard in shards), rephrased)

    def match(self, question: str, answer: str = "") -> Match | None:
        """The item that a question, or a question and its answer, was taken from; None if there is none."""
        return self.words.match(question, answer) or self.rephrased.match(question, answer)
