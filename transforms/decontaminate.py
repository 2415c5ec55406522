"""Decontaminate: pairs that a benchmark asks already, in the same words or in others.

Input:    PCollection[VerifiedQA], and PCollection[BenchmarkItem] for the side inputs
Passed:   PCollection[VerifiedQA], unchanged
Rejected: Rejection, reason in {"benchmark_overlap", "benchmark_near_duplicate", "benchmark_rephrased", "benchmark_paraphrase"};
          the detail names benchmark, item, and what was shared
Source:   word n-grams as in GPT-3 (arXiv:2005.14165, appendix C); the rest in `benchmarks/word_overlap.py`

`DecontaminateQA` asks no model. It compares words (`benchmarks/word_overlap.py`), then signatures: numbers, what they count,
rare words, names and the answer, which come back in other words too (`benchmarks/rephrased.py`). `DecontaminateSemantically`
finds paraphrases that share hardly a word: an embedding model proposes and `benchmarks/paraphrase.py` decides, since similar
questions are look-alikes more often than not.

Items are embedded once, and held as int8: 388 bytes each at 384 dimensions, and about 120 for their words, compressed;
some 0.5 GB for a million in each worker process. Rounding to int8 moves a cosine by less than 0.005. Pairs are compared
by the hundred, block after block.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindow
from apache_beam.typehints.decorators import no_annotations
from apache_beam.utils.timestamp import MIN_TIMESTAMP
from apache_beam.utils.windowed_value import WindowedValue
from numpy.typing import NDArray

from transforms.benchmarks.finder import BenchmarkFinder
from transforms.benchmarks.index import BenchmarkItem, BenchmarkShard, pack_items
from transforms.benchmarks.paraphrase import SIMILARITY, asks_the_same, core_question, least_similarity
from transforms.benchmarks.rephrased import LEAST
from transforms.benchmarks.vectors import BLOCK_ITEMS, BenchmarkVectors, closest_items, pack_block
from transforms.errors import FatalError, TransientError
from transforms.flow.coders import RecordCoder
from transforms.flow.once_per_process import BoundedCache, DigestItems
from transforms.flow.outcome import Outcome, apply_rules, as_of, as_outcome, split_outputs, tag_and_count
from transforms.inference.config import EmbeddingConfig
from transforms.inference.embed import EmbedTexts
from transforms.records import Rejection, VerifiedQA, reject

STAGE = "decontaminate"
# Pairs compared with a block at once, so that a block is made float32 once for all of them.
COMPARED_PAIRS = 256
# About 4 MB once packed: an element that every runner takes, in few enough elements. A short item counts as one of 1,600.
_SHARD_CHARACTERS, _MIN_CHARACTERS = 32_000_000, 1_600
_FEATURE_CHARACTERS = 40  # what a feature of a packed item counts for
_SHOWN_CHARACTERS = 200

_LOGGER = logging.getLogger(__name__)


def find_paraphrased(
    qa: VerifiedQA, closest: Iterable[tuple[float, int, int]], blocks: Sequence[BenchmarkVectors], least: float
) -> str:
    """The benchmark item that a pair's question paraphrases, for a reader; "" if none."""
    pair = qa.pair
    for cosine, block, place in closest:
        name, question, extra = blocks[block].item(place)
        if asks_the_same(pair.question, (pair.answer, *pair.aliases), pair.answer_type, question, extra, cosine, least):
            return f"{name}, similarity {cosine:.2f}: {' '.join(question.split())[:_SHOWN_CHARACTERS]}"
    return ""


def judge_pairs(
    embedded: Sequence[tuple[VerifiedQA, NDArray[np.float16]]], blocks: Sequence[BenchmarkVectors], least: float
) -> list[VerifiedQA | Rejection]:
    """Each pair, or its rejection, in order."""
    if not embedded:
        return []
    queries = np.concatenate([vectors for _, vectors in embedded]).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    judged: list[VerifiedQA | Rejection] = []
    for (qa, _), closest in zip(embedded, closest_items(queries, blocks, least_similarity(least)), strict=True):
        detail = find_paraphrased(qa, closest, blocks, least)
        judged.append(reject(STAGE, "benchmark_paraphrase", qa, detail) if detail else qa)
    return judged


# --- transforms --------------------------------------------------------------------------------------


@dataclass
class EmbedBenchmarks(beam.PTransform):
    """Embeds benchmark items: PCollection[BenchmarkItem] -> PCollection[BenchmarkVectors].

    An item that the model will not take is left out, counted (`benchmark_items_skipped`) and named in the log. One that
    could not be asked about, because the endpoint is away, stops the run: nothing could be called clean.
    """

    model: EmbeddingConfig
    entries: Any = None

    def expand(self, items: beam.PCollection) -> beam.PCollection:
        pack = beam.ParDo(_PackFn(_pack_vectors, lambda embedded: len(embedded[1]), BLOCK_ITEMS))
        embedded = items | "EmbedItems" >> EmbedTexts(
            STAGE,
            lambda item: tuple(filter(None, [core_question(item.question)])),
            lambda item: f"benchmark:{item.name}",
            BenchmarkItem,
            self.model,
            self.entries,
            _skip_item,
        )
        return embedded.passed | "Pack" >> pack.with_output_types(BenchmarkVectors)


@dataclass
class DecontaminateSemantically(beam.PTransform):
    """Rejects pairs whose question is a benchmark's in other words.

    Attributes:
        model: the embedding model that the benchmarks were embedded with.
        benchmarks: PCollection[BenchmarkVectors], of `EmbedBenchmarks`; a side input, so independent of the pairs. A
            process reads it once and keeps it.
        least: cosine from which paraphrases are looked for.
        entries: the journal of an earlier run, as `RecallReplies` takes it, or None.
    """

    model: EmbeddingConfig
    benchmarks: Any
    least: float = SIMILARITY
    entries: Any = None

    @no_annotations
    def expand(self, pairs: beam.PCollection) -> Outcome:
        embedded = pairs | "EmbedQuestions" >> EmbedTexts(
            STAGE,
            lambda qa: (core_question(qa.pair.question),),
            lambda qa: qa.pair.task.document.id,
            VerifiedQA,
            self.model,
            self.entries,
        )
        compare = beam.ParDo(_CompareFn(self.least), *_digest_and_items(self.benchmarks))
        judged = as_outcome(embedded.passed | "Compare" >> split_outputs(compare, VerifiedQA))
        return Outcome(judged.passed, judged.rejected, embedded.dead_letters)


def _digest_and_items(items: beam.PCollection) -> tuple[beam.pvalue.AsSideInput, beam.pvalue.AsSideInput]:
    """Side inputs: by the first a process knows whether it holds already what it makes of the second."""
    digest = items | "Digest" >> DigestItems()
    return beam.pvalue.AsSingleton(digest, default_value=0), beam.pvalue.AsIter(items)


# Of one run, or of two in turn; what earlier runs left in this process goes.
_BLOCKS: BoundedCache[tuple[BenchmarkVectors, ...]] = BoundedCache(2)
_FINDERS: BoundedCache[BenchmarkFinder] = BoundedCache(2)


def _skip_item(item: BenchmarkItem, error: Exception, attempts: int) -> Iterator[Any]:
    if isinstance(error, TransientError):
        raise FatalError(f"benchmark items cannot be embedded: {error}") from error
    Metrics.counter(STAGE, "benchmark_items_skipped").inc()
    _LOGGER.warning("Benchmark item %s is not looked for in other words: %s", item.name, error)
    yield from ()


class _PackFn(beam.DoFn):
    """Packs the elements of a bundle, as many at once as their sizes make `most`, and leaves out those of no size."""

    def __init__(self, pack: Callable[[list[Any]], Any], size: Callable[[Any], int], most: int) -> None:
        self._pack = pack
        self._size = size
        self._most = most

    def start_bundle(self) -> None:
        self._waiting: list[Any] = []
        self._waiting_size = 0

    def process(self, element: Any) -> Iterator[Any]:
        if size := self._size(element):
            self._waiting.append(element)
            self._waiting_size += size
        if self._waiting_size >= self._most:
            yield self._pack(self._waiting)
            self.start_bundle()

    def finish_bundle(self) -> Iterator[Any]:
        if self._waiting:
            yield WindowedValue(self._pack(self._waiting), MIN_TIMESTAMP, [GlobalWindow()])


def _pack_vectors(embedded: list[tuple[BenchmarkItem, Any]]) -> BenchmarkVectors:
    return pack_block([item for item, _ in embedded], [vectors[0] for _, vectors in embedded])


def _shard_size(item: BenchmarkItem) -> int:
    return max(_MIN_CHARACTERS, len(item.question) + len(item.extra), _FEATURE_CHARACTERS * len(item.features))


class _CompareFn(beam.DoFn):
    """Compares pairs by the hundred: a block of benchmarks is read once for all of them."""

    def __init__(self, least: float) -> None:
        self._least = least

    def start_bundle(self) -> None:
        self._waiting: list[Any] = []
        self._blocks: Sequence[BenchmarkVectors] = ()

    def process(
        self,
        embedded: tuple[VerifiedQA, Any],
        digest: int,
        blocks: Iterable[BenchmarkVectors],
        windowed: Any = beam.DoFn.WindowedValueParam,
    ) -> Iterator[Any]:
        self._waiting.append(windowed)
        self._blocks = _BLOCKS.take(digest, lambda: tuple(blocks))
        if len(self._waiting) == COMPARED_PAIRS:
            yield from self.finish_bundle()

    def finish_bundle(self) -> Iterator[Any]:
        waiting, self._waiting = self._waiting, []
        judged = judge_pairs([windowed.value for windowed in waiting], self._blocks, self._least)
        for windowed, result in zip(waiting, judged, strict=True):
            # What passes is not counted: it has passed the stage's other half too.
            yield from as_of(windowed, tag_and_count(STAGE, [result], last=False))


beam.coders.registry.register_coder(BenchmarkItem, RecordCoder)


def build_index(
    items: Iterable[BenchmarkItem | str], ngram: int = 13, similarity: float = 0.65, rephrased: float = LEAST
) -> BenchmarkFinder:
    """An index of benchmark items, or of their questions as texts; `.match(question, answer)` is a `Match` or None.

    `ngram` is the run of words that counts as an overlap, `similarity` the share of a long question that makes it a near
    duplicate, `rephrased` the likeness from which it is the same in other words; 0 for either looks for none.

    Raises:
        TypeError: an item is neither, or `items` is a single text.
    """
    listed = [None] if isinstance(items, str) else list(items)
    if wrong := [item for item in listed if not isinstance(item, BenchmarkItem | str)]:
        given = items if isinstance(items, str) else wrong[0]
        raise TypeError(f"build_index takes a list of texts or of BenchmarkItem, not {type(given)}")
    named = [
        item if isinstance(item, BenchmarkItem) else BenchmarkItem(f"item {number}", "", str(item))
        for number, item in enumerate(listed, 1)
    ]
    return BenchmarkFinder([pack_items(named, rephrased > 0)], ngram, similarity, rephrased)


def decontaminate(
    qa: VerifiedQA, digest: int, shards: Iterable[BenchmarkShard], ngram: int, similarity: float, rephrased: float = LEAST
) -> Iterator[VerifiedQA | Rejection]:
    """Let a pair pass, or say which benchmark item it was taken from; `shards` are gone through by the first call alone."""
    settings = ngram, similarity, rephrased
    finder = _FINDERS.take((digest, *settings), lambda: BenchmarkFinder(shards, *settings))
    match = finder.match(qa.pair.question, qa.pair.answer)
    yield qa if match is None else reject(STAGE, match.reason, qa, f"{match.item}: {match.what}")


@dataclass
class DecontaminateQA(beam.PTransform):
    """Rejects pairs that overlap with benchmarks. Expects a PCollection of `VerifiedQA`, outputs an `Outcome` of the same.

    A process makes one index of all items, at its first pair, and keeps it: about 700 bytes an item of 40 words.
    The items come through a side input that is read only where the index is not there yet, so that a
    runner with many small bundles does not read them again for each.

    Attributes:
        items: PCollection[BenchmarkItem], from `ReadBenchmarks`; independent of the pairs, so that it breaks no fusion.
        ngram: words in a row that count as a copy; a shorter question counts as a whole.
        similarity: share of a long question that must come back in a near duplicate; 0 looks for copies only.
        rephrased: likeness from which a question is an item's in other words (`benchmarks/rephrased.py`); 0 looks for none.
    """

    items: Any
    ngram: int = 13
    similarity: float = 0.65
    rephrased: float = LEAST

    @no_annotations
    def expand(self, pairs: beam.PCollection[VerifiedQA]) -> Outcome:
        pack_some = partial(pack_items, sign=self.rephrased > 0)
        pack = beam.ParDo(_PackFn(pack_some, _shard_size, _SHARD_CHARACTERS)).with_output_types(BenchmarkShard)
        sides = _digest_and_items(self.items | "PackItems" >> pack)
        decide = partial(decontaminate, ngram=self.ngram, similarity=self.similarity, rephrased=self.rephrased)
        return as_outcome(pairs | "FindOverlap" >> apply_rules(STAGE, decide, VerifiedQA, *sides, label="_DecontaminateFn"))
