"""Which options contradict each other, and which do nothing without another."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from beam_pipeline.options.endpoint import DEMO_MODEL
from beam_pipeline.options.per_stage import VERIFY_STAGES, StageOptions
from beam_pipeline.options.streaming import check_source
from beam_pipeline.options.tables import check_tables
from beam_pipeline.options.values import split_endpoint_key

if TYPE_CHECKING:
    from beam_pipeline.options.config import PipelineConfig

# What switches on a stage that a run with all options at their defaults does not have.
_SWITCHES: Mapping[str, str] = {
    "verify_question": "--verify_calls 2",
    "round_trip": "--round_trip",
    "pass_rate": "--pass_rate_samples",
}


def check_together(config: "PipelineConfig", chosen: set[str]) -> None:
    """Check options that are each right by themselves; `chosen` are those that were given and are not the default.

    Raises:
        ValueError: they contradict each other, or one does nothing; one line.
    """
    check_tables(config, chosen)
    check_source(config, chosen)
    _check_documents(config)
    _check_keys(config)
    _check_gates(config)
    _check_limits(config, chosen)
    _check_decontamination(config, chosen)
    _check_serving(config, chosen)
    _check_stages(config)


def _check_documents(config: "PipelineConfig") -> None:
    if config.overwrite and config.resume:
        raise ValueError("--overwrite and --resume contradict each other: give one")
    if config.max_document_tokens < 2 * config.min_document_tokens:
        raise ValueError(
            f"--max_document_tokens must be at least twice --min_document_tokens, {2 * config.min_document_tokens}: "
            "a long document is split into parts that are each long enough"
        )
    for files, mode in (("domains", config.domains_mode), ("exemplars", config.exemplars_mode)):
        if mode == "replace" and not getattr(config, files):
            raise ValueError(f"--{files}_mode replace needs --{files}: there is nothing to put in their place")


def _check_keys(config: "PipelineConfig") -> None:
    """Refuse two names for one key, and keys that nobody asks with."""
    if config.api_key_secret and "api_key_env" in config.model_fields_set:
        raise ValueError("--api_key_env and --api_key_secret both name the key: give one")
    pools = {config.stage(stage).endpoints for stage in config.model_stages} | {tuple(config.embedding_endpoint)}
    for url, _ in map(split_endpoint_key, config.endpoint_keys):
        if not any(url in pool for pool in pools):
            raise ValueError(f"--endpoint_keys names {url}, and no stage of this run asks there")
    for pool in pools:
        if len(config.keys_of(pool)) > 1:
            raise ValueError(f"--endpoint_keys: {', '.join(pool)} are replicas of one model, and need one key")


def _check_stages(config: "PipelineConfig") -> None:
    """Refuse what a stage cannot be asked with."""
    for stage in config.model_stages:
        settings = config.stage(stage)
        if 0 < settings.concurrency < settings.processes:
            raise ValueError(
                f"--concurrency {settings.concurrency} is shared by --worker_processes {settings.processes}: "
                "each needs one request in flight at least"
            )
        if not settings.endpoints and settings.model != DEMO_MODEL:
            raise ValueError(
                f"stage {stage} asks the model {settings.model!r} but no --endpoint is given; "
                f"the embedded endpoint serves only {DEMO_MODEL}"
            )


def _check_gates(config: "PipelineConfig") -> None:
    """Refuse what would do nothing, or not what it says."""
    if config.verifier_count == 1 and config.verifier_agreement != "majority":
        raise ValueError("--verifier_agreement needs --verifiers 2 or more: one verifier always agrees")
    if len(config.verifier_models) > config.verifier_count:
        raise ValueError(
            f"--verifier_models names {len(config.verifier_models)} models for {config.verifier_count} verifiers; "
            f"give --verifiers {len(config.verifier_models)} or more"
        )
    if not config.pass_rate_samples and (config.min_pass_rate, config.max_pass_rate) != (0.0, 1.0):
        raise ValueError("--min_pass_rate and --max_pass_rate need --pass_rate_samples: nobody measures a pass rate without")
    if config.min_pass_rate > config.max_pass_rate:
        raise ValueError(f"--min_pass_rate {config.min_pass_rate:g} is above --max_pass_rate {config.max_pass_rate:g}")
    if config.pass_rate_samples > 1 and not config.stage("pass_rate").temperature:
        raise ValueError("--pass_rate_temperature 0 gives the same sample again and again; leave it out or give more than 0")
    for stage, own in config.stages.items():
        if stage in config.model_stages or (stage == "verify" and config.verify_calls == 2):
            continue
        for setting in own.model_dump(exclude_none=True):
            raise ValueError(f"--{stage}_{setting} is for a stage that this run does not have; add {_SWITCHES[stage]}")
    for stage in VERIFY_STAGES:
        if config.verifier_models and config.stages.get(stage, StageOptions()).model:
            raise ValueError(f"--{stage}_model and --verifier_models both name the verifiers: give one")


def _check_limits(config: "PipelineConfig", chosen: set[str]) -> None:
    """Refuse limits that cannot be kept."""
    for name in ("target_accepted", "max_cost"):
        if getattr(config, name) and config.streaming:
            raise ValueError(f"--{name} is for batches: a stream has no end to come to sooner; stop it, or cap its source")
    if config.max_cost and not (config.price_in or config.price_out or config.price_gpu_hour):
        raise ValueError("--max_cost needs prices: --price_in and --price_out, or --price_gpu_hour")
    if config.max_cost and config.pass_rate_samples:
        raise ValueError(
            "--max_cost cannot foresee --pass_rate_samples, whose calls come after the last document: "
            "measure the pass rate with --resume, without --max_cost"
        )
    late = sorted(name for name in chosen if name.startswith("max_pairs_per_") or name == "domain_shares")
    if (config.min_pass_rate, config.max_pass_rate) != (0.0, 1.0):
        late.append("min_pass_rate" if config.min_pass_rate else "max_pass_rate")
    if config.target_accepted and late:
        raise ValueError(
            f"--target_accepted counts pairs while documents are asked about, and --{late[0]} leaves pairs out when all are "
            f"there: leave out --{late[0]}, or stop by --max_cost"
        )


def _check_decontamination(config: "PipelineConfig", chosen: set[str]) -> None:
    """Refuse what would do nothing."""
    if config.decontamination and not config.benchmarks:
        raise ValueError("--decontamination needs --benchmarks: there is nothing to compare with")
    if config.embedding_endpoint and not config.benchmarks:
        raise ValueError("--embedding_endpoint needs --benchmarks: it looks for their questions in other words")
    if not config.embedding_endpoint and (own := sorted(name for name in chosen if name.startswith("embedding_"))):
        raise ValueError(f"--{own[0]} needs --embedding_endpoint")


def _check_serving(config: "PipelineConfig", chosen: set[str]) -> None:
    """Refuse what would do nothing, and what no server of the workers would answer."""
    if not config.serve_model:
        if own := sorted(name for name in chosen if name.startswith("serve_")):
            raise ValueError(f"--{own[0]} needs --serve_model: the workers serve nothing without")
        return
    for name in ("endpoint", "model"):
        if getattr(config, name):
            raise ValueError(f"--{name} and --serve_model both say which model to ask, and where: give one")
    for name in ("serve_command", "serve_args"):
        try:
            words = shlex.split(getattr(config, name))
        except ValueError as error:
            raise ValueError(f"--{name}: {str(error).lower()}") from None
        if any(word.startswith(("--api-key", "--hf-token", "sk-", "hf_")) for word in words):
            raise ValueError(f"--{name} must not hold a key (value not shown): the server listens on loopback only")
    if "{port}" not in config.serve_command:
        raise ValueError("--serve_command must hold {port}: the pipeline says where the server listens")
    for stage in config.model_stages:
        settings = config.stage(stage)
        if settings.serve is not None and settings.model != config.serve_model:
            raise ValueError(
                f"stage {stage} asks the model {settings.model!r}, and the workers serve only {config.serve_model!r}; "
                f"give --{stage}_endpoint as well"
            )
