"""The command line: options in, a run, a summary out.

Exit codes: 0 the run ended and something was accepted; 1 the counts do not close, nothing was
accepted, or the run failed; 2 the options, input, output or endpoint cannot be used; 130 stopped by
Ctrl-C or SIGTERM.
"""

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.benchmarks import check_benchmarks
from beam_pipeline.bigquery_sink import check_output_tables, load_failure, prepare_tables
from beam_pipeline.bigquery_source import check_table_source
from beam_pipeline.command_line import parse
from beam_pipeline.dataflow import on_dataflow, prepare_dataflow
from beam_pipeline.dry_run import describe_run
from beam_pipeline.engines import (
    ENGINE_LOGGERS,
    is_local,
    prepare_engine,
    remote_fatal,
)
from beam_pipeline.inputs import check_files
from beam_pipeline.limits import check_limited_engine
from beam_pipeline.lock import only_run
from beam_pipeline.models import Models, run_embedding, run_models, run_prompts
from beam_pipeline.option_values import OptionError
from beam_pipeline.options import PipelineConfig
from beam_pipeline.pipeline import build
from beam_pipeline.preflight import Unreachable, check_embedding, check_models
from beam_pipeline.resume import absolute_paths, save_options
from beam_pipeline.running import OK, STOPPED, UNUSABLE, run_batch, run_stream
from beam_pipeline.serving import prepare_serving
from beam_pipeline.sinks import check_apart, prepare_output
from beam_pipeline.sources import read_exemplars
from beam_pipeline.stream import check_stream
from beam_pipeline.usage import EMBED
from beam_pipeline.window_files import run_name
from transforms.errors import FatalError
from transforms.inference.runtime import close_runtime, peek_runtime
from transforms.inference.serve import stop_serving
from transforms.text import count_tokens


def main(argv: Sequence[str] | None = None) -> int:
    """Run the pipeline as the command line says; returns the exit code."""
    # Before anything logs, because the first message would set up the root logger in its own way.
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    try:
        config, options = parse(sys.argv[1:] if argv is None else argv)
    except OptionError as error:
        return _refuse(error)
    return execute(config, options)


def execute(config: PipelineConfig, options: PipelineOptions) -> int:
    """Run the pipeline with options that were parsed; returns the exit code."""
    logging.getLogger().setLevel(config.log_level.upper())
    if config.log_level != "debug":
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for every call would bury the rest
        logging.getLogger("apache_beam.utils.subprocess_server").setLevel(logging.ERROR)  # Prism's end is no warning
    for handler in logging.getLogger().handlers:
        handler.addFilter(_said_once)
    try:
        return _run(config, options)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
    finally:
        _end_calls()


def _said_once(record: logging.LogRecord) -> bool:
    """Whether to show a log record: not the tracebacks, of Beam or of a worker, of an error that we say in one line."""
    if record.name.endswith(".dataflow.internal.apiclient") and record.levelno >= logging.ERROR:
        return False  # why a job was not started
    runtime = peek_runtime()
    if record.name.startswith(ENGINE_LOGGERS) and runtime and runtime.fatal:
        return False
    message = record.getMessage()
    # The second is what Beam calls a warning whenever it reads a query.
    return remote_fatal(message) is None and load_failure(message) is None and not message.startswith("### Labels: ")


def _refuse(error: Exception) -> int:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return UNUSABLE


def _tell(lines: Iterable[str]) -> None:
    """Say what a user should know before the run; it stops nothing."""
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def _end_calls() -> None:
    """End what is in flight and keep what was paid for, so that another run in this process begins anew."""
    stop_serving()
    try:
        close_runtime()
    except FatalError as error:
        print(f"error: {error}", file=sys.stderr)


def _run(config: PipelineConfig, options: PipelineOptions) -> int:
    """Look at everything that may be wrong, cheapest first, then run."""
    with ExitStack() as stack:
        try:
            check_limited_engine(config, options)
            prepare_serving(options, config)
            if on_dataflow(options):
                from beam_pipeline.cloud_checks import check_cloud  # brings Google's clients: only where they are wanted

                config, notes = prepare_dataflow(config, options)
                _tell(notes)
                _tell(check_cloud(config, options))
            if config.streaming:
                if not config.dry_run:
                    check_stream(config)
            else:
                check_apart(check_files(config), config.output)
            if config.input_table or config.input_query:
                check_table_source(config, options)
            if config.output_table:
                check_output_tables(config, options)
            if config.benchmarks:
                check_benchmarks(config.benchmarks, config.benchmark_fields)
            check_tokenizer(config.tokenizer)
            if not config.dry_run:
                prepare_engine(options, config.log_level)
            if not is_local(options):  # workers have other working directories
                config = absolute_paths(config)
            prompts = run_prompts(config)
            bank = read_exemplars(prompts.domains, config.exemplars, config.exemplars_mode == "replace")
            if config.dry_run:
                print(describe_run(config, options, prompts, bank))
                return OK
            started, run = time.monotonic(), run_name(time.time())
            may_be_away = config.unreachable_endpoint == "warn" or (
                config.unreachable_endpoint == "auto" and on_dataflow(options)
            )
            models = stack.enter_context(_named_models(config, may_be_away))
            embedding = run_embedding(config)
            pipeline = beam.Pipeline(options=options)
            with ThreadPoolExecutor(1) as pool:  # the graph is built while the endpoint answers
                built = pool.submit(build, pipeline, config, prompts, models.__getitem__, embedding, run)
                _tell(check_models((model for model in models.values() if model.serve is None), may_be_away))
                if embedding:
                    _tell(check_embedding(embedding, may_be_away))
                built.result()
            # Last, because --overwrite deletes: a run that cannot start must not cost an earlier one's output.
            stack.enter_context(only_run(config.output))
            prepare_output(config.output, config.overwrite, config.resume, keep=config.streaming)
            if config.output_table:
                prepare_tables(config, options)
            save_options(config)
        except ValueError as error:  # input, output, prompts or endpoint that cannot be used
            return _refuse(error)
        names = {stage: model.model for stage, model in models.items()}
        if embedding:
            names[EMBED] = embedding.model.model
        if config.streaming:
            return run_stream(config, options, pipeline, names, started, run)
        return run_batch(config, options, pipeline, names, started)


@contextmanager
def _named_models(config: PipelineConfig, may_be_away: bool) -> Iterator[Models]:
    """As `run_models`; where only workers may reach an endpoint, what to do is to name its model."""
    try:
        with run_models(config) as models:
            yield models
    except Unreachable as error:
        raise ValueError(f"{error} If only workers reach it, name its model with --model." if may_be_away else error) from error


def check_tokenizer(name: str) -> None:
    """Look now whether a tokenizer's file can be had: a worker would find out in the middle of a run.

    Raises:
        ValueError: it is not there and cannot be downloaded.
    """
    try:
        count_tokens("", name)
    except Exception as error:  # whatever the download may raise
        raise ValueError(
            f"--tokenizer {name}: its file cannot be read or downloaded ({type(error).__name__}); "
            "put it into TIKTOKEN_CACHE_DIR, or use --tokenizer estimate"
        ) from error
