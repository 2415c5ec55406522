"""From options to what the stages take: endpoints, models and prompts of one run."""

import json
from dataclasses import replace

from beam_pipeline.options.config import PipelineConfig, StageSettings
from transforms.inference.config import ModelConfig, ServeConfig
from transforms.stages import VERIFY_STAGES

# By the stage's name; the verifiers of a stage besides its first by `verifier_name`.
Models = dict[str, ModelConfig]


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
