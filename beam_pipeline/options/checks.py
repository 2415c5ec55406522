"""Which options contradict each other, and which do nothing without another."""

import shlex
from collections.abc import Mapping

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.endpoint import BASE_URL_ENV, EndpointOptions
from beam_pipeline.options.inputs import InputOptions
from beam_pipeline.options.review import check_review
from beam_pipeline.options.values import (
    ARRIVAL,
    ATTRIBUTE,
    SERVE,
    STREAMING,
    names_in,
    read_event_time,
    split_endpoint_key,
)
from transforms.records import DEMO_MODEL
from transforms.stages import SWITCHES, VERIFY_STAGES

BATCH_SOURCES = ("input", "inputs", "input_table", "input_query")
"""The options that name what a batch reads."""


# The option without which another one says nothing, and why; a form of a Flex Template shows the two together.
NEEDS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(names_in(InputOptions, STREAMING), ("streaming", "")),
    "delete_journal": ("overwrite", "nothing else is deleted either"),
    "edits_stage": ("edits", "there is nothing to apply there"),
    "other_input": ("resume", "a new run reads what it is given"),
    "append_table": ("output_table", "there is no table to add to"),
    "domains_mode": ("domains", "there is nothing to put in their place"),
    "exemplars_mode": ("exemplars", "there is nothing to put in their place"),
    "min_pass_rate": ("pass_rate_samples", "nobody measures a pass rate without"),
    "max_pass_rate": ("pass_rate_samples", "nobody measures a pass rate without"),
    "decontamination": ("benchmarks", "there is nothing to compare with"),
    "embedding_endpoint": ("benchmarks", "it looks for their questions in other words"),
    "embedding_model": ("embedding_endpoint", ""),
    **dict.fromkeys(
        (name for name in names_in(EndpointOptions, SERVE) if name != "serve_model"),
        ("serve_model", "the workers serve nothing without"),
    ),
}


def check_together(config: PipelineConfig) -> None:
    """Raise ValueError, one line, where options contradict each other, or one does nothing."""
    fields = PipelineConfig.model_fields
    # A default that is given in words does no harm.
    chosen = {name for name in config.model_fields_set if name in fields and getattr(config, name) != fields[name].default}
    _check_needs(config, chosen)
    _check_source(config, chosen)
    if config.streaming:
        _check_stream(config, chosen)
    _check_documents(config)
    _check_keys(config)
    _check_gates(config)
    check_review(config)
    _check_limits(config, chosen)
    if config.demo:
        _check_demo(config)
    if config.serve_model:
        _check_serving(config)
    _check_stages(config)


def _check_needs(config: PipelineConfig, chosen: set[str]) -> None:
    for name, (needed, why) in NEEDS.items():
        if name in chosen and not getattr(config, needed):
            raise ValueError(f"--{name} needs --{needed}{f': {why}' if why else ''}")


def _check_source(config: PipelineConfig, chosen: set[str]) -> None:
    """Refuse more or less than one input, and what does not fit it."""
    sources = [name for name in BATCH_SOURCES if getattr(config, name)]
    if len(sources) > 1:
        raise ValueError(f"{' and '.join(f'--{name}' for name in sources)} both say what to read: give one of them")
    table = next((name for name in sources if name.startswith("input_")), "")
    if table and config.streaming:
        raise ValueError(f"--{table} is read as a whole and has no end to wait for; leave --streaming out, or give another input")
    if table and "input_format" in chosen:
        raise ValueError(f"--input_format is for files; the rows of --{table} have columns")
    if config.limit and (config.streaming or table):
        instead = "write LIMIT into --input_query" if table else "stop the stream with --watch_until_s"
        raise ValueError(f"--limit is for a batch of files; {instead}")
    if config.inputs and (own := sorted(chosen & {"source", "source_field"})):
        raise ValueError(f"--{own[0]} is for --input; in the list of --inputs each entry has its own source")
    if not config.streaming and not sources:
        raise ValueError("--input is missing: files to read, paths or globs, local or gs://")


def _check_stream(config: PipelineConfig, chosen: set[str]) -> None:
    """Refuse what a stream cannot do."""
    kind = read_event_time(config.event_time).kind
    if bool(config.input or config.inputs) == bool(config.input_subscription):
        raise ValueError("--streaming reads from --input_subscription or watches --input: give one of them")
    if config.input_subscription:
        for name in ("watch_interval_s", "watch_until_s", "input_format"):
            if name in chosen:
                raise ValueError(f"--{name} is for files; --input_subscription brings one document as JSON in each message")
    elif kind == ATTRIBUTE:
        raise ValueError("--event_time attribute:NAME needs --input_subscription: files have fields, write field:NAME")
    if kind == ARRIVAL and config.allowed_lateness_s:
        raise ValueError("--allowed_lateness_s needs --event_time attribute:NAME or field:NAME: on arrival nothing is late")
    for name in _whole_output(chosen):
        raise ValueError(f"--{name} looks at the whole output, and that of --streaming has no end; leave it out")
    if "near_duplicates" in chosen and config.near_duplicates:
        raise ValueError("--near_duplicates compares a whole corpus; --streaming finds equal texts only, so leave it out")
    if "near_duplicate_questions" in config.model_fields_set and config.near_duplicate_questions:
        raise ValueError(
            "--near_duplicate_questions compares the whole output; --streaming finds equal questions only, so leave it out"
        )


def _whole_output(chosen: set[str]) -> list[str]:
    """The chosen options that leave out pairs when all are there."""
    return sorted(name for name in chosen if name.startswith("max_pairs_per_") or name in ("domain_shares", "min_key_confidence"))


def _check_documents(config: PipelineConfig) -> None:
    if config.max_document_tokens < 2 * config.min_document_tokens:
        raise ValueError(
            f"--max_document_tokens must be at least twice --min_document_tokens, {2 * config.min_document_tokens}: "
            "a long document is split into parts that are each long enough"
        )


def _check_keys(config: PipelineConfig) -> None:
    """Refuse two names for one key, and keys that nobody asks with."""
    if config.api_key_secret and "api_key_env" in config.model_fields_set:
        raise ValueError("--api_key_env and --api_key_secret both name the key: give one")
    pools = {config.model_of(stage).endpoints for stage in config.model_stages} | {tuple(config.embedding_endpoint)}
    for url, _ in map(split_endpoint_key, config.endpoint_keys):
        if not any(url in pool for pool in pools):
            raise ValueError(f"--endpoint_keys names {url}, and no stage of this run asks there")
    for pool in pools:
        if len(config.keys_of(pool)) > 1:
            raise ValueError(f"--endpoint_keys: {', '.join(pool)} are replicas of one model, and need one key")


def _check_gates(config: PipelineConfig) -> None:
    """Refuse what would do nothing, or not what it says."""
    if config.verifier_count == 1 and config.verifier_agreement != "majority":
        raise ValueError("--verifier_agreement needs --verifiers 2 or more: one verifier always agrees")
    if len(config.verifier_models) > config.verifier_count:
        raise ValueError(
            f"--verifier_models names {len(config.verifier_models)} models for {config.verifier_count} verifiers; "
            f"give --verifiers {len(config.verifier_models)} or more"
        )
    if config.min_pass_rate > config.max_pass_rate:
        raise ValueError(f"--min_pass_rate {config.min_pass_rate:g} is above --max_pass_rate {config.max_pass_rate:g}")
    if config.pass_rate_samples > 1 and not config.model_of("pass_rate").temperature:
        raise ValueError("--pass_rate_temperature 0 gives the same sample again and again; leave it out or give more than 0")
    if config.min_key_confidence and not (config.round_trip or config.pass_rate_samples):
        raise ValueError("--min_key_confidence needs answers of others: give --round_trip true, --pass_rate_samples, or both")
    for stage, own in config.stages.items():
        if stage in config.model_stages or stage not in SWITCHES:
            continue
        for setting in own.model_dump(exclude_none=True):
            raise ValueError(f"--{stage}_{setting} is for a stage that this run does not have; add {SWITCHES[stage]}")
    for extra in config.own_stages:
        if extra.after not in config.stage_names:
            remedy = SWITCHES.get(extra.after, "--repairs 1" if extra.after == "repair" else "--verify_calls 1")
            raise ValueError(f"--stage {extra}: this run has no stage {extra.after}; add {remedy}, or follow another stage")
    for stage in VERIFY_STAGES:
        if config.verifier_models and stage in config.stages and config.stages[stage].model:
            raise ValueError(f"--{stage}_model and --verifier_models both name the verifiers: give one")


def _check_limits(config: PipelineConfig, chosen: set[str]) -> None:
    """Refuse what an output folder, a target or a budget cannot have."""
    if config.overwrite and config.resume:
        raise ValueError("--overwrite and --resume contradict each other: give one")
    for name in ("target_accepted", "max_cost", "min_stage_yield"):
        if name in chosen and getattr(config, name) and config.streaming:
            raise ValueError(f"--{name} is for batches: a stream has no end to come to sooner; stop it, or cap its source")
    if config.max_cost and not (config.price_in or config.price_out or config.price_gpu_hour):
        raise ValueError("--max_cost needs prices: --price_in and --price_out, or --price_gpu_hour")
    if config.fill_in_the_middle and (config.max_cost or config.target_accepted):
        limit = "max_cost" if config.max_cost else "target_accepted"
        raise ValueError(f"--{limit} cannot foresee --fill_in_the_middle, whose calls are beside those of a pair: give one")
    if config.max_cost and config.pass_rate_samples:
        raise ValueError(
            "--max_cost cannot foresee --pass_rate_samples, whose calls come after the last document: "
            "measure the pass rate with --resume, without --max_cost"
        )
    late = [*_whole_output(chosen), *(name for name in ("min_pass_rate", "max_pass_rate") if name in chosen)]
    if config.target_accepted and late:
        raise ValueError(
            f"--target_accepted counts pairs while documents are asked about, and --{late[0]} leaves pairs out when all are "
            f"there: leave out --{late[0]}, or stop by --max_cost"
        )


def _check_demo(config: PipelineConfig) -> None:
    """Refuse a model beside the rules: what of the output came from which would be hard to tell."""
    named = ["endpoint"] if config.endpoint else ["serve_model"] if config.serve_model else []
    for name in (*named, *(f"{stage}_endpoint" for stage, own in config.stages.items() if own.endpoint)):
        raise ValueError(f"--demo and --{name} contradict each other: replies come from rules, or from a model; give one")


def check_somebody_answers(config: PipelineConfig) -> None:
    """Raise ValueError, one line, where no endpoint is named: rules stand in for a model only where that is asked for."""
    if not config.demo and not all(config.model_of(stage).endpoints for stage in config.model_stages):
        raise ValueError(
            f"no endpoint is named: give --endpoint http://HOST:PORT/v1 (or set {BASE_URL_ENV}), "
            "or --demo to try the pipeline on replies that come from rules"
        )


def _check_serving(config: PipelineConfig) -> None:
    """Refuse what no server of the workers would answer."""
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


def _check_stages(config: PipelineConfig) -> None:
    """Refuse what a stage cannot be asked with."""
    for stage in config.model_stages:
        model = config.model_of(stage)
        if 0 < model.concurrency < model.processes:
            raise ValueError(
                f"--concurrency {model.concurrency} is shared by --worker_processes {model.processes}: "
                "each needs one request in flight at least"
            )
        if config.demo and model.model != DEMO_MODEL:
            raise ValueError(f"stage {stage} asks the model {model.model!r}, and the rules of --demo are called {DEMO_MODEL}")
        if model.serve is not None and model.model != config.serve_model:
            raise ValueError(
                f"stage {stage} asks the model {model.model!r}, and the workers serve only {config.serve_model!r}; "
                f"give --{stage}_endpoint as well"
            )
