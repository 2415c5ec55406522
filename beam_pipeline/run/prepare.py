"""From options to a run that may begin: looks at everything that may be wrong, cheapest first, then builds the graph."""

import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.bigquery.sink import check_output_tables, prepare_tables
from beam_pipeline.bigquery.source import check_table_source
from beam_pipeline.engines.dataflow import on_dataflow, prepare_dataflow
from beam_pipeline.engines.gpu_workers import prepare_serving
from beam_pipeline.engines.runners import is_local, prepare_engine, runner_name
from beam_pipeline.options.checks import check_somebody_answers
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import option_named
from beam_pipeline.output.folder import check_apart, check_journal, prepare_output
from beam_pipeline.output.run_lock import only_run
from beam_pipeline.output.saved_options import read_options, save_options
from beam_pipeline.pipeline import build
from beam_pipeline.plan import RunPlan, make_plan
from beam_pipeline.reading.benchmarks import check_benchmarks, packs_among
from beam_pipeline.reading.input_list import check_files
from beam_pipeline.review.edits_file import settle_edits_stage
from beam_pipeline.run.ending import Run, start_before
from beam_pipeline.run.preflight import check_models, named_embedding, run_models
from beam_pipeline.run.round_trip_default import settle_round_trip
from beam_pipeline.run.same_input import check_same_input
from beam_pipeline.run.stop_at_limits import check_limited_engine
from beam_pipeline.streaming.read_stream import check_stream
from beam_pipeline.streaming.write_windows import run_name
from transforms.said import said_name
from transforms.stages import VERIFY_STAGES
from transforms.text import count_tokens, tokenizer_at_hand


def plan_run(config: PipelineConfig, options: PipelineOptions) -> RunPlan:
    """Read what the options name. ValueError, one line, if a run cannot do what they say; no model is asked."""
    if not config.dry_run:
        check_somebody_answers(config)
    if config.tokenizer == "auto":  # settled here, for what is written of the run; what other machines have is not known
        config = config.model_copy(update={"tokenizer": _tokenizer(config, is_local(options))})
    check_limited_engine(config, options)
    check_same_input(config)
    check_journal(config.journal)
    prepare_serving(options, config)
    config = settle_edits_stage(config)  # before the summary that tells it is replaced
    plan = make_plan(config)
    if config.prompts and not config.dry_run:
        maybe = ("round_trip",) if config.round_trip is None else ()  # settled when the models are known
        unused = plan.own_prompts.unused((*config.model_stages, *maybe))
        _tell(f"--prompts {said_name(config.prompts)}: {name} is {why}" for name, why in unused)
    if on_dataflow(options):
        from beam_pipeline.engines.dataflow_checks import check_cloud  # brings Google's clients: only where they are wanted

        config, notes = prepare_dataflow(config, options, plan.inputs)
        _tell(notes)
        _tell(check_cloud(config, options))
        plan = plan.under(config)
    if not config.streaming:
        with option_named("inputs" if config.inputs else "input"):
            files = check_files(config, plan.inputs)
        check_apart(files, config.output)
    elif not config.dry_run:
        check_stream(config, plan.inputs)
    if config.input_table or config.input_query:
        check_table_source(config, options)
    if config.output_table:
        check_output_tables(config, options)
    if config.benchmarks:
        with option_named("benchmarks"):
            check_benchmarks(config.benchmarks, plan.decontamination.fields)
            plan = replace(plan, packs=packs_among(config.benchmarks))
    check_tokenizer(config.tokenizer)
    if not config.dry_run:
        prepare_engine(options, config.log_level)
    return plan if is_local(options) else plan.absolute()


def check_tokenizer(name: str) -> None:
    """Raise ValueError where a tokenizer's file cannot be had: a worker would find out in the middle of a run."""
    try:
        count_tokens("", name)
    except Exception as error:  # whatever the download may raise
        raise ValueError(
            f"--tokenizer {name}: its file cannot be read or downloaded ({type(error).__name__}); "
            "put it into TIKTOKEN_CACHE_DIR, or use --tokenizer estimate"
        ) from error


def prepare_run(plan: RunPlan, options: PipelineOptions, stack: ExitStack) -> Run:
    """Build the graph, ask the endpoint one small question and make room for the output; `stack` ends what this begins.

    ValueError, one line, if the graph, the endpoint or the output cannot be used.
    """
    began, config = time.monotonic(), plan.config
    may_be_away = on_dataflow(options)  # its workers may be in another network
    models = stack.enter_context(run_models(plan.models, may_be_away))
    verifier = next(models[stage] for stage in VERIFY_STAGES if stage in models)
    config, why = settle_round_trip(config, verifier)
    plan = replace(plan, config=config)
    if "round_trip" in config.model_stages and "round_trip" not in models:
        _tell([why] if why else [])
        plan = plan.with_stages_of(config)
        models = {stage: models.get(stage, replace(model, model=verifier.model)) for stage, model in plan.models.items()}
    embedding = named_embedding(plan.embedding)
    plan = replace(plan, models=models, embedding=embedding, name=run_name(time.time()))
    pipeline = beam.Pipeline(options=options)
    with ThreadPoolExecutor(1) as pool:  # the graph is built while the endpoint answers
        built = pool.submit(build, pipeline, plan)
        _tell(check_models((model for model in models.values() if model.serve is None), embedding, may_be_away))
        built.result()
    # Last, because --overwrite deletes: a run that cannot start must not cost an earlier one's output.
    stack.enter_context(only_run(config.output))
    before = start_before(config.output) if config.resume else {}
    prepare_output(config.output, config.overwrite, config.resume, config.streaming, config.delete_journal)
    if config.output_table:
        prepare_tables(config, options)
    save_options(config, "" if is_local(options) else runner_name(options))
    return Run(plan, options, pipeline, began, before)


def _tell(lines: Iterable[str]) -> None:
    """Say what a user should know before the run; it stops nothing."""
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def _tokenizer(config: PipelineConfig, local: bool) -> str:
    """What `--tokenizer auto` stands for. A run that goes on counts as it began, or its chunks would be other ones."""
    here = tokenizer_at_hand() if local else "estimate"
    began = str(read_options(config.output).get("tokenizer", "")) if config.resume else ""
    return began if began in (here, "estimate") else here
