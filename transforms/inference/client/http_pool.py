"""The HTTP client of one endpoint: openai's own, on aiohttp, with limits of ours.

aiohttp takes six tenths of the CPU time of httpcore's pool, which looks at every open connection for every request. A
request opens a connection only where none is free: there are as many as there were requests in flight at once.
"""

import httpx2
from openai import DefaultAioHttpClient

# aiohttp's word for none; without a word it opens 100 at most. How many there are is the gate's affair.
NO_LIMIT = 0
# Longer than the pause between two bursts; shorter than the 75 s and more after which proxies and
# load balancers forget a connection without a word.
KEEP_ALIVE_S = 60.0
CONNECT_TIMEOUT_S = 10.0


def make_client(timeout_s: float | None = None) -> httpx2.AsyncClient:
    """An HTTP client without a limit on connections, by way of the proxies that the environment names.

    `timeout_s` bounds each read, never the whole request; None leaves it to the caller.
    """
    # For aiohttp, `connect` bounds the socket alone; `pool` all until a connection is there, looking up its name as well.
    timeout = httpx2.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S)
    limits = httpx2.Limits(max_connections=NO_LIMIT, keepalive_expiry=KEEP_ALIVE_S)
    return DefaultAioHttpClient(timeout=timeout, limits=limits)
