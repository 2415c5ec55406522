"""The limiter against simulated endpoints that serve so many at a time, and let the others wait in line."""

import heapq
import random

import pytest

from transforms.inference.limiter import INITIAL_LIMIT, Limiter, Phase

STAGES = ("filter", "classify", "verify")


def simulate(
    limiter: Limiter,
    slots: int,
    seconds: float,
    median_s: float = 0.5,
    refuse_over: int | None = None,
    fault_share: float = 0.0,
    slower_with_load: float = 0.0,
    seed: int = 1,
) -> float:
    """Run the limiter against `slots` servers with log-normal times; returns the mean share of busy slots.

    The first requests are all of one stage, as in a run. `slower_with_load` lengthens a request by
    this share for each doubling of those served with it, as a decoding batch does.
    """
    rng = random.Random(seed)
    now, busy, sent = 0.0, 0.0, 0
    free_at = [0.0] * slots
    finishing: list[tuple[float, int, float, bool, object]] = []
    in_flight = serving = 0
    while now < seconds:
        while in_flight < int(limiter.limit):
            stage = STAGES[0] if sent < 256 else rng.choice(STAGES)
            ticket = limiter.begin(stage, in_flight)
            sent += 1
            in_flight += 1
            if (refuse_over is not None and serving >= refuse_over) or rng.random() < fault_share:
                heapq.heappush(finishing, (now + 0.02, sent, now, False, ticket))
                continue
            serving += 1
            start = max(now, heapq.heappop(free_at))
            took = rng.lognormvariate(0, 0.6) * median_s * (1 + STAGES.index(stage))
            took *= 1 + slower_with_load * (min(serving, slots) / 32)
            heapq.heappush(free_at, start + took)
            busy += max(0.0, min(start + took, seconds) - min(start, seconds))
            heapq.heappush(finishing, (start + took, sent, now, True, ticket))
        now, _, began, served, ticket = heapq.heappop(finishing)
        in_flight -= 1
        serving -= served
        if served:
            limiter.completed(ticket, now, now - began)  # type: ignore[arg-type]
        else:
            limiter.dropped(ticket)  # type: ignore[arg-type]
            limiter.refused(now)
    return busy / (slots * seconds)


@pytest.mark.parametrize("slots", [4, 16, 64, 256, 700])
@pytest.mark.parametrize("seed", range(3))
def test_finds_the_knee_of_any_endpoint_from_a_cold_start(slots: int, seed: int) -> None:
    limiter = Limiter()
    assert simulate(limiter, slots, seconds=90, seed=seed) >= (0.97 if slots <= 256 else 0.85)
    assert 0.8 * slots <= limiter.base <= max(3 * slots, 80)


@pytest.mark.parametrize("slots", [16, 64, 128])
def test_the_first_burst_shows_a_small_endpoint(slots: int) -> None:
    limiter = Limiter()
    simulate(limiter, slots, seconds=0.6 * 256 / slots * 1.3)
    assert limiter.phase is not Phase.BURST
    assert slots <= limiter.base <= max(2.5 * slots, 80)


def test_short_runs_are_not_slowed_by_looking_around() -> None:
    assert simulate(Limiter(), 256, seconds=20) >= 0.97


def test_a_ceiling_is_never_passed() -> None:
    limiter = Limiter(ceiling=40)
    simulate(limiter, slots=256, seconds=20)
    assert limiter.limit <= 40


def test_backs_off_where_more_is_refused_and_stays_near_what_is_allowed() -> None:
    limiter = Limiter()
    busy = simulate(limiter, slots=50, seconds=60, refuse_over=50)
    assert limiter.limit <= 75
    assert busy >= 0.85


def test_a_few_refusals_by_chance_change_nothing() -> None:
    limiter = Limiter()
    busy = simulate(limiter, slots=64, seconds=60, fault_share=0.05)
    assert limiter.phase is not Phase.RECOVERING
    assert busy >= 0.97


def test_an_endpoint_that_slows_with_load_is_not_left_idle() -> None:
    limiter = Limiter()
    assert simulate(limiter, slots=200, seconds=90, slower_with_load=0.05) >= 0.9


def test_too_little_work_teaches_nothing() -> None:
    limiter = Limiter()
    for step in range(2_000):
        ticket = limiter.begin("filter", in_flight=3)
        limiter.completed(ticket, step / 10, 0.4)
    for _ in range(2_000):
        limiter.begin("filter", in_flight=3)
    assert limiter.limit == INITIAL_LIMIT
