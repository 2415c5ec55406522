"""Benchmark index: a million benchmark items in memory, and which of them a question may have come from.

Items travel as `BenchmarkShard`s (words as numbers, texts no more). A worker process makes one
`BenchmarkIndex` of all shards. It holds every item's words, 4 bytes each, and for some of its grams
an entry of 8 bytes that leads from the gram to the item:

- An item of up to 23 words is entered under each of its 3-word grams; a longer one under the rarest
  gram of each block of 2, 3 or 4, since a question looks up all of its own grams. Blocks are so short
  that every run of `ngram` words which a question shares with an item holds an entry.
- A question is entered by the set of its words too: two that change places leave a short one no gram.
- A gram of three words that very many items share ("which of the") leads nowhere useful; a longer
  one is entered in its place. What very many items share even of that is boilerplate of the benchmark
  and no evidence against a question.

Whatever shares a gram is then compared word by word (`word_overlap.py`), so hashes need not be perfect.
The positional sampling is the half of winnowing (Schleimer, Wilkerson and Aiken 2003) that is needed when only
one side is sampled.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.benchmarks.plain_words import plain_words
from transforms.benchmarks.signature import sign_item
from transforms.benchmarks.signature_index import SignatureShard
from transforms.shingles import hash_shingles
from transforms.text import stable_hash

GRAM = 3
MOST_ITEMS = 256
"""Distinct items that may share a gram before it counts as boilerplate."""

_BUCKETS = 22  # bits of a table of gram counts; grams that meet by chance only look more common than they are
_BLOCK_WORDS = 1 << 20  # words hashed at a time: 50 MB of scratch however many items there are
_BLOCK_ITEMS = 1 << 14  # items copied at a time
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_LONG = np.uint32(0x9E3779B9)  # tells the keys of long grams from those of short ones


@dataclass(frozen=True, slots=True)
class BenchmarkItem:
    """One item of a benchmark: its texts, or of an item of a pack its signature and no text."""

    where: str  # its row: "file:line"
    id: str  # what the row itself says, or ""
    question: str
    extra: str = ""  # the answer and the options, one after the other
    features: tuple[int, ...] = ()  # of a packed item, see `signature.py`

    @property
    def name(self) -> str:
        return f"{self.where} ({self.id})" if self.id else self.where


@dataclass(frozen=True)
class BenchmarkShard:
    """Some items with their words as numbers, all arrays uint32."""

    names: str  # one line for each item
    vocabulary: str  # the words, one a line; `words` counts from 0 in it
    words: np.ndarray  # all items' words behind each other; of each item first the question's, then the rest
    lengths: np.ndarray  # words of each item
    questions: np.ndarray  # how many of them are the question's
    digest: int  # 63 bits; the sum over shards tells one set of items from another, whatever shards they came in
    signatures: SignatureShard  # of these items, and of packed ones


def pack_items(items: Iterable[BenchmarkItem], sign: bool = True) -> BenchmarkShard:
    """Pack items into one shard, without those that ask nothing; `sign` them too, unless only their words are compared."""
    numbers: dict[str, int] = {}
    names, words, lengths, questions = [], [], [], []
    signed_names, signatures = [], []
    digest = 0
    for item in items:
        packed = np.array(item.features, dtype=np.uint64)
        digest += int(stable_hash(item.where, item.id, item.question, item.extra, packed.tobytes().hex()), 16)
        if len(packed) or sign:
            signed_names.append(" ".join(item.name.split()))
            signatures.append(packed if len(packed) else sign_item(item.question, item.extra))
        question, extra = plain_words(item.question), plain_words(item.extra)
        if not question:
            continue
        words += [numbers.setdefault(word, len(numbers)) for part in (question, extra) for word in part]
        lengths.append(len(question) + len(extra))
        questions.append(len(question))
        names.append(" ".join(item.name.split()))
    return BenchmarkShard(
        "\n".join(names),
        "\n".join(numbers),
        np.array(words, dtype=np.uint32),
        np.array(lengths, dtype=np.uint32),
        np.array(questions, dtype=np.uint32),
        digest % 2**63,
        SignatureShard(
            "\n".join(signed_names),
            np.concatenate([np.empty(0, dtype=np.uint64), *signatures]),
            np.array([len(features) for features in signatures], dtype=np.uint32),
        ),
    )


def word_key(word: str) -> int:
    """64 bits of a word, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class BenchmarkIndex:
    """All items, ready to be asked. Read-only once made, so that threads may share it.

    Items are numbered in the order of their names. An item with the same words as an earlier one is left out.

    Attributes:
        ngram: words in a row that count as a copy.
        word_counts: float64 by word, in how many items each occurs.
    """

    def __init__(self, shards: Iterable[BenchmarkShard], ngram: int = 13) -> None:
        if ngram < 5:
            raise ValueError(f"ngram must be at least 5, not {ngram}")
        self.ngram = ngram
        self._long_gram = (ngram + 1) // 2
        self._names, self._vocabulary, self._word_keys, self._words, self._starts, self._questions = _merge(
            [shard for shard in shards if len(shard.words)]
        )
        self._bags, self._bag_items = self._index_bags()
        self.word_counts = self._count_words()
        self._keys, self._items = self._index_grams()

    def __len__(self) -> int:
        return len(self._questions)

    def name(self, item: int) -> str:
        """Where an item comes from: file, line and its own id."""
        return _text(self._names, item)

    def word(self, number: int) -> str:
        """A word by its number."""
        return _text(self._vocabulary, number)

    def item_words(self, item: int) -> tuple[np.ndarray, int]:
        """The words of an item as numbers, and how many of them are the question's."""
        return self._words[self._starts[item] : self._starts[item + 1]], int(self._questions[item])

    def numbers(self, words: Sequence[str]) -> np.ndarray:
        """Words as int64 numbers; -1 for a word that no item has."""
        if not len(self._word_keys):
            return np.full(len(words), -1, dtype=np.int64)
        keys = np.fromiter(map(word_key, words), dtype=np.uint64, count=len(words))
        places = np.minimum(np.searchsorted(self._word_keys, keys), len(self._word_keys) - 1)
        return np.where(self._word_keys[places] == keys, places, -1)

    def whole(self, numbers: np.ndarray) -> int:
        """The first item whose question is made of exactly these words, or -1."""
        asked = ((item, self.item_words(item)[0][: self._questions[item]]) for item in self.permuted(numbers).tolist())
        return next((item for item, words in asked if np.array_equal(words, numbers)), -1)

    def permuted(self, numbers: np.ndarray) -> np.ndarray:
        """The items whose question is made of exactly these words, in any order."""
        if not len(numbers) or numbers.min() < 0:
            return np.empty(0, dtype=np.uint32)
        key = _mix(self._word_keys[numbers]).sum(dtype=np.uint64)
        left, right = (int(np.searchsorted(self._bags, key, side)) for side in ("left", "right"))
        return self._bag_items[left:right]

    def candidates(self, numbers: np.ndarray) -> np.ndarray:
        """The items that share an entered gram with a text, in order."""
        found = []
        for size in (GRAM, self._long_gram):
            if len(numbers) >= size:
                known = np.lib.stride_tricks.sliding_window_view(numbers >= 0, size).all(axis=1)
                keys = np.unique(_hash_grams(numbers.astype(np.uint64), size)[known])
                left, right = (np.searchsorted(self._keys, keys, side) for side in ("left", "right"))
                found += [self._items[start:end] for start, end in zip(left, right, strict=True) if end > start]
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.uint32)

    def ragged_words(self, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The words of several items behind each other, and where each begins."""
        starts = self._starts[items]
        lengths = self._starts[items + 1] - starts
        return _gather(self._words, starts, lengths), np.cumsum(lengths) - lengths

    def question_lengths(self, items: np.ndarray) -> np.ndarray:
        """How many words the questions of several items have."""
        return self._questions[items]

    def _count_words(self) -> np.ndarray:
        counts = np.zeros(len(self._word_keys), dtype=np.float64)
        vocabulary = np.uint64(max(1, len(self._word_keys)))
        for words, starts, _ in self._blocks():
            lengths = np.diff(np.append(starts, len(words)))
            owners = np.repeat(np.arange(len(starts), dtype=np.uint64), lengths)
            pairs = _distinct(owners * vocabulary + words)
            counts += np.bincount((pairs % vocabulary).astype(np.int64), minlength=len(counts))
        return counts

    def _index_bags(self) -> tuple[np.ndarray, np.ndarray]:
        bags = []
        for words, starts, first in self._blocks():
            sums = np.append(np.uint64(0), np.cumsum(_mix(self._word_keys[words]), dtype=np.uint64))
            bags.append(sums[starts + self._questions[first : first + len(starts)]] - sums[starts])
        sums = _join(bags, np.uint64)
        order = np.argsort(sums, kind="stable").astype(np.uint32)
        return sums[order], order

    def _index_grams(self) -> tuple[np.ndarray, np.ndarray]:
        seen = np.zeros(1 << _BUCKETS, dtype=np.int64)
        shift = np.uint32(32 - _BUCKETS)
        for words, starts, _ in self._blocks():
            keys, _, _ = _grams(words, starts)
            seen += np.bincount(keys >> shift, minlength=len(seen))
        seen = np.minimum(seen, 1 << 20)
        keys_found, items_found = [], []
        for words, starts, first in self._blocks():
            keys, owners, offsets = _grams(words, starts)
            if not len(keys):
                continue
            lengths = np.diff(np.append(starts, len(words)))
            stride = np.clip(lengths // 12, 1, min(4, (self.ngram - 1) // 2))[owners]
            blocks = np.flatnonzero(offsets % stride == 0)
            counts = seen[keys >> shift]
            # The rarest gram of each block, the first of equals.
            picked = np.minimum.reduceat(counts << 32 | np.arange(len(keys)), blocks) & 0xFFFFFFFF
            rare = counts[picked] <= MOST_ITEMS
            keys_found.append(keys[picked[rare]])
            items_found.append(owners[picked[rare]] + first)
            # Where even that one is common, a long gram from the same place, or the last of the item.
            owners, offsets = owners[picked[~rare]], offsets[picked[~rare]]
            fits = lengths[owners] >= self._long_gram
            owners, offsets = owners[fits], offsets[fits]
            places = starts[owners] + np.minimum(offsets, lengths[owners] - self._long_gram)
            if len(places):
                keys_found.append(_hash_grams(words, self._long_gram)[places])
                items_found.append(owners + first)
        entries = _distinct(_join(keys_found).astype(np.uint64) << np.uint64(32) | _join(items_found).astype(np.uint64))
        keys, items = (entries >> np.uint64(32)).astype(np.uint32), (entries & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        firsts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        shared_by = np.diff(np.append(firsts, len(keys)))
        kept = np.repeat(shared_by <= MOST_ITEMS, shared_by)
        return keys[kept], items[kept]

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """The words, as uint64, of some items at a time; where each item begins in them; the number of the first."""
        item = 0
        while item < len(self):
            end = int(np.searchsorted(self._starts, self._starts[item] + _BLOCK_WORDS, "right")) - 1
            end = min(max(end, item + 1), len(self))
            begin = int(self._starts[item])
            words = self._words[begin : int(self._starts[end])].astype(np.uint64)
            yield words, self._starts[item:end] - begin, item
            item = end


def _pack_texts(texts: Iterable[str]) -> pa.LargeBinaryArray:
    """Many short texts in one block of bytes: strings of their own would take 50 bytes more each."""
    return pa.array([text.encode("utf-8", "surrogatepass") for text in texts], pa.large_binary())


def _text(packed: pa.LargeBinaryArray, place: int) -> str:
    return str(packed[place].as_py().decode("utf-8", "surrogatepass"))


def _merge(
    shards: list[BenchmarkShard],
) -> tuple[pa.LargeBinaryArray, pa.LargeBinaryArray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The items of some shards in the order of their names; of those with the same words, the first.

    Their names, all words, the keys of these, the words of all items as numbers, where each item begins, and how many of
    its words are the question's.
    """
    every = [word for shard in shards for word in shard.vocabulary.split("\n")]
    keys = [np.array([*map(word_key, shard.vocabulary.split("\n"))], dtype=np.uint64) for shard in shards]
    word_keys, places = np.unique(_join(keys, np.uint64), return_index=True)
    vocabulary = _pack_texts([every[place] for place in places.tolist()])

    words = _join(
        [np.searchsorted(word_keys, own).astype(np.uint32)[shard.words] for own, shard in zip(keys, shards, strict=True)]
    )
    lengths = _join([shard.lengths for shard in shards]).astype(np.int64)
    questions = _join([shard.questions for shard in shards])
    hashed = [_hash_items(own[shard.words], shard.lengths, shard.questions) for own, shard in zip(keys, shards, strict=True)]
    hashes = _join(hashed, np.uint64)
    names = [name for shard in shards for name in shard.names.split("\n")]

    starts = np.cumsum(lengths) - lengths
    order = np.array(sorted(range(len(names)), key=lambda item: (len(names[item]), names[item])), dtype=np.int64)
    kept = order[np.sort(np.unique(hashes[order], return_index=True)[1])]
    parts = [_gather(words, starts[some], lengths[some]) for some in np.array_split(kept, len(kept) // _BLOCK_ITEMS + 1)]
    kept_names = _pack_texts([names[item] for item in kept.tolist()])
    return kept_names, vocabulary, word_keys, _join(parts), np.append(0, np.cumsum(lengths[kept])), questions[kept]


def _gather(words: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The words of some items behind each other."""
    ends = np.cumsum(lengths)
    return words[np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)]


def _join(arrays: list[np.ndarray], dtype: type = np.uint32) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype=dtype), *arrays])


def _distinct(values: np.ndarray) -> np.ndarray:
    """The distinct values in order. `np.unique` may hash, which takes several times as long as to sort."""
    values.sort()
    return values[np.append(True, values[1:] != values[:-1])[: len(values)]]


def _mix(keys: np.ndarray) -> np.ndarray:
    """Word keys that may be summed."""
    return (keys ^ keys >> np.uint64(29)) * _FACTOR


def _hash_items(keys: np.ndarray, lengths: np.ndarray, questions: np.ndarray) -> np.ndarray:
    """64 bits of each item: of its words in their order, and of how many are the question's."""
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    place = np.arange(len(keys)) - np.repeat(starts, lengths)
    factors = np.cumprod(np.full(int(lengths.max()), _FACTOR))
    return np.add.reduceat(_mix(keys) * factors[place], starts) + _mix(questions.astype(np.uint64))


def _hash_grams(words: np.ndarray, size: int) -> np.ndarray:
    """A 32-bit key for every gram of a text with at least `size` words."""
    keys = (hash_shingles(words, size) >> np.uint64(32)).astype(np.uint32)
    return keys if size == GRAM else keys ^ _LONG


def _grams(words: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The key of every short gram of some items, its item, and its place in the item; none crosses from one to the next."""
    ends = np.append(starts[1:], len(words))
    owners = np.repeat(np.arange(len(starts)), ends - starts)[: len(words) - GRAM + 1]
    places = np.arange(len(owners))
    inside = places + GRAM <= ends[owners]
    return _hash_grams(words, GRAM)[: len(owners)][inside], owners[inside], (places - starts[owners])[inside]
