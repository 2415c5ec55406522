"""One OpenAI-compatible endpoint: requests and replies, errors by consequence, learnt abilities.

No Beam here. `Endpoint.ask` sends one request once and returns a `Completion` or raises an error of
`transforms.errors`; retrying, waiting and routing belong to the runtime.
"""

import asyncio
import email.utils
import hashlib
import json
import logging
import math
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, TypeVar

import httpx2
import openai
import orjson

from transforms.errors import FatalError, ReplyInvalid, ReplyTruncated, RequestRefused, TransientError
from transforms.inference.connections import CONNECT_TIMEOUT_S, make_client
from transforms.inference.keys import NO_KEY, Key, without_key

T = TypeVar("T")

_LOGGER = logging.getLogger(__name__)

# After so many 500s from a model that never accepted anything, a parameter may be what it means:
# some servers say 500 to one that they do not know.
EARLY_500S = 2
# An endpoint that works lists its models at once, and says anything at all within moments.
LIST_TIMEOUT_S = 30.0
ALIVE_TIMEOUT_S = 5.0
# Keys tried for one request: the one at hand, and what takes its place while keys are rotated.
KEYS_A_REQUEST = 3


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """How one stage asks its model. Plain values only: it is part of the pickled graph.

    Attributes:
        endpoints: base URLs ending in /v1; replicas of the same model.
        model: model name as the endpoint serves it.
        api_key: where to find the key, "env:NAME" or "secret:projects/P/secrets/S/versions/V";
            never the key itself.
        max_tokens: completion tokens allowed a call.
        request_timeout_s: seconds that one request may take, to the last byte of its reply.
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
    """How much of a reply schema a server takes, from most to least."""

    JSON_SCHEMA = 2
    JSON_OBJECT = 1
    PLAIN = 0


# Body keys that a server may not know and that the work can do without, dropped in this order.
OPTIONAL_PARAMETERS = ("chat_template_kwargs", "reasoning_effort", "seed", "temperature")


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server takes of all that we would like to send."""

    structure: Structure = Structure.JSON_SCHEMA
    dropped: frozenset[str] = frozenset()

    def without(self, *parameters: str) -> "Abilities":
        return replace(self, dropped=self.dropped.union(parameters))

    def exceed(self, other: "Abilities") -> bool:
        return (self.structure, -len(self.dropped)) > (other.structure, -len(other.dropped))

    def given_up(self) -> list[str]:
        """What is not sent, for people."""
        structures = {Structure.JSON_OBJECT: ["json_schema (json_object instead)"], Structure.PLAIN: ["response_format"]}
        return structures.get(self.structure, []) + sorted(self.dropped)


EVERYTHING = Abilities()


@dataclass
class Learnt:
    """What a model was found to accept from one stage.

    What a stage sends (its schema, its parameters) is what a server refuses, so that one stage's
    success says nothing about another's.
    """

    accepted: Abilities | None = None
    early_500s: int = 0  # before anything was accepted
    trials: int = 0  # requests that went out with less because of them
    doubtful: bool = False  # less was accepted after 500s, which may have had any cause: ask for everything once more
    stepping_down: asyncio.Lock = field(default_factory=asyncio.Lock)

    def to_send(self, parameters: list[str], with_schema: bool) -> Abilities:
        """What the next request goes out with."""
        if self.accepted is None:
            if self.early_500s < EARLY_500S:
                return EVERYTHING
            trials = [*steps_down(EVERYTHING, parameters, with_schema), EVERYTHING]
            self.trials += 1
            return trials[(self.trials - 1) % len(trials)]
        if self.doubtful:
            self.doubtful = False
            return EVERYTHING
        return self.accepted

    def accept(self, sent: Abilities) -> None:
        """Note that a request with these was answered. The most that was ever accepted counts."""
        if self.accepted is None:
            self.doubtful = self.early_500s > 0 and sent != EVERYTHING
            self.accepted = sent
        elif sent.exceed(self.accepted):
            self.accepted = sent


def steps_down(start: Abilities, parameters: list[str], with_schema: bool) -> list[Abilities]:
    """What to try in place of `start`, in this order: less structure, fewer parameters, neither."""
    structures = [Structure(level) for level in range(start.structure - 1, -1, -1)] if with_schema else []
    kept = [name for name in parameters if name not in start.dropped]
    steps = [replace(start, structure=structure) for structure in structures]
    steps += [start.without(*kept[: count + 1]) for count in range(len(kept))]
    if structures and kept:
        steps.append(replace(start, structure=Structure.PLAIN).without(*kept))
    return steps


class ContextOverflow(RequestRefused):
    """The prompt is longer than the model's context."""


class KeyRefused(FatalError):
    """The endpoint refuses the API key (HTTP 401 or 403)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Endpoint:
    """A client for one base URL, whichever models and keys it is asked with. Use from one event loop only.

    Keys are read at the first request and again after a 401, so that a rotated key is picked up
    without a new job. No error or reply of an endpoint holds its key.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = make_client()
        # The key of each request goes with it; a client cannot be made without one.
        self._client = openai.AsyncOpenAI(
            base_url=url, api_key=NO_KEY, max_retries=0, timeout=self._http.timeout, http_client=self._http
        )
        self._keys: dict[str, Key] = {}
        self._learnt: defaultdict[tuple[str, str, str], Learnt] = defaultdict(Learnt)
        self._told: set[tuple[str, str]] = set()

    async def close(self) -> None:
        await self._client.close()

    async def models(self, api_key: str, timeout_s: float = LIST_TIMEOUT_S) -> list[str]:
        """Names of the models that the endpoint lists, to the holder of the key from that source. Raises as `ask` does."""
        data, _ = await self._send(
            api_key,
            lambda headers: self._client.get("/models", cast_to=httpx2.Response, options={"headers": headers}),
            timeout_s,
        )
        rows = data.get("data") if isinstance(data, dict) else None
        return [row["id"] for row in rows or [] if isinstance(row, dict) and "id" in row]

    async def alive(self) -> bool:
        """Whether the endpoint answers at all within `ALIVE_TIMEOUT_S`; what it answers does not matter. Never raises."""
        try:
            return await within(ALIVE_TIMEOUT_S, self._answers())
        except Exception:  # a probe that fails for any reason has not found an endpoint
            return False

    async def _answers(self) -> bool:
        async with self._http.stream("GET", f"{self.url.rstrip('/')}/models", follow_redirects=False):
            return True

    async def ask(self, request: Request, temperature: float | None = None, max_tokens: int | None = None) -> Completion:
        """Send one request once, stepping down to what the model accepts where it refuses more.

        Raises:
            TransientError, RequestRefused, ReplyInvalid, ReplyTruncated, FatalError
        """
        body = full_body(request, temperature, max_tokens)
        learnt = self._learnt[request.config.model, request.stage, request.config.extra_body]
        sent = learnt.to_send(optional_parameters(body), request.schema is not None)
        try:
            data, key = await self._post(request, body, learnt, sent)
        except (RequestRefused, TransientError) as refusal:
            if not may_mean_a_parameter(refusal):
                # A request with more in it than was accepted yet has not shown whether that works too.
                learnt.doubtful |= learnt.accepted is not None and sent.exceed(learnt.accepted)
                raise
            data, key = await self._after_refusal(request, body, learnt, sent, refusal)
        return read_completion(data, key)

    async def _after_refusal(
        self, request: Request, body: dict[str, Any], learnt: Learnt, sent: Abilities, refusal: Exception
    ) -> tuple[Any, str]:
        """Send a refused request again with what the model accepts, which may have to be found out first."""
        if learnt.accepted is None:
            if isinstance(refusal, Refused):
                learnt.early_500s += 1
                raise refusal
            asked = time.monotonic()
            # The others that were refused at the same time wait for what the first one finds.
            async with learnt.stepping_down:
                if learnt.accepted is None:
                    if (waited_s := time.monotonic() - asked) > request.config.request_timeout_s:
                        raise TimedOut(f"no reply within {waited_s:.0f} s")
                    return await self._step_down(request, body, learnt, sent, refusal)
        if learnt.accepted == sent:
            raise refusal  # it is about this very request
        self._tell(request, learnt.accepted, refusal)
        return await self._post(request, body, learnt, learnt.accepted)

    async def _step_down(
        self, request: Request, body: dict[str, Any], learnt: Learnt, sent: Abilities, refusal: Exception
    ) -> tuple[Any, str]:
        """Send with less and less until it is accepted, and remember what was.

        Raises:
            RequestRefused: the first refusal, because nothing helped; nothing is remembered.
        """
        parameters, with_schema = optional_parameters(body), request.schema is not None
        tried, base, latest = [EVERYTHING, sent], EVERYTHING, refusal
        steps = steps_down(base, parameters, with_schema)
        while True:
            # A parameter that the server names is the first thing to leave out.
            named = next((name for name in parameters if name not in base.dropped and names(latest, name)), None)
            if named:
                base = base.without(named)
                steps = [base, *steps_down(base, parameters, with_schema)]
            step = next((step for step in steps if step not in tried), None)
            if step is None:
                raise refusal
            tried.append(step)
            try:
                answer = await self._post(request, body, learnt, step)
            except (RequestRefused, Refused) as again:
                if isinstance(again, Refused) and again.status != 500:
                    raise
                latest = again
                continue
            if learnt.accepted == step:
                self._tell(request, step, refusal)
            return answer

    def _tell(self, request: Request, accepted: Abilities, refusal: Exception) -> None:
        """Log what a model does not get from now on, and why: each thing once."""
        for thing in accepted.given_up():
            if (request.config.model, thing) not in self._told:
                self._told.add((request.config.model, thing))
                _LOGGER.warning(
                    "%s, model %s: asked without %s from now on, because of %s", self.url, request.config.model, thing, refusal
                )

    async def _post(self, request: Request, body: dict[str, Any], learnt: Learnt, abilities: Abilities) -> tuple[Any, str]:
        """The body of a reply, and the key that it was asked with."""
        config = request.config
        extra = {config.session_header: request.document_id} if config.session_header else {}
        reduced = reduced_body(request, body, abilities)
        # The untyped `post` costs 0.5 ms less CPU a call than `chat.completions.create`, which
        # builds a tree of pydantic objects only to be read once.
        answer = await self._send(
            config.api_key,
            lambda headers: self._client.post(
                "/chat/completions", body=reduced, cast_to=httpx2.Response, options={"headers": {**extra, **headers}}
            ),
            config.request_timeout_s,
        )
        if isinstance(answer[0], dict) and answer[0].get("choices"):
            learnt.accept(abilities)
        return answer

    async def _send(
        self, api_key: str, send: Callable[[dict[str, str]], Awaitable[httpx2.Response]], timeout_s: float
    ) -> tuple[Any, str]:
        if api_key not in self._keys:
            self._keys[api_key] = Key(api_key)
        key = self._keys[api_key]
        sent = await key.get()
        for keys_left in range(KEYS_A_REQUEST - 1, -1, -1):
            try:
                response = await within(timeout_s, send({"Authorization": f"Bearer {sent.value}"}))
                return orjson.loads(response.content), sent.value
            except orjson.JSONDecodeError:
                problem: Exception = TransientError(f"{self.url} answered 200 with a body that is not JSON")
            except openai.OpenAIError as error:
                problem = classify(error, sent.value)
            if isinstance(problem, KeyRefused) and problem.status == 401 and keys_left:
                renewed = await key.after_refusal(sent)
                if renewed is not None:
                    sent = renewed
                    continue
            # Outside of the handlers: a traceback shows what an error came from, and that may show the key.
            raise problem
        raise AssertionError("unreachable")


async def within(timeout_s: float, sending: Awaitable[T]) -> T:
    """The result of `sending`, all of which takes `timeout_s` at most.

    A time-out of the HTTP client bounds each read, and a server that sends a space now and then
    never meets it. `asyncio.wait_for` before Python 3.12 loses a cancellation that comes together
    with the result, and with it the end of a run.

    Raises:
        TimedOut: it took longer.
    """
    task = asyncio.ensure_future(sending)
    try:
        await asyncio.wait([task], timeout=timeout_s)
        if not task.done():
            raise TimedOut(f"no reply within {timeout_s:g} s")
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # seen, should this call have been cancelled meanwhile


def optional_parameters(body: Mapping[str, Any]) -> list[str]:
    """What a body has of `OPTIONAL_PARAMETERS`, in their order."""
    return [name for name in OPTIONAL_PARAMETERS if name in body]


def may_mean_a_parameter(refusal: Exception) -> bool:
    """Whether a request with less in it may be accepted."""
    if isinstance(refusal, Refused):
        return refusal.status == 500
    return isinstance(refusal, RequestRefused) and not isinstance(refusal, ContextOverflow)


def names(refusal: Exception, parameter: str) -> bool:
    return re.search(rf"\b{parameter}\b", str(refusal)) is not None


def full_body(request: Request, temperature: float | None, max_tokens: int | None) -> dict[str, Any]:
    """All that we would like to send, but for the schema."""
    config = request.config
    body: dict[str, Any] = {
        "model": config.model,
        "messages": request.messages,
        "temperature": config.temperature if temperature is None else temperature,
        "max_tokens": max_tokens or config.max_tokens,
    }
    if config.extra_body:
        body.update(orjson.loads(config.extra_body))
    return body


def reduced_body(request: Request, body: dict[str, Any], abilities: Abilities) -> dict[str, Any]:
    """The body without what the server does not take, and the schema in the form that it takes."""
    reduced = {name: value for name, value in body.items() if name not in abilities.dropped}
    if request.schema is None:
        return reduced
    if abilities.structure == Structure.JSON_SCHEMA:
        schema = {"name": request.stage, "strict": True, "schema": request.schema}
        reduced["response_format"] = {"type": "json_schema", "json_schema": schema}
        return reduced
    reduced["messages"] = with_schema_in_prompt(request.messages, request.schema)
    if abilities.structure == Structure.JSON_OBJECT:
        reduced["response_format"] = {"type": "json_object"}
    return reduced


def with_schema_in_prompt(messages: list[dict[str, str]], schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Say the schema in words, at the very end so that the shared prefix stays the same."""
    *before, last = messages
    note = f"\n\nReply with one JSON object that fits this JSON schema:\n{json.dumps(schema)}"
    return [*before, {**last, "content": last["content"] + note}]


def read_completion(data: Any, key: str = "") -> Completion:
    """Read a chat completion; should its text hold the key that it was asked with, that is taken out.

    Raises:
        ReplyTruncated: cut at the token limit.
        RequestRefused: the server's content filter stopped it.
        TransientError: the body has not the shape of a completion.
    """
    try:
        choice = data["choices"][0]
        text = without_key(choice["message"].get("content") or "", key)
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


def classify(error: openai.OpenAIError, key: str = "") -> Exception:
    """Sort a client error by what happens next: by its type and status, never by its wording.

    `key` is taken out of the message: some gateways repeat the headers that they were sent.
    """
    if isinstance(error, openai.APITimeoutError):
        if isinstance(error.__cause__, httpx2.ConnectTimeout):
            return ConnectionLost(f"no connection within {CONNECT_TIMEOUT_S:.0f} s")
        return TimedOut("no reply in time")
    if isinstance(error, openai.APIConnectionError):
        return ConnectionLost(without_key(f"no connection: {error.__cause__ or error}", key))
    if not isinstance(error, openai.APIStatusError):
        return TransientError(without_key(str(error), key))
    status, message = error.status_code, f"HTTP {error.status_code}: {error_message(error, key)}"
    if status in (408, 409, 429) or status >= 500:
        return Refused(message, status, retry_after_s(error.response.headers))
    if status in (401, 403):
        return KeyRefused(f"{message} ({error.request.url})", status)
    if status == 404:
        return FatalError(f"{message} ({error.request.url})")
    return ContextOverflow(message) if is_context_overflow(error.body) else RequestRefused(message)


class TimedOut(TransientError):
    """No complete reply within the time that one request may take."""


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


def error_message(error: openai.APIStatusError, key: str = "") -> str:
    """The server's own words and the parameter that it names, without the key; 500 characters at most."""
    said = server_words(error.body)
    words = " ".join(str(error.message if said is None else said).split())
    parameter = error.body.get("param") if isinstance(error.body, dict) else None
    if isinstance(parameter, str) and parameter not in words:
        words += f" ({parameter})"
    return without_key(words, key)[:500]  # in this order: a key cut short is not found


def server_words(body: Any) -> Any:
    """What an error body says: `error.message`, `error` or `detail`; or all of it."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    return inner.get("message") or inner.get("detail") or inner if isinstance(inner, dict) else inner


# Codes and types; the last two are what vLLM names as the parameter at fault.
_OVERFLOW_FIELDS = {"context_length_exceeded", "exceed_context_size_error", "input_tokens", "input_text"}
# vLLM "maximum context length is", "context length is only"; SGLang "longer than the model's context
# length"; llama.cpp "available context size"; llama-cpp-python and gateways "context window".
_OVERFLOW_WORDS = re.compile(
    r"context (length|window|size)|maximum (model|input|prompt) length|(prompt|input) is too long", re.IGNORECASE
)


def is_context_overflow(body: Any) -> bool:
    """Whether a 400 says that the prompt is too long: by its machine-readable fields, else by its words."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    fields = {str(inner.get(name)) for name in ("code", "type", "param")} if isinstance(inner, dict) else set()
    # Words only where they are the server's own: a list of what is wrong quotes the request.
    words = server_words(body)
    return bool(fields & _OVERFLOW_FIELDS) or (isinstance(words, str) and _OVERFLOW_WORDS.search(words) is not None)


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
