"""From options to what the stages take: endpoints, models and prompts of one run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from beam_pipeline.options import DEMO_MODEL, VERIFY_STAGES, PipelineConfig, StageSettings
from beam_pipeline.preflight import Unreachable, only_model
from beam_pipeline.sources import read_domains
from prompts import PromptSet, load_domains, load_prompts
from transforms.inference.embedding import EmbeddingConfig
from transforms.inference.model_server import ServeConfig
from transforms.inference.request import ModelConfig

# By the stage's name; the verifiers of a stage besides its first by `verifier_name`.
Models = dict[str, ModelConfig]

# A prefix cache the size of a large GPU's, so that the summary shows what the order of the prompts saves.
DEMO_CACHE_TOKENS = 400_000


def run_prompts(config: PipelineConfig) -> PromptSet:
    """The prompts of the stages that a run has, with its domains and number of personas filled in.

    Raises:
        ValueError: the user's list of domains cannot be used.
    """
    domains = read_domains(config.domains, config.domains_mode == "replace") if config.domains else load_domains()
    return load_prompts(domains, config.max_personas, config.model_stages)


def stage_model(config: PipelineConfig, stage: str) -> ModelConfig:
    """One stage's model settings, as the options say; `endpoints` is empty for the embedded endpoint."""
    settings = config.stage(stage)
    serve = serve_config(config)
    if serve is not None and settings.endpoints != (serve.url,):
        serve = None
    return ModelConfig(
        endpoints=settings.endpoints,
        model=settings.model,
        api_key=key_source(settings.api_key_secret, settings.api_key_env),
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        request_timeout_s=settings.request_timeout_s,
        max_attempts=settings.max_attempts,
        max_reasks=settings.max_reasks,
        concurrency=settings.concurrency,
        processes=settings.worker_processes,
        backlog=settings.backlog,
        # A server that starts is waited for like one that is away.
        outage_timeout_s=max(settings.outage_timeout_s, serve.start_timeout_s if serve else 0.0),
        extra_body=extra_body(settings),
        session_header=settings.session_header,
        journal=config.journal_folder,
        serve=serve,
    )


def key_source(secret: str, variable: str) -> str:
    """The name of a key as `resolve_key` takes it."""
    return f"secret:{secret}" if secret else f"env:{variable}"


def serve_config(config: PipelineConfig) -> ServeConfig | None:
    """How the workers serve the model themselves, as the options say; None if they do not."""
    if not config.serve_model:
        return None
    command = f"{config.serve_command} {config.serve_args}".strip()
    return ServeConfig(config.serve_model, command, config.serve_port, config.serve_start_timeout_s)


def verifier_name(stage: str, number: int) -> str:
    """What the models of a verification stage are called: "verify", "verify/2", "verify/3"."""
    return f"{stage}/{number + 1}" if number else stage


def stage_models(config: PipelineConfig) -> Models:
    """The model settings of every stage that the run has, and of every model that verifies for one."""
    models: Models = {}
    for stage in config.model_stages:
        models[stage] = stage_model(config, stage)
        if stage in VERIFY_STAGES:
            for number, name in enumerate(config.verifier_models):
                models[verifier_name(stage, number)] = replace(models[stage], model=name)
    return models


def extra_body(settings: StageSettings) -> str:
    """The body keys that a user wants besides ours, as JSON text; "" if none."""
    body = json.loads(settings.extra_body or "{}")
    if settings.disable_thinking:
        body["chat_template_kwargs"] = {**body.get("chat_template_kwargs", {}), "enable_thinking": False}
    return json.dumps(body, sort_keys=True) if body else ""


def _only_model(replicas: tuple[str, ...], api_key: str) -> str:
    """The one model that a pool serves: ask the first replica that answers."""
    for url in replicas[:-1]:
        try:
            return only_model(url, api_key)
        except Unreachable:
            continue
    return only_model(replicas[-1], api_key)


def run_embedding(config: PipelineConfig) -> EmbeddingConfig | None:
    """How texts are embedded in a run; None if they are not.

    Raises:
        PreflightError: the endpoint must be asked for its model and does not say one.
    """
    if not config.embedding_endpoint:
        return None
    general = stage_model(config, config.model_stages[0])
    urls = tuple(config.embedding_endpoint)
    own = config.embedding_api_key_secret, config.embedding_api_key_env or ""
    key = key_source(*own) if any(own) else general.api_key
    name = config.embedding_model or _only_model(urls, key)
    # What a chat request carries besides means nothing to an embedding model, or something else.
    model = replace(general, endpoints=urls, model=name, api_key=key, extra_body="", serve=None)
    return EmbeddingConfig(model, config.embedding_dimensions, config.embedding_prefix)


@contextmanager
def run_models(config: PipelineConfig) -> Iterator[Models]:
    """The model settings of a run, complete: the embedded endpoint started, the one served model found.

    Raises:
        PreflightError: an endpoint must be asked for its model and does not say one.
    """
    models = stage_models(config)
    found: dict[tuple[tuple[str, ...], str], str] = {}
    for stage, model in models.items():
        if model.model or not model.endpoints:
            continue
        key = (model.endpoints, model.api_key)
        found[key] = found.get(key) or _only_model(*key)
        models[stage] = replace(model, model=found[key])
    if all(model.endpoints for model in models.values()):
        yield models
        return
    from beam_pipeline.demo_endpoint import DemoEndpoint  # brings a web server: only where it is wanted

    with DemoEndpoint.start(cache_tokens=DEMO_CACHE_TOKENS) as endpoint:
        yield {
            stage: model if model.endpoints else replace(model, endpoints=(endpoint.url,), model=DEMO_MODEL)
            for stage, model in models.items()
        }
