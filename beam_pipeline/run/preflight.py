"""Preflight: finds out which models are asked, and asks each one small question before anything runs.

A wrong key, a dead port or a misspelt model would otherwise show after minutes of reading and
screening, and on Dataflow after paying for workers.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import BaseModel

from beam_pipeline.options.model_settings import Models
from transforms.errors import ElementError, FatalError, RequestRefused, TransientError
from transforms.inference.client.api_keys import NO_KEY, KeyOutOfReach, KeyUnreadable, resolve_key
from transforms.inference.client.chat import Request
from transforms.inference.client.embeddings import EmbeddingRequest
from transforms.inference.client.endpoint import Endpoint
from transforms.inference.client.error_classes import KeyRefused
from transforms.inference.client.reply_schema import reply_schema
from transforms.inference.config import EmbeddingConfig, ModelConfig
from transforms.records import DEMO_MODEL

_LOGGER = logging.getLogger(__name__)

# An endpoint that is there lists its models at once; a question may have to wait for a busy model.
LIST_TIMEOUT_S = 2.5
QUESTION_TIMEOUT_S = 60.0
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
            found[key] = found.get(key) or _only_model(*key)
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
    name = _only_model(embedding.model.endpoints, embedding.model.api_key)
    return replace(embedding, model=replace(embedding.model, model=name))


def _only_model(replicas: Sequence[str], api_key: str) -> str:
    """The one model that a pool serves, by the first replica that answers."""
    url, *others = replicas
    try:
        served = asyncio.run(_with_endpoint(Target(url, "", api_key), _list_models))
    except Unreachable:
        if not others:
            raise
        return _only_model(others, api_key)
    if len(served) == 1:
        return served[0]
    if not served:
        raise PreflightError(f"{url} does not say which models it serves; name one with --model")
    raise PreflightError(f"{url} serves {len(served)} models; choose one with --model: {', '.join(sorted(served)[:20])}")


def check_models(
    models: Iterable[ModelConfig], embedding: EmbeddingConfig | None = None, may_be_away: bool = False
) -> Iterator[str]:
    """Ask every distinct model one small question, all at the same time, then the embedding model for a vector.

    Gives what was not found out, a line each. One replica of several that does not answer is no reason to stop: the run can
    do without it. With `may_be_away` none needs to answer here: workers in another network, with another account, may
    reach what this machine does not. PreflightError is the first thing found that would make the run fail.
    """
    yield from asyncio.run(_check_pools(list(models), _question, may_be_away))
    if embedding is not None:
        yield from asyncio.run(_check_pools([embedding.model], partial(_vector, config=embedding), may_be_away))


async def _check_pools(models: list[ModelConfig], ask: Callable[[Endpoint, Target], Any], may_be_away: bool) -> list[str]:
    wanted = list(dict.fromkeys(Target(url, config.model, config.api_key) for config in models for url in config.endpoints))
    results = await asyncio.gather(*(_with_endpoint(target, ask) for target in wanted), return_exceptions=True)
    problems = {target: result for target, result in zip(wanted, results, strict=True) if isinstance(result, BaseException)}
    for config in models:
        replicas = [Target(url, config.model, config.api_key) for url in config.endpoints]
        failed = [problems[target] for target in replicas if target in problems]
        lasting = [problem for problem in failed if not isinstance(problem, Unreachable)]
        if lasting or (len(failed) == len(replicas) and not may_be_away):
            raise (lasting or failed)[0]
    if may_be_away:
        return list(dict.fromkeys(f"not checked: {problem}" for problem in problems.values()))
    for problem in problems.values():
        _LOGGER.warning("%s The run goes on with the other replicas.", problem)
    return []


class Unreachable(PreflightError):
    """Nobody answers at that address, or this machine cannot ask: no word on whether another can."""


async def _with_endpoint(target: Target, ask: Callable[[Endpoint, Target], Any]) -> Any:
    endpoint = Endpoint(target.url)
    try:
        return await ask(endpoint, target)
    except KeyOutOfReach as error:
        raise Unreachable(f"{target.url}: {error}") from error
    except KeyUnreadable as error:
        raise PreflightError(str(error)) from error
    finally:
        await endpoint.close()


async def _list_models(endpoint: Endpoint, target: Target) -> list[str]:
    try:
        return await endpoint.models(target.api_key, LIST_TIMEOUT_S)
    except TransientError as error:
        raise Unreachable(
            f"cannot reach the endpoint {target.url}: {error}; is it running, and does the URL end in /v1?"
        ) from error
    except KeyRefused as error:
        raise PreflightError(key_refused(target)) from error
    except KeyUnreadable:
        raise
    except (FatalError, ElementError):
        return []  # a gateway without a list of models may still answer questions


async def _question(endpoint: Endpoint, target: Target) -> None:
    served = await _list_models(endpoint, target)
    request = Request(
        stage="preflight",
        document_id="preflight",
        messages=[{"role": "user", "content": 'Are you ready? Reply with the JSON object {"ready": true}.'}],
        schema=reply_schema(ReadyReply),
        config=ModelConfig((target.url,), target.model, target.api_key, max_tokens=64, request_timeout_s=QUESTION_TIMEOUT_S),
    )
    await _answered(endpoint.ask(request), target, served)


async def _vector(endpoint: Endpoint, target: Target, config: EmbeddingConfig) -> None:
    served = await _list_models(endpoint, target)
    model = replace(config.model, endpoints=(target.url,), request_timeout_s=QUESTION_TIMEOUT_S)
    request = EmbeddingRequest("preflight", "preflight", (f"{config.prefix}Ready?",), model, config.dimensions)
    found = await _answered(endpoint.embed(request), target, served, may_refuse=True)
    if found is None and config.dimensions:
        whole = await _answered(endpoint.embed(replace(request, dimensions=0)), target, served, may_refuse=True)
        if whole is not None:
            raise PreflightError(
                f"{target.url}: the model {target.model} gives vectors of {whole.width} numbers and not of {config.dimensions}; "
                "leave dimensions out of --decontamination, or give a length that it can shorten them to"
            )
    if found is None or not any(found.vectors):
        raise PreflightError(f"{target.url} gives no vectors of the model {target.model}; does it serve /v1/embeddings?")


async def _answered(asking: Awaitable[Any], target: Target, served: list[str], may_refuse: bool = False) -> Any:
    """The answer to a preflight's question; None for an odd one, which shows that the model answers.

    With `may_refuse` a refusal is only odd as well; no chat model refuses so small a question for itself.
    """
    try:
        return await asyncio.wait_for(asking, QUESTION_TIMEOUT_S)
    except KeyRefused as error:
        raise PreflightError(key_refused(target)) from error
    except KeyUnreadable:
        raise
    except FatalError as error:
        raise PreflightError(model_unknown(target, served, error)) from error
    except ElementError as error:
        if served and target.model not in served:
            raise PreflightError(model_unknown(target, served, error)) from error
        if isinstance(error, RequestRefused) and not may_refuse:
            raise PreflightError(f"{target.url} refuses the simplest question to the model {target.model}: {error}") from error
        return None
    except (TransientError, asyncio.TimeoutError) as error:
        why = str(error) or f"no reply within {QUESTION_TIMEOUT_S:.0f} s"
        raise Unreachable(f"{target.url} is there but the model {target.model} does not answer: {why}") from error


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
    there = f"it serves {', '.join(sorted(served)[:20])}" if served else str(error)
    return f"{target.url} does not serve the model {target.model!r}; {there}"
