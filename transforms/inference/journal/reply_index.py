"""Where each journalled reply lies: fixed-size records, and the newest of them in memory, sorted.

A record has the hash of a reply's key and the place of its line. Whoever goes by it reads the line and compares the
whole key, so a damaged record, or one of a line that is gone, costs that one reply.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Little-endian whatever the machine, without gaps: journals travel.
RECORD = np.dtype([("hash", "<u8"), ("where", "<u8"), ("length", "<u4")])
RECORD_BYTES = RECORD.itemsize  # 20

# Replies known at once, 24 bytes each: 96 MB, and 60 MB more while the largest runs are merged.
MOST_REPLIES = 4_000_000
# The oldest run goes when there are too many, a quarter of all at most.
_RUNS_AT_LEAST = 4
# A run is merged with a neighbour up to so many times its size: few runs to search, each reply moved a few times.
_RATIO = 16
# Longer lines are no replies but damage, which must not have us read gigabytes.
LONGEST_LINE = 16 << 20
# Source and length in one number.
_LENGTH_BITS = 32


@dataclass(frozen=True, slots=True)
class Place:
    """Where the line of a reply lies: `source` is a number the index's owner gave, `where` of its layout."""

    source: int
    where: int
    length: int


def hash_key(key: str) -> int:
    """64 bits that stand for a key."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def pack_record(key: str, where: int, length: int) -> bytes:
    """One record; `where` is of 64 bits, `length` in bytes."""
    return np.array((hash_key(key), where, length), RECORD).tobytes()


def unpack_records(data: bytes) -> NDArray[np.void]:
    """The records of an index; a half one at the end is left out, and those that no line can have, so that all can be read."""
    records = np.frombuffer(data, dtype=RECORD, count=len(data) // RECORD_BYTES)
    sound = (records["length"] > 0) & (records["length"] <= LONGEST_LINE) & (records["where"] < 1 << 62)
    return records if sound.all() else records[sound]


@dataclass(frozen=True, slots=True)
class _Run:
    """Replies sorted by hash, older before newer where hashes are equal.

    Columns of plain numbers: numpy sorts and moves those without the interpreter's lock, and the event
    loop goes on meanwhile; rows of records it does not.
    """

    hashes: NDArray[np.uint64]
    wheres: NDArray[np.uint64]
    spans: NDArray[np.uint64]  # source and length

    def __len__(self) -> int:
        return len(self.hashes)


class ReplyIndex:
    """The places of the newest replies. One thread adds; any thread finds, without a lock."""

    def __init__(self, most: int = MOST_REPLIES) -> None:
        self.most = most
        self._largest = max(1, most // _RUNS_AT_LEAST)
        self._runs: tuple[_Run, ...] = ()  # oldest first; replaced as a whole

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    @property
    def room(self) -> int:
        """How many replies it can take before it drops some."""
        return self.most - len(self)

    def add(self, source: int, records: NDArray[np.void], oldest: bool = False) -> None:
        """Take in records of one source, the newest last; they are newer than all it has, or `oldest`.

        Where there are too many, the oldest are dropped.
        """
        records = records[max(0, len(records) - (self.room if oldest else self.most)) :]
        cuts = range(0, len(records), self._largest)
        for start in reversed(cuts) if oldest else cuts:
            part = records[start : start + self._largest]
            spans = part["length"].astype(np.uint64) | np.uint64(source << _LENGTH_BITS)
            run = _sorted(part["hash"].astype(np.uint64), part["where"].astype(np.uint64), spans)
            runs = [run, *self._runs] if oldest else [*self._runs, run]
            while sum(map(len, runs)) > self.most:
                del runs[0]
            self._runs = tuple(self._merged(runs))

    def find(self, hashed: int) -> list[Place]:
        """Where replies with such a key may lie, the newest first."""
        wanted = np.uint64(hashed)
        places: list[Place] = []
        for run in reversed(self._runs):
            for number in reversed(range(run.hashes.searchsorted(wanted), run.hashes.searchsorted(wanted, "right"))):
                span = int(run.spans[number])
                places.append(Place(span >> _LENGTH_BITS, int(run.wheres[number]), span & (1 << _LENGTH_BITS) - 1))
        return places

    def _merged(self, runs: list[_Run]) -> list[_Run]:
        """Merge neighbours until only those are left that are too large together, or too different."""
        place = 0
        while place + 1 < len(runs):
            one, other = runs[place : place + 2]
            small, large = sorted((len(one), len(other)))
            if small + large <= self._largest and large <= _RATIO * small:
                runs[place : place + 2] = [_merge(one, other)]
                place = max(0, place - 1)
            else:
                place += 1
        return runs


def _sorted(hashes: NDArray[np.uint64], wheres: NDArray[np.uint64], spans: NDArray[np.uint64]) -> _Run:
    order = hashes.argsort(kind="stable")
    return _Run(hashes[order], wheres[order], spans[order])


def _merge(one: _Run, other: _Run) -> _Run:
    # A stable sort of two sorted runs one after the other is a merge, and takes no longer than one.
    columns = zip((one.hashes, one.wheres, one.spans), (other.hashes, other.wheres, other.spans), strict=True)
    return _sorted(*(np.concatenate(pair) for pair in columns))
