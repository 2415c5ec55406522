"""Preflight: finds out which models are asked, and asks each one small question before anything runs.

A wrong key, a dead port or a misspelt model would otherwise show after minutes of reading and
screening, and on Dataflow after paying for workers. A server that loads its model, or is busy, is waited for.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from beam_pipeline.options.model_settings import Models
from transforms.errors import ElementError, FatalError, ReplyInvalid, RequestRefused, TransientError
from transforms.inference.client.api_keys import NO_KEY, KeyOutOfReach, KeyUnreadable, resolve_key
from transforms.inference.client.chat import Request
from transforms.inference.client.embeddings import EmbeddingRequest
from transforms.inference.client.endpoint import Endpoint
from transforms.inference.client.error_classes import KeyRefused, NotThere, TimedOut
from transforms.inference.client.reply_schema import reply_schema
from transforms.inference.config import EmbeddingConfig, ModelConfig
from transforms.inference.scheduling.retries import LATER
from transforms.records import DEMO_MODEL
from transforms.said import said_name, said_names

_LOGGER = logging.getLogger(__name__)

# An endpoint that is there lists its models at once; a question may have to wait for a busy model, but not for long where
# the run can do without, because other replicas answer or only its workers may reach any.
LIST_TIMEOUT_S = 2.5
QUESTION_TIMEOUT_S = 60.0
# How often a server that loads or is busy is asked again, and how often a user reads that it is waited for.
POLL_S, TELL_S = 2.0, 10.0
# A prefix cache the size of a large GPU's, so that the summary shows what the order of the prompts saves.
DEMO_CACHE_TOKENS = 400_000


class PreflightError(ValueError):
    """No run can succeed as it is configured; the message is one line and says what to do."""


class ReadyReply(BaseModel):
    ready: bool


@dataclass(frozen=True, slots=True)
class Target:
    """One model at one endpoint that the run is going to ask."""

    url: str
    model: str
    api_key: str
    extra_body: str = ""


# Asks the server behind an endpoint something, within so many seconds.
Ask = Callable[[Endpoint, Target, float], Awaitable[Any]]


@contextmanager
def run_models(models: Models, may_be_away: bool = False) -> Iterator[Models]:
    """The models of a run, complete: the embedded endpoint started, the one served model found, or PreflightError."""
    models = dict(models)
    found: dict[tuple[tuple[str, ...], str], str] = {}
    for stage, model in models.items():
        if model.model or not model.endpoints:
            continue
        key = (model.endpoints, model.api_key)
        try:
            found[key] = found.get(key) or _only_model(model, may_be_away)
        except Unreachable as error:
            if not may_be_away:
                raise
            raise PreflightError(f"{error} If only workers reach it, name its model with --model.") from error
        models[stage] = replace(model, model=found[key])
    if all(model.endpoints for model in models.values()):
        yield models
        return
    from beam_pipeline.demo_endpoint.child_process import DemoEndpoint  # brings a web server: only where it is wanted

    with DemoEndpoint.start(cache_tokens=DEMO_CACHE_TOKENS) as endpoint:
        yield {
            stage: model if model.endpoints else replace(model, endpoints=(endpoint.url,), model=DEMO_MODEL)
            for stage, model in models.items()
        }


def named_embedding(embedding: EmbeddingConfig | None) -> EmbeddingConfig | None:
    """How texts are embedded, with the name of the model; raises as `run_models`."""
    if embedding is None or embedding.model.model:
        return embedding
    return replace(embedding, model=replace(embedding.model, model=_only_model(embedding.model)))


def _only_model(config: ModelConfig, may_be_away: bool = False) -> str:
    """The one model that a pool serves, by the first replica that answers."""
    pool = [Target(url, "", config.api_key) for url in config.endpoints]
    answers = asyncio.run(_ask_pools([pool], _list_models, 0.0 if may_be_away else config.request_timeout_s))
    target = next((target for target in pool if not isinstance(answers[target], Unreachable)), pool[0])
    url, served = target.url, answers[target]
    if isinstance(served, BaseException):
        raise served
    if len(served) == 1:
        return str(served[0])
    if not served:
        raise PreflightError(f"{url} does not say which models it serves; name one with --model")
    raise PreflightError(f"{url} serves {len(served)} models; choose one with --model: {said_names(served)}")


def check_models(
    models: Iterable[ModelConfig], embedding: EmbeddingConfig | None = None, may_be_away: bool = False
) -> Iterator[str]:
    """Ask every distinct model one small question, all at the same time, then the embedding model for a vector.

    Gives what was not found out, and which model thinks before it answers, a line each. One replica of several that does
    not answer is no reason to stop: the run can do without it. With `may_be_away` none needs to answer here: workers in
    another network, with another account, may reach what this machine does not. PreflightError is the first thing found
    that would make the run fail.
    """
    yield from asyncio.run(_check_pools(list(models), _question, may_be_away))
    if embedding is not None:
        yield from asyncio.run(_check_pools([embedding.model], partial(_vector, config=embedding), may_be_away))


async def _check_pools(models: list[ModelConfig], ask: Ask, may_be_away: bool) -> list[str]:
    pools = [[Target(url, config.model, config.api_key, config.extra_body) for url in config.endpoints] for config in models]
    patience_s = 0.0 if may_be_away else max((config.request_timeout_s for config in models), default=0.0)
    answers = await _ask_pools(pools, ask, patience_s)
    problems = {target: answer for target, answer in answers.items() if isinstance(answer, BaseException)}
    for pool in pools:
        failed = [problems[target] for target in pool if target in problems]
        lasting = [problem for problem in failed if not isinstance(problem, Unreachable)]
        if lasting or (len(failed) == len(pool) and not may_be_away):
            raise (lasting or failed)[0]
    notes = {target.model: answer for target, answer in answers.items() if isinstance(answer, str)}
    if may_be_away:
        return list(dict.fromkeys([*(f"not checked: {problem}" for problem in problems.values()), *notes.values()]))
    for problem in problems.values():
        _LOGGER.warning("%s The run goes on with the other replicas.", problem)
    return list(notes.values())


class Unreachable(PreflightError):
    """Nobody answers at that address, or this machine cannot ask: no word on whether another can."""


class Busy(Unreachable):
    """A server is there, and loads its model or has too much to do: it may answer later."""


async def _ask_pools(pools: Sequence[Sequence[Target]], ask: Ask, patience_s: float) -> dict[Target, Any]:
    """What each server answers, or an exception. Busy ones are waited for so long, unless others of their pools answer."""
    wanted = list(dict.fromkeys(target for pool in pools for target in pool))
    answered: set[Target] = set()

    def spared(target: Target) -> bool:
        return all(answered.intersection(pool) for pool in pools if target in pool)

    async def one(target: Target) -> Any:
        alone = patience_s > 0 and all(len(pool) == 1 for pool in pools if target in pool)
        answer = await _with_endpoint(target, ask, _Wait(target.url, patience_s, alone), partial(spared, target))
        answered.add(target)
        return answer

    answers = await asyncio.gather(*map(one, wanted), return_exceptions=True)
    return dict(zip(wanted, answers, strict=True))


@dataclass
class _Wait:
    """How long a server is waited for, and why; `alone` where nothing goes on without it."""

    url: str
    patience_s: float
    alone: bool
    why: str = "no reply yet"
    began: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        return self.began + self.patience_s - time.monotonic()

    @property
    def timeout_s(self) -> float:
        """How long a question may take."""
        return max(self.left_s, POLL_S) if self.alone else QUESTION_TIMEOUT_S

    async def tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            self.say()

    def say(self) -> None:
        seconds = f"{time.monotonic() - self.began:.0f} s of {self.patience_s:g} s (--request_timeout_s)"
        print(f"waiting for {self.url}, {seconds}: {self.why}", file=sys.stderr, flush=True)


async def _with_endpoint(target: Target, ask: Ask, wait: _Wait, spared: Callable[[], bool]) -> Any:
    try:
        endpoint = Endpoint(target.url)
    except FatalError as error:  # a proxy or certificates that the environment names, and that cannot be used
        raise PreflightError(str(error)) from error
    telling = asyncio.ensure_future(wait.tell())
    try:
        while True:
            try:
                return await ask(endpoint, target, wait.timeout_s)
            except Busy as error:
                if spared() or not wait.patience_s:
                    raise
                if wait.left_s <= 0:
                    raise Busy(f"{error}; more --request_timeout_s waits longer") from error
                before, wait.why = wait.why, str(error)
            if before != wait.why:
                wait.say()
            await asyncio.sleep(POLL_S)
    except KeyOutOfReach as error:
        raise Unreachable(f"{target.url}: {error}") from error
    except KeyUnreadable as error:
        raise PreflightError(str(error)) from error
    finally:
        telling.cancel()
        await endpoint.close()


async def _list_models(endpoint: Endpoint, target: Target, timeout_s: float = 0.0) -> list[str]:
    try:
        names = await endpoint.models(target.api_key, LIST_TIMEOUT_S)
        return [name for name in names if isinstance(name, str) and name]  # a server may say anything
    except TransientError as error:
        if error.status in LATER or (isinstance(error, TimedOut) and await _listens(target.url)):
            raise Busy(f"{target.url} is there but does not list its models: {error}") from error
        raise Unreachable(
            f"cannot reach the endpoint {target.url}: {error}; is it running, and does the URL end in /v1?"
        ) from error
    except KeyRefused as error:
        raise PreflightError(key_refused(target)) from error
    except KeyUnreadable:
        raise
    except NotThere:
        return []
    except FatalError as error:  # no money, or a redirect to another host
        raise PreflightError(str(error)) from error
    except ElementError:
        return []  # a gateway without a list of models may still answer questions


async def _listens(url: str) -> bool:
    """Whether a server takes connections there: one that is busy does, and an address that nobody has does not."""
    address = urlsplit(url)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address.hostname, port), LIST_TIMEOUT_S)
    except (OSError, asyncio.TimeoutError):
        return False
    writer.close()
    return True


async def _question(endpoint: Endpoint, target: Target, timeout_s: float) -> str | None:
    """Ask whether the model is ready; what a user should know of a model that thinks before it says so."""
    served = await _list_models(endpoint, target)
    config = ModelConfig((target.url,), target.model, target.api_key, max_tokens=64, request_timeout_s=timeout_s)
    request = Request(
        stage="preflight",
        document_id="preflight",
        messages=[  # with both roles, as the questions of the run
            {"role": "system", "content": "You answer in JSON."},
            {"role": "user", "content": 'Are you ready? Reply with the JSON object {"ready": true}.'},
        ],
        schema=reply_schema(ReadyReply),
        config=replace(config, extra_body=target.extra_body),
    )
    completion = await _answered(endpoint.ask(request), target, served, timeout_s)
    return thinks(target) if completion is not None and completion.thought else None


def thinks(target: Target) -> str:
    """What to do about a model that thinks before it answers."""
    thinking = f"note: {target.url}: {said_name(target.model)} thinks before it answers, and its thoughts take from --max_tokens"
    if json.loads(target.extra_body or "{}").get("chat_template_kwargs", {}).get("enable_thinking") is False:
        return f"{thinking}, although --disable_thinking asks it not to; give more --max_tokens, as in --max_tokens 4096"
    return f"{thinking}; give --disable_thinking, or more --max_tokens, as in --max_tokens 4096"


async def _vector(endpoint: Endpoint, target: Target, timeout_s: float, config: EmbeddingConfig) -> None:
    served = await _list_models(endpoint, target)
    model = replace(config.model, endpoints=(target.url,), request_timeout_s=timeout_s)
    request = EmbeddingRequest("preflight", "preflight", (f"{config.prefix}Ready?",), model, config.dimensions)
    found = await _answered(endpoint.embed(request), target, served, timeout_s, may_refuse=True)
    if found is None and config.dimensions:
        whole = await _answered(endpoint.embed(replace(request, dimensions=0)), target, served, timeout_s, may_refuse=True)
        if whole is not None:
            raise PreflightError(
                f"{target.url}: the model {said_name(target.model)} gives vectors of {whole.width} numbers "
                f"and not of {config.dimensions}; leave dimensions out of --decontamination, "
                "or give a length that it can shorten them to"
            )
    if found is None or not any(found.vectors):
        raise PreflightError(
            f"{target.url} gives no vectors of the model {said_name(target.model)}; does it serve /v1/embeddings?"
        )


async def _answered(asking: Awaitable[Any], target: Target, served: list[str], timeout_s: float, may_refuse: bool = False) -> Any:
    """The answer to a preflight's question; what was paid for an odd one, or None: it shows that the model answers.

    With `may_refuse` a refusal is only odd as well; no chat model refuses so small a question for itself.
    """
    try:
        return await asyncio.wait_for(asking, timeout_s)
    except KeyRefused as error:
        raise PreflightError(key_refused(target)) from error
    except KeyUnreadable:
        raise
    except NotThere as error:
        raise PreflightError(model_unknown(target, served, error)) from error
    except FatalError as error:
        raise PreflightError(str(error)) from error
    except ElementError as error:
        if served and target.model not in served:
            raise PreflightError(model_unknown(target, served, error)) from error
        if isinstance(error, RequestRefused) and not may_refuse:
            raise PreflightError(
                f"{target.url} refuses the simplest question to the model {said_name(target.model)}: {error}"
            ) from error
        if isinstance(error, ReplyInvalid) and error.cause == "refused":
            raise PreflightError(
                f"{target.url}: {error}; the model {said_name(target.model)} refuses the simplest question: name another --model"
            ) from error
        return error.paid
    except (TransientError, asyncio.TimeoutError) as error:
        later = isinstance(error, (TimedOut, asyncio.TimeoutError)) or error.status in LATER
        why = str(error) or f"no reply within {timeout_s:.0f} s"
        kind = Busy if later else Unreachable
        raise kind(f"{target.url} is there but the model {said_name(target.model)} does not answer: {why}") from error


def key_refused(target: Target) -> str:
    """What to do about a refused key, without showing it."""
    kind, _, name = target.api_key.partition(":")
    if kind == "env" and resolve_key(target.api_key) == NO_KEY:
        return (
            f"{target.url} wants an API key and the environment variable {name} is not set; "
            "export it, or name another with --api_key_env"
        )
    holder = f"in the environment variable {name}" if kind == "env" else f"in {name}"
    return f"{target.url} refuses the API key {holder}"


def model_unknown(target: Target, served: list[str], error: Exception) -> str:
    """What to do about an unknown model: which ones there are."""
    there = f"it serves {said_names(served)}" if served else str(error)
    if not served and not target.url.endswith("/v1"):
        there += "; is it the base URL? Most end in /v1"
    return f"{target.url} does not serve the model {said_name(target.model)!r}; {there}"
