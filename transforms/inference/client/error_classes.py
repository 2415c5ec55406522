"""Why an endpoint gave no reply, sorted by what happens next: by type, status and field, never by wording if it can be helped."""

import email.utils
import math
import re
import time
from collections.abc import Mapping
from typing import Any

import httpx2
import openai

from transforms.errors import FatalError, RequestRefused, TransientError
from transforms.inference.client.api_keys import without_key


class ContextOverflow(RequestRefused):
    """The prompt is longer than the model's context."""


class KeyRefused(FatalError):
    """The endpoint refuses the API key (HTTP 401 or 403)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NotThere(FatalError):
    """The endpoint knows no such model or path (HTTP 404)."""


def classify(error: openai.OpenAIError, key: str = "") -> Exception:
    """Sort a client error by what happens next: by its type and status, never by its wording.

    `key` is taken out of the message: some gateways repeat the headers that they were sent.
    """
    # Whatever aiohttp says of a connection (refused, reset, not there in time) reaches us as a ConnectTimeout.
    if isinstance(error, openai.APITimeoutError) and not isinstance(error.__cause__, httpx2.ConnectTimeout):
        return TimedOut("no reply in time")
    if isinstance(error, openai.APIConnectionError):
        return ConnectionLost(without_key(f"no connection: {error.__cause__ or error}", key))
    if not isinstance(error, openai.APIStatusError):
        return TransientError(without_key(str(error), key))
    status, message = error.status_code, f"HTTP {error.status_code}: {error_message(error, key)}"
    # Without money waiting does not help.
    if status == 402 or (status == 429 and "insufficient_quota" in named_fields(error.body)):
        return FatalError(f"{message} ({error.request.url})")
    # llama.cpp says 500 to a prompt that is too long, some gateways 413.
    if status == 413 or (status == 500 and is_context_overflow(error.body)):
        return ContextOverflow(message)
    if status in (408, 409, 429) or status >= 500:
        return Refused(message, retry_after_s(error.response.headers), status)
    if status in (401, 403):
        return KeyRefused(f"{message} ({error.request.url})", status)
    if status == 404:
        return NotThere(f"{message} ({error.request.url})")
    return ContextOverflow(message) if is_context_overflow(error.body) else RequestRefused(message)


class TimedOut(TransientError):
    """No complete reply, and the server was silent for too long, or has forgotten the request."""


class ConnectionLost(TransientError):
    """Nobody answered: refused, reset, or a name that does not resolve."""


class Refused(TransientError):
    """The server answered with a status that may pass."""


def error_message(error: openai.APIStatusError, key: str = "") -> str:
    """The server's own words and the parameter that it names, without the key; 500 characters at most."""
    said = server_words(error.body)
    words = " ".join(str(error.message if said is None else said).split())
    parameter = error.body.get("param") if isinstance(error.body, dict) else None
    if isinstance(parameter, str) and parameter not in words:
        words += f" ({parameter})"
    return without_key(words, key)[:500]  # in this order: a key cut short is not found


def server_words(body: Any) -> Any:
    """What an error body, of which the client has taken the inside of `error`, says: `message` or `detail`; or all of it."""
    return body.get("message") or body.get("detail") or body if isinstance(body, dict) else body


def named_fields(body: Any) -> set[str]:
    """The machine-readable part of an error body."""
    return {str(body.get(name)) for name in ("code", "type", "param")} if isinstance(body, dict) else set()


# Codes and types; the last two are what vLLM names as the parameter at fault.
_OVERFLOW_FIELDS = {"context_length_exceeded", "exceed_context_size_error", "input_tokens", "input_text"}
# vLLM "maximum context length is", "context length is only"; SGLang "longer than the model's context
# length"; llama.cpp "available context size"; llama-cpp-python and gateways "context window".
_OVERFLOW_WORDS = re.compile(
    r"context (length|window|size)|maximum (model|input|prompt) length|(prompt|input) is too long",
    re.IGNORECASE,
)


def is_context_overflow(body: Any) -> bool:
    """Whether a 400 says that the prompt is too long: by its machine-readable fields, else by its words."""
    # Words only where they are the server's own: a list of what is wrong quotes the request.
    words = server_words(body)
    return bool(named_fields(body) & _OVERFLOW_FIELDS) or (isinstance(words, str) and _OVERFLOW_WORDS.search(words) is not None)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `Retry-After` as seconds or a date."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        pass
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        parsed = email.utils.parsedate_tz(value)
        try:
            seconds = email.utils.mktime_tz(parsed) - time.time() if parsed else math.inf
        except (ValueError, OverflowError):  # the year 99999
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
