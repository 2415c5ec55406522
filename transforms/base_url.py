"""The base URL of an OpenAI-compatible endpoint, as an option or a trainer's environment gives it. Standard library only."""

import re
from urllib.parse import urlsplit

# What comes behind a base URL.
_ROUTE = re.compile(r"/(chat/completions|completions|embeddings|models|responses|chat)$")


def check_base_url(url: str) -> str:
    """Return a base URL without its closing slash.

    Raises:
        ValueError: it is none, has no path or one of a single route, or holds a password; the message begins with "must".
    """
    if "@" in url:
        raise ValueError("must not hold a user name or password (value not shown); name the variable that holds the key instead")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets that do not match, or a port that is no number
        usable = False
    if not usable:
        raise ValueError("must begin with http:// or https:// and a host; write http://HOST:PORT/v1")
    path = parts.path.rstrip("/")
    root = _ROUTE.sub("", path) or "/v1"  # a gateway may have its routes below any other path
    if path != root or parts.query or parts.fragment:
        raise ValueError(f"must be a base URL, such as one ending in /v1; write {parts.scheme}://{parts.netloc}{root}")
    return f"{parts.scheme}://{parts.netloc}{path}"
