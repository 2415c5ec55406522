"""One OpenAI-compatible endpoint: requests and replies, errors by consequence, learnt abilities.

No Beam here. `Endpoint.ask` sends one request once and returns a `Completion` or raises an error of
`transforms.errors`; retrying, waiting and routing belong to the runtime.
"""

import email.utils
import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import httpx2
import openai
import orjson

from transforms.errors import FatalError, ReplyInvalid, ReplyTruncated, RequestRefused, TransientError
from transforms.inference.connections import make_client

# So many 500s from an endpoint that never accepted anything make it likely that a parameter is meant.
EARLY_500S = 3


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """How one stage asks its model. Plain values only: it is part of the pickled graph.

    Attributes:
        endpoints: base URLs ending in /v1; replicas of the same model.
        model: model name as the endpoint serves it.
        api_key: where to find the key, "env:NAME" or "secret:projects/P/secrets/S/versions/V";
            never the key itself.
        max_tokens: completion tokens allowed a call.
        request_timeout_s: seconds without a finished reply before a call counts as failed.
        max_attempts: tries of one call on transient faults.
        max_reasks: fresh samples after a malformed or cut reply.
        concurrency: requests in flight per endpoint and machine at most; 0 = found by the runtime.
        processes: worker processes on this machine that share that ceiling.
        backlog: elements in flight per stage and process.
        outage_timeout_s: seconds to wait while every replica is down.
        extra_body: further body keys as JSON text, such as '{"chat_template_kwargs": ...}'.
        session_header: header that carries the document id, for routers; "" = none.
        journal: folder of the reply journal; "" = none.
    """

    endpoints: tuple[str, ...]
    model: str
    api_key: str = "env:OPENAI_API_KEY"
    temperature: float = 0.0
    max_tokens: int = 512
    request_timeout_s: float = 120.0
    max_attempts: int = 5
    max_reasks: int = 2
    concurrency: int = 0
    processes: int = 1
    backlog: int = 512
    outage_timeout_s: float = 600.0
    extra_body: str = ""
    session_header: str = ""
    journal: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    `signature` stands for the instructions in the system message that matter to this stage, so that
    another stage's changed instructions do not change `key`.
    """

    stage: str
    document_id: str
    messages: list[dict[str, str]]
    schema: dict[str, Any] | None
    config: ModelConfig
    signature: str = ""
    sample: int = 0

    def key(self) -> str:
        """What makes two requests the same question: 32 hexadecimal digits."""
        config = self.config
        parts = (
            config.model,
            self.signature or self.messages[0]["content"],
            [message["content"] for message in self.messages[1:]],
            config.temperature,
            config.max_tokens,
            self.schema,
            config.extra_body,
            self.sample,
        )
        return hashlib.blake2b(orjson.dumps(parts), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Completion:
    """What an endpoint answered: text, and tokens as it counts them."""

    text: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


class Structure(IntEnum):
    """How much of a reply schema an endpoint takes, from most to least."""

    JSON_SCHEMA = 2
    JSON_OBJECT = 1
    PLAIN = 0


@dataclass
class Abilities:
    """What an endpoint was found to accept. Learnt once, kept for the process."""

    structure: Structure = Structure.JSON_SCHEMA
    dropped: set[str] = field(default_factory=set)
    proven: bool = False  # a request with all of this was accepted at least once
    early_500s: int = 0  # before that; some servers say 500 to a parameter they do not know


class ContextOverflow(RequestRefused):
    """The prompt is longer than the model's context."""


class Endpoint:
    """A client for one base URL. Use from one event loop only.

    `resolve_key` is called at the first request and again after a 401, so that a rotated key is
    picked up without a new job.
    """

    def __init__(self, url: str, resolve_key: Any, timeout_s: float) -> None:
        self.url = url
        self.abilities = Abilities()
        self._resolve_key = resolve_key
        self._client = openai.AsyncOpenAI(
            base_url=url,
            api_key=resolve_key(),
            max_retries=0,
            timeout=timeout_s,
            http_client=make_client(timeout_s),
        )

    async def close(self) -> None:
        await self._client.close()

    async def models(self) -> list[str]:
        """Names of the models that the endpoint lists. Raises as `ask` does."""
        return [row["id"] for row in (await self._get("/models")).get("data") or [] if isinstance(row, dict) and "id" in row]

    async def alive(self) -> bool:
        """Whether the endpoint answers at all; what it answers does not matter."""
        try:
            await self._get("/models")
        except TransientError:
            return False
        except (FatalError, RequestRefused):
            return True
        return True

    async def ask(self, request: Request, temperature: float | None = None, max_tokens: int | None = None) -> Completion:
        """Send one request once, stepping down to what the endpoint accepts where it refuses more.

        Raises:
            TransientError, RequestRefused, ReplyInvalid, ReplyTruncated, FatalError
        """
        while True:
            abilities = self.abilities
            structure, dropped = abilities.structure, set(abilities.dropped)
            body = self._body(request, temperature, max_tokens)
            try:
                data = await self._post(body, request)
            except RequestRefused as refusal:
                if isinstance(refusal, ContextOverflow):
                    raise
                if (abilities.structure, abilities.dropped) != (structure, dropped):
                    continue  # another call learnt it while this one was on its way
                if abilities.proven or not self._step_down(body, refusal):
                    raise
                continue
            except Refused as refusal:
                if refusal.status != 500 or abilities.proven:
                    raise
                abilities.early_500s += 1
                if abilities.early_500s % EARLY_500S == 0 and (abilities.structure, abilities.dropped) == (structure, dropped):
                    self._step_down(body, refusal)
                raise
            abilities.proven = True
            return read_completion(data)

    def _step_down(self, body: dict[str, Any], refusal: Exception) -> bool:
        """Give up one thing that this endpoint may be refusing; False when nothing is left."""
        abilities = self.abilities
        optional = [name for name in OPTIONAL_PARAMETERS if name in body]
        named = [name for name in optional if name in str(refusal)]
        if named:
            abilities.dropped.add(named[0])
        elif abilities.structure > Structure.PLAIN and "response_format" in body:
            abilities.structure = Structure(abilities.structure - 1)
        elif optional:
            abilities.dropped.add(optional[0])
        else:
            return False
        return True

    def _body(self, request: Request, temperature: float | None, max_tokens: int | None) -> dict[str, Any]:
        config = request.config
        body: dict[str, Any] = {
            "model": config.model,
            "messages": request.messages,
            "temperature": config.temperature if temperature is None else temperature,
            "max_tokens": max_tokens or config.max_tokens,
        }
        if config.extra_body:
            body.update(orjson.loads(config.extra_body))
        if request.schema is not None:
            if self.abilities.structure == Structure.JSON_SCHEMA:
                schema = {"name": request.stage, "strict": True, "schema": request.schema}
                body["response_format"] = {"type": "json_schema", "json_schema": schema}
            else:
                body["messages"] = with_schema_in_prompt(request.messages, request.schema)
                if self.abilities.structure == Structure.JSON_OBJECT:
                    body["response_format"] = {"type": "json_object"}
        for name in self.abilities.dropped:
            body.pop(name, None)
        return body

    async def _post(self, body: dict[str, Any], request: Request) -> Any:
        header = request.config.session_header
        options: Any = {"headers": {header: request.document_id}} if header else {}
        # The untyped `post` costs 0.5 ms less CPU a call than `chat.completions.create`, which
        # builds a tree of pydantic objects only to be read once.
        return await self._send(
            lambda: self._client.post("/chat/completions", body=body, cast_to=httpx2.Response, options=options)
        )

    async def _get(self, path: str) -> Any:
        data = await self._send(lambda: self._client.get(path, cast_to=httpx2.Response))
        return data if isinstance(data, dict) else {}

    async def _send(self, send: Any) -> Any:
        for attempt in (1, 2):
            try:
                response = await send()
                return orjson.loads(response.content)
            except openai.AuthenticationError as error:
                key = self._resolve_key()
                if attempt == 2 or key == self._client.api_key:
                    raise classify(error) from error
                self._client.api_key = key
            except orjson.JSONDecodeError as error:
                raise TransientError(f"{self.url} answered 200 with a body that is not JSON") from error
            except openai.OpenAIError as error:
                raise classify(error) from error
        raise AssertionError("unreachable")


# Body keys that a server may not know and that the work can do without, dropped in this order.
OPTIONAL_PARAMETERS = ("chat_template_kwargs", "reasoning_effort", "seed", "temperature")


def with_schema_in_prompt(messages: list[dict[str, str]], schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Say the schema in words, at the very end so that the shared prefix stays the same."""
    *before, last = messages
    note = f"\n\nReply with one JSON object that fits this JSON schema:\n{json.dumps(schema)}"
    return [*before, {**last, "content": last["content"] + note}]


def read_completion(data: Any) -> Completion:
    """Read a chat completion.

    Raises:
        ReplyTruncated: cut at the token limit.
        RequestRefused: the server's content filter stopped it.
        TransientError: the body has not the shape of a completion.
    """
    try:
        choice = data["choices"][0]
        text = choice["message"].get("content") or ""
        usage = data.get("usage") or {}
        completion = Completion(
            text=text,
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            cached_tokens=int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
        )
        finish = choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise TransientError("the endpoint answered 200 with a body that is not a chat completion") from error
    if finish == "length":
        raise CutCompletion(completion)
    if finish == "content_filter":
        raise RequestRefused("the endpoint's content filter stopped the reply", text)
    if not text.strip():
        raise EmptyCompletion(completion)
    return completion


class CutCompletion(ReplyTruncated):
    """A reply cut at the token limit; its tokens were paid all the same."""

    def __init__(self, completion: Completion) -> None:
        super().__init__("cut at the token limit; raise --max_tokens if this is common", completion.text)
        self.completion = completion


class EmptyCompletion(ReplyInvalid):
    """An answer without content, as thinking models give when the budget went into the thought."""

    def __init__(self, completion: Completion) -> None:
        super().__init__("the reply has no content", completion.text)
        self.completion = completion


def classify(error: openai.OpenAIError) -> Exception:
    """Sort a client error by what happens next: by its type and status, never by its wording."""
    if isinstance(error, openai.APITimeoutError):
        return TransientError("no reply in time")
    if isinstance(error, openai.APIConnectionError):
        return ConnectionLost(f"no connection: {error.__cause__ or error}")
    if not isinstance(error, openai.APIStatusError):
        return TransientError(str(error))
    status, message = error.status_code, f"HTTP {error.status_code}: {error_message(error)}"
    if status in (408, 409, 429) or status >= 500:
        return Refused(message, status, retry_after_s(error.response.headers))
    if status in (401, 403, 404):
        return FatalError(f"{message} ({error.request.url})")
    return ContextOverflow(message) if is_context_overflow(error.body) else RequestRefused(message)


class ConnectionLost(TransientError):
    """Nobody answered: refused, reset, or a name that does not resolve."""


class Refused(TransientError):
    """The server answered with a status that may pass."""

    def __init__(self, message: str, status: int, retry_after_s: float | None) -> None:
        super().__init__(message, retry_after_s)
        self.status = status

    @property
    def overload(self) -> bool:
        """Whether the server asks for less load."""
        return self.status in (429, 503)


def error_message(error: openai.APIStatusError) -> str:
    """The server's own words: `error.message`, `error` or `detail`, or plain text; 500 characters at most."""
    body: Any = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        body = inner.get("message") or inner.get("detail") or inner if isinstance(inner, dict) else inner
    return " ".join(str(body if body is not None else error.message).split())[:500]


def is_context_overflow(body: Any) -> bool:
    """Whether a 400 says that the prompt is too long, by the machine-readable fields servers use."""
    inner = body.get("error", body) if isinstance(body, dict) else {}
    if not isinstance(inner, dict):
        return False
    kind = {str(inner.get("code")), str(inner.get("type"))}
    if kind & {"context_length_exceeded", "exceed_context_size_error"}:
        return True
    # vLLM and llama-cpp-python say it in words only.
    message = str(inner.get("message", ""))
    return "maximum context length" in message or "context window" in message


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `Retry-After` as seconds or a date."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        pass
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        parsed = email.utils.parsedate_tz(value)
        if parsed is None:
            return None
        seconds = email.utils.mktime_tz(parsed) - time.time()
    return max(0.0, seconds) if math.isfinite(seconds) else None
