"""The limiter against a simulated endpoint: throughput grows up to a number of slots, then waits in line."""

import heapq
import random

import pytest

from transforms.inference.limiter import INITIAL_LIMIT, Limiter, Phase


def simulate(limiter: Limiter, slots: int, seconds: float, median_s: float = 0.4, refuse_over: int | None = None) -> float:
    """Run the limiter against `slots` servers with log-normal times; returns the mean share of busy slots."""
    rng = random.Random(1)
    now, busy_until, finishing = 0.0, [0.0] * slots, []
    in_flight, serving, busy = 0, 0, 0.0
    while now < seconds:
        while in_flight < int(limiter.limit):
            in_flight += 1
            if refuse_over is not None and serving >= refuse_over:
                heapq.heappush(finishing, (now + 0.02, now, False))
                continue
            serving += 1
            free_at = heapq.heappop(busy_until)
            took = rng.lognormvariate(0, 0.6) * median_s
            end = max(now, free_at) + took
            heapq.heappush(busy_until, end)
            busy += took
            heapq.heappush(finishing, (end, now, True))
        now, started, served = heapq.heappop(finishing)
        in_flight -= 1
        serving -= served
        if served:
            limiter.completed(now, now - started, wanted_more=True)
        else:
            limiter.refused(now, now - started)
    return busy / (slots * seconds)


@pytest.mark.parametrize("slots", [16, 64, 256, 700])
def test_finds_enough_for_any_endpoint_from_a_cold_start(slots: int) -> None:
    assert simulate(Limiter(), slots, seconds=60, median_s=1.0) >= 0.95


def test_stops_growing_past_the_knee() -> None:
    limiter = Limiter()
    simulate(limiter, slots=64, seconds=30)
    assert limiter.phase is Phase.STEADY
    assert 64 <= limiter.limit <= 4 * INITIAL_LIMIT


def test_a_ceiling_is_never_passed() -> None:
    limiter = Limiter(ceiling=40)
    simulate(limiter, slots=256, seconds=20)
    assert limiter.limit == 40


def test_backs_off_where_more_is_refused_and_stays_near_what_is_allowed() -> None:
    limiter = Limiter()
    busy = simulate(limiter, slots=50, seconds=60, refuse_over=50)
    assert limiter.limit <= 100
    assert busy >= 0.85


def test_a_few_refusals_by_chance_change_nothing() -> None:
    limiter, rng = Limiter(), random.Random(2)
    for step in range(20_000):
        now = step / 200
        if rng.random() < 0.05:
            limiter.refused(now, 0.4)
        else:
            limiter.completed(now, 0.4, wanted_more=True)
    assert limiter.phase is not Phase.RECOVERING
    assert limiter.limit >= INITIAL_LIMIT


def test_windows_without_enough_work_teach_nothing() -> None:
    limiter = Limiter()
    for step in range(5_000):
        limiter.completed(step / 10, 0.4, wanted_more=False)
    assert limiter.limit == INITIAL_LIMIT
    assert limiter.phase is Phase.GROWING
