"""MinHash sketches: which of many texts share most of their phrases, without comparing all pairs.

Broder 1997 for the sketch, Leskovec et al. "Mining of Massive Datasets" chapter 3 for the bands, Li and
König, "b-Bit Minwise Hashing" (arXiv:0910.3349) for the short form. Our own 60 lines and not
datasketch: it hashes shingle by shingle in Python, which takes 20 times as long as numpy does for
the whole text. Everything is seeded and free of Python's salted hash, so two machines agree.
"""

import hashlib

import numpy as np

PERMUTATIONS = 128
_BLOCK = 2048  # shingles hashed at a time: 2 MB of scratch however long the text


def _splitmix(count: int, seed: int) -> np.ndarray:
    """The first `count` values of SplitMix64: constants that no library version can change."""
    values = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ values >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ values >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return values ^ values >> np.uint64(31)


_FACTORS = _splitmix(PERMUTATIONS, 1) | np.uint64(1)
_SHIFTS = _splitmix(PERMUTATIONS, 2)


def minhash(shingles: np.ndarray) -> np.ndarray:
    """The smallest value of each of `PERMUTATIONS` multiply-shift hashes, 32 bits each."""
    smallest = np.full(PERMUTATIONS, 2**32 - 1, dtype=np.uint64)
    shingles = np.unique(shingles)
    for start in range(0, len(shingles), _BLOCK):
        block = shingles[start : start + _BLOCK]
        hashed = (_FACTORS[:, None] * block[None, :] + _SHIFTS[:, None]) >> np.uint64(32)
        np.minimum(smallest, hashed.min(axis=1), out=smallest)
    return smallest.astype(np.uint32)


def choose_bands(threshold: float) -> tuple[int, int]:
    """Bands and rows a band: as many rows as still find 98% of the pairs at the threshold."""
    for rows in range(16, 1, -1):
        bands = PERMUTATIONS // rows
        if 1 - (1 - threshold**rows) ** bands >= 0.98:
            return bands, rows
    return PERMUTATIONS, 1


def band_keys(signature: np.ndarray, bands: int, rows: int) -> list[bytes]:
    """A key for each band; texts that agree in a whole band meet under its key."""
    return [
        hashlib.blake2b(signature[band * rows : (band + 1) * rows].tobytes(), digest_size=8, key=bytes([band])).digest()
        for band in range(bands)
    ]


def compact(signature: np.ndarray) -> bytes:
    """One byte of each value: enough to estimate the similarity, in 128 bytes instead of 512."""
    return signature.astype(np.uint8).tobytes()


def similarity(first: bytes, others: np.ndarray) -> np.ndarray:
    """Estimate the Jaccard similarity of one compact signature with each row of others.

    The standard error at 0.85 is 0.03. One byte agrees by chance once in 256; that is taken out.
    """
    agree = (others == np.frombuffer(first, dtype=np.uint8)).mean(axis=1)
    return np.clip((agree - 1 / 256) / (1 - 1 / 256), 0.0, 1.0)
