"""Connections to one endpoint: many small pools, because one large one costs more than the calls.

httpcore's pool looks at every open connection for every request: at 700 connections that was half
of the client's CPU time. A pool of a few connections has nothing to look through.
"""

import httpx2

POOLS = 128
# Connections that one pool keeps alive; with calls dealt out in turn, a pool holds a few.
KEPT_ALIVE = 64
CONNECT_TIMEOUT_S = 10.0


class DealtTransport(httpx2.AsyncBaseTransport):
    """Deals requests out to `pools` transports in turn; they share one TLS configuration."""

    def __init__(self, pools: int = POOLS) -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=KEPT_ALIVE)
        context = httpx2.create_ssl_context()
        self._transports = [httpx2.AsyncHTTPTransport(verify=context, limits=limits) for _ in range(pools)]
        self._next = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._next = (self._next + 1) % len(self._transports)
        return await self._transports[self._next].handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._transports:
            await transport.aclose()


def make_client(timeout_s: float) -> httpx2.AsyncClient:
    """An HTTP client for one endpoint, without a limit on connections: that is the gate's affair."""
    return httpx2.AsyncClient(
        transport=DealtTransport(), timeout=httpx2.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S), follow_redirects=True
    )
