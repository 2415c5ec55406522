"""From options to what the stages take: the models of one run."""

from dataclasses import replace

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.decontamination import Decontamination
from transforms.inference.config import EmbeddingConfig, ModelConfig
from transforms.stages import VERIFY_STAGES

# By the stage's name; the verifiers of a stage besides its first by `verifier_name`.
Models = dict[str, ModelConfig]


def verifier_name(stage: str, number: int) -> str:
    """What the models of a verification stage are called: "verify", "verify/2", "verify/3"."""
    return f"{stage}/{number + 1}" if number else stage


def stage_models(config: PipelineConfig) -> Models:
    """The model settings of every stage that the run has, and of every model that verifies for one."""
    models: Models = {}
    for stage in config.model_stages:
        models[stage] = config.model_of(stage)
        if stage in VERIFY_STAGES:
            for number, name in enumerate(config.verifier_models):
                models[verifier_name(stage, number)] = replace(models[stage], model=name)
    return models


def embedding_model(config: PipelineConfig, settings: Decontamination) -> EmbeddingConfig | None:
    """How texts are embedded, as the options say; None if they are not."""
    if not config.embedding_endpoint:
        return None
    general = config.model_of(config.model_stages[0])
    model = replace(
        general,
        endpoints=tuple(config.embedding_endpoint),
        model=config.embedding_model,
        api_key=min(config.keys_of(config.embedding_endpoint)),
        extra_body="",  # what a chat request carries besides means nothing to an embedding model, or something else
        serve=None,
    )
    return EmbeddingConfig(model, settings.dimensions, settings.prefix)
