"""The course of a run: bounded, and nothing of it lost when ticks are joined."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_pipeline.run.timeline import Point, Timeline, quantile
from transforms.inference.scheduling.retries import LATENCY_BINS, LATENCY_FLOOR_S, latency_bin


def point(in_flight: int, latencies: list[float]) -> Point:
    counts = [0] * LATENCY_BINS
    for latency in latencies:
        counts[latency_bin(latency)] += 1
    return Point(1, in_flight, in_flight, 0, 0, len(latencies), 10 * len(latencies), tuple(counts))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 99), st.lists(st.floats(0, 2000), max_size=3)), min_size=1, max_size=200))
def test_joined_ticks_keep_their_sums_and_are_few(looks: list[tuple[int, list[float]]]) -> None:
    timeline = Timeline(most_points=8)
    for in_flight, latencies in looks:
        timeline.add(point(in_flight, latencies))
    row = timeline.as_row()
    answered = sum(len(latencies) for _, latencies in looks)
    if not answered and not any(in_flight for in_flight, _ in looks):
        assert row == {}
        return
    assert len({len(column) for column in row.values() if isinstance(column, list)}) == 1
    assert len(row["at_s"]) <= 9 and row["at_s"] == sorted(row["at_s"])
    assert sum(row["answered"]) == answered and sum(row["tokens"]) == 10 * answered
    assert max(row["most_in_flight"]) == max(in_flight for in_flight, _ in looks)
    assert row["at_s"][-1] == pytest.approx(0.1 * len(looks), abs=0.01)
    for median, slow in zip(row["latency_median_s"], row["latency_p95_s"], strict=True):
        assert (median is None and slow is None) or median <= slow


@given(st.floats(LATENCY_FLOOR_S, 900))
def test_a_latency_is_told_to_a_tenth(seconds: float) -> None:
    assert quantile(point(1, [seconds]).latencies, 0.5) == pytest.approx(seconds, rel=0.11)
