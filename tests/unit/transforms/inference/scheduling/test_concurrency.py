"""The limiter against simulated endpoints that serve so many at a time, and let the others wait in line."""

import heapq
import math
import random
from dataclasses import dataclass

import pytest

from transforms.inference.scheduling.concurrency import INITIAL_LIMIT, USUAL_SLOTS, Limiter, Phase, Ticket, initial_limit

STAGES = ("filter", "classify", "verify")
REFUSED, SERVED, TIMED_OUT = "refused", "served", "timed out"


@dataclass
class Ran:
    """What came of a simulated run: the mean share of busy slots, and the requests by their end."""

    busy: float
    served: int
    timed_out: int
    late_time_outs: int  # in the second half of the run


def simulate(
    limiter: Limiter,
    slots: int,
    seconds: float,
    median_s: float = 0.5,
    supply: int = 10**6,
    surge: tuple[float, int] = (math.inf, 0),
    refuse_over: int | None = None,
    refuse_from: tuple[float, int] = (math.inf, 0),
    fault_share: float = 0.0,
    slower_with_load: float = 0.0,
    hung_until: float = 0.0,
    seed: int = 1,
) -> Ran:
    """Run the limiter against `slots` servers with log-normal times.

    The first requests are all of one stage, as in a run. `slower_with_load` lengthens a request by
    this share for each doubling of those served with it, as a decoding batch does. `supply` is the
    most that comes to be in flight, `surge` a time and the supply from then on. `refuse_from` is a
    time from which so many are refused. Until `hung_until` nothing is answered. A request that its
    client gave up leaves the line, or its slot.
    """
    rng = random.Random(seed)
    now, busy, sent = 0.0, 0.0, 0
    free_at = [hung_until] * slots
    finishing: list[tuple[float, int, float, str, Ticket]] = []
    in_flight = serving = 0
    refuse_at, to_refuse = refuse_from
    ends = {REFUSED: 0, SERVED: 0, TIMED_OUT: 0}
    late_time_outs = 0
    while now < seconds:
        while in_flight < min(int(limiter.limit), supply if now < surge[0] else surge[1]):
            stage = STAGES[0] if sent < 256 else rng.choice(STAGES)
            ticket = limiter.begin(stage, in_flight)
            sent += 1
            in_flight += 1
            spell = now >= refuse_at and to_refuse > 0
            to_refuse -= spell
            if spell or (refuse_over is not None and serving >= refuse_over) or rng.random() < fault_share:
                heapq.heappush(finishing, (now + 0.02, sent, now, REFUSED, ticket))
                continue
            serving += 1
            free = heapq.heappop(free_at)
            start = max(now, free)
            took = rng.lognormvariate(0, 0.6) * median_s * (1 + STAGES.index(stage))
            took *= 1 + slower_with_load * (min(serving, slots) / 32)
            given_up = now + limiter.timeout_s
            end = min(start + took, given_up)
            heapq.heappush(free_at, max(free, end) if start < given_up else free)
            busy += max(0.0, min(end, seconds) - min(start, seconds))
            how = SERVED if start + took <= given_up else TIMED_OUT
            heapq.heappush(finishing, (end, sent, now, how, ticket))
        now, _, began, how, ticket = heapq.heappop(finishing)
        in_flight -= 1
        serving -= how != REFUSED
        ends[how] += 1
        if how == SERVED:
            limiter.completed(ticket, now, now - began)
        elif how == TIMED_OUT:
            limiter.timed_out(now, now - began)
            late_time_outs += now > seconds / 2
        else:
            limiter.refused(now)
        limiter.ended(ticket)
    return Ran(busy / (slots * seconds), ends[SERVED], ends[TIMED_OUT], late_time_outs)


@pytest.mark.parametrize("slots", [4, 16, 64, 256, 700])
@pytest.mark.parametrize("seed", range(3))
def test_finds_the_knee_of_any_endpoint_from_a_cold_start(slots: int, seed: int) -> None:
    limiter = Limiter()
    assert simulate(limiter, slots, seconds=90, seed=seed).busy >= (0.97 if slots <= 256 else 0.85)
    assert 0.8 * slots <= limiter.base <= max(3 * slots, 80)


@pytest.mark.parametrize("slots", [16, 64, 128])
def test_the_first_burst_shows_a_small_endpoint(slots: int) -> None:
    limiter = Limiter()
    simulate(limiter, slots, seconds=0.6 * 256 / slots * 1.3)
    assert limiter.phase is not Phase.BURST
    assert slots <= limiter.base <= max(2.5 * slots, 80)


def test_short_runs_are_not_slowed_by_looking_around() -> None:
    assert simulate(Limiter(), 256, seconds=20).busy >= 0.97


@pytest.mark.parametrize("median_s", [0.4, 1.5, 10.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_fast_start_is_kept_where_the_timeout_is_known(median_s: float, seed: int) -> None:
    limiter = Limiter(timeout_s=120)
    assert simulate(limiter, 256, seconds=20 * max(1, median_s), median_s=median_s, seed=seed).busy >= 0.99
    assert limiter.base >= 256


def test_a_ceiling_is_never_passed() -> None:
    limiter = Limiter(ceiling=40)
    simulate(limiter, slots=256, seconds=20)
    assert limiter.limit <= 40


@pytest.mark.parametrize("seed", range(4))
def test_backs_off_where_more_is_refused_and_stays_near_what_is_allowed(seed: int) -> None:
    limiter = Limiter()
    ran = simulate(limiter, slots=50, seconds=60, refuse_over=50, seed=seed)
    assert limiter.limit <= 75
    assert ran.busy >= 0.85


def test_a_few_refusals_by_chance_change_nothing() -> None:
    limiter = Limiter()
    ran = simulate(limiter, slots=64, seconds=60, fault_share=0.05)
    assert limiter.phase is not Phase.RECOVERING
    assert ran.busy >= 0.97


@pytest.mark.parametrize("seed", range(6))
def test_many_refusals_by_chance_cost_little(seed: int) -> None:
    limiter = Limiter()
    assert simulate(limiter, slots=64, seconds=90, fault_share=0.05, seed=seed).busy >= 0.94
    assert 64 <= limiter.base < 3 * 64


@pytest.mark.parametrize("begins_s", [0.3, 30.0])
@pytest.mark.parametrize("seed", range(4))
def test_one_spell_of_refusals_does_not_end_the_search_for_the_knee(begins_s: float, seed: int) -> None:
    limiter = Limiter()
    ran = simulate(limiter, slots=64, seconds=120, refuse_from=(begins_s, 60), seed=seed)
    assert limiter.phase is not Phase.RECOVERING
    assert 50 <= limiter.base < 3 * 64
    assert ran.busy >= 0.93


@pytest.mark.parametrize("ceiling", [2, 3, 5, 8])
@pytest.mark.parametrize("seed", range(3))
def test_a_small_limit_grows_back_after_a_cut(ceiling: int, seed: int) -> None:
    limiter = Limiter(ceiling)
    simulate(limiter, slots=64, seconds=150, refuse_from=(5, 10), seed=seed)
    assert limiter.base == ceiling


def test_limits_are_whole_numbers() -> None:
    limiter = Limiter(ceiling=9, timeout_s=6)
    seen = set()
    for seconds in range(1, 60):
        simulate(limiter, slots=3, seconds=seconds / 10, fault_share=0.3, seed=seconds)
        seen |= {limiter.limit, limiter.base}
    assert len(seen) > 2
    assert all(isinstance(limit, int) and limit >= 1 for limit in seen)


def test_an_endpoint_that_slows_with_load_is_not_left_idle() -> None:
    limiter = Limiter()
    assert simulate(limiter, slots=200, seconds=90, slower_with_load=0.05).busy >= 0.9


@pytest.mark.parametrize(("slots", "median_s", "timeout_s"), [(2, 0.5, 6), (8, 0.5, 6), (2, 4.0, 120), (1, 8.0, 120)])
@pytest.mark.parametrize("seed", range(4))
def test_an_endpoint_too_slow_for_the_first_burst_times_out_only_in_it(
    slots: int, median_s: float, timeout_s: float, seed: int
) -> None:
    limiter = Limiter(timeout_s=timeout_s)
    ran = simulate(limiter, slots, seconds=30 * timeout_s, median_s=median_s, seed=seed)
    assert ran.timed_out <= 1.1 * USUAL_SLOTS
    assert ran.late_time_outs <= 0.04 * ran.served
    assert limiter.base <= 6 * slots
    assert ran.busy >= 0.85


@pytest.mark.parametrize("seed", range(3))
def test_replies_that_are_long_by_themselves_are_not_taken_for_a_line(seed: int) -> None:
    limiter = Limiter(timeout_s=240)
    ran = simulate(limiter, slots=64, seconds=3000, median_s=45, seed=seed)
    assert ran.timed_out > 50
    assert limiter.base >= 45
    assert ran.busy >= 0.85


@pytest.mark.parametrize("seed", range(3))
def test_an_endpoint_that_hung_is_used_in_full_soon_after(seed: int) -> None:
    limiter = Limiter(timeout_s=30)
    ran = simulate(limiter, slots=256, seconds=120, hung_until=35, seed=seed)
    assert ran.timed_out <= 1.1 * USUAL_SLOTS
    assert ran.busy >= 0.7 * (1 - 35 / 120)
    assert limiter.base >= 256


def test_a_wave_of_time_outs_cuts_once_to_what_was_answered() -> None:
    limiter = Limiter(timeout_s=6)
    tickets = [limiter.begin("filter", rank) for rank in range(256)]
    for number, ticket in enumerate(tickets[:24], start=1):
        limiter.completed(ticket, number / 4, number / 4)
    limits = []
    for ticket in tickets[24:]:
        limiter.timed_out(6.01, 6.0)
        limiter.ended(ticket)
        limits.append(limiter.limit)
    assert len(set(limits)) == 1
    assert 12 <= limits[0] <= 24


def test_without_a_reply_in_the_whole_span_one_request_goes_on_asking() -> None:
    limiter = Limiter(timeout_s=6)
    tickets = [limiter.begin("filter", rank) for rank in range(256)]
    for ticket in tickets:
        limiter.timed_out(6.0, 6.0)
        limiter.ended(ticket)
    assert limiter.limit == 1


def test_one_request_that_hangs_does_not_slow_a_fast_endpoint() -> None:
    limiter = Limiter(timeout_s=6)
    limiter.begin("filter", 0)
    for step in range(100):
        limiter.completed(limiter.begin("filter", 1), step / 10, 0.1)
    limiter.timed_out(10.0, 6.0)
    assert limiter.limit == USUAL_SLOTS


def test_the_first_burst_is_paced_by_the_first_replies() -> None:
    limiter = Limiter(timeout_s=120)
    tickets = [limiter.begin("filter", rank) for rank in range(256)]
    for number, ticket in enumerate(tickets[:16], start=1):
        limiter.completed(ticket, 2.0 * number, 2.0 * number)
    assert 20 <= limiter.limit <= 40  # half a reply a second, half of two minutes


@pytest.mark.parametrize("supply", [64, 128, 170])
@pytest.mark.parametrize("seed", range(6))
def test_a_supply_below_the_first_limit_shows_a_small_endpoint_too(supply: int, seed: int) -> None:
    limiter = Limiter()
    ran = simulate(limiter, slots=16, seconds=60, supply=supply, seed=seed)
    assert limiter.base <= 80
    assert ran.busy >= 0.97


@pytest.mark.parametrize("supply", [64, 170])
@pytest.mark.parametrize("seed", range(4))
def test_a_short_supply_without_a_line_is_not_held_back(supply: int, seed: int) -> None:
    limiter = Limiter()
    ran = simulate(limiter, slots=256, seconds=60, supply=supply, seed=seed)
    assert ran.busy >= 0.97 * supply / 256
    assert limiter.base >= supply


@pytest.mark.parametrize("seed", range(4))
def test_a_supply_that_comes_later_is_measured_as_it_is(seed: int) -> None:
    limiter = Limiter()
    simulate(limiter, slots=16, seconds=240, supply=3, surge=(30, 170), seed=seed)
    assert limiter.base <= 80


def test_stages_that_cannot_be_compared_move_nothing() -> None:
    limiter = Limiter()
    now = 0.0
    for number in range(60):  # every measurement is of another stage
        tickets = [limiter.begin(f"stage {number}", rank) for rank in range(256)]
        for latency_s, ticket in enumerate(tickets, start=1):
            limiter.completed(ticket, now + latency_s % 7, latency_s % 7)
        now += 10
    assert limiter.base == USUAL_SLOTS


def test_too_little_work_teaches_nothing() -> None:
    limiter = Limiter()
    for step in range(2_000):
        ticket = limiter.begin("filter", in_flight=3)
        limiter.completed(ticket, step / 10, 0.4)
    for _ in range(2_000):
        limiter.begin("filter", in_flight=3)
    assert limiter.limit == USUAL_SLOTS


@pytest.mark.parametrize(("processes", "first"), [(1, INITIAL_LIMIT), (2, INITIAL_LIMIT // 2), (1000, 1)])
def test_processes_that_begin_together_share_a_burst(processes: int, first: int) -> None:
    assert initial_limit(processes) == first


@pytest.mark.parametrize("seed", range(5))
def test_a_share_of_a_burst_is_read_as_well(seed: int) -> None:
    limiter = Limiter(initial=64)
    simulate(limiter, slots=8, seconds=15, seed=seed)
    assert limiter.base <= 32  # a line of its own making is found at once


@pytest.mark.parametrize("seed", range(5))
def test_a_share_of_a_burst_without_a_line_grows_quickly(seed: int) -> None:
    limiter = Limiter(initial=64)
    simulate(limiter, slots=512, seconds=4, seed=seed)
    assert limiter.base >= 128


def test_a_server_that_says_what_it_works_on_gets_one_more_for_each_reply_up_to_that() -> None:
    limiter = Limiter(timeout_s=120.0)
    limiter.told(4)
    limits = []
    for now in range(1, 9):
        limits.append(limiter.limit)
        limiter.completed(limiter.begin("filter", 0), float(now), 1.0)
    assert limits == [1, 2, 3, 4, 4, 4, 4, 4]
    assert limiter.phase is Phase.STEADY


@pytest.mark.parametrize("slots", [1, 4, 64])
def test_what_a_slow_server_says_that_it_works_on_is_kept_to(slots: int) -> None:
    limiter = Limiter(timeout_s=600.0)
    limiter.told(slots)
    ran = simulate(limiter, slots, seconds=6000, median_s=20.0)
    assert ran.timed_out == 0
    assert ran.busy > 0.9
    assert limiter.base <= slots


def test_a_ceiling_holds_whatever_a_server_says() -> None:
    limiter = Limiter(ceiling=2)
    limiter.told(64)
    for now in range(1, 5):
        limiter.completed(limiter.begin("filter", 0), float(now), 1.0)
    assert limiter.limit == 2


def test_a_server_that_was_away_soon_gets_again_what_it_says_that_it_works_on() -> None:
    limiter = Limiter(timeout_s=120.0)
    limiter.told(4)
    for now in range(8):
        limiter.completed(limiter.begin("filter", 0), float(now), 1.0)
    for now in range(40):  # it loads its model: 503
        limiter.refused(10.0 + now / 20)
    assert limiter.limit < 4
    for now in range(4):
        limiter.completed(limiter.begin("filter", 0), 20.0 + now, 1.0)
    assert limiter.limit == 4


def test_calls_of_documents_under_way_may_go_beyond_the_limit_once_lengths_tell_what_is_written() -> None:
    limiter = Limiter(ceiling=60)
    assert limiter.most == limiter.limit == 60
    rng = random.Random(5)
    for number in range(1_000):  # most of the time is waiting, so the limit falls
        written = rng.randint(20, 200)
        limiter.completed(limiter.begin("verify", limiter.limit - 1), float(number), 4.0 + written / 60, written)
    assert limiter.limit < 40
    assert limiter.most == min(60, 2 * limiter.limit)
    limiter.timed_out(1e6, 100.0)
    assert limiter.most == limiter.limit
