"""Running a batch: to its end, or until somebody or something ends it."""

import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.bigquery.client import TableError
from beam_pipeline.bigquery.sink import count_tables
from beam_pipeline.engines.dataflow import JobStopped, on_dataflow, template_location
from beam_pipeline.engines.runners import QuietStderr, cancel_job, failure_text, is_local, runs_here
from beam_pipeline.report import tell_report
from beam_pipeline.run.ending import (
    FAILED,
    STOPPED,
    UNUSABLE,
    Run,
    collect_again,
    complete_summary,
    course,
    exit_code,
    interrupt_of,
    progress_line,
    tell_template,
    wait_for_end,
    why_it_failed,
)
from beam_pipeline.run.stop_at_limits import Limited, stop_figures, stop_line
from beam_pipeline.run.timeline import Timeline
from beam_pipeline.summary.as_table import verdict_line
from beam_pipeline.summary.token_usage import usage_of
from beam_pipeline.summary.write_summary import SUMMARY_FILE, read_summary
from transforms.inference.runtime import get_runtime


def run_batch(run: Run) -> int:
    """Run to the end; returns the exit code."""
    config, options = run.config, run.options
    engine_here = runs_here(options) and not is_local(options)
    stop, quiet, timeline = interrupt_of(options), QuietStderr(sys.stderr, stays=engine_here), Timeline(runs_here(options))
    if runs_here(options):
        # From a thread of its own: what the signal interrupts may hold the lock that this takes.
        stop.then(lambda: threading.Thread(target=lambda: get_runtime().stop(), daemon=True).start())
        if engine_here:
            stop.then(quiet.hush)
    result, progress = None, progress_line(config, options)
    collect_again()
    try:
        # Outermost: while the others end, an engine's threads already complain of its end.
        with quiet, stop, Limited(run.plan.limits) as limited, timeline, progress:
            result = run.pipeline.run()
            stop.listen()  # a job server that Beam starts puts a handler of its own in place of ours
            if template := template_location(options):
                return tell_template(template)
            if not runs_here(options):
                stop.then(partial(cancel_job, result, options))
            wait_for_end(result, options)
    except Exception as error:
        ending = _ending(error, run, result is not None, stop.asked)
        if ending is None:
            raise
        code, said = ending
        print(said, file=quiet.stream)
        return code
    return _conclude(run, result, time.monotonic() - run.began, course(timeline) | stop_figures(limited.brake))


def _ending(error: Exception, run: Run, started: bool, asked: bool) -> tuple[int, str] | None:
    """The exit code of a run that did not come to its end, and why; None for a bug, which is to be seen whole."""
    go_on = f"--resume --output {run.config.output}"
    if asked:
        return STOPPED, f"stopped: what was paid for is kept; go on with {go_on}"
    if not started and on_dataflow(run.options):
        return UNUSABLE, f"error: the job could not be started: {failure_text(error)}"
    if isinstance(error, JobStopped):
        return STOPPED, f"{error}; what was paid for is kept: go on with {go_on}"
    fatal = why_it_failed(error, run.options)
    if fatal is None:
        return None
    return FAILED, f"error: {fatal}; what was paid for is kept: mend it and go on with --resume"


def _conclude(run: Run, result: Any, seconds: float, more: Mapping[str, Any]) -> int:
    """Complete the summary that the graph wrote with what only its end shows, and say it; returns the exit code."""
    config, options = run.config, run.options
    try:
        summary = read_summary(FileSystems.join(config.output, SUMMARY_FILE))
    except FileNotFoundError:
        print(
            f"error: the run ended, and {config.output} holds no {SUMMARY_FILE}: workers on other machines "
            "need an --output that they share with this one, a mounted folder or a bucket",
            file=sys.stderr,
        )
        return FAILED
    summary |= {"tokens": usage_of(result, run.models), "seconds": round(seconds, 1), **more}
    uncounted = None
    if config.output_table:
        try:
            summary |= count_tables(config, options, summary)
        except TableError as error:
            uncounted = error
    complete_summary(config, summary)
    if line := stop_line(summary, config):
        print(line)
    print(verdict_line(summary))
    if uncounted is not None:
        print(f"error: {uncounted}; the run ended and its files are whole, its tables were not counted", file=sys.stderr)
        return FAILED
    if config.report and is_local(options):
        tell_report(config.output)
    return exit_code(summary)
