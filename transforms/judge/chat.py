"""A chat endpoint, asked with the standard library alone: bounded in time, in retries, and in what is read of a reply.

The client of the pipeline (`transforms.inference`) needs packages that a trainer's machine may lack.
"""

import json
import os
import random
import time
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from transforms.base_url import check_base_url

_RETRIED = frozenset({408, 409, 425, 429, *range(500, 600)})
_REFUSED = frozenset({400, 422})
# Seconds before the second try, the third, and so on; half of it to all of it.
_PAUSES_S = (0.5, 1.0, 2.0, 4.0)
_LEAST_WAIT_S = 0.05
_MAX_REPLY_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 16


class NoReplyError(Exception):
    """The endpoint gave no completion. The message has the HTTP status or the kind of error, nothing that was sent or said."""


class _RefusedError(NoReplyError):
    """The endpoint cannot do what the request asks for."""


class _NoRedirect(HTTPRedirectHandler):
    """A redirect is an error: followed, it would carry the key to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


class ChatEndpoint:
    """An OpenAI-compatible chat endpoint.

    Attributes:
        url: its base URL, ending in /v1.
        model: the name of the model.
        api_key_env: name of the environment variable with the key, read at each request; none is sent where it is not set.
        timeout_s: seconds for one completion, retries included.
        max_tokens: of a completion.
    """

    def __init__(self, url: str, model: str, api_key_env: str, timeout_s: float, max_tokens: int) -> None:
        self.url = check_base_url(url)
        self.model = model
        self.api_key_env = api_key_env
        self.timeout_s = timeout_s
        self.max_tokens = max_tokens
        self._opener = build_opener(_NoRedirect)
        self._takes_format = True

    def complete(self, messages: list[dict[str, str]], reply_format: Mapping[str, Any]) -> str:
        """The text of a completion at temperature 0; `reply_format` is left out once the endpoint has refused one.

        Raises:
            NoReplyError: there is none.
        """
        ends_at = time.monotonic() + self.timeout_s
        body = {"model": self.model, "messages": messages, "temperature": 0, "max_tokens": self.max_tokens}
        if self._takes_format:
            try:
                return self._try({**body, "response_format": reply_format}, ends_at)
            except _RefusedError:
                pass
        content = self._try(body, ends_at)
        # The format was what it refused, since it answers without.
        self._takes_format = False
        return content

    def _try(self, body: Mapping[str, Any], ends_at: float) -> str:
        """Send a request until it is answered, cannot be, or the time is over."""
        data = json.dumps(body).encode()
        for pause_s in (*_PAUSES_S, None):
            asked_to_wait_s = 0.0
            try:
                return _content(self._post(data, ends_at))
            except HTTPError as error:
                with error:
                    failure, retried = f"HTTP {error.code}", error.code in _RETRIED
                    asked_to_wait_s = _seconds(error.headers.get("Retry-After"))
                if error.code in _REFUSED:
                    raise _RefusedError(failure) from None
            except (OSError, HTTPException) as error:
                failure, retried = type(getattr(error, "reason", error)).__name__, True
            wait_s = 0.0 if pause_s is None else max(pause_s * random.uniform(0.5, 1), asked_to_wait_s)
            if not retried or pause_s is None or time.monotonic() + wait_s >= ends_at:
                raise NoReplyError(failure)
            time.sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    def _post(self, data: bytes, ends_at: float) -> bytes:
        headers = {"Content-Type": "application/json", "User-Agent": "webscale-qa"}
        if key := os.environ.get(self.api_key_env, "").strip():
            if not key.isascii() or not key.isprintable():
                raise NoReplyError(f"{self.api_key_env} holds no key: it is not one line of ASCII")
            headers["Authorization"] = f"Bearer {key}"
        request = Request(f"{self.url}/chat/completions", data, headers, method="POST")
        with self._opener.open(request, timeout=max(_LEAST_WAIT_S, ends_at - time.monotonic())) as response:
            return _read(response, ends_at)


def _read(response: HTTPResponse, ends_at: float) -> bytes:
    """The body, up to a size, and as long as there is time: a server that sends a byte now and then is not waited for."""
    body = b""
    while part := response.read1(_CHUNK_BYTES):
        body += part
        if len(body) > _MAX_REPLY_BYTES:
            raise NoReplyError("the reply is too long")
        if time.monotonic() > ends_at:
            raise NoReplyError("TimeoutError")
    return body


def _content(body: bytes) -> str:
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise NoReplyError("the reply is no chat completion") from None
    if not isinstance(content, str):
        raise NoReplyError("the reply has no text")
    return content


def _seconds(retry_after: str | None) -> float:
    """What a server asks to wait; 0 where it says nothing, or a date."""
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 0.0
