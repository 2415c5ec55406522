"""Running a graph that was built: progress, how it is stopped, why it failed, and what its summary says in the end."""

import gc
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import redirect_stderr
from functools import partial
from typing import Any, TextIO, cast

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.engines import QuietStderr, cancel_job, failure_text, is_local, runner_name, runs_here
from beam_pipeline.interrupt import StopOnInterrupt
from beam_pipeline.limits import Limited, prices_of, stop_figures, stop_line
from beam_pipeline.options import STREAM_RUNNER, PipelineConfig
from beam_pipeline.progress import Progress
from beam_pipeline.summary import SUMMARY_FILE, add_summaries, read_summary, write_summary
from beam_pipeline.table import summary_table, verdict_line
from beam_pipeline.usage import usage_of
from beam_pipeline.watch import stop_watching, watch_again
from beam_pipeline.window_summary import read_window_summaries
from transforms.errors import FatalError
from transforms.inference.runtime import get_runtime, peek_runtime

OK, FAILED, UNUSABLE, STOPPED = 0, 1, 2, 130


def run_batch(
    config: PipelineConfig, options: PipelineOptions, pipeline: beam.Pipeline, models: Mapping[str, str], started: float
) -> int:
    """Run to the end; returns the exit code."""
    stop, quiet = StopOnInterrupt(), QuietStderr(sys.stderr)
    if runs_here(options):
        # From a thread of its own: what the signal interrupts may hold the lock that this takes.
        stop.then(lambda: threading.Thread(target=lambda: get_runtime().stop(), daemon=True).start())
        if not is_local(options):
            stop.then(quiet.hush)
    _collect_again()
    try:
        with stop, Limited(config) as limited, _progress(config, options), redirect_stderr(cast(TextIO, quiet)):
            result = pipeline.run()
            stop.listen()  # a job server that Beam starts puts a handler of its own in place of ours
            if not runs_here(options):
                stop.then(partial(cancel_job, result, options))
            result.wait_until_finish()
    except Exception as error:
        if runs_here(options) and not is_local(options):
            quiet.hush()
            sys.stderr = cast(TextIO, quiet)  # to the end of the process, in which the engine's threads go on
        if stop.asked:
            print(f"stopped: what was paid for is kept; go on with --resume --output {config.output}", file=quiet.stream)
            return STOPPED
        fatal = _failure(error, options)
        if fatal is None:
            raise
        print(f"error: {fatal}; what was paid for is kept: mend it and go on with --resume", file=quiet.stream)
        return FAILED
    seconds = time.monotonic() - started
    try:
        return _report(config, models, result, seconds, stop_figures(limited.brake))
    except FileNotFoundError:
        print(
            f"error: the run ended, and {config.output} holds no {SUMMARY_FILE}: workers on other machines "
            "need an --output that they share with this one, a mounted folder or a bucket",
            file=sys.stderr,
        )
        return FAILED


def run_stream(
    config: PipelineConfig, options: PipelineOptions, pipeline: beam.Pipeline, models: Mapping[str, str], started: float, run: str
) -> int:
    """Run until the stream ends, or until somebody ends it: a watch goes through to its end, a queue is left where it is."""
    watch_again()
    stop = StopOnInterrupt()
    stop.then(stop_watching if config.input else _interrupt)
    result = None
    _collect_again()
    try:
        with stop, _progress(config, options):
            try:
                result = pipeline.run()
                stop.listen()  # a job server that Beam starts puts a handler of its own in place of ours
                result.wait_until_finish()
            except KeyboardInterrupt:
                if result is None or not runs_here(options):
                    raise
                result.cancel()
    except KeyboardInterrupt:
        if result is not None:
            print("left the job running where it runs; end it there", file=sys.stderr)
        return STOPPED
    except Exception as error:
        fatal = _failure(error, options)
        if fatal is None:
            raise
        print(f"error: {fatal}; closed windows and paid replies are kept: mend it and go on with --resume", file=sys.stderr)
        return FAILED
    # Beam's local runner of streams adds up the counters of some bundles only: no figures are better than wrong ones.
    counted = runner_name(options) != STREAM_RUNNER
    summary = add_summaries(read_window_summaries(config.output, run))
    summary |= {"tokens": usage_of(result, models)} if counted else {}
    summary["seconds"] = round(time.monotonic() - started, 1)
    _complete(config, summary)
    print(f"{summary['windows']:,} windows closed; {verdict_line(summary)}")
    if stop.asked:
        return STOPPED
    return _code(summary)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _report(config: PipelineConfig, models: Mapping[str, str], result: Any, seconds: float, stopped: Mapping[str, Any]) -> int:
    """Complete the summary that the graph wrote with what only its end shows, and say it."""
    path = FileSystems.join(config.output, SUMMARY_FILE)
    summary = read_summary(path) | {"tokens": usage_of(result, models), "seconds": round(seconds, 1), **stopped}
    _complete(config, summary)
    if line := stop_line(summary, config):
        print(line)
    print(verdict_line(summary))
    return _code(summary)


def _complete(config: PipelineConfig, summary: dict[str, Any]) -> None:
    """Add what the run cost, write the summary and show it."""
    prices = prices_of(config)
    usage = Counter(summary.get("tokens", {}).get("total", {}))
    usage.update(summary.get("tokens", {}).get("earlier", {}))
    if usage and (cost := prices.cost(usage, summary["seconds"])):
        summary["cost"] = {"total": round(cost, 4), "per_pair": round(cost / max(1, summary["pairs"]), 6)}
    write_summary(FileSystems.join(config.output, SUMMARY_FILE), summary)
    print(summary_table(summary, config.output))


def _code(summary: Mapping[str, Any]) -> int:
    return OK if summary["balanced"] and (summary["pairs"] or summary.get("stopped")) else FAILED


def _progress(config: PipelineConfig, options: PipelineOptions) -> Progress:
    """The progress line, where one is wanted and this process's figures are the run's."""
    shown = config.progress == "on" or (config.progress == "auto" and sys.stderr.isatty())
    return Progress(shown and runs_here(options))


def _collect_again() -> None:
    """Switch the garbage collector on, which `__main__` switched off for the start, with what is there out of its way."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _failure(error: BaseException, options: PipelineOptions) -> FatalError | str | None:
    """What to say of a run that failed, on one line; None for a bug, which is to be seen whole."""
    runtime = peek_runtime()
    fatal = (runtime and runtime.fatal) or _fatal_cause(error)
    if fatal is None and not is_local(options):
        return failure_text(error)
    return fatal


def _fatal_cause(error: BaseException) -> FatalError | None:
    """The FatalError behind what a runner raised, if there is one."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, FatalError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None
