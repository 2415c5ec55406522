"""The whole graph on a stream: windows that close, counts that close with them, folders that fill up."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import PickleCoder
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline import pipeline as pipeline_module
from beam_pipeline.exit_codes import OK, STOPPED, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.command_line import validate
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import read_event_time
from beam_pipeline.output.read_back import OutputFolder
from beam_pipeline.pipeline import build
from beam_pipeline.plan import make_plan
from beam_pipeline.reading.documents import Fields
from beam_pipeline.replay import main as replay
from beam_pipeline.run.preflight import run_models
from beam_pipeline.streaming import watch_folder as watch_module
from beam_pipeline.streaming.pubsub import ParseMessages
from beam_pipeline.streaming.read_stream import ReadStream, stream_windows
from beam_pipeline.summary.write_summary import add_summaries
from tests.fakes.streams import BASE, At, stream_of
from tests.places import SAMPLE
from transforms.flow.outcome import Outcome

DOCUMENTS = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
GOOD = [row for row in DOCUMENTS if len(row["text"]) > 1500][:8]
RUN = "run1"
pytestmark = pytest.mark.integration


def rows(output: Path, kind: str) -> list[dict[str, Any]]:
    """All rows of one kind that a stream wrote."""
    return [json.loads(line) for path in sorted((output / kind).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


# --- the graph on a stream whose watermark the test moves


@dataclass
class _Messages(beam.PTransform):
    """In place of the subscription: messages at times of the test's choice."""

    events: tuple[At, ...]
    config: PipelineConfig

    @no_annotations
    def expand(self, pipeline: Any) -> Outcome:
        messages = pipeline | "Stream" >> stream_of(self.events, PickleCoder())
        return messages | "ParseMessages" >> ParseMessages(Fields(), read_event_time(self.config.event_time))


def message(row: Mapping[str, Any], seconds: float, number: int = 0) -> PubsubMessage:
    """A message that says when it happened, in seconds after `BASE`; a copy of it has another number."""
    attributes = {"ts": str(round((BASE + seconds) * 1000)), "crawl": "7"}
    return PubsubMessage(json.dumps(row).encode(), attributes, f"{row.get('id')}-{number}", None)


def run_messages(events: Iterable[At], output: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[dict[str, Any]]:
    """Run the whole graph over messages; returns the row of each window."""
    given = {"event_time": "attribute:ts", "window_s": 60, "allowed_lateness_s": 30, **options}
    subscription = "projects/project/subscriptions/sub"
    config = validate({"input_subscription": subscription, "output": str(output), "streaming": True, **given})
    windows, event_time = stream_windows(config), read_event_time(config.event_time)
    source = ReadStream(_Messages(tuple(events), config), windows, event_time, config.deduplicate_ttl_s)
    monkeypatch.setattr(pipeline_module, "stream_source", lambda *_: source)
    plan = make_plan(config)
    with run_models(plan.models) as models:
        pipeline = beam.Pipeline(options=PipelineOptions(["--streaming", "--runner=BundleBasedDirectRunner"]))
        build(pipeline, replace(plan, models=models, name=RUN))
        pipeline.run().wait_until_finish()
    return OutputFolder(str(output)).windows(RUN)


def test_every_window_closes_with_its_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, again, late = GOOD[:3], GOOD[3:5], GOOD[0], GOOD[5]
    events = [
        At(0, tuple(message(row, 10 * place) for place, row in enumerate(first))),
        At(20, (message({"id": "bad"}, 20), PubsubMessage(b"{broken", {"ts": "x"}, "broken", None))),
        At(62),
        At(62, tuple(message(row, 61) for row in second)),  # the next window
        At(62, (message(GOOD[6], 30),)),  # of the window before, within its lateness
        At(70, (message(again, 65, number=1),)),  # published twice, across windows
        At(91),
        At(91, (message(late, 30),)),  # of a window that has closed
        At(160),
    ]
    windows = run_messages(events, tmp_path, monkeypatch)
    assert all(window["balanced"] for window in windows)
    by_start = {window["window"]["start"]: window for window in windows}
    early, later, now = (by_start[start] for start in sorted(by_start))
    assert len(windows) == 3
    assert (early["documents"]["read"], early["documents"]["dead_lettered"]) == (len(first) + 1 + 2, 2)
    assert (later["documents"]["read"], later["reasons"]["read/exact_duplicate"]) == (len(second) + 1, 1)
    assert (now["documents"]["read"], now["reasons"]) == (1, {"read/late": 1})
    assert early["pairs"] > 0
    assert early["diversity"]["pairs"] == early["pairs"]
    assert "diversity" not in now

    written = {path.name.partition("-pane")[0].removeprefix("qa-") for path in (tmp_path / "qa").glob("*.jsonl")}
    assert len(written) == 2, "a file for each window that has pairs"
    total = add_summaries(windows)
    assert total["balanced"]
    assert total["pairs"] == len(rows(tmp_path, "qa")) == early["pairs"] + later["pairs"]
    assert sum(total["reasons"].values()) == len(rows(tmp_path, "rejected"))
    assert sorted(row["error"] for row in rows(tmp_path, "dead_letters")) == ["InvalidJson", "MissingText"]
    assert {row["attributes"]["crawl"] for row in rows(tmp_path, "qa")} == {"7"}
    asked = {row["document_id"].partition("#")[0] for row in rows(tmp_path, "qa")}
    assert late["id"] not in asked, "nothing is paid for what is late"


def test_a_text_and_a_question_come_out_once_across_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = GOOD[0]
    copy = {**row, "id": "copy", "text": row["text"].upper() if row["text"].isupper() else row["text"] + " "}
    events = [At(0, (message(row, 0),)), At(150), At(150, (message(copy, 150),)), At(300)]
    windows = run_messages(events, tmp_path, monkeypatch)
    assert [window["reasons"].get("screen/exact_duplicate", 0) for window in windows] == [0, 1]
    assert all(window["balanced"] for window in windows)
    remembered = run_messages(events, tmp_path / "short", monkeypatch, deduplicate_ttl_s=20)
    assert [window["reasons"].get("screen/exact_duplicate", 0) for window in remembered] == [0, 0]
    assert remembered[0]["pairs"] > 0
    assert Counter(row["question"] for row in rows(tmp_path / "short", "qa")).most_common(1)[0][1] == 2


def test_gates_and_side_inputs_work_in_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [At(0, (message(GOOD[0], 0),)), At(100), At(100, tuple(message(row, 100) for row in GOOD[1:4])), At(200)]
    plain = run_messages(events, tmp_path / "plain", monkeypatch)
    question = rows(tmp_path / "plain", "qa")[-1]["question"]
    benchmark = tmp_path / "bench.jsonl"
    benchmark.write_text(json.dumps({"question": question}) + "\n")
    gates = {"verify_calls": 2, "round_trip": True, "pass_rate_samples": 2, "benchmarks": [str(benchmark)], "verifiers": 2}
    gated = run_messages(events, tmp_path / "gated", monkeypatch, **gates)
    assert [window["balanced"] for window in gated] == [True, True]
    assert gated[1]["reasons"]["decontaminate/benchmark_overlap"] == 1
    assert 0 < sum(window["pairs"] for window in gated) < sum(window["pairs"] for window in plain)
    assert {row["pass_rate_samples"] for row in rows(tmp_path / "gated", "qa")} == {2}


def test_windows_add_up() -> None:
    part = {
        "documents": {"read": 2, "accepted": 1, "rejected": 1},
        "tasks": {"read": 3},
        "pairs": 2,
        "stages": {"read": {"passed": 2}},
        "domains": {"Math": {"accepted": 1, "rejected": 1, "yield": 0.5}},
        "answer_types": {"date": 2},
        "reasons": {"screen/too_short": 1},
        "errors": {},
        "balanced": True,
    }
    more = {**part, "domains": {"Math": {"accepted": 2, "yield": 1.0}}, "reasons": {"read/late": 5}, "balanced": False}
    total = add_summaries([part, more])
    assert (total["windows"], total["pairs"], total["documents"]["read"], total["tasks"]["lost"]) == (2, 4, 4, 0)
    assert total["domains"]["Math"] == {"accepted": 3, "rejected": 1, "yield": 0.75}
    assert list(total["reasons"]) == ["read/late", "screen/too_short"]
    assert not total["balanced"]
    assert add_summaries([])["balanced"]


# --- folders that fill up, with the command line


def move_in(folder: Path, name: str, documents: Iterable[Mapping[str, Any]]) -> None:
    """Put a file into a folder as one should: written elsewhere, then moved."""
    written = folder.parent / name
    written.write_text("".join(json.dumps(row) + "\n" for row in documents))
    old = time.time() - 60
    os.utime(written, (old, old))
    written.rename(folder / name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file of two documents in it."""
    made = tmp_path / "in"
    made.mkdir()
    move_in(made, "a.jsonl", GOOD[:2])
    return made


def wait_for(path: Path) -> None:
    """Wait until a file is there, for a minute at most."""
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.1)


def command(folder: Path, output: Path, *arguments: str) -> list[str]:
    """A watch of a folder, by the command line."""
    watched = ("--streaming", "--demo", "--input", f"{folder}/*.jsonl", "--output", str(output), "--watch_interval_s", "0.5")
    return [*watched, *arguments]


def test_a_folder_that_fills_up(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    look = watch_module.look

    def spy(patterns: tuple[str, ...], now: float) -> tuple[list[str], list[str]]:
        quiet, changing = look(patterns, now)
        seen.update(os.path.basename(path) for path in quiet)
        return quiet, changing

    def fill() -> None:
        for name in ("a.jsonl", "b.jsonl"):
            while name not in seen:
                time.sleep(0.05)
            if name == "a.jsonl":
                time.sleep(1.1)  # another window
                move_in(folder, "b.jsonl", [*GOOD[2:4], GOOD[0], {"text": 7}])
        watch_module.stop_watching()

    monkeypatch.setattr(watch_module, "look", spy)
    filling = threading.Thread(target=fill, daemon=True)
    filling.start()
    code = main(command(folder, tmp_path / "out", "--watch_until_s", "60", "--window_s", "1"))
    filling.join(50)
    monkeypatch.undo()
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert code == OK
    assert summary["balanced"]
    assert (summary["documents"]["read"], summary["documents"]["dead_lettered"]) == (6, 1)
    assert summary["reasons"]["read/exact_duplicate"] == 1
    assert summary["windows"] == len(list((tmp_path / "out" / "summaries").glob("*.jsonl"))) == 2
    assert summary["pairs"] == len(rows(tmp_path / "out", "qa")) > 0
    assert "2 windows closed; counts close" in capsys.readouterr().out

    before = {path.name for path in (tmp_path / "out" / "qa").glob("*.jsonl")}
    assert before == {path.name for path in (tmp_path / "out" / "qa").iterdir()}, "no folder of temporary files is left"
    assert main(["--demo", "--input", f"{folder}/*.jsonl", "--output", str(tmp_path / "out"), "--resume"]) == UNUSABLE
    assert "add --streaming" in capsys.readouterr().err
    assert replay([str(tmp_path / "out")]) == UNUSABLE
    assert "was written by a stream" in capsys.readouterr().err
    assert main(command(folder, tmp_path / "out", "--watch_until_s", "1")) == UNUSABLE
    assert "--resume to go on with it" in capsys.readouterr().err
    time.sleep(1 - time.time() % 1)  # another run's second
    assert main(command(folder, tmp_path / "out", "--watch_until_s", "1", "--resume")) == OK
    assert before < {path.name for path in (tmp_path / "out" / "qa").glob("*.jsonl")}


def test_a_watch_of_its_own_output_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out" / "qa"
    folder.mkdir(parents=True)
    assert main(command(folder, tmp_path / "out", "--watch_until_s", "1")) == UNUSABLE
    assert "is part of the output folder" in capsys.readouterr().err


TELLS_OF_LOOKS = """
import pathlib, sys
from beam_pipeline import main; from beam_pipeline.streaming import watch_folder as watch

look, note = watch.look, pathlib.Path(sys.argv[1])

def tell(patterns, now):
    found = look(patterns, now)
    note.touch()
    return found

watch.look = tell
sys.exit(main.main(sys.argv[2:]))
"""


def test_ctrl_c_ends_a_watch_and_what_was_seen_goes_through(folder: Path, tmp_path: Path, until: Any) -> None:
    output = tmp_path / "out"
    arguments = command(folder, output, "--watch_until_s", "600", "--window_s", "1")
    process = subprocess.Popen(
        [sys.executable, "-c", TELLS_OF_LOOKS, str(tmp_path / "looked"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until((tmp_path / "looked").exists)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=150)
    assert process.returncode == STOPPED, errors
    assert b"Traceback" not in errors
    assert b"counts close" in printed
    assert json.loads((output / "summary.json").read_text("utf-8"))["documents"]["read"] == 2
    assert rows(output, "qa")


@pytest.mark.slow
def test_windows_close_while_prism_watches(folder: Path, tmp_path: Path) -> None:
    prism = Path(os.environ.get("ENGINES", "")) / "prism"
    if not os.environ.get("ENGINES") or not prism.is_file():
        pytest.skip("needs Prism: ENGINES names the folder that holds it")
    output = tmp_path / "out"
    arguments = command(folder, output, "--watch_until_s", "60", "--window_s", "2")
    runner = ("--runner=PrismRunner", f"--prism_location={prism}")
    process = subprocess.Popen([sys.executable, "-m", "beam_pipeline", *arguments, *runner], stdout=subprocess.PIPE)
    deadline = time.monotonic() + 100
    while not list(output.glob("summaries/*.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert process.poll() is None, "the first window closed while the watch goes on"
    assert rows(output, "qa")
    move_in(folder, "b.jsonl", [*GOOD[2:4], GOOD[0]])
    while len(list(output.glob("summaries/*.jsonl"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=150)
    assert process.returncode == STOPPED
    assert b"2 windows closed; counts close" in printed
    summary = json.loads((output / "summary.json").read_text("utf-8"))
    assert summary["documents"]["read"] == 5
    assert summary["pairs"] == len(rows(output, "qa"))
