"""Records of an index, and the newest of them in memory, against plain lists."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.inference.journal.reply_index import (
    LONGEST_LINE,
    RECORD_BYTES,
    Place,
    ReplyIndex,
    hash_key,
    pack_record,
    unpack_records,
)

KEYS = st.text(max_size=40)
RECORDS = st.lists(st.tuples(KEYS, st.integers(0, (1 << 62) - 1), st.integers(1, LONGEST_LINE)), max_size=30)


@given(RECORDS, st.binary(max_size=RECORD_BYTES - 1))
def test_records_come_back_as_they_were_whatever_is_torn_off(records: list[tuple[str, int, int]], torn: bytes) -> None:
    data = b"".join(pack_record(*record) for record in records)
    assert len(data) == RECORD_BYTES * len(records)
    found = unpack_records(data + torn)
    assert [tuple(map(int, row)) for row in found.tolist()] == [(hash_key(key), where, size) for key, where, size in records]


@given(st.binary(max_size=400))
def test_damage_is_read_as_records_that_harm_nobody(data: bytes) -> None:
    for _, where, length in unpack_records(data).tolist():
        assert 0 < length <= LONGEST_LINE
        assert where < 1 << 62


def test_hashes_stay_as_they_are() -> None:
    """Indexes of earlier runs and of other machines go by them."""
    assert hash_key("0123456789abcdef0123456789abcdef") == 0x5393007FE4ACAACC
    assert RECORD_BYTES == 20


# --- in memory

# Few hashes, so that some come often.
ADDED = st.lists(
    st.tuples(st.integers(0, 3), st.lists(st.integers(0, 9), max_size=12), st.booleans()),
    max_size=25,
)


def records(hashes: Sequence[int], first: int) -> np.ndarray:
    """Records whose `where` tells them apart."""
    rows = [(hashed, first + number, 1) for number, hashed in enumerate(hashes)]
    return np.array(rows, dtype=[("hash", "<u8"), ("where", "<u8"), ("length", "<u4")])


@given(ADDED, st.integers(1, 40))
def test_finds_what_a_list_would_and_keeps_the_newest(added: list[tuple[int, list[int], bool]], most: int) -> None:
    index = ReplyIndex(most)
    model: list[tuple[int, Place]] = []  # oldest first
    number = 0
    for source, hashes, oldest in added:
        room = index.room
        index.add(source, records(hashes, number), oldest)
        new = [(hashed, Place(source, number + place, 1)) for place, hashed in enumerate(hashes)]
        model = new[max(0, len(new) - room) :] + model if oldest else model + new
        number += len(hashes)
        assert len(index) <= most
        model = model[len(model) - len(index) :]  # what was dropped were the oldest
        for hashed in range(10):
            assert index.find(hashed) == [place for other, place in reversed(model) if other == hashed]
        assert len(index) >= min(len(model), most - max(1, most // 4))


def test_keeps_at_least_three_quarters_of_what_it_may() -> None:
    index, total = ReplyIndex(1000), 0
    for _ in range(100):
        index.add(0, records(range(total, total + 77), total))
        total += 77
        assert min(total, 750) <= len(index) <= 1000
        assert all(index.find(number) for number in range(max(0, total - 750), total))


def test_many_small_additions_do_not_slow_the_search() -> None:
    index = ReplyIndex(100_000)
    for number in range(3_000):
        index.add(0, records([number * 7_919], number))
    assert len(index._runs) <= 4  # a search looks into each
    assert index.find(2_999 * 7_919) == [Place(0, 2_999, 1)]


@pytest.mark.slow
def test_memory_at_the_bound() -> None:
    """What the constants say: 24 bytes a reply."""
    index = ReplyIndex()
    random = np.random.default_rng(0)
    for number in range(70):
        piece = np.zeros(65_536, dtype=records([], 0).dtype)
        piece["hash"] = random.integers(0, 1 << 64, len(piece), dtype=np.uint64)
        piece["length"] = 1
        index.add(number, piece)
    assert 3_000_000 <= len(index) <= 4_000_000
    assert sum(run.hashes.nbytes + run.wheres.nbytes + run.spans.nbytes for run in index._runs) == 24 * len(index)
    assert len(index._runs) <= 8, "a miss searches each of them"
