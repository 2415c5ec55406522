"""Why an endpoint gave no reply, sorted by what happens next: by type, status and field, and by words where these do not tell."""

import email.utils
import math
import time
from collections.abc import Mapping
from typing import Any

import httpx2
import openai

from transforms.errors import FatalError, RequestRefused, TransientError
from transforms.inference.client.api_keys import without_key
from transforms.inference.client.error_words import (
    is_busy,
    is_context_overflow,
    is_daily_limit,
    is_filtered,
    is_no_money,
    is_page,
    is_passing,
    plain_words,
    server_words,
    status_within,
    told_wait_s,
)
from transforms.inference.client.unpacking import CannotUnpack, ReplyTooLong

# Statuses with which servers say that a prompt is too long.
OVERFLOWING = (400, 422, 429, 500)
# What a limit of the day is waited for, and the wait from which on a limit is taken for one.
LONGEST_WAIT_S, HOURS_S = 300.0, 3600.0


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
    """Sort a client error by what happens next.

    `key` is taken out of the message: some gateways repeat the headers that they were sent.
    """
    cause = error.__cause__
    if isinstance(cause, (ReplyTooLong, CannotUnpack)):
        return TransientError(str(cause))
    # Whatever aiohttp says of a connection (refused, reset, not there in time) reaches us as a ConnectTimeout.
    if isinstance(error, openai.APITimeoutError) and not isinstance(cause, httpx2.ConnectTimeout):
        return TimedOut("no reply in time")
    if isinstance(error, openai.APIConnectionError):
        return ConnectionLost(without_key(f"no connection: {cause or error}", key))
    if not isinstance(error, openai.APIStatusError):
        return TransientError(without_key(str(error), key))
    body = str(error.message) if error.body is None else error.body
    return sort_refusal(error.status_code, body, error.response.headers, str(error.request.url), key)


def sort_refusal(status: int, body: Any, headers: Mapping[str, str], url: str, key: str = "") -> Exception:
    """Sort a refusal by its status, and by its words where servers use one status for several things.

    `body` is what the server says, without the `error` around it.
    """
    message = f"HTTP {status}: {error_message(body, key)}"
    status = status_within(status, body)
    # Without money waiting does not help, and a limit of the day outlasts any run that waits for it.
    if is_no_money(status, body):
        return FatalError(f"{message} ({url})")
    # llama.cpp says 500 to a prompt that is too long, some gateways 413; one minute's tokens are 429.
    if status == 413 or (status in OVERFLOWING and is_context_overflow(body)):
        return ContextOverflow(message)
    wait_s = asked_wait_s(headers, body)
    told_reset_s = reset_s(headers.get("x-ratelimit-reset", "")) if headers.get("x-ratelimit-remaining") == "0" else None
    daily = is_daily_limit(body) and (wait_s is None or wait_s > LONGEST_WAIT_S)
    if status == 429 and (daily or (told_reset_s or 0) > HOURS_S):
        return FatalError(f"{message} ({url}); once the limit is lifted, the same command with --resume goes on")
    if status in (408, 409, 424, 425, 429) or status >= 500:
        return Refused(message, wait_s, status, is_busy(body))
    if status == 403 and is_page(body):  # no word on the key: a guard in front of the server takes us for a robot
        return Refused(message, wait_s, status)
    if status in (401, 403):
        return KeyRefused(f"{message} ({url})", status)
    if status == 404:
        return NotThere(f"{message} ({url})")
    return Refused(message, wait_s, status) if is_passing(body) else RequestRefused(message, filtered=is_filtered(body))


def told_error(data: Any) -> Any:
    """What a response with a good status says of an error, without the `error` around it; None where it has a reply."""
    if not isinstance(data, dict):
        return None
    base = data.get("base_resp")  # MiniMax
    if isinstance(base, dict) and base.get("status_code"):
        return {"code": base["status_code"], "message": base.get("status_msg")}
    choices = data.get("choices")
    if choices:
        first = choices[0] if isinstance(choices, list) else None
        return first.get("error") if isinstance(first, dict) else None  # OpenRouter: it failed on the way
    if data.get("error"):
        said = data["error"]
        return {**data, **said} if isinstance(said, dict) else {**data, "message": said}
    if "choices" not in data and "data" not in data and any(data.get(name) for name in ("msg", "error_msg", "detail")):
        return data
    return data if data.get("object") == "error" else None


class TimedOut(TransientError):
    """No complete reply, and the server was silent for too long, or has forgotten the request."""


class ConnectionLost(TransientError):
    """Nobody answered: refused, reset, or a name that does not resolve."""


class Refused(TransientError):
    """The server answered with a status that may pass."""


def error_message(body: Any, key: str = "") -> str:
    """The server's own words and the parameter that it names, without the key; 500 characters at most."""
    said = server_words(body)
    words = " ".join((plain_words(said) if isinstance(said, str) else str(said)).split())
    parameter = body.get("param") if isinstance(body, dict) else None
    if isinstance(parameter, str) and parameter not in words:
        words += f" ({parameter})"
    return without_key(words, key)[:500]  # in this order: a key cut short is not found


def asked_wait_s(headers: Mapping[str, str], body: Any = None) -> float | None:
    """Seconds that a server asks to wait, by a header or by its words."""
    wait_s = retry_after_s(headers)
    if wait_s is None:
        wait_s = told_wait_s(body)
    if wait_s is None and headers.get("x-ratelimit-remaining") == "0":
        wait_s = reset_s(headers.get("x-ratelimit-reset", ""))
    return wait_s


def reset_s(value: str) -> float | None:
    """Seconds until a limit is reset, which is said in seconds, or as a time in seconds or milliseconds since 1970."""
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    if number > 1e11:
        number /= 1000
    return max(0.0, number - time.time() if number > 1e8 else number)


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
