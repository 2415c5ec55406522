import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.inference.scheduling import replica as replica_module
from transforms.inference.scheduling import router as router_module
from transforms.inference.scheduling.concurrency import Limiter
from transforms.inference.scheduling.replica import FAILURES_TO_OPEN, Line, Replica, Slot, Waiting
from transforms.inference.scheduling.router import Outage, Router, rendezvous_order

URLS = tuple(f"http://replica-{n}/v1" for n in range(4))


class FakeEndpoint:
    def __init__(self, url: str) -> None:
        self.url = url
        self.answers = True
        self.says: int | None = None

    async def alive(self) -> bool:
        return self.answers

    async def works(self) -> bool:
        return self.answers

    async def slots(self) -> int | None:
        return self.says

    async def close(self) -> None:
        pass


def make_router(urls: tuple[str, ...] = URLS, slots: int = 2) -> Router:
    router = Router()
    for url in urls:
        router.replicas[url] = Replica(FakeEndpoint(url), Limiter(ceiling=slots))  # type: ignore[arg-type]
    return router


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 100))


async def come(condition: Callable[[], bool]) -> None:
    """Wait for what another task does."""
    while not condition():
        await asyncio.sleep(0.005)


@given(st.text(), st.sampled_from(URLS))
def test_a_lost_replica_moves_only_its_own_documents(document_id: str, lost: str) -> None:
    order = rendezvous_order(document_id, URLS)
    without = rendezvous_order(document_id, tuple(url for url in URLS if url != lost))
    assert without == [url for url in order if url != lost]


def test_documents_spread_evenly() -> None:
    shares = Counter(rendezvous_order(f"document-{n}", URLS)[0] for n in range(4000))
    assert all(850 <= shares[url] <= 1150 for url in URLS)


def take_down(router: Router, slot: Slot) -> None:
    """Let a replica fail often enough."""
    for _ in range(FAILURES_TO_OPEN):
        router.failed(slot, "d", no_connection=True)
    assert slot.replica.down


def test_all_calls_of_a_document_go_to_one_replica() -> None:
    async def scenario() -> None:
        router = make_router()
        first = await router.acquire("d", 0, URLS, 1)
        router.release(first)
        for rank in (1, 2, 3):
            slot = await router.acquire("d", rank, URLS, 1)
            assert slot.replica is first.replica
            router.release(slot)

    run(scenario())


def test_oldest_document_first_and_its_later_stages_before_a_newer_one() -> None:
    async def scenario() -> list[str]:
        router = make_router(URLS[:1], slots=1)
        held = await router.acquire("old", 0, URLS[:1], 1)
        order: list[str] = []

        async def call(document_id: str, rank: int) -> None:
            slot = await router.acquire(document_id, rank, URLS[:1], 1)
            order.append(f"{document_id}/{rank}")
            router.release(slot)

        tasks = [asyncio.create_task(call("new", 0))]
        await asyncio.sleep(0)
        tasks += [asyncio.create_task(call(*which)) for which in (("newest", 0), ("new", 3), ("old", 1))]
        await asyncio.sleep(0)
        router.release(held)
        await asyncio.gather(*tasks)
        return order

    assert run(scenario()) == ["old/1", "new/3", "new/0", "newest/0"]


def test_a_document_is_begun_for_each_that_ends() -> None:
    """Not in waves, which would all be read at once, and then none for a while."""

    async def scenario() -> list[str]:
        router = make_router(URLS[:1], slots=8)
        held = {n: await router.acquire(f"begun-{n}", 0, URLS[:1], 1) for n in range(8)}
        order: list[str] = []

        async def call(document_id: str, rank: int) -> None:
            slot = await router.acquire(document_id, rank, URLS[:1], 1)
            order.append(document_id)
            await asyncio.sleep(10 if rank else 0)
            router.release(slot)

        tasks = [asyncio.create_task(call(f"new-{n}", 1)) for n in range(3)]
        await asyncio.sleep(0)
        tasks += [asyncio.create_task(call("begun-1", 2)), asyncio.create_task(call("begun-2", 2))]
        await asyncio.sleep(0)
        router.release(held[0])  # it may have another call yet
        await asyncio.sleep(0)
        assert order == ["begun-1"]
        await asyncio.sleep(0.1)  # it has none
        router.release(held[3])
        await asyncio.sleep(0)
        assert order == ["begun-1", "new-0"]
        for task in tasks:
            task.cancel()
        return order

    run(scenario())


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.booleans()), max_size=40), st.lists(st.booleans(), max_size=60)
)
def test_a_line_gives_out_every_call_once_and_the_best_of_its_kind(calls: list[tuple[int, int, bool]], near: list[bool]) -> None:
    async def scenario() -> None:
        line, left = Line(), []
        for age, rank, fresh in calls:
            left.append(Waiting("d", (age, -rank), URLS[:1], fresh))
            line.add(left[-1])
        while line:
            assert (len(line), len(line.fresh)) == (len(left), sum(one.fresh for one in left))
            wanted, admitted = bool(not near or near.pop()), bool(not near or near.pop())
            taken = line.pop(wanted, lambda _, admitted=admitted: admitted)
            fresh, begun = [one for one in left if one.fresh], [one for one in left if not one.fresh]
            first = fresh if wanted and admitted and fresh else begun
            assert taken is min(first, key=lambda one: one.priority, default=None)
            if taken is None:
                continue
            left.remove(taken)
        assert not left

    asyncio.run(scenario())


def two_of_one_home() -> tuple[str, str, str]:
    """Two documents that prefer the same of two replicas, and its URL."""
    busy = rendezvous_order("a", URLS[:2])[0]
    first, second = [f"d{n}" for n in range(50) if rendezvous_order(f"d{n}", URLS[:2])[0] == busy][:2]
    return first, second, busy


def test_an_idle_replica_takes_over_a_document_that_was_not_begun_and_keeps_it() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=1)
        mine, other, busy = two_of_one_home()
        first = await router.acquire(mine, 0, URLS[:2], 1)
        second = await asyncio.wait_for(router.acquire(other, 0, URLS[:2], 1), 1)
        assert first.replica.endpoint.url == busy
        assert second.replica.endpoint.url != busy
        router.release(second)
        assert (await router.acquire(other, 1, URLS[:2], 1)).replica is second.replica

    run(scenario())


def test_a_document_begun_at_any_stage_may_be_taken_over_before_it_is_begun() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=1)
        mine, other, busy = two_of_one_home()
        await router.acquire(mine, 3, URLS[:2], 1)  # a stage used by itself, or a run resumed
        slot = await asyncio.wait_for(router.acquire(other, 3, URLS[:2], 1), 1)
        assert slot.replica.endpoint.url != busy

    run(scenario())


def test_another_pool_s_longer_line_does_not_hide_a_document_to_take_over() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:3], slots=1)
        verify_pool, main_pool = URLS[2:3], URLS[:2]
        mine, other, busy = two_of_one_home()
        idle_url = next(url for url in main_pool if url != busy)
        await router.acquire("x", 3, verify_pool, 1)
        waiting = [asyncio.create_task(router.acquire(f"v{n}", 3, verify_pool, 1)) for n in range(5)]
        held = await router.acquire("h", 0, (idle_url,), 1)
        await router.acquire(mine, 0, (busy,), 1)
        wanted = asyncio.create_task(router.acquire(other, 0, main_pool, 1))
        await asyncio.sleep(0)
        router.release(held)
        assert (await asyncio.wait_for(wanted, 1)).replica.endpoint.url == idle_url
        for task in waiting:
            task.cancel()

    run(scenario())


def test_a_begun_document_waits_for_its_own_replica() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=1)
        held = await router.acquire("d", 0, URLS[:2], 1)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(router.acquire("d", 1, URLS[:2], 1), 0.05)
        router.release(held)
        assert held.replica.in_flight == 0

    run(scenario())


def test_who_was_told_later_goes_elsewhere_if_there_is_room() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=1)
        told = await router.acquire("d", 0, URLS[:2], 1)
        router.release(told)
        elsewhere = await router.acquire("d", 0, URLS[:2], 1, avoid=told.replica)
        assert elsewhere.replica is not told.replica
        full = await router.acquire(
            "d2", 0, (elsewhere.replica.endpoint.url, told.replica.endpoint.url), 1, avoid=elsewhere.replica
        )
        assert full.replica is told.replica

    run(scenario())


def test_a_replica_that_keeps_failing_goes_out_of_service_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 0.02)

    async def scenario() -> None:
        router = make_router(URLS[:2])
        slot = await router.acquire("d", 0, URLS[:2], 1)
        router.release(slot)
        home = slot.replica
        home.endpoint.answers = False  # type: ignore[attr-defined]
        take_down(router, slot)
        elsewhere = await router.acquire("d", 1, URLS[:2], 1)
        assert elsewhere.replica is not home
        home.endpoint.answers = True  # type: ignore[attr-defined]
        await come(lambda: not home.down)
        new = next(f"n{n}" for n in range(50) if rendezvous_order(f"n{n}", URLS[:2])[0] == home.endpoint.url)
        trial = await router.acquire(new, 0, URLS[:2], 1)
        assert trial.replica is home, "it gets its own documents back"
        assert not home.has_room, "one call on trial at a time"
        router.succeeded(trial)
        assert home.has_room

    run(scenario())


def test_a_good_trial_lets_the_whole_line_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 0.01)

    async def scenario() -> None:
        router = make_router(URLS[:1], slots=4)
        first = await router.acquire("d", 0, URLS[:1], 1)
        router.release(first)
        take_down(router, first)
        tasks = [asyncio.create_task(router.acquire(f"d{n}", 0, URLS[:1], 5)) for n in range(4)]
        await come(lambda: any(task.done() for task in tasks))
        trial = [task.result() for task in tasks if task.done()]
        assert len(trial) == 1
        router.release(trial[0])
        router.succeeded(trial[0])
        await asyncio.sleep(0)
        assert all(task.done() for task in tasks)

    run(scenario())


def test_stragglers_of_an_earlier_spell_say_nothing_about_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 0.01)

    async def scenario() -> None:
        router = make_router(URLS[:1], slots=4)
        stragglers = [await router.acquire(f"d{n}", 0, URLS[:1], 1) for n in range(3)]
        take_down(router, stragglers[0])
        trial = await asyncio.wait_for(router.acquire("new", 0, URLS[:1], 5), 1)
        router.failed(stragglers[1], "d1", no_connection=True)
        assert not trial.replica.down
        router.succeeded(stragglers[2])
        assert trial.replica.on_trial
        router.succeeded(trial)
        assert not trial.replica.on_trial
        for slot in (*stragglers, trial):
            router.release(slot)
        assert trial.replica.in_flight == 0

    run(scenario())


def test_one_poisonous_document_does_not_take_a_replica_out_of_service() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:1])
        slot = await router.acquire("poison", 0, URLS[:1], 1)
        for _ in range(10):
            router.failed(slot, "poison", no_connection=False)
        assert not slot.replica.down
        router.failed(slot, "another", no_connection=False)
        assert slot.replica.down

    run(scenario())


def test_those_in_line_at_a_replica_that_goes_down_move_on() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=1)
        home = await router.acquire("d", 0, URLS[:2], 1)
        waiting = asyncio.create_task(router.acquire("d", 1, URLS[:2], 1))
        await asyncio.sleep(0)
        take_down(router, home)
        assert (await waiting).replica is not home.replica

    run(scenario())


def test_an_outage_of_every_replica_is_waited_for_once_and_then_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 0.01)

    async def scenario() -> None:
        router = make_router(URLS[:1])
        slot = await router.acquire("d", 0, URLS[:1], 1)
        router.release(slot)
        slot.replica.endpoint.answers = False  # type: ignore[attr-defined]
        take_down(router, slot)
        with pytest.raises(Outage, match="replica-0"):
            await router.acquire("d", 0, URLS[:1], outage_timeout_s=0.2)
        another = asyncio.create_task(router.acquire("another", 0, URLS[:1], outage_timeout_s=0.2))
        for _ in range(5):
            await asyncio.sleep(0)
        assert another.done(), "the outage is one, however many calls meet it"
        with pytest.raises(Outage):
            another.result()
        waiting = asyncio.create_task(router.acquire("d", 0, URLS[:1], outage_timeout_s=50))
        await asyncio.sleep(0.02)
        slot.replica.endpoint.answers = True  # type: ignore[attr-defined]
        assert (await waiting).replica is slot.replica

    run(scenario())


def test_a_cancelled_call_gives_its_slot_back() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:1], slots=1)
        held = await router.acquire("a", 0, URLS[:1], 1)
        waiting = asyncio.create_task(router.acquire("b", 0, URLS[:1], 1))
        await asyncio.sleep(0)
        waiting.cancel()
        router.release(held)
        await asyncio.gather(waiting, return_exceptions=True)
        assert held.replica.in_flight == 0

    run(scenario())


def test_failures_of_long_ago_say_nothing_about_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(router_module.time, "monotonic", lambda: clock[0])
    router = Router()
    router.replicas[URLS[0]] = Replica(FakeEndpoint(URLS[0]), Limiter(ceiling=2))  # type: ignore[arg-type]
    replica = router.replicas[URLS[0]]

    async def scenario() -> None:
        slot = await router.acquire("poison", 0, URLS[:1], 600)
        for _ in range(3):
            router.failed(slot, "poison", no_connection=False)
        clock[0] += 3600
        router.failed(slot, "d", no_connection=True)
        assert not replica.down
        assert replica.failing_since == clock[0]
        clock[0] += 1
        router.failed(slot, "d", no_connection=True)
        router.failed(slot, "d", no_connection=True)
        assert replica.down
        await router.close()

    asyncio.run(scenario())


def test_calls_that_wait_for_a_replica_to_come_back_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are time lost to the endpoint: a runner must not add workers for them."""
    monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 0.01)

    async def scenario() -> None:
        router = make_router(URLS[:1])
        slot = await router.acquire("d", 0, URLS[:1], 1)
        router.release(slot)
        slot.replica.endpoint.answers = False  # type: ignore[attr-defined]
        take_down(router, slot)
        waiting = asyncio.create_task(router.acquire("d", 0, URLS[:1], outage_timeout_s=50))
        await asyncio.sleep(0.02)
        assert router.stranded == 1
        slot.replica.endpoint.answers = True  # type: ignore[attr-defined]
        await waiting
        assert router.stranded == 0

    run(scenario())


@pytest.fixture
def long_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots are kept for longer than a busy machine may stall."""
    monkeypatch.setattr(replica_module, "KEPT_SHARE", 100.0)
    monkeypatch.setattr(replica_module, "KEPT_MOST_S", 0.5)


@pytest.mark.usefixtures("long_kept")
def test_a_server_whose_slots_share_nothing_has_one_call_of_a_document_at_a_time() -> None:
    async def scenario() -> list[str]:
        router = make_router(URLS[:1], slots=2)
        replica = router.replicas[URLS[0]]
        replica.keeps_apart = True
        order: list[str] = []

        async def call(document: str, rank: int) -> None:
            slot = await router.acquire(document, rank, URLS[:1], 1)
            assert replica.on_wire[document] == 1 or not replica.line
            order.append(document)
            await asyncio.sleep(0.05)
            router.release(slot)

        async def chain(document: str) -> None:
            await call(document, 0)
            await asyncio.gather(*(call(document, 1) for _ in range(3)))

        await asyncio.gather(*map(chain, "abcd"))
        return order

    # Two documents at a time, each with its calls one after the other, and no third before one of them has ended.
    order = run(scenario())
    assert Counter(order[:8]) == {"a": 4, "b": 4}
    assert Counter(order[8:]) == {"c": 4, "d": 4}


@pytest.mark.usefixtures("long_kept")
def test_a_slot_is_kept_for_a_moment_for_the_next_call_of_its_document() -> None:
    async def scenario() -> list[str]:
        router = make_router(URLS[:1], slots=1)
        router.replicas[URLS[0]].keeps_apart = True
        order: list[str] = []

        async def call(document: str) -> None:
            slot = await router.acquire(document, 0, URLS[:1], 1)
            order.append(document)
            await asyncio.sleep(0.05)
            router.release(slot)

        async def chain(document: str) -> None:
            await call(document)
            await asyncio.sleep(0.005)  # its result goes from stage to stage
            await call(document)

        await asyncio.gather(chain("a"), chain("b"))
        return order

    assert run(scenario()) == ["a", "a", "b", "b"]


def test_a_replica_that_kept_its_slots_for_nothing_takes_over_what_waits_elsewhere() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=1)
        idle, busy = router.replicas.values()
        idle.keeps_apart = True
        ours, *theirs = sorted((f"d{n}" for n in range(60)), key=lambda d: rendezvous_order(d, URLS[:2])[0] != idle.endpoint.url)
        slot = await router.acquire(ours, 0, URLS[:2], 1)
        assert slot.replica is idle
        waiting = [asyncio.ensure_future(router.acquire(each, 0, URLS[:2], 1)) for each in theirs[-2:]]
        await come(lambda: len(busy.line) == 1)
        router.release(slot)  # and no call of its document follows
        await come(lambda: all(each.done() for each in waiting))
        assert (idle.in_flight, busy.in_flight) == (1, 1)

    run(scenario())


def test_a_server_that_comes_back_is_asked_again_what_it_works_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 0.01)

    async def scenario() -> None:
        router = make_router(URLS[:1], slots=8)
        replica = router.replicas[URLS[0]]
        slot = await router.acquire("d", 0, URLS[:1], 1)
        take_down(router, slot)
        replica.endpoint.says = 3  # type: ignore[attr-defined]
        await come(lambda: not replica.down)
        assert (replica.keeps_apart, replica.limiter.base) == (True, 3)

    run(scenario())


def test_what_waits_for_a_replica_to_say_what_it_works_on_is_not_taken_over() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=64)
        first, second = router.replicas.values()
        first.asked = second.asked = True
        waiting = [asyncio.ensure_future(router.acquire(f"d{number}", 0, URLS[:2], 1)) for number in range(40)]
        await asyncio.sleep(0.01)
        for replica in (first, second):
            replica.told(None)
            router.fill(replica)
        await asyncio.wait(waiting)
        assert 10 < first.in_flight < 30

    run(scenario())
