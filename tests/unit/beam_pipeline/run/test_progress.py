"""What is said while a run goes on: a line that fits a terminal, a line a minute in a log."""

import io
import os
import pty
import re
import struct
import time
from fcntl import ioctl
from termios import TIOCSWINSZ
from types import SimpleNamespace
from typing import Any

import pytest

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.run import progress
from beam_pipeline.run.how_far import Course
from beam_pipeline.run.paid import Paid
from beam_pipeline.run.progress import (
    State,
    Watch,
    cut,
    log_parts,
    progress_line,
    progress_log,
    terminal_parts,
    waited_for,
    width_of,
)
from transforms.flow.outcome import LIVE
from transforms.inference.runtime import Snapshot

RESULTS = {
    ("read", "passed"): 1_500,
    ("screen", "passed"): 1_200,
    ("filter", "passed"): 300,
    ("filter", "rejected/not_informative"): 100,
    ("verify", "passed"): 9,
    ("verify_question", "passed"): 7,
    ("round_trip", "passed"): 500,
    ("check", "rejected/answer_too_long"): 40,
    ("verify", "dead_letter/TimedOut"): 3,
}


def state(results: Any = RESULTS, course: Course = Course(0.345, 3_700.0), **snapshot: Any) -> State:  # noqa: B008
    return State(Snapshot(**snapshot), results, 1_234.4, 2.5, 60.0, course)


@pytest.fixture
def config() -> PipelineConfig:
    return PipelineConfig(input=["a.jsonl"], output="out", demo=True)


@pytest.mark.parametrize(("last_gate", "pairs"), [("verify", 9), ("verify_question", 7), ("round_trip", 500)])
def test_a_pair_counts_when_the_last_gate_let_it_pass(last_gate: str, pairs: int) -> None:
    assert f"pairs {pairs}" in terminal_parts(state(), last_gate)


def test_a_line_of_a_log_says_all() -> None:
    assert " | ".join(log_parts(state(in_flight=64), "round_trip")) == (
        "done 34% | ETA 1 h 02 min | documents 400/1,200 | accepted 500 | yield 1.25 a document | cost 2.50 | 1,234 tokens/s | "
        "most rejected: filter not_informative (100) | dead letters 3 | waiting for 64 replies"
    )


@pytest.mark.parametrize(
    ("results", "snapshot", "what"),
    [
        ({}, {}, "the input to be read and screened"),
        (RESULTS, {"in_flight": 1_000}, "1,000 replies"),
        (RESULTS, {"in_flight": 2, "held_back": 30}, "the endpoint, which told 30 calls to wait"),
        (RESULTS, {"in_flight": 2, "down": ("http://a\x1b/v1",)}, "http://a\\x1b/v1, which does not answer"),
        (RESULTS, {}, "pairs to be compared and written"),
    ],
)
def test_what_is_waited_for(results: Any, snapshot: Any, what: str) -> None:
    assert waited_for(state(results, **snapshot)) == what


def test_a_line_ends_where_the_terminal_does() -> None:
    parts = terminal_parts(state(in_flight=64, down=("http://h/v1",)), "verify")
    for width in range(0, 200):
        line = cut(parts, width)
        assert len(line) <= width and " | ".join(parts).startswith(line)
    assert cut(parts, 40) == "done 34% | ETA 1 h 02 min"
    assert "\x1b" not in cut(["a", "\x1b[2J"], 80)


@pytest.mark.parametrize(("columns", "width"), [(40, 39), (200, 199), (0, 79)])
def test_the_terminal_is_asked_how_wide_it_is(columns: int, width: int) -> None:
    main, side = pty.openpty()
    try:
        ioctl(side, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with open(side, "w", closefd=False) as stream:
            assert width_of(stream) == width
    finally:
        os.close(main)
        os.close(side)


def test_a_log_has_a_line_in_each_interval_and_no_command(monkeypatch: pytest.MonkeyPatch, config: PipelineConfig) -> None:
    monkeypatch.setattr(progress, "LOG_INTERVAL_S", 0.05)
    log, watch = io.StringIO(), Watch(config, Paid())
    LIVE.update(RESULTS)
    with progress_log(log, watch):
        time.sleep(0.5)
    lines = log.getvalue().splitlines()
    assert 4 <= len(lines) <= 12
    assert all(
        re.match(r"\d\d:\d\d (done \d+% \| )?(ETA .* \| )?documents 400/1,200 \| accepted \d+ \| ", line) for line in lines
    )
    assert log.getvalue().replace("\n", "").isprintable()
    quiet = io.StringIO()
    with progress_log(quiet, watch):
        pass
    assert quiet.getvalue() == "", "a run that is over before says nothing"
    LIVE.clear()


def test_a_goal_or_a_budget_may_end_a_run_before_its_input_does(monkeypatch: pytest.MonkeyPatch) -> None:
    config = PipelineConfig(input=["a"], output="o", demo=True, target_accepted=40, max_cost=10.0, price_in=1.0)
    runtime = SimpleNamespace(snapshot=Snapshot, admission=SimpleNamespace(counted=10, spent=1.0))
    monkeypatch.setattr(progress, "peek_runtime", lambda: runtime)
    watch = Watch(config, Paid())
    LIVE.update(RESULTS)
    assert watch.state().course.done == 0.25, "a quarter of the pairs"
    runtime.admission.spent = 9.0
    assert watch.state().course.done == 0.9 and watch.state().cost == 9.0
    LIVE.clear()


def test_a_line_is_drawn_over(monkeypatch: pytest.MonkeyPatch, config: PipelineConfig) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 0.05)
    terminal = io.StringIO()
    with progress_line(terminal, Watch(config, Paid())):
        time.sleep(0.2)
    assert terminal.getvalue().count("\r\x1b[K") >= 3 and terminal.getvalue().endswith("\r\x1b[K")
