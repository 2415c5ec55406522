"""From options to what the stages take: endpoints, models and prompts of one run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.options import DEMO_MODEL, PipelineConfig, StageSettings
from beam_pipeline.preflight import Unreachable, only_model
from beam_pipeline.resume import JOURNAL_FOLDER
from beam_pipeline.sources import read_domains
from prompts import STAGES, PromptSet, load_domains, load_prompts
from transforms.inference.endpoint import ModelConfig

Models = dict[str, ModelConfig]

# A prefix cache the size of a large GPU's, so that the summary shows what the order of the prompts saves.
DEMO_CACHE_TOKENS = 400_000


def run_prompts(config: PipelineConfig) -> PromptSet:
    """The prompts of a run, with its domains and number of personas filled in.

    Raises:
        ValueError: the user's list of domains cannot be used.
    """
    domains = read_domains(config.domains, config.domains_mode == "replace") if config.domains else load_domains()
    return load_prompts(domains, config.max_personas)


def stage_model(config: PipelineConfig, stage: str) -> ModelConfig:
    """One stage's model settings, as the options say; `endpoints` is empty for the embedded endpoint."""
    settings = config.stage(stage)
    return ModelConfig(
        endpoints=settings.endpoints,
        model=settings.model,
        api_key=f"secret:{settings.api_key_secret}" if settings.api_key_secret else f"env:{settings.api_key_env}",
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        request_timeout_s=settings.request_timeout_s,
        max_attempts=settings.max_attempts,
        max_reasks=settings.max_reasks,
        concurrency=settings.concurrency,
        processes=settings.worker_processes,
        backlog=settings.backlog,
        outage_timeout_s=settings.outage_timeout_s,
        extra_body=extra_body(settings),
        session_header=settings.session_header,
        journal=FileSystems.join(config.output, JOURNAL_FOLDER),
    )


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


@contextmanager
def run_models(config: PipelineConfig) -> Iterator[Models]:
    """Each stage's model settings, complete: the embedded endpoint started, the one served model found.

    Raises:
        PreflightError: an endpoint must be asked for its model and does not say one.
    """
    models = {stage: stage_model(config, stage) for stage in STAGES}
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
