"""Running a stream: until it ends, or until somebody ends it."""

import sys
import threading
import time
from functools import partial
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.engines.dataflow import JobStopped, drain_command, on_dataflow, template_location
from beam_pipeline.engines.runners import STREAM_RUNNERS, cancel_now, failure_text, runner_name, runs_here
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.output.folder import clear_temporary
from beam_pipeline.output.window_summaries import read_window_summaries
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
from beam_pipeline.run.timeline import Timeline
from beam_pipeline.storage.files import reason
from beam_pipeline.streaming.watch_folder import ask_to_stop, stop_watching, watch_again
from beam_pipeline.summary.as_table import verdict_line
from beam_pipeline.summary.token_usage import usage_of
from beam_pipeline.summary.write_summary import add_summaries


def run_stream(run: Run) -> int:
    """Run until the stream ends, or until somebody ends it.

    Asked once, a watch takes no further look and what was seen goes through to its windows; a queue that is read in
    this process is left where it is; a job on Dataflow is left running. Asked twice, a job elsewhere is cancelled.
    """
    config, options = run.config, run.options
    watch_again(config.output)
    stop = interrupt_of(options)
    watches = bool(config.input or config.inputs)
    if not on_dataflow(options):
        ends = stop_watching if runs_here(options) else partial(_stop_watching_there, config.output)
        stop.then(ends if watches else _interrupt)
    result, timeline = None, Timeline(runs_here(options))
    collect_again()
    try:
        with stop, timeline, progress_line(config, options):
            try:
                result = run.pipeline.run()
                stop.listen()  # a job server that Beam starts puts a handler of its own in place of ours
                if template := template_location(options):
                    return tell_template(template)
                if on_dataflow(options):  # not before it is known which job is left running
                    stop.then(_interrupt)
                wait_for_end(result, options)
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
        fatal = why_it_failed(error, options)
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
    summary = add_summaries(read_window_summaries(config.output, run.plan.name))
    summary |= {"tokens": usage_of(result, run.models)} if counted else {}
    summary["seconds"] = round(time.monotonic() - run.began, 1)
    complete_summary(config, summary | course(timeline))
    print(f"{summary['windows']:,} windows closed; {verdict_line(summary)}")
    if stop.asked:
        done = "what was read is in its windows" if watches else "open windows are lost"
        print(f"stopped: {done}; go on with --resume --streaming --output {config.output}", file=sys.stderr)
        return STOPPED
    return exit_code(summary)


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
