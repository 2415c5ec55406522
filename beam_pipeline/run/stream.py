"""Running a stream: until it ends, or until somebody ends it."""

import sys
import threading
import time
from functools import partial

from beam_pipeline.engines.dataflow import JobStopped, drain_command, on_dataflow
from beam_pipeline.engines.runners import STREAM_RUNNERS, cancel_now, runner_name, runs_here
from beam_pipeline.exit_codes import FAILED, OK, STOPPED
from beam_pipeline.output.folder import clear_temporary
from beam_pipeline.output.read_back import OutputFolder
from beam_pipeline.run.ending import Run, complete_summary, exit_code
from beam_pipeline.run.frame import Frame
from beam_pipeline.storage.files import reason
from beam_pipeline.streaming.watch_folder import ask_to_stop, stop_watching, watch_again
from beam_pipeline.summary.as_table import verdict_line
from beam_pipeline.summary.token_usage import usage_of
from beam_pipeline.summary.write_summary import add_summaries

KEPT = "closed windows and paid replies are kept"


def run_stream(run: Run) -> int:
    """Run until the stream ends, or until somebody ends it.

    Asked once, a watch takes no further look and what was seen goes through to its windows; a queue that is read in
    this process is left where it is; a job on Dataflow is left running. Asked twice, a job elsewhere is cancelled.
    """
    config, options, frame = run.config, run.options, Frame(run)
    watch_again(config.output)
    watches = not config.input_subscription
    go_on = f"--resume --streaming --output {config.output}"
    if not on_dataflow(options):
        ends = stop_watching if runs_here(options) else partial(_stop_watching_there, config.output)
        frame.stop.then(ends if watches else _interrupt)
    try:
        with frame:
            try:
                if not frame.start():
                    return OK
                if on_dataflow(options):  # not before it is known which job is left running
                    frame.stop.then(_interrupt)
                frame.wait()
            except KeyboardInterrupt:
                if frame.result is None or not runs_here(options):
                    raise
                frame.result.cancel()
    except KeyboardInterrupt:
        print(_left(run, frame, go_on), file=sys.stderr)
        return STOPPED
    except JobStopped as error:
        print(f"{error}; {KEPT}", file=sys.stderr)
        return STOPPED
    except Exception as error:
        return frame.failure(error, KEPT, "--resume --streaming", sys.stderr)
    watch_again(config.output)
    clear_temporary(config.output)
    # Beam's local runner of streams adds up the counters of some bundles only: no figures are better than wrong ones.
    counted = runner_name(options) not in STREAM_RUNNERS
    folder = OutputFolder(config.output)
    summary = add_summaries(folder.windows(run.plan.name))
    if folder.damaged:
        print(f"{folder.damaged} rows of {config.output}/summaries/ cannot be read and are not counted", file=sys.stderr)
    summary |= {"tokens": usage_of(frame.result, run.models)} if counted else {}
    summary["seconds"] = round(time.monotonic() - run.began, 1)
    written = complete_summary(run, summary | frame.course())
    print(f"{summary['windows']:,} windows closed; {verdict_line(summary)}")
    if frame.stop.asked:
        done = "what was read is in its windows" if watches else "open windows are lost"
        print(f"stopped: {done}; go on with {go_on}", file=sys.stderr)
        return STOPPED
    if lost := frame.lost.end_line() if frame.lost else "":
        print(lost, file=sys.stderr)
    return exit_code(summary) if written and not lost else FAILED


def _left(run: Run, frame: Frame, go_on: str) -> str:
    """End what somebody does not want to wait for: cancel a job elsewhere, leave one on Dataflow; says what became of it."""
    kept = f"{KEPT}: go on with {go_on}"
    if frame.result is None:
        return f"stopped while the run was being started; {kept}"
    if on_dataflow(run.options):
        return f"left the job running where it runs; end it with {drain_command(frame.result, run.options)}"
    try:
        cancel_now(frame.result, run.options)
    except Exception as error:  # each engine's client has errors of its own
        return f"the job goes on where it runs, for it cannot be cancelled ({reason(error)}): end it there; {kept}"
    return f"stopped: the job is cancelled; {kept}"


def _stop_watching_there(output: str) -> None:
    """End a watch on other machines, from a thread of its own: what the signal interrupts may hold a lock."""

    def ask() -> None:
        try:
            ask_to_stop(output)
        except Exception as error:  # each file system has errors of its own
            print(f"the watch cannot be told to end ({reason(error)}); once more cancels the job", file=sys.stderr)

    threading.Thread(target=ask, name="stop", daemon=True).start()


def _interrupt() -> None:
    raise KeyboardInterrupt
