"""Finds out which models are asked, and starts the embedded endpoint where none is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from beam_pipeline.options.endpoint import DEMO_MODEL
from beam_pipeline.options.model_settings import Models
from beam_pipeline.run.preflight import Unreachable, only_model
from transforms.inference.config import EmbeddingConfig

# A prefix cache the size of a large GPU's, so that the summary shows what the order of the prompts saves.
DEMO_CACHE_TOKENS = 400_000


def _only_model(replicas: tuple[str, ...], api_key: str) -> str:
    """The one model that a pool serves: ask the first replica that answers."""
    for url in replicas[:-1]:
        try:
            return only_model(url, api_key)
        except Unreachable:
            continue
    return only_model(replicas[-1], api_key)


def named_embedding(embedding: EmbeddingConfig | None) -> EmbeddingConfig | None:
    """How texts are embedded, with the name of the model.

    Raises:
        PreflightError: the endpoint must be asked for its model and does not say one.
    """
    if embedding is None or embedding.model.model:
        return embedding
    name = _only_model(embedding.model.endpoints, embedding.model.api_key)
    return replace(embedding, model=replace(embedding.model, model=name))


@contextmanager
def run_models(models: Models) -> Iterator[Models]:
    """The models of a run, complete: the embedded endpoint started, the one served model found.

    Raises:
        PreflightError: an endpoint must be asked for its model and does not say one.
    """
    models = dict(models)
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
