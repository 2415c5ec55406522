"""JSON of any layout is cut into its values, in blocks of any size, in time that grows with the file."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.reading.json_rows import split_values
from beam_pipeline.storage.files import BrokenFile

MARKS = st.text(st.sampled_from('ab"\\{}[],:\n é'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | MARKS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MARKS, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(MARKS, VALUES, max_size=3), max_size=4), st.booleans(), st.sampled_from([None, 2]), st.integers(1, 9)
)
def test_values_are_found_however_they_are_laid_out(rows: list, in_array: bool, indent: int | None, step: int) -> None:
    written = json.dumps(rows, indent=indent) if in_array else "\n".join(json.dumps(row, indent=indent) for row in rows)
    data = written.encode()
    blocks = (data[start : start + step] for start in range(0, len(data), step))
    found = list(split_values(blocks, inside_array=in_array))
    assert [json.loads(value) for _, value, _ in found] == rows
    assert [number for number, _, _ in found] == list(range(1, len(rows) + 1))


@given(st.binary(max_size=80), st.booleans(), st.integers(1, 9))
def test_any_bytes_are_cut_or_told(data: bytes, in_array: bool, step: int) -> None:
    try:
        list(split_values((data[start : start + step] for start in range(0, len(data), step)), inside_array=in_array))
    except BrokenFile as broken:
        assert in_array or data.strip()
        assert "the middle of an array" in str(broken)


def test_a_value_that_is_too_long_is_not_held_and_the_next_is_found() -> None:
    long = b'{"text": "' + b'a \\" { \\\\' * 200_000 + b'"}'
    blocks = (long[start : start + 10_000] for start in range(0, len(long), 10_000))
    [(_, kept, size), (_, value, _)] = split_values((block for part in (blocks, [b' {"text": "t"}']) for block in part), 50_000)
    assert size > 1_000_000 and len(kept) < 60_000
    assert value == b'{"text": "t"}'


@pytest.mark.parametrize("unit", [b"\\", b'"', b"{", b"}", b"[", b",", b'{"', b'\\"', b"\n"])
def test_time_grows_with_the_file(unit: bytes) -> None:
    def seconds(size: int) -> float:
        data = b'{"a": ' + unit * (size // len(unit))
        began = time.process_time()
        try:
            for _ in split_values((data[start : start + 65_536] for start in range(0, size, 65_536)), 500_000):
                pass
        except BrokenFile:
            pass
        return time.process_time() - began

    assert seconds(1_000_000) < 40 * seconds(100_000) + 0.5
