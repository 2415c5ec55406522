"""Connections to one endpoint: small pools, each filled before the next is touched.

httpcore's pool looks at every open connection for every request: at 700 connections in one pool
that was half of the client's CPU time. A request takes the slot that was given back last, so that
it finds a connection which is open already: there are as many as there were requests in flight at
once, and no more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

REQUESTS_PER_POOL = 8
# Longer than the pause between two bursts; shorter than the 75 s and more after which proxies and
# load balancers forget a connection without a word.
KEEP_ALIVE_S = 60.0
CONNECT_TIMEOUT_S = 10.0


class PooledTransport(httpx2.AsyncBaseTransport):
    """Spreads requests over pools of `REQUESTS_PER_POOL`, made as needed; they share one TLS configuration."""

    def __init__(self, proxy: str | None = None) -> None:
        self._proxy = proxy
        self._context = httpx2.create_ssl_context()
        self._pools: list[httpx2.AsyncHTTPTransport] = []
        self._free: list[httpx2.AsyncHTTPTransport] = []  # a pool once for each of its free slots

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if not self._free:
            self._add_pool()
        pool = self._free.pop()
        try:
            response = await pool.handle_async_request(request)
        except BaseException:
            self._free.append(pool)
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _SlotStream(response.stream, lambda: self._free.append(pool))
        return response

    async def aclose(self) -> None:
        await asyncio.gather(*(pool.aclose() for pool in self._pools))

    def _add_pool(self) -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEP_ALIVE_S)
        pool = httpx2.AsyncHTTPTransport(verify=self._context, limits=limits, proxy=self._proxy)
        self._pools.append(pool)
        self._free += [pool] * REQUESTS_PER_POOL


class _SlotStream(httpx2.AsyncByteStream):
    """A response body that gives its slot back when it is closed: until then its connection is in use."""

    def __init__(self, stream: httpx2.AsyncByteStream, give_back: Callable[[], None]) -> None:
        self._stream = stream
        self._give_back: Callable[[], None] | None = give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if self._give_back is not None:
                self._give_back()
                self._give_back = None


def make_client(url: str, timeout_s: float | None = None) -> httpx2.AsyncClient:
    """An HTTP client for one endpoint, without a limit on connections: that is the gate's affair.

    `timeout_s` bounds each read and each write, never the whole request; None leaves them to the caller.
    """
    timeout = httpx2.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S)
    return httpx2.AsyncClient(transport=PooledTransport(proxy_for(url)), timeout=timeout, follow_redirects=True)


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for a URL (HTTPS_PROXY, ALL_PROXY, NO_PROXY): a transport of one's own has none."""
    parts = urlsplit(url)
    if not parts.hostname or proxy_bypass(parts.netloc):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
