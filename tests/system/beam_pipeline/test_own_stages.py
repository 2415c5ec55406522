"""Stages of one's own in whole runs: behind every stage, in worker processes, in a stream, resumed."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.export.command import main as export
from beam_pipeline.main import main
from beam_pipeline.options.command_line import validate
from beam_pipeline.output.saved_options import read_options
from beam_pipeline.report.write import tell_report
from tests.places import ROOT, SAMPLE
from tests.system.beam_pipeline.streaming.test_streaming import GOOD, At, message, run_messages

pytestmark = pytest.mark.integration
SHIPPED = "beam_pipeline.sample.stage_between"
EVERY = (
    *("read", "screen", "filter", "classify", "synthesize", "check", "repair", "verify_answer", "verify_question", "ask_back"),
    *("round_trip", "deduplicate", "decontaminate", "mix", "pass_rate"),
)
MODULE = """
from transforms.text import stable_seed

def made(name):
    def stage(item):
        seed = stable_seed(name, item.id) % 20
        if seed == 0:
            raise ValueError("as it may happen")
        if name in ("after_repair", "after_round_trip"):
            assert (getattr(item, "pair", item)).task.document.text, "a stage among those that read the document sees its text"
        return "by_lot" if seed == 1 else item
    return stage

for name in NAMES:
    globals()["after_" + name] = made("after_" + name)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a run is started, with a module of one's own."""
    (tmp_path / "mine_after_all.py").write_text(f"NAMES = {EVERY!r}\n{MODULE}", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    sys.modules.pop("mine_after_all", None)


def rows(output: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((output / kind).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


def run(output: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["--demo", f"--input={SAMPLE}", f"--output={output}", *arguments])
    return code, json.loads((output / "summary.json").read_text("utf-8"))


def test_counts_close_whatever_stage_is_followed(folder: Path) -> None:
    (folder / "benchmark.jsonl").write_text('{"question": "Who?", "answer": "Nobody"}\n', "utf-8")
    gates = ("--verify_calls=2", "--ask_back", "--round_trip", "--pass_rate_samples=1", "--pass_rate_temperature=1")
    whole = ("--benchmarks=benchmark.jsonl", "--max_pairs_per_domain=50")
    own = [f"--stage=mine_after_all:after_{name} after {name}" for name in EVERY]
    code, summary = run(folder / "out", *gates, *whole, *own)
    assert (code, summary["balanced"]) == (OK, True)
    counted = [name for name in EVERY if f"after_{name}" in summary["stages"]]
    assert counted == list(EVERY)
    order = list(summary["stages"])
    assert all(order.index(f"after_{name}") == order.index(name) + 1 for name in EVERY)
    lost = {name: summary["stages"][f"after_{name}"] for name in EVERY}
    assert (
        sum(row.get("rejected", 0) for row in lost.values()) > 5 and sum(row.get("dead_lettered", 0) for row in lost.values()) > 5
    )
    of_own = [row for row in rows(folder / "out", "rejected") if row["stage"].startswith("after_")]
    assert {row["reason"] for row in of_own} == {"by_lot"}
    assert sum(n for name, n in summary["reasons"].items() if name.startswith("after_")) == len(of_own)
    letters = [row for row in rows(folder / "out", "dead_letters") if row["stage"].startswith("after_")]
    assert {(row["error"], row["message"]) for row in letters} == {("ValueError", "as it may happen")}
    assert tell_report(str(folder / "out"))
    page = (folder / "out" / "report.html").read_text("utf-8")
    assert "after_check" in page and "by_lot" in page and "a stage of your own" in page


SAMPLES = tuple(
    f"--stage={SHIPPED}:{name} after {after}"
    for name, after in (("keep_figures", "check"), ("FirstParagraphs", "screen"), ("OneADocument", "deduplicate"))
)


def test_the_samples_do_what_they_say_and_a_resumed_run_has_them(tmp_path: Path, capsys: Any) -> None:
    code, summary = run(tmp_path / "out", *SAMPLES)
    assert code == OK
    pairs = rows(tmp_path / "out", "qa")
    assert {row["answer_type"] for row in pairs} <= {"number", "percentage", "money", "date"}
    assert len({row["document_id"] for row in pairs}) == len(pairs) == summary["pairs"] > 5
    assert read_options(str(tmp_path / "out"))["stage"] == [text.removeprefix("--stage=") for text in SAMPLES]
    lines = capsys.readouterr().out.splitlines()
    table = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in summary["stages"]]
    assert [table[table.index(name) - 1] for name in ("keep_figures", "first_paragraphs")] == ["check", "screen"]

    assert main([f"--resume={tmp_path / 'out'}"]) == OK
    again = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert again["tokens"]["total"]["calls"] == 0
    assert again["stages"] == summary["stages"]


def test_without_it_a_resumed_run_asks_only_what_is_new(tmp_path: Path) -> None:
    run(tmp_path / "out", SAMPLES[0])
    options = tmp_path / "out" / "options.yaml"
    options.write_text(options.read_text("utf-8").partition("stage:")[0], "utf-8")
    assert main([f"--resume={tmp_path / 'out'}"]) == OK
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    tokens = summary["tokens"]
    assert "keep_figures" not in summary["stages"] and summary["pairs"] > 50
    assert all(tokens[stage]["calls"] == 0 for stage in ("filter", "classify", "synthesize"))
    assert 0 < tokens["verify"]["calls"] < tokens["verify"]["calls"] + tokens["verify"]["replayed"]


def test_worker_processes_find_it_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # this package is not installed where tests run; the folder's module is found
    processes = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
    code, summary = run(folder / "out", *processes, "--stage=mine_after_all:after_check after check")
    assert (code, summary["balanced"]) == (OK, True)
    assert summary["stages"]["after_check"]["rejected"] > 0


def test_a_target_is_met_with_a_stage_that_rejects_much(tmp_path: Path) -> None:
    code, summary = run(tmp_path / "out", "--target_accepted=8", SAMPLES[0])
    assert code == OK and 8 <= summary["pairs"] <= 10
    assert summary["balanced"] and summary["stopped"] == "target_accepted"


def test_a_dry_run_says_what_it_is_and_where(folder: Path, capsys: Any) -> None:
    assert main(["--demo", f"--input={SAMPLE}", "--output=out", "--dry_run", *SAMPLES]) == OK
    out = capsys.readouterr().out
    lines = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert lines[lines.index("Check") + 1] == "OwnKeepFigures"
    assert f"{SHIPPED}:keep_figures: Keep the pairs whose answer is a figure" in out


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("gone:Stage after check", "--stage gone:Stage after check: there is no module gone"),
        (f"{SHIPPED}:keep_figure after check", "has no keep_figure; did you mean keep_figures?"),
        (f"{SHIPPED}:keep_figures after screen", "keep_figures takes QAPair, and here it is given Document"),
        (f"{SHIPPED}:keep_figures after chekc", "there is no stage chekc to follow; did you mean check?"),
        ("json:dumps", "say what it is and which stage it follows"),
        ("json:__name__ after check", "__name__ is a str; a stage is"),
    ],
)
def test_what_cannot_be_used_ends_the_command_before_a_graph(folder: Path, capsys: Any, stage: str, message: str) -> None:
    assert main(["--demo", f"--input={SAMPLE}", "--output=out", f"--stage={stage}"]) == UNUSABLE
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and message in said[0]
    assert not (folder / "out").exists()


def test_windows_of_a_stream_close_with_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = [
        f"mine_after_all:after_{name} after {name}"
        for name in ("read", "screen", "check", "verify", "deduplicate")
        if name in EVERY
    ]
    events = [At(0, tuple(message(row, 10 * place) for place, row in enumerate(GOOD[:3]))), At(62), At(160)]
    windows = run_messages(events, folder / "out", monkeypatch, stage=own, demo=True)
    assert windows and all(window["balanced"] for window in windows)
    assert any("after_check" in window["stages"] for window in windows)


def test_an_output_with_it_is_exported(tmp_path: Path) -> None:
    run(tmp_path / "out", SAMPLES[0])
    assert export([str(tmp_path / "out"), "--format=trl", f"--to={tmp_path / 'trl'}", "--allow_demo"]) == OK
    assert validate({"input": ["a"], "output": "b", "stage": [SAMPLES[0].removeprefix("--stage=")]}).own_stages
