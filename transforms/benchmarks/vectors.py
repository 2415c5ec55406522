"""Vectors of benchmark items in blocks, and the items of a block that are closest to a question."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from transforms.benchmarks.index import BenchmarkItem
from transforms.errors import FatalError
from transforms.text import stable_hash

BLOCK_ITEMS = 4096  # items in a block: 6 MB of scratch in a comparison
_PACKED_ITEMS = 64  # items whose words are compressed together: enough to shrink, few enough to unpack for one of them
_CLOSEST = 32  # the most similar items of one pair that are looked at closely


@dataclass(frozen=True)
class BenchmarkVectors:
    """A block of benchmark items."""

    vectors: NDArray[np.int8]  # items x width
    scales: NDArray[np.float32]  # by item; times its vector, one of length 1
    words: tuple[bytes, ...]  # name, question and answers of `_PACKED_ITEMS` items each, compressed
    digest: int  # 63 bits; the sum over blocks tells one set of items from another, whatever blocks they came in

    def item(self, place: int) -> tuple[str, str, str]:
        """Name, question and answers of an item."""
        packed = orjson.loads(zlib.decompress(self.words[place // _PACKED_ITEMS]))
        name, question, extra = packed[place % _PACKED_ITEMS]
        return name, question, extra


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
