"""The connections to one endpoint: as few as there are requests at once, and always used again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import openai
import pytest

from transforms.inference.client.error_classes import ConnectionLost, classify
from transforms.inference.client.http_pool import CONNECT_TIMEOUT_S, KEEP_ALIVE_S, make_client

LINGER_S = 0.02


class Server:
    """A server of bare HTTP that keeps connections open and counts them."""

    def __init__(self, body: bytes = b"{}", status: str = "200 OK", length: int | None = None, stays_open: bool = True) -> None:
        self.asked: list[str] = []
        self._connections: set[asyncio.Task[Any]] = set()
        self._head = f"HTTP/1.1 {status}\r\nContent-Length: {length or len(body)}\r\n\r\n".encode()
        self._body = body
        self._stays_open = stays_open

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
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(head.decode().splitlines()[0])
                await asyncio.sleep(LINGER_S)
                writer.write(self._head)
                await writer.drain()
                await asyncio.sleep(LINGER_S / 4)  # the slot is in use until the body is read
                writer.write(self._body)
                if not self._stays_open:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()


def with_server(use: Callable[[Server, httpx2.AsyncClient], Awaitable[Any]], **settings: Any) -> Any:
    async def run() -> Any:
        async with Server(**settings) as server, make_client(5.0) as client:
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


def test_as_many_connections_as_there_are_requests_at_once() -> None:
    """A client of aiohttp's own makes 100 at most."""

    async def use(server: Server, client: httpx2.AsyncClient) -> int:
        await calls(server, client, 250, 250)
        return server.opened

    assert with_server(use) == 250


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Internal Server Error"])
def test_a_connection_is_free_again_after_any_answer(status: str) -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> int:
        for _ in range(5):
            await client.get(server.url)
        return server.opened

    assert with_server(use, status=status) == 1


def test_a_connection_is_in_use_until_the_answer_is_read() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> list[int]:
        opened = []
        async with client.stream("GET", server.url) as answer:
            await client.get(server.url)
            opened.append(server.opened)
            await answer.aread()
        await asyncio.gather(client.get(server.url), client.get(server.url))
        return [*opened, server.opened]

    assert with_server(use) == [2, 2]


def test_a_call_that_was_given_up_leaves_the_client_whole() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> None:
        for patience_s in (LINGER_S / 2, LINGER_S * 1.1):  # before the answer, and within its body
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.get(server.url), patience_s)
        await calls(server, client, 20, 4)

    with_server(use)


def lost(fault: Exception | None) -> ConnectionLost:
    """What the pipeline makes of a connection that failed."""
    error = openai.APITimeoutError(request=httpx2.Request("POST", "http://x/v1"))
    error.__cause__ = fault
    found = classify(error)
    assert isinstance(found, ConnectionLost)
    return found


def test_nobody_who_answers_is_a_connection_lost() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> str:
        server.refuse()
        with pytest.raises(httpx2.TransportError) as caught:
            await client.get(server.url)
        return str(lost(caught.value))

    said = with_server(use)
    assert said.startswith("no connection: Cannot connect to host 127.0.0.1")
    assert " at 0x" not in said  # the same words for the same fault


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n"], ids=["before the answer", "within its head"])
def test_a_server_that_hangs_up_is_a_connection_lost(method: str, answer: bytes) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async def run() -> Exception:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with server, make_client(5.0) as client:
            with pytest.raises(httpx2.TransportError) as caught:
                await client.request(method, url)
        return caught.value

    lost(asyncio.run(run()))


def test_a_connection_that_was_closed_meanwhile_is_not_used_again() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> int:
        for _ in range(3):
            assert (await client.post(server.url)).status_code == 200
            await asyncio.sleep(LINGER_S)
        return server.opened

    assert with_server(use, stays_open=False) == 3


def test_an_answer_that_is_cut_short_is_an_error() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> None:
        with pytest.raises(httpx2.ReadError):
            await client.get(server.url)

    with_server(use, body=b"{", length=9, stays_open=False)


def test_a_read_that_takes_too_long_is_a_time_out() -> None:
    async def use(server: Server, client: httpx2.AsyncClient) -> None:
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(server.url, timeout=httpx2.Timeout(5.0, read=LINGER_S / 10))

    with_server(use)


@pytest.mark.parametrize(
    ("environment", "by_proxy"),
    [
        ({}, False),
        ({"http_proxy": "PROXY"}, True),
        ({"all_proxy": "PROXY"}, True),
        ({"https_proxy": "PROXY"}, False),
        ({"http_proxy": "PROXY", "no_proxy": "127.0.0.1"}, False),
        ({"http_proxy": "PROXY", "no_proxy": "model.test"}, True),
    ],
    ids=["none", "of its scheme", "of all", "of another scheme", "not for this host", "not for another host"],
)
def test_the_proxy_that_the_environment_names(
    environment: dict[str, str], by_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    async def run() -> None:
        async with Server() as proxy, Server() as server:
            for name, value in environment.items():
                monkeypatch.setenv(name, value.replace("PROXY", proxy.url))
            async with make_client(5.0) as client:
                await client.get(server.url)
            assert proxy.asked == ([f"GET {server.url} HTTP/1.1"] if by_proxy else [])
            assert server.asked == ([] if by_proxy else ["GET / HTTP/1.1"])

    asyncio.run(run())


def test_a_host_behind_tls_is_reached_through_the_proxy_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    async def run() -> list[str]:
        async with Server(status="403 Forbidden") as proxy:
            monkeypatch.setenv("https_proxy", proxy.url)
            async with make_client(5.0) as client:
                with pytest.raises(httpx2.ProxyError):
                    await client.get("https://model.test/v1/models")
        return proxy.asked

    assert asyncio.run(run()) == ["CONNECT model.test:443 HTTP/1.1"]


def test_a_connection_outlives_a_slow_call_and_is_given_up_before_a_proxy_forgets_it() -> None:
    assert 60 <= KEEP_ALIVE_S < 75


@pytest.mark.parametrize("timeout_s", [None, 7.0])
def test_what_bounds_a_call(timeout_s: float | None) -> None:
    """Looking up a name and connecting have a bound of their own, whatever a reply may take."""
    timeout = make_client(timeout_s).timeout
    assert (timeout.connect, timeout.pool, timeout.read) == (CONNECT_TIMEOUT_S, CONNECT_TIMEOUT_S, timeout_s)
