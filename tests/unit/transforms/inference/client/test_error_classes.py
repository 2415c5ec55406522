"""Why there was no reply: errors by consequence, what servers say of them, and when they want to be asked again."""

import email.utils
import time
from typing import Any

import httpx2
import openai
import pytest

from transforms.errors import TransientError
from transforms.inference.client.error_classes import (
    ConnectionLost,
    TimedOut,
    classify,
    is_context_overflow,
    retry_after_s,
)

KEY = "sk-sentinel-0123456789"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-4"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Mon, 01 Jan 99999 00:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after_in_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_retry_after_as_a_date() -> None:
    at = email.utils.formatdate(time.time() + 30, usegmt=True)
    found = retry_after_s({"retry-after": at})
    assert found is not None
    assert 28 <= found <= 30


def test_a_time_out_of_the_client_and_a_host_that_is_not_there() -> None:
    asked = httpx2.Request("POST", "http://x/v1")
    assert isinstance(classify(openai.APITimeoutError(request=asked)), TimedOut)
    nobody = openai.APITimeoutError(request=asked)
    nobody.__cause__ = httpx2.ConnectTimeout("")
    assert isinstance(classify(nobody), ConnectionLost)
    assert issubclass(TimedOut, TransientError)


def test_a_lost_connection_does_not_show_the_key() -> None:
    lost = openai.APIConnectionError(request=httpx2.Request("POST", "http://x/v1"))
    lost.__cause__ = httpx2.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'")
    assert str(classify(lost, KEY)) == "no connection: Illegal header value b'Bearer [key]'"


def test_an_error_names_the_parameter_that_its_message_does_not() -> None:
    def said(body: Any) -> str:
        response = httpx2.Response(400, request=httpx2.Request("POST", "http://x/v1"))
        error = classify(openai.BadRequestError("Error code: 400", response=response, body=body))
        return str(error).removeprefix("HTTP 400: ")

    assert said({"message": "unsupported", "param": "seed"}) == "unsupported (seed)"
    assert said({"message": "no seed", "param": "seed"}) == "no seed"
    assert said({"message": "no", "param": None}) == "no"
    assert said({"detail": "no such"}) == "no such"
    assert said("plain\n text") == "plain text"
    assert said(None) == "Error code: 400"
    assert len(said({"message": "x" * 900})) == 500


@pytest.mark.parametrize(
    "body",
    [
        {"message": "too long", "code": "context_length_exceeded"},
        {"message": "too long", "type": "exceed_context_size_error", "code": 400, "n_ctx": 512},
        {"message": "too long", "type": "BadRequestError", "param": "input_tokens", "code": 400},
        {"message": "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens"},
        {"message": "You passed 9 input tokens. However, the model's context length is only 8 tokens"},
        {"object": "error", "message": "The input (9000 tokens) is longer than the model's context length (8192 tokens)."},
        {"message": "Requested token count exceeds the model's maximum context length of 8192 tokens."},
        {"code": 400, "message": "the request exceeds the available context size, try increasing it"},
        {"message": "Requested tokens (9000) exceed context window of 8192"},
        {"message": "litellm.ContextWindowExceededError: prompt is too long"},
        "The prompt is too long: it has 9000 tokens",
    ],
    ids=lambda body: str(body)[:60],
)
def test_a_prompt_too_long_by_field_or_by_words(body: Any) -> None:
    assert is_context_overflow(body)


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Unsupported parameter: 'seed'", "code": "unsupported_parameter", "param": "seed"},
        {"message": "the context of the conversation is empty", "code": 400, "type": None},
        {"message": "max_tokens must be at least 1", "param": ["input_tokens"]},
        {"detail": [{"loc": ["body"], "msg": "unknown", "input": "a text on context length"}]},
        {"error": None},
        ["context length"],
        None,
    ],
    ids=str,
)
def test_what_is_not_about_length(body: Any) -> None:
    assert not is_context_overflow(body)
