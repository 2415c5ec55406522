"""Rules stand in for a model only where that is asked for, and everything that they made says so."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from beam_pipeline import replay
from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.estimate.command import main as estimate
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.export.command import main as export
from beam_pipeline.export.trainer_rows import TRAINERS
from beam_pipeline.main import main
from beam_pipeline.report.write import write_report
from beam_pipeline.summary.as_table import DEMO_LINE
from tests.places import SAMPLE


@pytest.mark.parametrize("command", [main, estimate], ids=["run", "estimate"])
def test_without_an_endpoint_nothing_begins(command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["--input", str(SAMPLE), "--output", str(tmp_path / "out")]) == UNUSABLE
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and "--endpoint" in line and "--demo" in line
    assert not (tmp_path / "out").exists()


def test_a_dry_run_needs_no_endpoint_and_says_that_the_run_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--input", str(SAMPLE), "--output", str(tmp_path / "out"), "--dry_run"]
    assert main(given) == OK
    printed = capsys.readouterr().out
    assert "the run would not begin: no endpoint is named" in printed
    assert "== filter: the one model that it serves at temperature 0, an endpoint that is not named yet" in printed
    assert main([*given, "--demo"]) == OK
    printed = capsys.readouterr().out
    assert "would not begin" not in printed and "== filter: demo-rules at temperature 0, the embedded endpoint" in printed


def told(output: Path, folder: Path) -> None:
    """Check that report, rows, summary and exports of an output say that rules made it."""
    assert json.loads((output / "summary.json").read_text("utf-8"))["demo"] is True
    pairs = pq.read_table(output / "qa").to_pylist()
    assert pairs and all(row["provenance"]["demo"] for row in pairs)
    write_report(str(output))
    assert f'<p class="demo">{DEMO_LINE}</p>' in (output / "report.html").read_text("utf-8").partition("<nav")[0]
    for name in ("hf", *TRAINERS):
        to = folder / name
        assert export([str(output), "--format", name, "--to", str(to)]) == UNUSABLE
        assert not to.exists() or not list(to.iterdir()), "a refused export leaves nothing"
        assert export([str(output), "--format", name, "--to", str(to), "--allow_demo"]) == OK
        assert json.loads((to / "export.json").read_text("utf-8"))["demo"] is True
    _, front, body = (folder / "hf" / "README.md").read_text("utf-8").split("---\n", 2)
    assert "demo" in yaml.safe_load(front)["tags"] and "**A demo, not for training.**" in body


@pytest.mark.integration
def test_what_a_demo_made_says_so_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="draws the report: pip install -r requirements-report.txt")
    few = tmp_path / "few.jsonl"
    few.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:6]), "utf-8")
    given = ["--input", str(few), "--output_format", "parquet"]

    output = tmp_path / "demo"
    assert main([*given, "--output", str(output), "--demo"]) == OK
    assert capsys.readouterr().out.startswith(f"{DEMO_LINE}\n")
    told(output, tmp_path / "exports")
    capsys.readouterr()
    assert replay.main([str(output)]) == OK
    assert capsys.readouterr().out.startswith(f"{DEMO_LINE}\n"), "a replay is of the same kind"

    with DemoEndpoint.start() as endpoint:  # by its address, as if it were somebody's model
        assert main([*given, "--output", str(tmp_path / "by_url"), "--endpoint", endpoint.url]) == OK
    assert capsys.readouterr().out.startswith(f"{DEMO_LINE}\n")
    told(tmp_path / "by_url", tmp_path / "exports_by_url")

    assert replay.main([str(output), "--endpoint", "http://127.0.0.1:1/v1"]) == UNUSABLE
    assert "--demo and --endpoint contradict each other" in capsys.readouterr().err
