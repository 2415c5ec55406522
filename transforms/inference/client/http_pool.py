"""The HTTP client of one endpoint: openai's own, on aiohttp, with limits of ours.

aiohttp takes six tenths of the CPU time of httpcore's pool, which looks at every open connection for every request. A
request opens a connection only where none is free: there are as many as there were requests in flight at once.
"""

from collections.abc import Callable

import httpx2
from openai import DefaultAioHttpClient

from transforms.errors import FatalError, one_line
from transforms.inference.client.proxies import check_proxy, is_loopback
from transforms.inference.client.unpacking import ACCEPTED, bounded

# aiohttp's word for none; without a word it opens 100 at most. How many there are is the gate's affair.
NO_LIMIT = 0
# Longer than the pause between two bursts; shorter than the 75 s and more after which proxies and
# load balancers forget a connection without a word.
KEEP_ALIVE_S = 60.0
CONNECT_TIMEOUT_S = 10.0
# Of a response, where nobody says how long it may be.
MOST_BYTES = 64 << 20


def make_client(
    timeout_s: float | None = None, url: str = "", most_bytes: Callable[[], int] = lambda: MOST_BYTES
) -> httpx2.AsyncClient:
    """An HTTP client without a limit on connections, by way of the proxies that the environment names for `url`;
    for loopback by none.

    `timeout_s` bounds each read, never the whole request; None leaves it to the caller. A response longer than `most_bytes`
    is given up. Redirects are left to the caller. Raises FatalError for what the environment says and cannot be used.
    """
    # For aiohttp, `connect` bounds the socket alone; `pool` all until a connection is there, looking up its name as well.
    timeout = httpx2.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S)
    check_proxy(url)
    try:
        return DefaultAioHttpClient(
            timeout=timeout,
            limits=httpx2.Limits(max_connections=NO_LIMIT, keepalive_expiry=KEEP_ALIVE_S),
            headers={"Accept-Encoding": ACCEPTED},
            event_hooks={"response": [bounded(most_bytes)]},
            follow_redirects=False,
            # Certificates and proxies by the environment are one setting; where no proxy may be asked, certificates stay.
            trust_env=not is_loopback(url),
            verify=httpx2.create_ssl_context(),
        )
    except OSError as error:  # a missing file, or one that holds no certificate
        raise FatalError(
            f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {one_line(error)}; correct it or unset it"
        ) from error
    except (ValueError, httpx2.InvalidURL) as error:
        raise FatalError(f"a proxy that the environment names cannot be used: {one_line(error)}") from error
