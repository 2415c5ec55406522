"""The connections to one endpoint: as few as there are requests at once, and always used again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from transforms.inference.client.http_pool import KEEP_ALIVE_S, REQUESTS_PER_POOL, PooledTransport, make_client

LINGER_S = 0.02


class Server:
    """A server of bare HTTP that keeps connections open and counts them."""

    def __init__(self, body: bytes = b"{}", status: str = "200 OK") -> None:
        self._connections: set[asyncio.Task[Any]] = set()
        self._head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self._body = body

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.refuse()
        await asyncio.gather(*self._connections)

    @property
    def opened(self) -> int:
        """Connections so far."""
        return len(self._connections)

    def refuse(self) -> None:
        """Take no new connection."""
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(LINGER_S)
                writer.write(self._head)
                await writer.drain()
                await asyncio.sleep(LINGER_S / 4)  # the slot is in use until the body is read
                writer.write(self._body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()


def transport_of(client: httpx2.AsyncClient) -> PooledTransport:
    transport = client._transport
    assert isinstance(transport, PooledTransport)
    return transport


def free_slots(client: httpx2.AsyncClient) -> tuple[int, int]:
    """Slots that are free, and slots that there are."""
    transport = transport_of(client)
    return len(transport._free), REQUESTS_PER_POOL * len(transport._pools)


def with_server(use: Callable[[Server, httpx2.AsyncClient], Awaitable[Any]], **settings: Any) -> Any:
    async def run() -> Any:
        async with Server(**settings) as server, make_client("http://127.0.0.1", 5.0) as client:
            return await use(server, client)

    return asyncio.run(run())


async def calls(server: Server, client: httpx2.AsyncClient, count: int, at_once: int) -> None:
    gate = asyncio.Semaphore(at_once)

    async def call() -> None:
        async with gate:
            assert (await client.get(server.url)).status_code == 200

    await asyncio.gather(*(call() for _ in range(count)))


@pytest.mark.parametrize(("at_once", "count"), [(1, 20), (8, 160), (20, 200)])
def test_connections_are_used_again(at_once: int, count: int) -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> int:
        await calls(server, client, count, at_once)
        return server.opened

    assert with_server(use) <= at_once


def test_a_second_burst_opens_nothing_new() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> int:
        await calls(server, client, 40, 40)
        await calls(server, client, 120, 12)
        return server.opened

    assert with_server(use) <= 40


def test_no_pool_holds_more_than_it_is_meant_to() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> list[int]:
        await calls(server, client, 400, 200)
        return [len(pool._pool.connections) for pool in transport_of(client)._pools]

    held = with_server(use)
    assert len(held) == 200 / REQUESTS_PER_POOL
    assert max(held) <= REQUESTS_PER_POOL <= 16


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Internal Server Error"])
def test_a_slot_is_free_again_after_any_answer(status: str) -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> tuple[int, int]:
        await asyncio.gather(*(client.get(server.url) for _ in range(20)))
        return free_slots(client)

    free, slots = with_server(use, status=status)
    assert free == slots


def test_a_slot_is_in_use_until_the_answer_is_closed() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", server.url):
            assert free_slots(client) == (REQUESTS_PER_POOL - 1, REQUESTS_PER_POOL)
        assert free_slots(client) == (REQUESTS_PER_POOL, REQUESTS_PER_POOL)

    with_server(use)


def test_a_slot_is_free_again_after_a_call_that_was_given_up() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> None:
        for patience_s in (LINGER_S / 2, LINGER_S * 1.1):  # before the answer, and within its body
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.get(server.url), patience_s)
        assert free_slots(client) == (REQUESTS_PER_POOL, REQUESTS_PER_POOL)

    with_server(use)


def test_a_slot_is_free_again_when_nobody_answers() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> None:
        server.refuse()
        for _ in range(2 * REQUESTS_PER_POOL):
            with pytest.raises(httpx2.ConnectError):
                await client.get(server.url)
        assert free_slots(client) == (REQUESTS_PER_POOL, REQUESTS_PER_POOL)

    with_server(use)


def test_a_connection_outlives_a_slow_call_and_is_given_up_before_a_proxy_forgets_it() -> None:
    assert 60 <= KEEP_ALIVE_S < 75
    with_pool = PooledTransport()
    with_pool._add_pool()
    assert with_pool._pools[0]._pool._keepalive_expiry == KEEP_ALIVE_S
