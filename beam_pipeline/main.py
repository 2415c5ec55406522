"""The command line: options in, a run, a summary out.

Exit codes: 0 the run ended and something was accepted; 1 the counts do not close, nothing was
accepted, or the run failed; 2 the options, input, output or endpoint cannot be used; 130 stopped by
Ctrl-C or SIGTERM.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.bigquery.sink import load_failure
from beam_pipeline.engines.runners import ENGINE_LOGGERS, remote_fatal
from beam_pipeline.exit_codes import OK, STOPPED, UNUSABLE
from beam_pipeline.options.command_line import parse
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.output.saved_options import read_options
from beam_pipeline.run.batch import run_batch
from beam_pipeline.run.dry_run import describe_run
from beam_pipeline.run.prepare import plan_run, prepare_run
from beam_pipeline.run.stream import run_stream
from beam_pipeline.run.write_failure import write_failure
from transforms.errors import FatalError, one_line
from transforms.inference.runtime import close_runtime, peek_runtime
from transforms.inference.serving.worker_server import stop_serving


def main(argv: Sequence[str] | None = None) -> int:
    """Run the pipeline as the command line says; returns the exit code."""
    # Before anything logs, because the first message would set up the root logger in its own way.
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    try:
        config, options = parse(sys.argv[1:] if argv is None else argv, read_options)
    except ValueError as error:  # of an option, or of the options that an earlier run left
        return refuse(error)
    return execute(config, options)


def execute(
    config: PipelineConfig, options: PipelineOptions, work: Callable[[PipelineConfig, PipelineOptions], int] | None = None
) -> int:
    """Run the pipeline with options that were parsed, or the `work` of another graph; returns the exit code."""
    logging.getLogger().setLevel(config.log_level.upper())
    if config.log_level != "debug":
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for every call would bury the rest
        logging.getLogger("apache_beam.utils.subprocess_server").setLevel(logging.ERROR)  # Prism's end is no warning
    for handler in logging.getLogger().handlers:
        handler.addFilter(_said_once)
    try:
        return (work or _run)(config, options)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
    finally:  # End what is in flight and keep what was paid for, so that another run in this process begins anew.
        stop_serving()
        try:
            close_runtime()
        except FatalError as error:
            print(f"error: {error}", file=sys.stderr)


def _said_once(record: logging.LogRecord) -> bool:
    """Whether to show a log record: not the tracebacks, of Beam or of a worker, of an error that we say in one line."""
    if record.name.endswith(".dataflow.internal.apiclient") and record.levelno >= logging.ERROR:
        return False  # why a job was not started
    runtime = peek_runtime()
    if record.name.startswith(ENGINE_LOGGERS) and runtime and runtime.fatal:
        return False
    message = record.getMessage()
    # The second is what Beam calls a warning whenever it reads a query.
    told = remote_fatal(message) or load_failure(message) or write_failure(message)
    return told is None and not message.startswith("### Labels: ")


def refuse(error: Exception) -> int:
    """Say on one line what cannot be used; returns the exit code."""
    print(f"error: {one_line(error)}", file=sys.stderr)
    return UNUSABLE


def _run(config: PipelineConfig, options: PipelineOptions) -> int:
    with ExitStack() as stack:
        try:
            plan = plan_run(config, options)
            if config.dry_run:
                print(describe_run(plan, options))
                return OK
            run = prepare_run(plan, options, stack)
        except ValueError as error:  # input, output, prompts or endpoint that cannot be used
            return refuse(error)
        return run_stream(run) if config.streaming else run_batch(run)
