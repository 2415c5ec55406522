"""The proxies that the environment names: which of them a request takes, and which cannot be used."""

import ipaddress
import os
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from transforms.errors import FatalError

USABLE = ("http", "https")


def is_loopback(url: str) -> bool:
    """Whether a URL is this machine's own: no proxy can know who is meant."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def named_proxy(url: str) -> tuple[str, str] | None:
    """The variable and the value that say by which proxy a URL is asked; None where it is asked directly."""
    parts = urlsplit(url)
    named = getproxies_environment()
    scheme = next((scheme for scheme in (parts.scheme, "all") if named.get(scheme)), None)
    if scheme is None or is_loopback(url) or proxy_bypass_environment(parts.hostname or "", named):
        return None
    variable = next((name for name in os.environ if name.lower() == f"{scheme}_proxy" and os.environ[name]), f"{scheme}_proxy")
    return variable, named[scheme]


def shown_proxy(url: str) -> str:
    """The proxy of a URL for a reader, without the password that its address may hold; "" where there is none."""
    named = named_proxy(url)
    if named is None:
        return ""
    variable, value = named
    address = value.rpartition("@")[2]
    scheme = value.partition("://")[0] + "://" if "://" in value and "@" in value else ""
    return f"{variable}={scheme}{address}"


def check_proxy(url: str) -> None:
    """Raise FatalError where the proxy of a URL is of a kind that cannot be used."""
    named = named_proxy(url)
    if named is None or "://" not in named[1] or named[1].partition("://")[0].lower() in USABLE:
        return
    raise FatalError(
        f"{urlsplit(url).hostname} would be asked by way of {shown_proxy(url)}, and only http:// and https:// proxies can be "
        "used; name such a one, or put the host into NO_PROXY"
    )
