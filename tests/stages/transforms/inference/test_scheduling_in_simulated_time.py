"""The scheduler beside bare clients on simulated servers, in simulated time: the same figures on every machine."""

import pytest

from tests.benchmarks.matrix import lengths
from tests.benchmarks.simulated_time import Load, bare, scheduled

CAPS = (0.5, 1.0, 2.0)


@pytest.mark.parametrize(
    ("tokens", "cache_tokens", "slots", "documents"),
    [
        (830, 400_000, 16, 160),
        (4_410, 400_000, 16, 100),
        (1_560, 150_000, 64, 300),
        (2_500, 150_000, 4, 40),
        (0, 150_000, 64, 400),
    ],
)
def test_the_scheduler_keeps_up_with_the_best_bare_client(tokens: int, cache_tokens: int, slots: int, documents: int) -> None:
    load = Load(lengths(documents, tokens), slots, cache_tokens)
    best = max((bare(load, cap) for cap in CAPS), key=lambda outcome: outcome.rate)
    own = scheduled(load)
    assert own.calls == best.calls == 8 * documents
    assert own.rate > 0.93 * best.rate
    assert own.uncached < 1.1 * best.uncached


def test_no_more_documents_are_begun_than_the_cache_holds() -> None:
    """Where all were begun at once, each call would have to read its document again."""
    load = Load(lengths(120, 4_410), 64, 150_000)
    assert bare(load, 0).uncached > 2 * scheduled(load).uncached


def test_a_server_whose_times_have_nothing_to_do_with_lengths() -> None:
    load = Load(lengths(200, 350), 16, prefill_tokens_per_s=0.0, decode_tokens_per_s=0.0, latency_median_s=0.2)
    assert scheduled(load).rate > 0.93 * bare(load, 1.0).rate


def test_replicas_share_the_work() -> None:
    one = scheduled(Load(lengths(60, 700), 8))
    four = scheduled(Load(lengths(240, 700), 8, replicas=4))
    assert four.rate > 3.4 * one.rate
    assert four.uncached < 1.1 * one.uncached


def test_it_is_the_same_every_time() -> None:
    load = Load(lengths(40, 700), 8)
    assert scheduled(load) == scheduled(load)
