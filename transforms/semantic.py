"""Semantic decontamination: benchmark questions in other words, by their vectors.

Input:    PCollection[VerifiedQA], and PCollection[BenchmarkItem] for the side input
Passed:   PCollection[VerifiedQA], unchanged
Rejected: Rejection of stage "decontaminate", reason "benchmark_paraphrase"; the detail names benchmark, item and similarity

For paraphrases that share no run of words with the item; what does, `decontaminate.py` finds for nothing. An embedding
model proposes and `paraphrase.py` decides: similar questions are look-alikes more often than not.

Items are embedded once, and held as int8: 388 bytes each at 384 dimensions, and about 120 for their words, compressed;
some 0.5 GB for a million in each worker process. Rounding to int8 moves a cosine by less than 0.005. Pairs are compared
by the hundred, block after block.
"""

import logging
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import orjson
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindow
from apache_beam.typehints.decorators import no_annotations
from apache_beam.utils.timestamp import MIN_TIMESTAMP
from apache_beam.utils.windowed_value import WindowedValue
from numpy.typing import NDArray

from transforms.benchmark_index import BenchmarkItem
from transforms.digest import DigestItems
from transforms.errors import FatalError, TransientError
from transforms.inference.embed import EmbedTexts
from transforms.inference.embedding import EmbeddingConfig
from transforms.outcome import Outcome, as_outcome, split_outputs, tag_and_count
from transforms.paraphrase import SIMILARITY, asks_the_same, core_question, least_similarity
from transforms.records import Rejection, VerifiedQA, reject
from transforms.shelf import Shelf
from transforms.text import stable_hash

STAGE = "decontaminate"

# Items in a block: 6 MB of scratch in a comparison.
BLOCK_ITEMS = 4096
# Pairs compared with a block at once, so that a block is made float32 once for all of them.
COMPARED_PAIRS = 256
# Items whose words are compressed together: enough to shrink, few enough to unpack for one of them.
_PACKED_ITEMS = 64
# The most similar items of one pair that are looked at closely.
_CLOSEST = 32
_SHOWN_CHARACTERS = 200

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class BenchmarkVectors:
    """A block of benchmark items.

    Attributes:
        vectors: int8, items x width.
        scales: float32 by item; times its vector, one of length 1.
        words: name, question and answers of `_PACKED_ITEMS` items each, compressed.
        digest: 63 bits; the sum over blocks tells one set of items from another, whatever blocks they came in.
    """

    vectors: NDArray[np.int8]
    scales: NDArray[np.float32]
    words: tuple[bytes, ...]
    digest: int

    def item(self, place: int) -> tuple[str, str, str]:
        """Name, question and answers of an item."""
        packed = orjson.loads(zlib.decompress(self.words[place // _PACKED_ITEMS]))
        name, question, extra = packed[place % _PACKED_ITEMS]
        return name, question, extra

    @property
    def nbytes(self) -> int:
        return self.vectors.nbytes + self.scales.nbytes + sum(map(len, self.words))


def pack_block(items: Sequence[BenchmarkItem], vectors: Sequence[NDArray[np.float16]]) -> BenchmarkVectors:
    """Pack items and the vectors of their questions, one each."""
    exact = np.asarray(vectors, dtype=np.float32)
    rounded = np.rint(exact * (127 / np.abs(exact).max(axis=1, keepdims=True))).astype(np.int8)
    scales = (1 / np.linalg.norm(rounded.astype(np.float32), axis=1)).astype(np.float32)
    rows = [(item.name, item.question, item.extra) for item in items]
    packed = (rows[start : start + _PACKED_ITEMS] for start in range(0, len(rows), _PACKED_ITEMS))
    digest = sum(int(stable_hash(*row, vector.tobytes().hex()), 16) for row, vector in zip(rows, rounded, strict=True))
    return BenchmarkVectors(rounded, scales, tuple(zlib.compress(orjson.dumps(part)) for part in packed), digest % 2**63)


def closest_items(
    queries: NDArray[np.float32], blocks: Sequence[BenchmarkVectors], least: float
) -> list[list[tuple[float, int, int]]]:
    """For each query the most similar items, most similar first: (cosine, block, place), all of at least `least`.

    `queries` is queries x width, each row of length 1.

    Raises:
        FatalError: vectors of another width than the items': two models answer under one name.
    """
    found: list[list[tuple[float, int, int]]] = [[] for _ in queries]
    for number, block in enumerate(blocks):
        if block.vectors.shape[1] != queries.shape[1]:
            widths = f"{queries.shape[1]} numbers, the benchmarks' {block.vectors.shape[1]}"
            raise FatalError(f"vectors of the questions have {widths}: every replica must serve the same embedding model")
        cosines = (queries @ block.vectors.astype(np.float32).T) * block.scales
        for query, place in zip(*np.nonzero(cosines >= least), strict=True):
            found[query].append((float(cosines[query, place]), number, int(place)))
    return [sorted(items, reverse=True)[:_CLOSEST] for items in found]


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
        embedded = items | "EmbedItems" >> EmbedTexts(
            STAGE, _item_texts, _item_origin, BenchmarkItem, self.model, self.entries, _skip_item
        )
        return embedded.passed | "Pack" >> beam.ParDo(_PackFn()).with_output_types(BenchmarkVectors)


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
            STAGE, _question_texts, _question_origin, VerifiedQA, self.model, self.entries
        )
        digest = self.benchmarks | "Digest" >> DigestItems()
        compare = beam.ParDo(
            _CompareFn(self.least), beam.pvalue.AsSingleton(digest, default_value=0), beam.pvalue.AsIter(self.benchmarks)
        )
        judged = as_outcome(embedded.passed | "Compare" >> split_outputs(compare, VerifiedQA))
        return Outcome(judged.passed, judged.rejected, embedded.dead_letters)


# Of one run, or of two in turn.
_BLOCKS: Shelf[tuple[BenchmarkVectors, ...]] = Shelf(2)


def shared_blocks(digest: int, blocks: Iterable[BenchmarkVectors]) -> tuple[BenchmarkVectors, ...]:
    """The process's vectors of these items, read at the first call. `blocks` is gone through only then."""
    return _BLOCKS.take(digest, lambda: tuple(blocks))


def _item_texts(item: BenchmarkItem) -> tuple[str, ...]:
    text = core_question(item.question)
    return (text,) if text else ()


def _item_origin(item: BenchmarkItem) -> str:
    return f"benchmark:{item.name}"


def _skip_item(item: BenchmarkItem, error: Exception, attempts: int) -> Iterator[Any]:
    if isinstance(error, TransientError):
        raise FatalError(f"benchmark items cannot be embedded: {error}") from error
    Metrics.counter(STAGE, "benchmark_items_skipped").inc()
    _LOGGER.warning("Benchmark item %s is not looked for in other words: %s", item.name, error)
    yield from ()


def _question_texts(qa: VerifiedQA) -> tuple[str, ...]:
    return (core_question(qa.pair.question),)


def _question_origin(qa: VerifiedQA) -> str:
    return qa.pair.task.document.id


class _PackFn(beam.DoFn):
    """Packs the items of a bundle into blocks."""

    def start_bundle(self) -> None:
        self._items: list[BenchmarkItem] = []
        self._vectors: list[NDArray[np.float16]] = []

    def process(self, embedded: tuple[BenchmarkItem, Any]) -> Iterator[BenchmarkVectors]:
        item, vectors = embedded
        if not len(vectors):
            return
        self._items.append(item)
        self._vectors.append(vectors[0])
        if len(self._items) == BLOCK_ITEMS:
            yield self._pack()

    def finish_bundle(self) -> Iterator[Any]:
        if self._items:
            yield WindowedValue(self._pack(), MIN_TIMESTAMP, [GlobalWindow()])

    def _pack(self) -> BenchmarkVectors:
        block = pack_block(self._items, self._vectors)
        self._items, self._vectors = [], []
        return block


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
        self._blocks = shared_blocks(digest, blocks)
        if len(self._waiting) == COMPARED_PAIRS:
            yield from self._compare()

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._compare()

    def _compare(self) -> Iterator[Any]:
        waiting, self._waiting = self._waiting, []
        judged = judge_pairs([windowed.value for windowed in waiting], self._blocks, self._least)
        for windowed, result in zip(waiting, judged, strict=True):
            if isinstance(result, Rejection):
                # Only verdicts are counted: what passes has passed the stage's other half too.
                for tagged in tag_and_count(STAGE, [result]):
                    yield beam.pvalue.TaggedOutput(tagged.tag, windowed.with_value(tagged.value))
            else:
                yield windowed.with_value(result)
