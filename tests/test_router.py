import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.inference import router as router_module
from transforms.inference.limiter import Limiter
from transforms.inference.router import Outage, Replica, Router, rendezvous_order

URLS = tuple(f"http://replica-{n}/v1" for n in range(4))


class FakeEndpoint:
    def __init__(self, url: str) -> None:
        self.url = url
        self.answers = True

    async def alive(self) -> bool:
        return self.answers


def make_router(urls: tuple[str, ...] = URLS, slots: int = 2) -> Router:
    router = Router()
    for url in urls:
        router.add(Replica(FakeEndpoint(url), Limiter(ceiling=slots)))  # type: ignore[arg-type]
    return router


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 10))


@given(st.text(), st.sampled_from(URLS))
def test_a_lost_replica_moves_only_its_own_documents(document_id: str, lost: str) -> None:
    order = rendezvous_order(document_id, URLS)
    without = rendezvous_order(document_id, tuple(url for url in URLS if url != lost))
    assert without == [url for url in order if url != lost]


def test_documents_spread_evenly() -> None:
    shares = Counter(rendezvous_order(f"document-{n}", URLS)[0] for n in range(4000))
    assert all(850 <= shares[url] <= 1150 for url in URLS)


def test_all_calls_of_a_document_go_to_one_replica() -> None:
    async def scenario() -> None:
        router = make_router()
        first = await router.acquire("d", 0, URLS, 1)
        router.release(first)
        for rank in (1, 2, 3):
            assert await router.acquire("d", rank, URLS, 1) is first
            router.release(first)

    run(scenario())


def test_oldest_document_first_and_its_later_stages_before_a_newer_one() -> None:
    async def scenario() -> list[str]:
        router = make_router(URLS[:1], slots=1)
        held = await router.acquire("old", 0, URLS[:1], 1)
        order: list[str] = []

        async def call(document_id: str, rank: int) -> None:
            replica = await router.acquire(document_id, rank, URLS[:1], 1)
            order.append(f"{document_id}/{rank}")
            router.release(replica)

        tasks = [asyncio.create_task(call("new", 0))]
        await asyncio.sleep(0)
        tasks += [
            asyncio.create_task(call("newest", 0)),
            asyncio.create_task(call("new", 3)),
            asyncio.create_task(call("old", 1)),
        ]
        await asyncio.sleep(0)
        router.release(held)
        await asyncio.gather(*tasks)
        return order

    assert run(scenario()) == ["old/1", "new/3", "new/0", "newest/0"]


def test_an_idle_replica_takes_over_a_document_that_was_not_begun_and_keeps_it() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=1)
        busy = rendezvous_order("a", URLS[:2])[0]
        mine = [f"d{n}" for n in range(50) if rendezvous_order(f"d{n}", URLS[:2])[0] == busy][:2]
        first = await router.acquire(mine[0], 0, URLS[:2], 1)
        second = await asyncio.wait_for(router.acquire(mine[1], 0, URLS[:2], 1), 1)
        assert first.endpoint.url == busy
        assert second.endpoint.url != busy
        router.release(second)
        assert await router.acquire(mine[1], 1, URLS[:2], 1) is second

    run(scenario())


def test_a_begun_document_waits_for_its_own_replica() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=1)
        held = await router.acquire("d", 0, URLS[:2], 1)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(router.acquire("d", 1, URLS[:2], 1), 0.05)
        router.release(held)
        assert held.in_flight == 0

    run(scenario())


def test_a_replica_that_keeps_failing_goes_out_of_service_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 0.02)

    async def scenario() -> None:
        router = make_router(URLS[:2])
        home = await router.acquire("d", 0, URLS[:2], 1)
        router.release(home)
        home.endpoint.answers = False  # type: ignore[attr-defined]
        for _ in range(router_module.FAILURES_TO_OPEN):
            router.failed(home, "d", no_connection=True)
        assert home.down
        elsewhere = await router.acquire("d", 1, URLS[:2], 1)
        assert elsewhere is not home
        router.release(elsewhere)
        home.endpoint.answers = True  # type: ignore[attr-defined]
        await asyncio.sleep(0.1)
        assert await router.acquire("d", 1, URLS[:2], 1) is home
        assert not home.has_room, "one call on trial at a time"
        router.succeeded(home)
        assert home.has_room

    run(scenario())


def test_one_poisonous_document_does_not_take_a_replica_out_of_service() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:1])
        replica = router.replicas[URLS[0]]
        for _ in range(10):
            router.failed(replica, "poison", no_connection=False)
        assert not replica.down
        router.failed(replica, "another", no_connection=False)
        assert replica.down

    run(scenario())


def test_those_in_line_at_a_replica_that_goes_down_move_on() -> None:
    async def scenario() -> None:
        router = make_router(URLS[:2], slots=1)
        home = await router.acquire("d", 0, URLS[:2], 1)
        waiting = asyncio.create_task(router.acquire("d", 1, URLS[:2], 1))
        await asyncio.sleep(0)
        for _ in range(router_module.FAILURES_TO_OPEN):
            router.failed(home, "d", no_connection=True)
        assert (await waiting) is not home

    run(scenario())


def test_an_outage_of_every_replica_is_waited_for_and_then_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 0.01)

    async def scenario() -> None:
        router = make_router(URLS[:1])
        replica = router.replicas[URLS[0]]
        replica.endpoint.answers = False  # type: ignore[attr-defined]
        for _ in range(router_module.FAILURES_TO_OPEN):
            router.failed(replica, "d", no_connection=True)
        with pytest.raises(Outage, match="replica-0"):
            await router.acquire("d", 0, URLS[:1], outage_timeout_s=0.05)
        waiting = asyncio.create_task(router.acquire("d", 0, URLS[:1], outage_timeout_s=5))
        await asyncio.sleep(0.02)
        replica.endpoint.answers = True  # type: ignore[attr-defined]
        assert await waiting is replica

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
        assert held.in_flight == 0

    run(scenario())
