"""Running a batch: to its end, or until somebody or something ends it."""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.bigquery.client import TableError
from beam_pipeline.bigquery.sink import count_tables
from beam_pipeline.doubt.radar import doubt_row
from beam_pipeline.engines.dataflow import JobStopped
from beam_pipeline.engines.runners import QuietStderr, cancel_job, is_local, runner_name, runs_here
from beam_pipeline.exit_codes import FAILED, OK, STOPPED
from beam_pipeline.output.saved_options import save_options
from beam_pipeline.report.write import tell_report
from beam_pipeline.run.ending import Run, complete_summary, exit_code
from beam_pipeline.run.frame import Frame
from beam_pipeline.run.low_yield import low_yield, low_yield_row
from beam_pipeline.run.reviewed import applied_edits, edits_line, stop_for_review, unknown_lines
from beam_pipeline.run.stop_at_limits import limited, missed_line, stop_line
from beam_pipeline.summary.as_table import verdict_line
from beam_pipeline.summary.token_usage import usage_of
from beam_pipeline.summary.write_summary import SUMMARY_FILE, read_summary
from transforms.inference.runtime import get_runtime

KEPT = "what was paid for is kept"


def run_batch(run: Run, conclude: Callable[[Run, Frame, Mapping[str, Any]], int] | None = None) -> int:
    """Run to the end; returns the exit code. `conclude` says what came of another graph than that of documents."""
    options, here = run.options, runs_here(run.options)
    engine_here = here and not is_local(options)
    frame, quiet = Frame(run), QuietStderr(sys.stderr, stays=engine_here)
    if here:
        # From a thread of its own: what the signal interrupts may hold the lock that this takes.
        frame.stop.then(lambda: threading.Thread(target=lambda: get_runtime().stop(), daemon=True).start())
        if engine_here:
            frame.stop.then(quiet.hush)
    try:
        # Outermost: while the others end, an engine's threads already complain of its end.
        with quiet, frame, limited(run.plan.limits) as admission:
            if not frame.start():
                return OK
            if not here:
                frame.stop.then(partial(cancel_job, frame.result, options))
            frame.wait()
    except Exception as error:
        go_on = f"go on with --resume --output {run.config.output}"
        if frame.stop.asked:
            print(f"stopped: {KEPT}; {go_on}", file=quiet.stream)
        elif isinstance(error, JobStopped):
            print(f"{error}; {KEPT}: {go_on}", file=quiet.stream)
        else:
            return frame.failure(error, KEPT, "--resume", quiet.stream)
        return STOPPED
    stopped = {"stopped": admission.stopped, "counted": admission.counted} if admission and admission.stopped else {}
    if here and (low := get_runtime().yields.low):
        stopped = low_yield_row(low)
    return (conclude or _conclude)(run, frame, frame.course() | stopped)


def _conclude(run: Run, frame: Frame, more: Mapping[str, Any]) -> int:
    """Complete the summary that the graph wrote with what only its end shows, and say it; returns the exit code."""
    config, options, seconds = run.config, run.options, time.monotonic() - run.began
    try:
        summary = read_summary(FileSystems.join(config.output, SUMMARY_FILE))
    except FileNotFoundError:
        print(
            f"error: the run ended, and {config.output} holds no {SUMMARY_FILE}: workers on other machines "
            "need an --output that they share with this one, a mounted folder or a bucket",
            file=sys.stderr,
        )
        return FAILED
    summary |= {"tokens": usage_of(frame.result, run.models), "seconds": round(seconds, 1), **more}
    if config.stop_after:
        summary = stop_for_review(config.stop_after) | summary  # a limit that stopped the run before says so instead
    edits = applied_edits(run.plan)
    summary |= edits
    if low := low_yield(summary, config):
        summary |= low_yield_row(low)
    uncounted = None
    if config.output_table:
        try:
            summary |= count_tables(config, options, summary)
        except TableError as error:
            uncounted = error
    lost = frame.lost.end_line() if frame.lost else ""
    if frame.lost and lost:
        summary["lost_replies"] = frame.lost.replies
        with suppress(ValueError):
            save_options(config, "" if is_local(options) else runner_name(options))  # they may have gone with the rest
    if is_local(options) and (config.round_trip or config.pass_rate_samples):
        summary |= doubt_row(config.output)
    written = complete_summary(run, summary)
    if frame.preview:
        frame.preview.take_away()
    for line in unknown_lines(edits):
        print(line, file=sys.stderr)
    if line := edits_line(edits):
        print(line)
    if line := stop_line(summary, config):
        print(line)
    if line := missed_line(summary, config):
        print(line)
    print(verdict_line(summary))
    if not summary["documents"]["read"] and not summary.get("stopped"):
        print("error: no document was read: the input holds no row and no text", file=sys.stderr)
    if uncounted is not None:
        print(f"error: {uncounted}; the run ended and its files are whole, its tables were not counted", file=sys.stderr)
        return FAILED
    if config.report and is_local(options):
        written = tell_report(config.output) and written
    if lost:
        print(lost, file=sys.stderr)
    return exit_code(summary) if written and not lost else FAILED
