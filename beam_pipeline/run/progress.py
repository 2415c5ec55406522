"""What is said of a run while it goes on: a line that is drawn again and again for a person at a terminal, one a minute in a log.

Where the stages run in this process. Of workers elsewhere their engine's own page tells.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.limits import prices_of, steps_of
from beam_pipeline.run.how_far import NOWHERE, Course, HowFar, Results, calls_done_and_all, judged, nearest, time_text
from beam_pipeline.run.paid import Paid
from transforms.flow.outcome import LIVE, PASSED
from transforms.inference.runtime import Snapshot, peek_runtime
from transforms.inference.scheduling.budget import Step
from transforms.said import printable, said_names

INTERVAL_S = 0.5
LOG_INTERVAL_S = 60.0
# Of a terminal that does not say how wide it is.
WIDTH = 160


@contextmanager
def repeated(act: Callable[[], None], seconds: float, at_end: bool = True) -> Iterator[None]:
    """Call `act` every so many seconds from a thread of its own, and unless told otherwise once more at the end."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(seconds):
            act()
        if at_end:
            act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def look() -> Snapshot:
    """What the runtime of this process is at; nothing is made only to be looked at."""
    runtime = peek_runtime()
    return runtime.snapshot() if runtime else Snapshot()


@dataclass(frozen=True, slots=True)
class State:
    """What a line says.

    Attributes:
        snapshot: what the runtime is at.
        results: results of the stages so far.
        tokens_per_s: since the last look.
        cost: what was paid so far; 0 where there are no prices.
        seconds: since the run began.
        course: how far it is.
    """

    snapshot: Snapshot
    results: Results
    tokens_per_s: float = 0.0
    cost: float = 0.0
    seconds: float = 0.0
    course: Course = NOWHERE


class Watch:
    """Looks at a run of this process again and again."""

    def __init__(self, config: PipelineConfig, paid: Paid) -> None:
        LIVE.clear()  # what an earlier run in this process counted
        self._config = config
        self._paid = paid
        self._prices = prices_of(config)
        self._steps = steps_of(config)
        *_, self.last_gate = (step.stage for step in self._steps)
        if config.pass_rate_samples:
            self._steps.append(Step("pass_rate", calls=config.pass_rate_samples))
        self._began = self._at = time.monotonic()
        self._tokens = 0
        self._of_calls, self._of_pairs, self._of_money = HowFar(), HowFar(), HowFar()

    def state(self) -> State:
        """How it is now."""
        snapshot, now, results = look(), time.monotonic(), dict(LIVE)
        rate = (snapshot.tokens - self._tokens) / (now - self._at or 1.0)
        self._tokens, self._at = snapshot.tokens, now
        seconds = now - self._began
        cost = self._prices.cost(self._paid.tokens, seconds)
        courses = []
        if not self._config.streaming:
            courses.append(self._of_calls.course(now, *calls_done_and_all(self._steps, results, self._paid.answered)))
            runtime = peek_runtime()
            admission = runtime.admission if runtime else None
            if admission is not None:  # knows as well what an earlier start of the run paid
                cost = admission.spent
                courses.append(self._of_pairs.course(now, admission.counted, self._config.target_accepted))
                courses.append(self._of_money.course(now, cost, self._config.max_cost))
        return State(snapshot, results, rate, cost, seconds, nearest(*courses))


@contextmanager
def progress_line(stream: TextIO, watch: Watch) -> Iterator[None]:
    """Draw one line again and again."""

    def draw() -> None:
        stream.write(f"\r\x1b[K{cut(terminal_parts(watch.state(), watch.last_gate), width_of(stream))}")
        stream.flush()

    try:
        with repeated(draw, INTERVAL_S):
            yield
    finally:
        stream.write("\r\x1b[K")
        stream.flush()


@contextmanager
def progress_log(stream: TextIO, watch: Watch) -> Iterator[None]:
    """Write a line a minute. A run that is over before says nothing."""

    def write() -> None:
        print(f"{time.strftime('%H:%M')} {' | '.join(log_parts(watch.state(), watch.last_gate))}", file=stream, flush=True)

    with repeated(write, LOG_INTERVAL_S, at_end=False):
        yield


def width_of(stream: TextIO) -> int:
    """How many characters of a line a terminal shows, less one: in the last column some begin a new line."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        columns = WIDTH
    return columns - 1


def cut(parts: Sequence[str], width: int) -> str:
    """Parts of a line, as many as there is room for; those that matter most come first."""
    text = parts[0]
    for part in parts[1:]:
        longer = f"{text} | {part}"
        if len(longer) > width:
            break
        text = longer
    return printable(text)[: max(0, width)]


def terminal_parts(state: State, last_gate: str) -> list[str]:
    """What the line on a terminal says, what matters most first."""
    snapshot, results = state.snapshot, state.results
    return [
        *_course(state.course),
        _documents(results),
        f"pairs {results.get((last_gate, PASSED), 0):,}",
        *_away(snapshot),
        f"in flight {snapshot.in_flight:,}",
        f"{state.tokens_per_s:,.0f} tokens/s",
        *([f"cost {state.cost:,.2f}"] if state.cost else []),
        *([f"told to wait {snapshot.held_back:,}"] if snapshot.held_back else []),
        *_losses(results),
    ]


def log_parts(state: State, last_gate: str) -> list[str]:
    """What a line of a log says."""
    results = state.results
    accepted, asked = results.get((last_gate, PASSED), 0), judged(results, "filter")
    return [
        *_course(state.course),
        _documents(results),
        f"accepted {accepted:,}",
        *([f"yield {accepted / asked:.2f} a document"] if asked else []),
        *([f"cost {state.cost:,.2f}"] if state.cost else []),
        f"{state.tokens_per_s:,.0f} tokens/s",
        *_losses(results),
        f"waiting for {waited_for(state)}",
    ]


def waited_for(state: State) -> str:
    """What a run waits for."""
    snapshot, results = state.snapshot, state.results
    if snapshot.down:
        return f"{said_names(snapshot.down, 3)}, which does not answer"
    if snapshot.held_back and snapshot.held_back >= snapshot.in_flight:
        return f"the endpoint, which told {snapshot.held_back:,} calls to wait"
    if snapshot.in_flight:
        return f"{snapshot.in_flight:,} replies"
    if not judged(results, "filter"):
        return "the input to be read and screened"
    return "pairs to be compared and written"


def _course(course: Course) -> list[str]:
    done = [] if course.done is None else [f"done {int(100 * course.done)}%"]
    return done if course.left_s is None else [*done, f"ETA {time_text(course.left_s)}"]


def _documents(results: Results) -> str:
    documents = results.get(("screen", PASSED), 0)
    return (
        f"documents {judged(results, 'filter'):,}/{documents:,}" if documents else f"reading {results.get(('read', PASSED), 0):,}"
    )


def _away(snapshot: Snapshot) -> list[str]:
    return [f"waiting for {said_names(snapshot.down, 3)}"] if snapshot.down else []


def _losses(results: Results) -> list[str]:
    parts = []
    rejections: Mapping[tuple[str, str], int] = {name: n for name, n in results.items() if name[1].startswith("rejected/")}
    if rejections:
        (stage, name), number = max(rejections.items(), key=lambda item: item[1])
        parts.append(f"most rejected: {stage} {name.removeprefix('rejected/')} ({number:,})")
    if dead := sum(n for (_, name), n in results.items() if name.startswith("dead_letter/")):
        parts.append(f"dead letters {dead:,}")
    return parts
