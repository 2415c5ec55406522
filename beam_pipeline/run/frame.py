"""What a batch and a stream share while they run: who may stop them, what is seen of them, what is said of a failure."""

import gc
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TextIO

from beam_pipeline.engines.dataflow import STOP_SIGNALS, job_link, on_dataflow, template_location, wait_for_job
from beam_pipeline.engines.runners import failure_text, runs_here
from beam_pipeline.exit_codes import FAILED, UNUSABLE
from beam_pipeline.run.ending import Run, why_it_failed
from beam_pipeline.run.lost_replies import LostReplies
from beam_pipeline.run.paid import counted
from beam_pipeline.run.preview import Preview
from beam_pipeline.run.progress import Watch, progress_line, progress_log
from beam_pipeline.run.timeline import Timeline
from beam_pipeline.said_streams import beneath


class StopOnInterrupt:
    """Ctrl-C does what was said to stop the run, so that it ends by itself; a second one ends the process.

    So do SIGTERM, by which machines and containers that are taken away say so, and SIGHUP, by which a terminal does.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self, stream: TextIO = sys.stderr, signals: tuple[signal.Signals, ...] = SIGNALS) -> None:
        self.asked = False
        self._signals = signals
        self._stream = stream
        self._what: list[Callable[[], object]] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopOnInterrupt":
        self._before = self.listen()
        return self

    def listen(self) -> dict[int, Any]:
        """Take the signals; returns whose they were."""
        try:
            return {number: signal.signal(number, self._stop) for number in self._signals}
        except ValueError:  # not the main thread: somebody else handles signals
            return {}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def then(self, what: Callable[[], object]) -> None:
        """Say what stops the run; called at once where that was asked for already."""
        self._what.append(what)
        if self.asked:
            what()

    def _stop(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._stream.write("\nstopping; once more to stop at once\n")
        for what in self._what:
            what()


class Frame:
    """A run while it goes on; a context manager, inside which signals stop it and its course is recorded.

    Attributes:
        stop: what Ctrl-C and its like do; a job on Dataflow outlives the process that started it.
        result: what the engine gave back; None until it has the graph.
        lost: whether what was paid for is kept; None where the stages ran elsewhere, as below.
        preview: pairs that can be read meanwhile; None for a stream as well.
    """

    def __init__(self, run: Run) -> None:
        self._options = run.options
        self._pipeline = run.pipeline
        self._stderr = sys.stderr  # a batch puts something else in its place while it runs
        self._timeline = Timeline()
        self._config = run.config
        self.lost: LostReplies | None = None
        self.preview: Preview | None = None
        self._stack = ExitStack()
        self.stop = StopOnInterrupt(signals=STOP_SIGNALS) if on_dataflow(run.options) else StopOnInterrupt()
        self.result: Any = None
        _collect_again()

    def __enter__(self) -> "Frame":
        self._stack.enter_context(self.stop)
        if runs_here(self._options):
            self._stack.enter_context(self._timeline.recorded())
            self._watch()
        return self

    def _watch(self) -> None:
        """Begin to say how the run goes, and to look after what it pays for."""
        paid = self._stack.enter_context(counted())
        watch = Watch(self._config, paid)
        if self._stderr.isatty():
            self._stack.enter_context(progress_line(beneath(self._stderr), watch))
        else:
            self._stack.enter_context(progress_log(self._stderr, watch))
        self.lost = LostReplies(self._config.journal_folder, paid)
        self._stack.enter_context(self.lost.watched())
        if not self._config.streaming:  # whose windows are written as they close
            self.preview = Preview(self._config.output, watch.last_gate)
            self._stack.enter_context(self.preview.growing())

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

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

    def failure(self, error: Exception, kept: str, go_on: str, stream: TextIO) -> int:
        """Say why a run failed; returns the exit code. A bug is raised again, to be seen whole."""
        if self.result is None and on_dataflow(self._options):
            print(f"error: the job could not be started: {failure_text(error)}", file=stream)
            return UNUSABLE
        fatal = why_it_failed(error, self._options)
        if fatal is None:
            raise error
        print(f"error: {fatal}; {kept}: mend it and go on with {go_on}", file=stream)
        return FAILED

    def course(self) -> dict[str, Any]:
        """The part of the summary that says how the run went over time; nothing where the stages ran elsewhere."""
        row = self._timeline.as_row()
        return {"timeline": row} if row else {}


def _collect_again() -> None:
    """Switch the garbage collector on, which `cli` switched off for the start, with what is there out of its way."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
