"""Finds out which models are asked, and starts the embedded endpoint where none is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.endpoint import DEMO_MODEL, key_source
from beam_pipeline.options.model_settings import Models, stage_models
from beam_pipeline.reading.exemplar_banks import read_domains
from beam_pipeline.run.preflight import Unreachable, only_model
from prompts.load import PromptSet, load_domains, load_prompts
from transforms.inference.config import EmbeddingConfig

# A prefix cache the size of a large GPU's, so that the summary shows what the order of the prompts saves.
DEMO_CACHE_TOKENS = 400_000


def run_prompts(config: PipelineConfig) -> PromptSet:
    """The prompts of the stages that a run has, with its domains and number of personas filled in.

    Raises:
        ValueError: the user's list of domains cannot be used.
    """
    domains = read_domains(config.domains, config.domains_mode == "replace") if config.domains else load_domains()
    return load_prompts(domains, config.max_personas, config.model_stages)


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
    general = config.stage(config.model_stages[0])
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
    from beam_pipeline.demo_endpoint.child_process import DemoEndpoint  # brings a web server: only where it is wanted

    with DemoEndpoint.start(cache_tokens=DEMO_CACHE_TOKENS) as endpoint:
        yield {
            stage: model if model.endpoints else replace(model, endpoints=(endpoint.url,), model=DEMO_MODEL)
            for stage, model in models.items()
        }
