"""Whole runs with a review: they stop after a stage, and go on with what a person made of its rows; nothing is asked twice."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_pipeline.cli import main as command
from beam_pipeline.demo_endpoint import rules
from beam_pipeline.exit_codes import FAILED, OK, UNUSABLE
from beam_pipeline.main import main
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint
from tests.places import SAMPLE

pytestmark = pytest.mark.integration


class Judged:
    """The rules of the demo behind a counter: how often each stage asked, and whether anything was asked twice."""

    def __init__(self) -> None:
        self.stages: Counter[str] = Counter()
        self.prompts: Counter[str] = Counter()

    def __call__(self, asked: Asked) -> Any:
        said = rules.answer(asked.body["messages"])
        if said is None:
            return {"ready": True}  # the small question before a run
        self.stages[asked.stage] += 1
        self.prompts[json.dumps(asked.body["messages"])] += 1
        return said

    def since(self, before: Counter[str]) -> dict[str, int]:
        return dict(self.stages - before)


@pytest.fixture
def judged() -> Judged:
    return Judged()


@pytest.fixture
def run(tmp_path: Path, serve: Callable[..., ScriptedEndpoint], judged: Judged) -> Callable[..., dict[str, Any]]:
    """Run the first documents of the sample into `out`, or with `--resume` go on; the summary, whose counts close."""
    endpoint = serve(judged)
    few = tmp_path / "few.jsonl"
    few.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:12]), "utf-8")

    def start(*arguments: str, code: int = OK) -> dict[str, Any]:
        output = tmp_path / "out"
        begin = ["--resume", str(output)] if "resume" in arguments else ["--input", str(few), "--output", str(output)]
        own = [argument for argument in arguments if argument != "resume"]
        assert main([*begin, "--endpoint", endpoint.url, "--max_reasks", "0", "--report", "false", *own]) == code
        summary: dict[str, Any] = json.loads((output / "summary.json").read_text("utf-8"))
        assert summary["balanced"]
        return summary

    return start


def rows(output: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((output / kind).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


def write(path: Path, lines: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return str(path)


def test_a_run_stops_is_edited_and_goes_on_for_nothing(
    run: Callable[..., Any], judged: Judged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    stopped = run("--stop_after", "check")
    waiting = rows(out, "review")
    assert (stopped["stopped"], stopped["stop_after"], stopped["pairs"]) == ("stop_after", "check", 0)
    assert len(waiting) == stopped["stages"]["check"]["passed"] == stopped["tasks"]["unfinished"] > 10
    assert not any(stage.startswith(("verify", "repair")) for stage in judged.stages), "nobody is asked behind the stop"
    assert rows(out, "qa") == rows(out, "dead_letters") == []
    assert f"stopped after check: {len(waiting)} rows wait in review/" in capsys.readouterr().out
    assert command(["export", str(out), "--format", "trl", "--to", str(tmp_path / "export")]) == FAILED
    assert "the run stopped after check for its review, and --resume goes on" in capsys.readouterr().err

    assert command(["review", str(out), "--to", str(tmp_path / "edits.jsonl")]) == OK
    template = [json.loads(line) for line in (tmp_path / "edits.jsonl").read_text("utf-8").splitlines()]
    assert template == waiting
    struck, edited, spoilt, *_ = (row for row in template if not row.get("fault"))
    struck |= {"strike": True, "reason": "nobody would ask this"}
    edited["question"] = f"{edited['question'].rstrip('?')}, in one word?"
    spoilt["answer"] = "an answer of no document"
    edits = write(tmp_path / "edits.jsonl", [*template, {"id": "0123456789abcdef", "strike": True}])
    before, asked_once = judged.stages.copy(), judged.prompts.copy()

    went_on = run("resume", "--edits", edits)
    new = judged.since(before)
    assert new and set(new) <= {"repair", "verify", "verify_answer", "verify_question"}, "what came before is in the journal"
    assert judged.prompts and max((judged.prompts - asked_once).values()) == 1 and not asked_once & (judged.prompts - asked_once)
    said = capsys.readouterr()
    assert f"{edits}:{len(template) + 1}: check has no row" in said.err and "0123456789abcdef" in said.err
    assert f"edits: 1 rows struck, 2 edited, {len(template) - 3} left as they were, 1 not found" in said.out
    assert went_on["edits"]["unknown"] == 1 and "stopped" not in went_on and "stop_after" not in went_on
    [rejected] = [row for row in rows(out, "rejected") if row["reason"] == "struck_by_reviewer"]
    assert (rejected["stage"], rejected["detail"], rejected["item"]["id"]) == ("check", "nobody would ask this", struck["id"])
    assert went_on["reasons"]["check/struck_by_reviewer"] == 1
    assert went_on["reasons"]["check/answer_not_in_document"] == 1, "the rules look at an edited answer"
    [kept] = [row for row in rows(out, "qa") if row["provenance"]["edited"]]
    assert kept["question"] == edited["question"] and kept["id"] != edited["id"]
    assert kept["provenance"]["edited"] == ["question"] and kept["provenance"]["edited_from"] == edited["id"]
    assert not {struck["id"], spoilt["id"]} & {row["id"] for row in rows(out, "qa")}
    done = rows(out, "applied_edits")
    assert {row["id"] for row in done if row.get("struck")} == {struck["id"]}
    assert next(row for row in done if row["id"] == edited["id"])["to"] == {"question": edited["question"]}
    assert not (out / "review").exists(), "nothing waits any more"

    # Once more, as a replay would: the edits are among the options, and nothing at all is asked.
    kept_options = yaml.safe_load((out / "options.yaml").read_text("utf-8"))
    assert kept_options["edits"] == [edits] and kept_options["edits_stage"] == "check" and "stop_after" not in kept_options
    before, pairs = judged.stages.copy(), rows(out, "qa")
    again = run("resume")
    assert judged.since(before) == {} and again["tokens"]["total"]["calls"] == 0
    assert sorted(row["id"] for row in rows(out, "qa")) == sorted(row["id"] for row in pairs)


def test_two_rounds_at_two_stages(run: Callable[..., Any], judged: Judged, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("--stop_after", "filter")
    documents = rows(out, "review")
    assert documents and all("question" not in row and row["passage"] for row in documents)
    first = write(tmp_path / "first.jsonl", [{"id": documents[0]["id"], "strike": True}])
    run("resume", "--edits", first, "--stop_after", "classify")
    tasks = rows(out, "review")
    assert documents[0]["id"] not in {row["document_id"] for row in tasks}
    assert judged.stages["synthesize"] == 0
    second = write(
        tmp_path / "second.jsonl", [{"id": tasks[0]["id"], "stage": "classify", "strike": True, "reason": "no such reader"}]
    )
    summary = run("resume", "--edits", first, "--edits", second)
    assert summary["reasons"]["filter/struck_by_reviewer"] == summary["reasons"]["classify/struck_by_reviewer"] == 1
    assert summary["pairs"] and judged.stages["synthesize"] == len(tasks) - 1
    assert max(judged.prompts.values()) == 1


@pytest.mark.parametrize("stage", ["screen", "synthesize", "repair", "verify_question", "deduplicate", "pass_rate"])
def test_it_stops_after_any_stage(run: Callable[..., Any], tmp_path: Path, stage: str) -> None:
    more = ["--pass_rate_samples", "1"] if stage == "pass_rate" else []
    calls = ["--verify_calls", "2"] if stage == "verify_question" else ["--verify_calls", "1"]
    stopped = run("--stop_after", stage, *calls, *more)
    waiting = rows(tmp_path / "out", "review")
    assert waiting and {row["stage"] for row in waiting} == {stage}
    assert len(waiting) == stopped["stages"][stage]["passed"] and not stopped["pairs"]
    struck = write(tmp_path / "edits.jsonl", [{"id": waiting[0]["id"], "strike": True}])
    went_on = run("resume", "--edits", struck)
    assert went_on["reasons"][f"{stage}/struck_by_reviewer"] == 1 and went_on["pairs"]


def test_the_report_shows_the_rows(run: Callable[..., Any], tmp_path: Path) -> None:
    run("--stop_after", "check")
    assert command(["report", str(tmp_path / "out")]) == OK
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Rows to review" in page and "The run stopped after check" in page
    assert all(row["id"] in page for row in rows(tmp_path / "out", "review"))
    run("resume")
    assert command(["report", str(tmp_path / "out")]) == OK
    assert "Rows to review" not in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_what_cannot_be_used_ends_before_anything_is_asked(
    run: Callable[..., Any], judged: Judged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--stop_after", "check")
    before, waiting = judged.stages.copy(), rows(tmp_path / "out", "review")
    bad = write(tmp_path / "bad.jsonl", [{"id": waiting[0]["id"], "strike": True}, {"id": waiting[1]["id"], "anwser": "x"}])
    capsys.readouterr()
    run("resume", "--edits", bad, code=UNUSABLE)
    assert f"error: --edits {bad}:2: there is no field anwser; did you mean answer?" in capsys.readouterr().err
    assert judged.since(before) == {} and rows(tmp_path / "out", "review") == waiting, "the rows wait on"
    # What somebody has begun to edit is never written over.
    assert command(["review", str(tmp_path / "out"), "--to", bad]) == UNUSABLE
    assert "is there already, and may hold edits" in capsys.readouterr().err
    assert command(["review", str(tmp_path), "--to", str(tmp_path / "new.jsonl")]) == UNUSABLE
    assert "no run stopped there to be reviewed" in capsys.readouterr().err
    assert command(["review", str(tmp_path / "out"), "--to", str(tmp_path / "some.jsonl"), "--sample", "0.5"]) == OK
    assert 0 < len((tmp_path / "some.jsonl").read_text("utf-8").splitlines()) < len(waiting)
