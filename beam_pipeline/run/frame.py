"""What a batch and a stream share while they run: who may stop them, what is seen of them, what is said of a failure."""

import gc
import sys
from contextlib import ExitStack
from typing import Any

from beam_pipeline.engines.dataflow import STOP_SIGNALS, job_link, on_dataflow, template_location, wait_for_job
from beam_pipeline.engines.runners import failure_text, runs_here
from beam_pipeline.exit_codes import FAILED, UNUSABLE
from beam_pipeline.options.limits import BEHIND_THE_BLOCK
from beam_pipeline.run.ending import Run, why_it_failed
from beam_pipeline.run.interrupt import StopOnInterrupt
from beam_pipeline.run.progress import Progress
from beam_pipeline.run.timeline import Timeline


class Frame:
    """A run while it goes on; a context manager, inside which signals stop it and its course is recorded.

    Attributes:
        stop: what Ctrl-C and its like do; a job on Dataflow outlives the process that started it.
        result: what the engine gave back; None until it has the graph.
    """

    def __init__(self, run: Run) -> None:
        self._options = run.options
        self._pipeline = run.pipeline
        self._here = runs_here(run.options)
        self._timeline = Timeline(self._here)
        *_, last_gate = (stage for stage in run.config.model_stages if stage not in BEHIND_THE_BLOCK)
        self._progress = Progress(sys.stderr.isatty() and self._here, last_gate=last_gate)
        self._stack = ExitStack()
        self.stop = StopOnInterrupt(signals=STOP_SIGNALS) if on_dataflow(run.options) else StopOnInterrupt()
        self.result: Any = None
        _collect_again()

    def __enter__(self) -> "Frame":
        for part in (self.stop, self._timeline, self._progress):
            self._stack.enter_context(part)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> bool:
        """Hand the graph to its engine. False where it only wrote a template: nothing runs."""
        self.result = self._pipeline.run()
        self.stop.listen()  # a job server that Beam starts puts a handler of its own in place of ours
        if template := template_location(self._options):
            print(f"template: {template}")
        return not template

    def wait(self) -> None:
        """Wait for the end, saying first where the run can be watched if it is elsewhere."""
        if on_dataflow(self._options):
            print(f"job {self.result.job_id()}: {job_link(self.result, self._options)}", flush=True)
            wait_for_job(self.result, self._options)
        else:
            self.result.wait_until_finish()

    def failure(self, error: Exception, kept: str, go_on: str) -> tuple[int, str] | None:
        """The exit code of a run that failed, and why; None for a bug, which is to be seen whole."""
        if self.result is None and on_dataflow(self._options):
            return UNUSABLE, f"error: the job could not be started: {failure_text(error)}"
        fatal = why_it_failed(error, self._options)
        return None if fatal is None else (FAILED, f"error: {fatal}; {kept}: mend it and go on with {go_on}")

    def course(self) -> dict[str, Any]:
        """The part of the summary that says how the run went over time; nothing where the stages ran elsewhere."""
        row = self._timeline.as_row()
        return {"timeline": row} if row else {}


def _collect_again() -> None:
    """Switch the garbage collector on, which `cli` switched off for the start, with what is there out of its way."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
