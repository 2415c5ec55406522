"""API keys by name: resolved where they are used, never part of an option, a graph or a log."""

import asyncio
import os
import re
from dataclasses import dataclass, field

from transforms.errors import FatalError

_SECRET = re.compile(r"projects/[^/\s]+/secrets/[^/\s]+/versions/[^/\s]+")
# What an HTTP header can carry; the client's own error would show the key.
_SENDABLE = re.compile(r"[\x21-\x7e]+")
# The client insists on a key; servers without one ignore it.
NO_KEY = "none"
# Shorter keys are stand-ins ("none", "EMPTY"), and words that replies are full of.
SHORTEST_SECRET = 8


class KeyUnreadable(FatalError):
    """The source of a key is wrong or cannot be read."""


def resolve_key(source: str) -> str:
    """The key that a source names: "env:NAME" or "secret:projects/P/secrets/S/versions/V".

    An environment variable that is not set means an endpoint without a key.

    Raises:
        KeyUnreadable: no such source, or no key in it; the message has its name and never its value.
    """
    kind, _, name = source.partition(":")
    if kind == "env":
        key = os.environ.get(name, "").strip() or NO_KEY
    elif kind == "secret" and _SECRET.fullmatch(name):
        key = _read_secret(name)
    else:
        raise KeyUnreadable(f"unknown key source {source!r}; use env:NAME or secret:projects/P/secrets/S/versions/V")
    if not _SENDABLE.fullmatch(key):
        raise KeyUnreadable(f"the key in {name} is empty or has spaces or characters that no HTTP header can carry")
    return key


def _read_secret(name: str) -> str:
    from google.api_core.exceptions import GoogleAPIError  # only users of Secret Manager pay for the import
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import secretmanager

    try:
        client = secretmanager.SecretManagerServiceClient()
        return str(client.access_secret_version(name=name).payload.data.decode(errors="replace").strip())
    except (GoogleAPIError, GoogleAuthError) as error:
        raise KeyUnreadable(f"cannot read {name} from Secret Manager: {type(error).__name__}") from error


def without_key(text: str, key: str) -> str:
    """The text with every occurrence of the key replaced by "[key]"."""
    return text if len(key) < SHORTEST_SECRET else text.replace(key, "[key]")


@dataclass(frozen=True, slots=True)
class SentKey:
    """The key that one request went out with, and how many times its source had been read by then."""

    value: str = field(repr=False)
    reading: int


class Key:
    """The key of one source, read at first use and again when a server refuses it.

    Reading may block for seconds, so it is done off the event loop, and once however many ask.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._lock = asyncio.Lock()
        self._current: SentKey | None = None

    async def get(self) -> SentKey:
        """The key to send. Raises KeyUnreadable."""
        return self._current or await self._read(0)

    async def after_refusal(self, refused: SentKey) -> SentKey | None:
        """The key that has taken the place of a refused one, or None if it is still the same."""
        current = await self._read(refused.reading)
        return None if current.value == refused.value else current

    async def _read(self, reading: int) -> SentKey:
        """Read the source, unless somebody has done so since that reading."""
        async with self._lock:
            if self._current is None or self._current.reading == reading:
                value = await asyncio.to_thread(resolve_key, self._source)
                self._current = SentKey(value, reading + 1)
            return self._current
