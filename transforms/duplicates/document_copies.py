"""Copies of a text, exact and near: which one of them is kept.

Each document sends one small record for its normalised text and one for each band of its MinHash sketch, about 4 KB
together; grouping by bucket brings together what may be the same (`flow/keep_best.py`).
"""

from collections.abc import Iterable, Iterator

import numpy as np

from transforms.document_rules.quality import count_flaws
from transforms.duplicates import minhash
from transforms.shingles import hash_shingles, hash_words, shingle_words
from transforms.text import normalise, stable_hash

EXACT, NEAR = "exact_duplicate", "near_duplicate"

# Which copy is kept, smallest first: flaws, minus the length, where it came from (shorter first, so
# that line 9 comes before line 10), its id. A clean copy before a damaged one, a complete one before one that
# lacks a sentence, then the first of the input. Keeping simply the first would as often keep the
# lower-cased or half-decoded copy as the original.
Rank = tuple[int, int, int, str, int, str]
Identity = tuple[Rank, str]  # with the hash of the normalised text, because ids may repeat in an input
Print = tuple[Identity, bytes]  # with the compact sketch, or b"" in an exact bucket
Loss = tuple[str, Rank]  # EXACT or NEAR (which sort in this order), and the copy that is kept

_EQUAL, _ALIKE = b"=", b"~"  # what a bucket's key begins with
_MAX_KEPT = 1000  # in one bucket: bounds the comparisons where very many texts share one band


class Fingerprint:
    """What a document shows of itself where it may meet its copies."""

    def __init__(self, text: str, where: str, document_id: str) -> None:
        normal = normalise(text)
        self._normal = normal
        rank = (count_flaws(text), -len(normal), len(where), where, len(document_id), document_id)
        self.identity: Identity = (rank, stable_hash(normal))

    def buckets(self, exact: bool, near: float) -> Iterator[tuple[bytes, Print]]:
        """Where to look for copies; `near` is the Jaccard similarity of near copies, 0 for none."""
        if exact:
            yield _EQUAL + self.identity[1].encode(), (self.identity, b"")
        words = shingle_words(self._normal) if near else []
        if words:
            signature = minhash.minhash(hash_shingles(hash_words(words)))
            sketch = minhash.compact(signature)
            for key in minhash.band_keys(signature, *minhash.choose_bands(near)):
                yield _ALIKE + key, (self.identity, sketch)


def find_losses(bucket: tuple[bytes, Iterable[Print]], threshold: float) -> Iterator[tuple[Identity, Loss]]:
    """Which documents of a bucket lose to a better copy in it.

    In the order of their rank, each is compared with those kept so far and loses to the first that is
    alike. The best of all copies loses nowhere, so one is always kept. Chains are not followed:
    with A like B and B like C but A unlike C, C loses to B although B itself loses to A.
    """
    key, prints = bucket
    if key.startswith(_EQUAL):  # two passes and no list: a text may be repeated more often than memory allows
        best = min(identity for identity, _ in prints)
        yield from ((identity, (EXACT, best[0])) for identity, _ in prints if identity != best)
        return
    kept: list[Identity] = []
    sketches = np.zeros((4, minhash.PERMUTATIONS), dtype=np.uint8)
    for identity, sketch in sorted(prints):
        alike = np.flatnonzero(minhash.similarity(sketch, sketches[: len(kept)]) >= threshold)
        if len(alike):
            winner = kept[int(alike[0])]
            if winner != identity:
                yield identity, (NEAR, winner[0])
        elif len(kept) < _MAX_KEPT:
            if len(kept) == len(sketches):
                sketches = np.concatenate([sketches, np.zeros_like(sketches)])
            sketches[len(kept)] = np.frombuffer(sketch, dtype=np.uint8)
            kept.append(identity)


def name_of(rank: Rank) -> str:
    """The id of the document that has this rank."""
    return rank[5]
