"""Decontaminate: no pair that asks what a benchmark asks.

Input:    PCollection[VerifiedQA], and the benchmarks' items as a side input
Passed:   PCollection[VerifiedQA], unchanged
Rejected: Rejection, reason in {"benchmark_overlap", "benchmark_near_duplicate"}; the detail names the benchmark's file and
          item, and what was found of it
Source:   word n-grams as in GPT-3 (arXiv:2005.14165, appendix C); the rest in `contamination.py`
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.typehints.decorators import no_annotations
from apache_beam.utils.windowed_value import WindowedValue

from transforms.benchmark_index import BenchmarkIndex, BenchmarkItem, BenchmarkShard, pack_items
from transforms.coders import RecordCoder
from transforms.contamination import ContaminationFinder
from transforms.digest import DigestItems
from transforms.outcome import Outcome, as_outcome, split_outputs, tag_and_count
from transforms.records import Rejection, VerifiedQA, reject
from transforms.shelf import Shelf

STAGE = "decontaminate"
ITEMS_PER_SHARD = 20_000
"""About 4 MB once packed: an element that every runner takes, in few enough elements."""
_CHARACTERS_PER_SHARD = 32_000_000

beam.coders.registry.register_coder(BenchmarkItem, RecordCoder)


def decontaminate(qa: VerifiedQA, finder: ContaminationFinder) -> Iterator[VerifiedQA | Rejection]:
    """Let a pair pass, or say which benchmark item it was taken from."""
    match = finder.find(qa.pair.question, qa.pair.answer)
    yield qa if match is None else reject(STAGE, match.reason, qa, f"{match.item}: {match.what}")


@dataclass
class DecontaminateQA(beam.PTransform):
    """Rejects pairs that overlap with benchmarks. Expects a PCollection of `VerifiedQA`, outputs an `Outcome` of the same.

    A process makes one index of all items, at its first pair, and keeps it: about 350 bytes an item of 40 words.
    The items come through a side input that is read only where the index is not there yet, so that a
    runner with many small bundles does not read them again for each.

    Attributes:
        items: PCollection[BenchmarkItem], from `ReadBenchmarks`; independent of the pairs, so that it breaks no fusion.
        ngram: words in a row that count as a copy; a shorter question counts as a whole.
        similarity: share of a long question that must come back in a near duplicate; 0 looks for copies only.
    """

    items: Any
    ngram: int = 13
    similarity: float = 0.65

    @no_annotations
    def expand(self, pairs: beam.PCollection[VerifiedQA]) -> Outcome:
        shards = self.items | "PackItems" >> beam.ParDo(_PackItemsFn()).with_output_types(BenchmarkShard)
        digest = shards | "Digest" >> DigestItems()
        find = beam.ParDo(
            _DecontaminateFn(self.ngram, self.similarity),
            beam.pvalue.AsSingleton(digest, default_value=0),
            beam.pvalue.AsIter(shards),
        )
        return as_outcome(pairs | "FindOverlap" >> split_outputs(find, VerifiedQA))


class _PackItemsFn(beam.DoFn):
    def start_bundle(self) -> None:
        self._items: list[BenchmarkItem] = []
        self._characters = 0

    def process(self, item: BenchmarkItem) -> Iterator[BenchmarkShard]:
        self._items.append(item)
        self._characters += len(item.question) + len(item.extra)
        if len(self._items) >= ITEMS_PER_SHARD or self._characters >= _CHARACTERS_PER_SHARD:
            yield pack_items(self._items)
            self.start_bundle()

    def finish_bundle(self) -> Iterator[Any]:
        if self._items:
            window = GlobalWindow()
            yield WindowedValue(pack_items(self._items), window.max_timestamp(), (window,))
            self.start_bundle()


class _DecontaminateFn(beam.DoFn):
    def __init__(self, ngram: int, similarity: float) -> None:
        self._ngram = ngram
        self._similarity = similarity

    def process(self, qa: VerifiedQA, digest: int, shards: Iterable[BenchmarkShard]) -> Iterator[Any]:
        finder = shared_finder(digest, shards, self._ngram, self._similarity)
        yield from tag_and_count(STAGE, decontaminate(qa, finder))


# Of one run, or of two in turn; what earlier runs left in this process goes.
_FINDERS: Shelf[ContaminationFinder] = Shelf(2)


def shared_finder(digest: int, shards: Iterable[BenchmarkShard], ngram: int, similarity: float) -> ContaminationFinder:
    """The process's finder for these items, made at the first call. `shards` is gone through only then."""
    return _FINDERS.take((digest, ngram, similarity), lambda: ContaminationFinder(BenchmarkIndex(shards, ngram), similarity))
