"""A run in which next to nothing passes a stage stops, says why, and keeps what is done."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.exit_codes import FAILED, OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.run.low_yield import REMEDIES, low_yield, low_yield_line
from beam_pipeline.summary.write_summary import summarise
from tests.benchmarks.corpus import write_documents
from tests.fakes.scripted_endpoint import Asked
from transforms.inference.scheduling.min_yield import LowYield

DOCUMENTS = 300


def inventing(asked: Asked) -> Any:
    """A model that keeps every document and whose answers stand in none."""
    if "Task:" not in asked.text:
        return {"ready": True}
    return {
        "filter": {"qualified": True, "reason": "ok"},
        "classify": {"domain": "Other", "personas": [{"name": "a clerk", "interest": "dates"}]},
        "synthesize": {
            "question": "Which town did Zebulon Quark leave?",
            "answer": "Xyzzyville",
            "answer_type": "place",
            "aliases": [],
        },
    }["synthesize" if asked.stage == "repair" else asked.stage]


def summary_of(output: Path) -> dict[str, Any]:
    return dict(json.loads((output / "summary.json").read_text("utf-8")))


@pytest.mark.integration
def test_a_stage_that_passes_nothing_stops_the_run_and_a_resumed_one_goes_on(
    tmp_path: Path, serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint, output = serve(inventing), tmp_path / "out"
    source = write_documents(tmp_path / "documents.jsonl", DOCUMENTS)
    arguments = ["--input", str(source), "--output", str(output), "--endpoint", endpoint.url, "--model", "m"]
    arguments += ["--concurrency", "4", "--near_duplicates", "0"]
    assert main(arguments) == OK
    first = summary_of(output)
    assert first["balanced"]
    assert (first["stopped"], first["min_stage_yield"]["stage"]) == ("min_stage_yield", "check")
    documents = first["documents"]
    assert documents["not_started"] > 20 and documents["dead_lettered"] == 0
    assert first["stages"]["repair"]["rejected"] >= 197
    rejected = [line for path in output.glob("rejected/*.jsonl") for line in path.read_text("utf-8").splitlines()]
    assert len(rejected) >= 197, "what is done is kept"
    assert not any(path.read_text("utf-8") for path in output.glob("dead_letters/*.jsonl"))
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("stopped:")]
    assert re.match(r"stopped: check passed 0 of its first \d+ elements \(0.0%\), and --min_stage_yield wants 2.0%; ", line)
    assert f"answer_not_in_document ({first['min_stage_yield']['number']}): the writer invents answers" in line
    assert f"{documents['not_started']} documents were not started" in line

    asked = len(endpoint.asked)
    assert main([*arguments, "--resume"]) == FAILED  # nothing was accepted, and no limit was the reason
    again = summary_of(output)
    assert "stopped" not in again and "not_started" not in again["documents"], "replies from the journal do not count"
    assert again["documents"]["rejected"] == DOCUMENTS
    assert len(endpoint.asked) - asked == 4 * DOCUMENTS - first["tokens"]["total"]["calls"] + 1


def test_where_the_stages_ran_elsewhere_the_counts_say_which_one(config: Any) -> None:
    counts = {"documents\taccepted": 1, "documents\tnot_started": 50, "stages\tscreen\trejected": 500}
    counts |= {"stages\tfilter\tpassed": 90, "stages\tfilter\trejected": 10}
    counts |= {"stages\tverify\tpassed": 1, "stages\tverify\trejected": 80, "stages\tverify\tdead_lettered": 10}
    counts |= {"reasons\tverify\tincorrect": 80, "errors\tverify\tTimedOut": 10}
    low = low_yield(summarise(counts), config())
    assert low == LowYield("verify", 1, 91, "incorrect", 80)
    assert REMEDIES["verify"] in low_yield_line(low, 0.02)
    assert low_yield(summarise(counts) | {"stopped": "max_cost"}, config()) is None
    assert low_yield(summarise({"documents\taccepted": 1}), config()) is None


@pytest.mark.parametrize("reason", ["a_reason_of_tomorrow", "answer_empty", "ReplyTruncated"])
def test_every_reason_has_a_remedy(reason: str) -> None:
    line = low_yield_line(LowYield("check", 0, 197, reason, 100), 0.02)
    assert line.endswith(REMEDIES.get(reason, REMEDIES["check"]))


def test_a_stream_takes_no_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--input", str(tmp_path), "--output", str(tmp_path / "out"), "--streaming", "--watch_until_s=1"]
    assert main([*given, "--min_stage_yield=0.1"]) == UNUSABLE
    assert "--min_stage_yield is for batches" in capsys.readouterr().err
