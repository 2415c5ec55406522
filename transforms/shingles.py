"""Words of a text hashed, one by one and in runs: what near-duplicates, quality rules and benchmarks compare."""

import re
import zlib
from collections.abc import Callable

import numpy as np

from transforms.text import SPACELESS

SHINGLE_WORDS = 5

_WORD = re.compile(rf"[{SPACELESS}]|[^\W{SPACELESS}]+")
_MIX = np.uint64(0x9E3779B97F4A7C15)


def shingle_words(text: str) -> list[str]:
    """Split into the words that shingles are made of: punctuation does not count."""
    return _WORD.findall(text)


def hash_words(words: list[str], wanted: Callable[[str], bool] | None = None) -> np.ndarray:
    """Hash words to 32 bits, the same on every machine; with `wanted`, those words only."""
    # Each different word is looked at once. That a word has the hash 0 by itself costs one word in four billion.
    known = {
        word: zlib.crc32(word.encode("utf-8", "surrogatepass")) if wanted is None or wanted(word) else 0 for word in set(words)
    }
    hashes = np.fromiter(map(known.__getitem__, words), dtype=np.uint64, count=len(words))
    return hashes if wanted is None else hashes[hashes != 0]


def hash_shingles(word_hashes: np.ndarray, size: int = SHINGLE_WORDS) -> np.ndarray:
    """Hash every run of `size` words to 64 bits; all words to one hash where there are fewer."""
    size = max(1, min(size, len(word_hashes)))
    count = len(word_hashes) - size + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for offset in range(size):
        mixed = (mixed ^ word_hashes[offset : offset + count]) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return mixed
