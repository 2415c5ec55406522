"""From a run to a trainer's rollouts and back: graded again, aliases proposed, applied, exported, and then paid."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.export.command import main as export
from beam_pipeline.main import main as run_pipeline
from tests.fakes.exports import written_rows
from tests.places import SAMPLE

PROGRAM = str(Path(sys.executable).with_name("webscale-qa"))


def reverify(*arguments: str, cwd: Path) -> str:
    done = subprocess.run([PROGRAM, "reverify", *arguments], cwd=cwd, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.integration
def test_an_alias_goes_from_rollouts_to_the_next_export(tmp_path: Path) -> None:
    assert run_pipeline(["--demo", "--input", str(SAMPLE), "--output", str(tmp_path / "out")]) == 0
    assert export([str(tmp_path / "out"), "--format", "verl", "--to", str(tmp_path / "verl"), "--allow_demo"]) == 0
    pairs = {row["answer"]: row for row in rows_of(next((tmp_path / "out" / "qa").glob("*.jsonl")))}
    stored = pairs["Total revenue"]
    # What verl logs of its rollouts: neither type nor aliases nor id.
    said = ["\\boxed{Total revenue}", "\\boxed{sales revenue}", "That is \\boxed{sales revenue}.", "\\boxed{profit}"]
    rewards = [0.0, 1.0, 1.0, 1.0]
    with open(tmp_path / "1.jsonl", "w", encoding="utf-8") as file:
        for response, reward in zip(said * 600, rewards * 600, strict=True):  # enough for several processes
            asked = f"system\nBe brief.\nuser\n{stored['question']}\nassistant\n"
            file.write(
                json.dumps({"input": asked, "output": response, "gts": stored["answer"], "score": reward, "step": 1}) + "\n"
            )
    out = reverify("1.jsonl", "--pairs", "out", "--output", "graded", "--processes", "2", cwd=tmp_path)
    assert out.startswith("rollouts 2,400, questions 1 (verl)\n") and "were 1, now wrong                              600" in out
    (proposal,) = rows_of(tmp_path / "graded" / "aliases.jsonl")
    assert (proposal["id"], proposal["alias"], proposal["responses"]) == (stored["id"], "sales revenue", 2)
    assert "aliases added 1," in reverify("--apply", "graded/aliases.jsonl", "--to", "out", "--output", "new", cwd=tmp_path)
    assert "unsure                                           0" in reverify(
        "1.jsonl", "--pairs", "new", "--output", "again", cwd=tmp_path
    )
    assert export([str(tmp_path / "new"), "--format", "verl", "--to", str(tmp_path / "verl2"), "--allow_demo"]) == 0
    exported = [row["extra_info"] for split in ("train", "validation") for row in written_rows(tmp_path / "verl2", split)]
    assert [row["aliases"] for row in exported if row["id"] == stored["id"]] == [["sales revenue"]]
    assert len(exported) == len(rows_of(next((tmp_path / "out" / "qa").glob("*.jsonl"))))
