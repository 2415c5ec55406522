"""Whole runs in which every second draft breaks a rule: what a repair brings, what it costs, and where it is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.demo_endpoint import rules
from beam_pipeline.exit_codes import OK
from beam_pipeline.main import main
from beam_pipeline.replay import main as replay
from beam_pipeline.report.write import write_report
from beam_pipeline.summary.as_table import summary_table
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint
from tests.places import SAMPLE
from transforms.text import stable_seed

pytestmark = pytest.mark.integration
MISSING = "an answer of no document"


def writer(mends: Callable[[str], Any]) -> Callable[[Asked], Any]:
    """The rules of the demo with a fault in half of the drafts; `mends` makes of a persona what a repair replies."""

    def answer(asked: Asked) -> Any:
        said = rules.answer(asked.body["messages"])
        if said is None:
            return {"ready": True}
        persona = asked.text.partition("<persona>")[2].partition("</persona>")[0]
        if asked.stage == "synthesize" and stable_seed(persona) % 2 and said["answer"]:
            return {**said, "answer": MISSING, "answer_type": "term"}
        return mends(persona) or said if asked.stage == "repair" else said

    return answer


def stays_bad(persona: str) -> Any:
    """Mend a half of what is asked."""
    return {"question": "", "answer": "", "answer_type": "term", "aliases": []} if stable_seed("bad", persona) % 2 else None


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    few = tmp_path / "few.jsonl"
    few.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:12]), "utf-8")

    def start(endpoint: ScriptedEndpoint, *arguments: str, output: str = "out") -> dict[str, Any]:
        folder = tmp_path / output
        given = ["--input", str(few), "--output", str(folder), "--endpoint", endpoint.url, "--max_reasks", "0"]
        assert main([*given, *arguments]) == OK
        summary: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
        assert summary["balanced"]
        return summary

    return start


def rows(output: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((output / kind).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


def test_a_repair_brings_pairs_and_says_how_many(run: Callable[..., Any], serve: Any, tmp_path: Path) -> None:
    endpoint = serve(writer(stays_bad))
    summary, without = run(endpoint), run(endpoint, "--repairs", "0", output="without")
    asked, mended, still_bad = (summary["repairs"][name] for name in ("asked", "mended", "still_bad"))
    assert asked == mended + still_bad == summary["tokens"]["repair"]["calls"] and mended and still_bad
    assert summary["reasons"]["repair/no_question"] == still_bad
    assert asked == without["reasons"]["check/answer_not_in_document"]
    assert "check/answer_not_in_document" not in summary["reasons"]
    assert without["pairs"] < summary["pairs"]
    assert "repairs" not in without and "repair" not in without["stages"] and "repair" not in without["tokens"]
    # Where a reader finds it: the table, the report, each row.
    line = f"repair: {asked} asked again, {mended} mended, {still_bad} still bad"
    assert line in summary_table(summary, "out")
    assert line.capitalize() in Path(write_report(str(tmp_path / "out"))).read_text("utf-8")
    repaired = [row for row in rows(tmp_path / "out", "qa") if row["provenance"]["repaired"]]
    assert len(repaired) == summary["pairs"] - without["pairs"]
    assert {row["provenance"]["repaired"] for row in repaired} == {"answer_not_in_document"}
    assert all(
        [call["stage"] for call in row["provenance"]["calls"]][-3:] == ["synthesize", "repair", "verify"] for row in repaired
    )


def test_a_finished_run_resumed_repairs_nothing_again(run: Callable[..., Any], serve: Any, tmp_path: Path) -> None:
    endpoint = serve(writer(stays_bad))
    first, before = run(endpoint), rows(tmp_path / "out", "qa")
    again = run(endpoint, "--resume")
    assert again["tokens"]["total"]["calls"] == 0
    assert again["tokens"]["repair"]["replayed"] == first["repairs"]["asked"]
    assert again["repairs"] == first["repairs"]
    assert sorted(map(json.dumps, rows(tmp_path / "out", "qa"))) == sorted(map(json.dumps, before))


def test_a_repair_that_failed_is_replayed(run: Callable[..., Any], serve: Any, tmp_path: Path) -> None:
    broken, sound = serve(writer(lambda _: "no json")), serve(writer(lambda _: None))
    failed = run(broken)
    assert failed["errors"] == {"repair/ReplyInvalid": failed["repairs"]["asked"]}
    assert {row["item_type"] for row in rows(tmp_path / "out", "dead_letters")} == {"QAPair"}
    assert replay([str(tmp_path / "out"), "--endpoint", sound.url]) == OK
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert summary["balanced"] and summary["errors"] == {}
    assert summary["repairs"]["mended"] == failed["repairs"]["asked"]
    assert {asked.stage for asked in sound.asked if rules.is_task(asked.body["messages"])} == {"repair", "verify"}


def test_a_limit_counts_what_is_repaired(run: Callable[..., Any], serve: Any) -> None:
    summary = run(serve(writer(stays_bad)), "--target_accepted", "4")
    assert summary["pairs"] >= 4
    assert summary["stopped"] == "target_accepted"
