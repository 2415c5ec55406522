"""Running a graph that was built: progress, how it is stopped, why it failed, and what its summary says in the end."""

import gc
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr
from functools import partial
from typing import Any, TextIO, cast

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.bigquery import TableError
from beam_pipeline.bigquery_sink import count_tables, load_failure
from beam_pipeline.dataflow import (
    STOP_SIGNALS,
    JobStopped,
    drain_command,
    job_link,
    on_dataflow,
    template_location,
    wait_for_job,
)
from beam_pipeline.engines import (
    STREAM_RUNNERS,
    QuietStderr,
    cancel_job,
    cancel_now,
    failure_text,
    is_local,
    runner_name,
    runs_here,
)
from beam_pipeline.files import reason
from beam_pipeline.interrupt import StopOnInterrupt
from beam_pipeline.limits import Limited, prices_of, stop_figures, stop_line
from beam_pipeline.options import PipelineConfig
from beam_pipeline.progress import Progress
from beam_pipeline.report import tell_report
from beam_pipeline.sinks import clear_temporary
from beam_pipeline.summary import SUMMARY_FILE, add_summaries, read_summary, write_summary
from beam_pipeline.table import summary_table, verdict_line
from beam_pipeline.timeline import Timeline
from beam_pipeline.usage import usage_of
from beam_pipeline.watch import ask_to_stop, stop_watching, watch_again
from beam_pipeline.window_summary import read_window_summaries
from transforms.errors import FatalError
from transforms.inference.runtime import get_runtime, peek_runtime

OK, FAILED, UNUSABLE, STOPPED = 0, 1, 2, 130


def run_batch(
    config: PipelineConfig, options: PipelineOptions, pipeline: beam.Pipeline, models: Mapping[str, str], started: float
) -> int:
    """Run to the end; returns the exit code."""
    stop, quiet, timeline = _interrupt_of(options), QuietStderr(sys.stderr), Timeline(runs_here(options))
    if runs_here(options):
        # From a thread of its own: what the signal interrupts may hold the lock that this takes.
        stop.then(lambda: threading.Thread(target=lambda: get_runtime().stop(), daemon=True).start())
        if not is_local(options):
            stop.then(quiet.hush)
    result = None
    _collect_again()
    try:
        with stop, Limited(config) as limited, timeline, _progress(config, options), redirect_stderr(cast(TextIO, quiet)):
            result = pipeline.run()
            stop.listen()  # a job server that Beam starts puts a handler of its own in place of ours
            if template := template_location(options):
                return _tell_template(template)
            if not runs_here(options):
                stop.then(partial(cancel_job, result, options))
            _wait(result, options)
    except Exception as error:
        if runs_here(options) and not is_local(options):
            quiet.hush()
            sys.stderr = cast(TextIO, quiet)  # to the end of the process, in which the engine's threads go on
        if result is None and on_dataflow(options) and not stop.asked:
            print(f"error: the job could not be started: {failure_text(error)}", file=quiet.stream)
            return UNUSABLE
        if isinstance(error, JobStopped) and not stop.asked:
            print(f"{error}; what was paid for is kept: go on with --resume --output {config.output}", file=quiet.stream)
            return STOPPED
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
        code = _summarise(config, options, models, result, seconds, _course(timeline) | stop_figures(limited.brake))
    except TableError as error:
        print(f"error: {error}; the run ended and its files are whole, its tables were not counted", file=sys.stderr)
        return FAILED
    except FileNotFoundError:
        print(
            f"error: the run ended, and {config.output} holds no {SUMMARY_FILE}: workers on other machines "
            "need an --output that they share with this one, a mounted folder or a bucket",
            file=sys.stderr,
        )
        return FAILED
    if config.report and is_local(options):
        tell_report(config.output)
    return code


def run_stream(
    config: PipelineConfig, options: PipelineOptions, pipeline: beam.Pipeline, models: Mapping[str, str], started: float, run: str
) -> int:
    """Run until the stream ends, or until somebody ends it.

    Asked once, a watch takes no further look and what was seen goes through to its windows; a queue that is read in
    this process is left where it is; a job on Dataflow is left running. Asked twice, a job elsewhere is cancelled.
    """
    watch_again(config.output)
    stop = _interrupt_of(options)
    watches = bool(config.input or config.inputs)
    if not on_dataflow(options):
        ends = stop_watching if runs_here(options) else partial(_stop_watching_there, config.output)
        stop.then(ends if watches else _interrupt)
    result, timeline = None, Timeline(runs_here(options))
    _collect_again()
    try:
        with stop, timeline, _progress(config, options):
            try:
                result = pipeline.run()
                stop.listen()  # a job server that Beam starts puts a handler of its own in place of ours
                if template := template_location(options):
                    return _tell_template(template)
                if on_dataflow(options):  # not before it is known which job is left running
                    stop.then(_interrupt)
                _wait(result, options)
            except KeyboardInterrupt:
                if result is None or not runs_here(options):
                    raise
                result.cancel()
    except KeyboardInterrupt:
        if on_dataflow(options) and result is not None:
            print(f"left the job running where it runs; end it with {drain_command(result, options)}", file=sys.stderr)
        else:
            print(_cancelled(result, config, options), file=sys.stderr)
        return STOPPED
    except JobStopped as error:
        print(f"{error}; closed windows and paid replies are kept", file=sys.stderr)
        return STOPPED
    except Exception as error:
        if result is None and on_dataflow(options):
            print(f"error: the job could not be started: {failure_text(error)}", file=sys.stderr)
            return UNUSABLE
        fatal = _failure(error, options)
        if fatal is None:
            raise
        print(
            f"error: {fatal}; closed windows and paid replies are kept: mend it and go on with --resume --streaming",
            file=sys.stderr,
        )
        return FAILED
    watch_again(config.output)
    clear_temporary(config.output)
    # Beam's local runner of streams adds up the counters of some bundles only: no figures are better than wrong ones.
    counted = runner_name(options) not in STREAM_RUNNERS
    summary = add_summaries(read_window_summaries(config.output, run))
    summary |= {"tokens": usage_of(result, models)} if counted else {}
    summary["seconds"] = round(time.monotonic() - started, 1)
    _complete(config, summary | _course(timeline))
    print(f"{summary['windows']:,} windows closed; {verdict_line(summary)}")
    if stop.asked:
        done = "what was read is in its windows" if watches else "open windows are lost"
        print(f"stopped: {done}; go on with --resume --streaming --output {config.output}", file=sys.stderr)
        return STOPPED
    return _code(summary)


def _stop_watching_there(output: str) -> None:
    """End a watch on other machines, from a thread of its own: what the signal interrupts may hold a lock."""

    def ask() -> None:
        try:
            ask_to_stop(output)
        except Exception as error:  # each file system has errors of its own
            print(f"the watch cannot be told to end ({reason(error)}); once more cancels the job", file=sys.stderr)

    threading.Thread(target=ask, name="stop", daemon=True).start()


def _cancelled(result: Any, config: PipelineConfig, options: PipelineOptions) -> str:
    """Cancel a stream's job elsewhere, if it has one, and say on one line what became of it."""
    go_on = f"closed windows and paid replies are kept: go on with --resume --streaming --output {config.output}"
    if result is None:
        return f"stopped while the run was being started; {go_on}"
    try:
        cancel_now(result, options)
    except Exception as error:  # each engine's client has errors of its own
        return f"the job goes on where it runs, for it cannot be cancelled ({reason(error)}): end it there; {go_on}"
    return f"stopped: the job is cancelled; {go_on}"


def _interrupt() -> None:
    raise KeyboardInterrupt


def _interrupt_of(options: PipelineOptions) -> StopOnInterrupt:
    return StopOnInterrupt(signals=STOP_SIGNALS) if on_dataflow(options) else StopOnInterrupt()


def _wait(result: Any, options: PipelineOptions) -> None:
    """Wait for the end of a run, saying first where it can be watched if it is elsewhere."""
    if on_dataflow(options):
        print(f"job {result.job_id()}: {job_link(result, options)}", flush=True)
        wait_for_job(result, options)
    else:
        result.wait_until_finish()


def _tell_template(path: str) -> int:
    """Nothing runs, so there is nothing to wait for or to report."""
    print(f"template: {path}")
    return OK


def _summarise(
    config: PipelineConfig,
    options: PipelineOptions,
    models: Mapping[str, str],
    result: Any,
    seconds: float,
    more: Mapping[str, Any],
) -> int:
    """Complete the summary that the graph wrote with what only its end shows, and say it."""
    path = FileSystems.join(config.output, SUMMARY_FILE)
    summary = read_summary(path) | {"tokens": usage_of(result, models), "seconds": round(seconds, 1), **more}
    if config.output_table:
        summary |= count_tables(config, options, summary)
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


def _course(timeline: Timeline) -> dict[str, Any]:
    """The part of the summary that says how the run went over time; nothing where the stages ran elsewhere."""
    row = timeline.as_row()
    return {"timeline": row} if row else {}


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
    fatal = (runtime and runtime.fatal) or _fatal_cause(error) or _load_failure(error)
    if fatal is None and not is_local(options):
        return failure_text(error)
    return fatal


def _load_failure(error: BaseException) -> str | None:
    """What BigQuery said of a load job behind what a runner raised, if that is what it was."""
    return next((said for cause in _causes(error) if (said := load_failure(str(cause)))), None)


def _fatal_cause(error: BaseException) -> FatalError | None:
    """The FatalError behind what a runner raised, if there is one."""
    return next((cause for cause in _causes(error) if isinstance(cause, FatalError)), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all those behind it."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
