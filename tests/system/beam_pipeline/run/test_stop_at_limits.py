"""A run with a target or a budget stops in good order: counts close, nothing is dead, and it goes on without paying again."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.run.stop_at_limits import missed_line
from tests.places import SAMPLE

PRICES = ("--price_in=1", "--price_cached=0.5", "--price_out=2")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[DemoEndpoint]:
    with DemoEndpoint.start() as started:
        yield started


def run(output: Path, url: str, *arguments: str) -> dict[str, Any]:
    """Run to the end, and return the summary."""
    source = [] if any(argument.startswith("--input") for argument in arguments) else ["--input", str(SAMPLE)]
    given = [*source, "--output", str(output), "--endpoint", url, *arguments]
    assert main(given) == OK
    summary: dict[str, Any] = json.loads((output / "summary.json").read_text("utf-8"))
    assert summary["balanced"]
    return summary


def rows(output: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in output.glob(f"{kind}/*.jsonl") for line in path.read_text("utf-8").splitlines()]


def paid(output: Path) -> Counter[str]:
    lines = (line for path in output.glob("journal/*.jsonl") for line in path.read_bytes().splitlines())
    return Counter(json.loads(line)["key"] for line in lines)


@pytest.mark.integration
def test_a_target_stops_a_run_and_a_higher_one_goes_on(
    endpoint: DemoEndpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    first = run(output, endpoint.url, "--target_accepted=15")
    assert first["stopped"] == "target_accepted"
    assert 15 <= first["pairs"] <= first["counted"] <= 16
    documents = first["documents"]
    assert documents["not_started"] > 5
    assert documents["read"] == 36 == sum(number for name, number in documents.items() if name != "read")
    assert documents["dead_lettered"] == 0
    assert rows(output, "dead_letters") == []
    assert first["errors"] == {}
    printed = capsys.readouterr().out
    assert f"stopped: --target_accepted 15 was reached, {documents['not_started']} documents were not started" in printed
    before = {row["id"] for row in rows(output, "qa")}
    asked = sum(paid(output).values())
    assert first["tokens"]["total"]["calls"] == asked, "what was not begun was not asked"

    whole = run(output, endpoint.url, "--resume", "--target_accepted=1000")
    assert whole["tokens"]["total"]["replayed"] == asked
    assert before <= {row["id"] for row in rows(output, "qa")}
    assert "stopped" not in whole
    assert "not_started" not in whole["documents"]
    assert set(paid(output).values()) == {1}, "something was paid for twice"


@pytest.mark.integration
@pytest.mark.parametrize("reverse", [False, True])
def test_a_target_is_met_within_a_tenth_on_an_input_in_order(
    reverse: bool, endpoint: DemoEndpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sorted so that documents without a pair stand together: what was seen first says nothing of the others."""
    documents = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
    documents.sort(key=lambda document: len(document["text"]), reverse=reverse)
    path = tmp_path / "sorted.jsonl"
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    found = run(tmp_path / "out", endpoint.url, f"--input={path}", "--target_accepted=40")
    assert 40 <= found["counted"] <= 44 and found["stopped"] == "target_accepted"
    assert "not reached" not in capsys.readouterr().out


@pytest.mark.integration
def test_a_target_that_is_not_reached_is_said(endpoint: DemoEndpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(tmp_path / "out", endpoint.url, "--target_accepted=500")
    assert "stopped" not in found
    line = f"--target_accepted 500 was not reached: {found['pairs']} pairs, and no document is left; more --input goes on"
    assert line in capsys.readouterr().out


def test_pairs_that_go_behind_the_goal_are_said() -> None:
    config = PipelineConfig(input=["a"], output="o", demo=True, target_accepted=40)
    stopped = {"stopped": "target_accepted", "counted": 41, "pairs": 33}
    assert missed_line(stopped, config) == (
        "--target_accepted 40 was not reached: 33 pairs, as 8 were taken out when all were compared; "
        "--resume --target_accepted 50 goes on"
    )
    assert missed_line(stopped | {"pairs": 40}, config) == ""
    assert "when the run was stopped" in missed_line({"stopped": "max_cost", "pairs": 3}, config)
    assert missed_line({"pairs": 3}, PipelineConfig(input=["a"], output="o", demo=True)) == ""


@pytest.mark.integration
def test_a_budget_stops_a_run_near_it(endpoint: DemoEndpoint, tmp_path: Path) -> None:
    output = tmp_path / "out"
    first = run(output, endpoint.url, "--max_cost=0.2", *PRICES)
    assert first["stopped"] == "max_cost"
    assert 0.1 < first["cost"]["total"] < 0.24
    assert first["documents"]["not_started"] > 5
    assert rows(output, "dead_letters") == []
    again = run(output, endpoint.url, "--max_cost=0.3", "--resume", *PRICES)
    assert 0.2 < again["cost"]["total"] < 0.34, "what the first start paid counts"
    assert set(paid(output).values()) == {1}
    nothing = run(tmp_path / "none", endpoint.url, "--max_cost=0.000001", *PRICES)
    assert (nothing["pairs"], nothing["stopped"]) == (0, "max_cost")
    assert nothing["documents"]["not_started"] == nothing["documents"]["read"] - nothing["documents"]["rejected"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--max_cost=1"], "--max_cost needs prices"),
        (["--max_cost=-1"], "greater than or equal to 0"),
        (["--max_cost=nan", *PRICES], "finite"),
        (["--target_accepted=some"], "must be a valid integer"),
        (["--max_cost=1", *PRICES, "--pass_rate_samples=4"], "--max_cost cannot foresee --pass_rate_samples"),
        (["--target_accepted=5", "--max_pairs_per_document=1"], "leave out --max_pairs_per_document, or stop by --max_cost"),
        (["--target_accepted=5", "--pass_rate_samples=4", "--max_pass_rate=0.9"], "leave out --max_pass_rate"),
        (["--target_accepted=5", "--streaming", "--watch_until_s=1"], "is for batches"),
        (["--target_accepted=5", "--runner=DataflowRunner"], "needs all stages in this process, and DataflowRunner runs them"),
        (["--target_accepted=5", "--direct_running_mode=multi_processing"], "needs all stages in this process"),
    ],
    ids=str,
)
def test_limits_that_cannot_be_kept(arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--demo", "--input", str(SAMPLE), "--output", str(tmp_path / "out"), *arguments]) == UNUSABLE
    [line] = capsys.readouterr().err.strip().splitlines()
    assert says in line
    assert not (tmp_path / "out").exists()


def test_a_journal_elsewhere(config: Callable[..., Any]) -> None:
    assert config(output="out").journal_folder == "out/journal"
    assert config(output="out", journal="replies").journal_folder == "replies"
