"""Signature index: the signatures of a million benchmark items in memory, and which of them a question may have come from.

A feature is a number here. Each item keeps its features, 4 bytes each, with their kind in the lowest bits, and is entered
under its rarest ones, 4 bytes each: a question looks up all of its own. Some 200 bytes an item of 40 words. The runs of
words of packed items (`packs`) are kept beside them, 12 bytes each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.benchmarks.signature import KIND_BITS, Kind

MOST_ENTRIES = 16
"""Features that an item is entered under, the rarest first: so many that some are left in any other words."""

_MOST_LOOKED_UP = 50_000  # entries that one question may go through
_MOST_CANDIDATES = 16
_KIND = np.uint64((1 << KIND_BITS) - 1)
_SHIFT = np.uint64(KIND_BITS)
# The features that items are found by, and that weigh; those of higher kinds only tell items apart.
_WEIGHED = int(Kind.ORDER)

# How common a feature of each kind is, as if this many more items had been seen: a small benchmark says little about that.
_PRIOR_ITEMS = 1000.0
_PRIORS = np.array([0.0005, 0.03, 0.0005, 0.2, 0.03, 0.003, 0.002, 0.004, *[1.0] * 8])
_LEAST = 0.2


@dataclass(frozen=True)
class SignatureShard:
    """The signatures of some items."""

    names: str  # one line for each item
    features: np.ndarray  # uint64: of all items behind each other, each item's distinct
    lengths: np.ndarray  # uint32: features of each item


class SignatureIndex:
    """All items, ready to be asked. Read-only once made, so that threads may share it."""

    def __init__(self, shards: Iterable[SignatureShard]) -> None:
        shards = [shard for shard in shards if len(shard.lengths)]
        names = [name for shard in shards for name in shard.names.split("\n")]
        self._names = pa.array([name.encode("utf-8", "surrogatepass") for name in names], pa.large_binary())
        self._run_keys, self._run_items = _join_runs(shards)
        self._keys = np.unique(_join([np.unique(_told(shard)[0] >> _SHIFT) for shard in shards], np.uint64))
        self._features = _join([self._number(_told(shard)[0]) for shard in shards], np.uint32)
        self._starts = np.append(0, np.cumsum(_join([_told(shard)[1] for shard in shards], np.int64)))
        self._counts = np.zeros(len(self._keys), dtype=np.uint32)
        for start in range(0, len(self._features), _BLOCK_FEATURES):
            found, times = np.unique(self._features[start : start + _BLOCK_FEATURES] >> KIND_BITS, return_counts=True)
            self._counts[found] += times.astype(np.uint32)
        self._weight_sums = np.zeros(len(self), dtype=np.float32)
        self._entry_starts, self._entries = self._enter()

    @property
    def has_runs(self) -> bool:
        """Whether runs of words can be looked up: of packed items alone."""
        return len(self._run_keys) > 0

    def __len__(self) -> int:
        return len(self._starts) - 1

    def name(self, item: int) -> str:
        """Where an item comes from."""
        return str(self._names[item].as_py().decode("utf-8", "surrogatepass"))

    def numbers(self, signature: np.ndarray) -> np.ndarray:
        """The number of each feature; for one that no item has, a negative one of its own."""
        absent = -1 - np.arange(len(signature))
        if not len(self._keys):
            return absent
        keys = signature >> _SHIFT
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[places] == keys, places, absent)

    def weights(self, numbers: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        """How much features say, in nats of surprise; those that only tell items apart weigh nothing."""
        counts = np.where(numbers >= 0, self._counts[np.maximum(numbers, 0)], 0) if len(self._counts) else np.zeros(len(numbers))
        surprise = np.log(len(self) + _PRIOR_ITEMS) - np.log(counts + _PRIOR_ITEMS * _PRIORS[kinds])
        return np.where(kinds <= _WEIGHED, np.maximum(surprise, _LEAST), 0.0)

    def features(self, items: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The numbers of the features of some items behind each other, their kinds, and the place of the item of each."""
        parts = [self._features[self._starts[item] : self._starts[item + 1]] for item in items]
        packed = _join(parts, np.uint32)
        numbers, kinds = _unpack(packed)
        return numbers, kinds, np.repeat(np.arange(len(items)), [len(part) for part in parts])

    def says(self, number: int) -> int:
        """What stands above the kind in a feature that items have."""
        return int(self._keys[number])

    def candidates(self, numbers: np.ndarray, weights: np.ndarray) -> list[int]:
        """The items that share most with a question, those that share most of their own first."""
        known = np.flatnonzero((numbers >= 0) & (weights > 0))
        if not len(known):
            return []
        starts, ends = self._entry_starts[numbers[known]], self._entry_starts[numbers[known] + 1]
        order = np.argsort(ends - starts, kind="stable")
        order = order[np.cumsum((ends - starts)[order]) <= _MOST_LOOKED_UP]
        slices = [self._entries[starts[place] : ends[place]] for place in order]
        if not slices:
            return []
        items, places = np.unique(np.concatenate(slices), return_inverse=True)
        shared = np.bincount(places, np.repeat(weights[known[order]], (ends - starts)[order]), minlength=len(items))
        score = shared / np.sqrt(self._weight_sums[items] + 1.0)
        best = np.argsort(-score, kind="stable")[:_MOST_CANDIDATES]
        found: list[int] = items[best].tolist()
        return found

    def runs(self, features: Iterable[int]) -> list[tuple[int, int]]:
        """Of some runs of words those that packed items have: (place among the runs, item), in order."""
        keys = np.array([feature >> KIND_BITS for feature in features], dtype=np.uint64)
        if not len(keys) or not len(self._run_keys):
            return []
        places = np.minimum(np.searchsorted(self._run_keys, keys), len(self._run_keys) - 1)
        found = np.flatnonzero(self._run_keys[places] == keys)
        return list(zip(found.tolist(), self._run_items[places[found]].tolist(), strict=True))

    def _number(self, features: np.ndarray) -> np.ndarray:
        """Features as an item keeps them: number and kind."""
        numbers = np.searchsorted(self._keys, features >> _SHIFT).astype(np.uint32)
        return numbers << np.uint32(KIND_BITS) | (features & _KIND).astype(np.uint32)

    def _enter(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the entries of each feature begin, and the items that are entered, by feature."""
        features, items = [], []
        for first in range(0, len(self), _BLOCK_ITEMS):
            last = min(first + _BLOCK_ITEMS, len(self))
            begin, end = int(self._starts[first]), int(self._starts[last])
            numbers, kinds = _unpack(self._features[begin:end])
            owners = np.repeat(np.arange(first, last), np.diff(self._starts[first : last + 1]))
            weights = self.weights(numbers, kinds)
            self._weight_sums[first:last] = np.bincount(owners - first, weights, minlength=last - first)
            order = np.lexsort((-weights, owners))
            rank = np.arange(len(order)) - (self._starts[owners[order]] - begin)
            kept = order[(rank < MOST_ENTRIES) & (weights[order] > 0)]
            features.append(numbers[kept].astype(np.uint32))
            items.append(owners[kept].astype(np.uint32))
        entered, owners = _join(features, np.uint32), _join(items, np.uint32)
        order = np.argsort(entered, kind="stable")
        starts = np.append(0, np.cumsum(np.bincount(entered, minlength=len(self._keys))))
        return starts, owners[order]


_BLOCK_ITEMS, _BLOCK_FEATURES = 1 << 14, 1 << 20  # handled at a time: some 50 MB of scratch however many there are


def _unpack(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers and kinds of features as items keep them."""
    return (packed >> KIND_BITS).astype(np.int64), (packed & ((1 << KIND_BITS) - 1)).astype(np.int64)


def _told(shard: SignatureShard) -> tuple[np.ndarray, np.ndarray]:
    """The features of a shard but for runs of words, and how many each item has."""
    told = ~_are_runs(shard.features)
    owners = np.repeat(np.arange(len(shard.lengths)), shard.lengths)
    return shard.features[told], np.bincount(owners[told], minlength=len(shard.lengths))


def _join_runs(shards: list[SignatureShard]) -> tuple[np.ndarray, np.ndarray]:
    """The keys of all runs of words, in order, and the item of each; of a run that several have, the first."""
    keys, items, first = [], [], 0
    for shard in shards:
        runs = _are_runs(shard.features)
        owners = np.repeat(np.arange(first, first + len(shard.lengths), dtype=np.uint32), shard.lengths)
        keys.append(shard.features[runs] >> _SHIFT)
        items.append(owners[runs])
        first += len(shard.lengths)
    found, places = np.unique(_join(keys, np.uint64), return_index=True)
    return found, _join(items, np.uint32)[places]


def _are_runs(features: np.ndarray) -> np.ndarray:
    kinds = features & _KIND
    return (kinds == Kind.RUN) | (kinds == Kind.WHOLE)


def _join(arrays: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype=dtype), *arrays]).astype(dtype, copy=False)
