"""API keys by name: resolved where they are used, never part of an option, a graph or a log."""

import asyncio
import os
import re
import time
from dataclasses import dataclass, field
from typing import Any

from transforms.errors import FatalError

_SECRET = re.compile(r"projects/[^/\s]+/secrets/[^/\s]+/versions/[^/\s]+")
# What an HTTP header can carry; the client's own error would show the key.
_SENDABLE = re.compile(r"[\x21-\x7e]+")
# The client insists on a key; servers without one ignore it.
NO_KEY = "none"
# Shorter keys are stand-ins ("none", "EMPTY"), and words that replies are full of.
SHORTEST_SECRET = 8
# Secret Manager answers within a second; a machine without a way to it must not wait for minutes.
SECRET_TIMEOUT_S = 20.0
# A key that worked and is refused is being rotated: its source is looked at so often, until its new version is there or
# so much time has passed. A thousand processes that look every ten seconds stay far below Secret Manager's quota.
LOOK_AGAIN_S = 10.0
ROTATION_PATIENCE_S = 120.0


class KeyUnreadable(FatalError):
    """The source of a key is wrong or cannot be read."""


class KeyOutOfReach(KeyUnreadable):
    """This machine, or the account that it has, cannot read the source; another may."""


def resolve_key(source: str) -> str:
    """The key that a source names: "env:NAME" or "secret:projects/P/secrets/S/versions/V".

    An environment variable that is not set means an endpoint without a key. Raises KeyUnreadable; its message has the
    name of the source and never its value.
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
    from google.api_core import exceptions, retry  # only users of Secret Manager pay for the import
    from google.auth.exceptions import GoogleAuthError

    waiting = retry.Retry(
        predicate=retry.if_exception_type(exceptions.ServiceUnavailable, exceptions.ResourceExhausted),
        initial=0.5,
        maximum=5.0,
        timeout=SECRET_TIMEOUT_S,
    )
    try:
        with secret_manager() as client:
            answer = client.access_secret_version(name=name, retry=waiting, timeout=SECRET_TIMEOUT_S)
        return str(answer.payload.data.decode(errors="replace").strip())
    except (exceptions.NotFound, exceptions.FailedPrecondition, exceptions.InvalidArgument) as error:
        raise KeyUnreadable(f"{name}: Secret Manager has no such version that is enabled ({type(error).__name__})") from error
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        raise KeyOutOfReach(
            f"cannot read {name} from Secret Manager: {type(error).__name__}; "
            "the account that runs this needs roles/secretmanager.secretAccessor on it"
        ) from error


def secret_manager() -> Any:
    """A client of Secret Manager, with the credentials of this machine."""
    from google.cloud import secretmanager

    return secretmanager.SecretManagerServiceClient()


def without_key(text: str, key: str) -> str:
    """The text with every occurrence of the key replaced by "[key]"."""
    return text if len(key) < SHORTEST_SECRET else text.replace(key, "[key]")


@dataclass(frozen=True, slots=True)
class SentKey:
    """The key that one request went out with."""

    value: str = field(repr=False)


class Key:
    """The key of one source, read at first use and again when a server refuses it.

    Reading may block for seconds, so it is done off the event loop, and once however many ask.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._lock = asyncio.Lock()
        self._current: SentKey | None = None
        self._accepted = ""  # the value that a server took last
        self._gave_up: tuple[str, float] = ("", 0.0)  # a value in whose place no other came, and when that was seen

    async def get(self) -> SentKey:
        """The key to send. Raises KeyUnreadable."""
        if self._current is None:
            async with self._lock:
                if self._current is None:
                    self._current = SentKey(await self._read())
        return self._current

    def accepted(self, sent: SentKey) -> None:
        """Note that a server took this key."""
        self._accepted = sent.value

    async def after_refusal(self, refused: SentKey) -> SentKey | None:
        """The key that has taken the place of a refused one, or None if it is still the same.

        A key that was never taken is looked up once more. One that was taken, and comes from a store where keys are
        rotated, is looked up every `LOOK_AGAIN_S` for `ROTATION_PATIENCE_S`: a server may change before the store does.
        Raises KeyUnreadable where its source cannot be read any more.
        """
        async with self._lock:
            assert self._current is not None
            if self._current.value != refused.value:
                return self._current
            elsewhere = self._source.startswith("secret:")  # looking costs something, and others may change what is there
            value, seen = self._gave_up
            if elsewhere and value == refused.value and time.monotonic() - seen < LOOK_AGAIN_S:
                return None
            rotating = elsewhere and self._accepted == refused.value
            until = time.monotonic() + (ROTATION_PATIENCE_S if rotating else 0.0)
            while (new := await self._read(refused.value if rotating else "")) == refused.value:
                if time.monotonic() >= until:
                    self._gave_up = refused.value, time.monotonic()
                    return None
                await asyncio.sleep(LOOK_AGAIN_S)
            self._current = SentKey(new)
            return self._current

    async def _read(self, instead: str = "") -> str:
        """What the source holds; `instead`, if any, where it is out of reach for now, and may be tried again."""
        try:
            return await asyncio.to_thread(resolve_key, self._source)
        except KeyOutOfReach:
            if instead:
                return instead
            raise
