"""Where a request may be sent on to: the same host, and nobody else, because documents go with it."""

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from transforms.errors import FatalError

# Permanent ones are gone to at once from then on. 303 asks for another page and is none.
PERMANENT = (301, 308)
FOLLOWED = (301, 302, 307, 308)
MOST_REDIRECTS = 5


def redirected(url: str, status: int, headers: Mapping[str, str]) -> str | None:
    """Where a request for `url` is to be sent instead, by POST again if it was one; None where the response is no redirect.

    Raises FatalError, which names the other host.
    """
    if status not in FOLLOWED or not headers.get("location"):
        return None
    try:
        target = urljoin(url, headers["location"])
        _host(target)  # a port may be no number
        same = _same_host(url, target)
    except ValueError:  # no URL at all
        raise FatalError(f"{_host(url)} redirects (HTTP {status}) to what is no URL; give its base URL with --endpoint") from None
    if not same:
        shown = urlsplit(target)
        raise FatalError(
            f"{_host(url)} redirects (HTTP {status}) to another host, {shown.scheme}://{_host(target)}, and documents are not "
            "sent there unasked; if it is right, give its base URL with --endpoint"
        )
    return target


def _same_host(url: str, target: str) -> bool:
    """Whether two URLs are one server's, or one is the other's with encryption."""
    before, after = urlsplit(url), urlsplit(target)
    if before.hostname != after.hostname:
        return False
    if (before.scheme, before.port) == (after.scheme, after.port):
        return True
    return (before.scheme, after.scheme) == ("http", "https") and before.port in (None, 80) and after.port in (None, 443)


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
