"""The whole graph on real text, with the embedded endpoint or a scripted one."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beam_pipeline.main import FAILED, OK, main
from transforms.answers import answers_match
from transforms.check import find_leak
from transforms.grounding import find_in_text

SAMPLE = Path(__file__).resolve().parents[1] / "beam_pipeline" / "sample" / "documents.jsonl"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
pytestmark = pytest.mark.integration

ROW_FIELDS = {
    "qa": "id document_id source domain persona question answer answer_type aliases quote verdicts provenance",
    "rejected": "stage reason document_id persona item",
    "dead_letters": "stage error message where item attempts",
}


def rows(output: Path, kind: str) -> list[dict[str, Any]]:
    """All rows of one kind that a run wrote."""
    return [json.loads(line) for path in sorted((output / kind).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


def run(output: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command line; returns its exit code and the summary it wrote."""
    code = main(["--output", str(output), "--progress", "off", *arguments])
    return code, json.loads((output / "summary.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    output = tmp_path_factory.mktemp("sample")
    code, summary = run(output, "--input", str(SAMPLE))
    assert code == OK
    return output, summary


def test_the_sample_gives_pairs_over_most_domains(sample_run: tuple[Path, dict[str, Any]]) -> None:
    _, summary = sample_run
    assert summary["pairs"] >= 25
    assert sum(row.get("accepted", 0) > 0 for row in summary["domains"].values()) >= 6


def test_every_document_and_task_ends_in_one_place(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, summary = sample_run
    documents, tasks = summary["documents"], summary["tasks"]
    assert summary["balanced"]
    assert documents["read"] == len(SAMPLE.read_text("utf-8").splitlines())
    assert documents["read"] == documents["accepted"] + documents["rejected"] + documents["dead_lettered"]
    assert tasks["read"] == tasks["accepted"] + tasks["rejected"] + tasks["dead_lettered"]
    assert summary["pairs"] == len(rows(output, "qa")) == tasks["accepted"]
    assert sum(summary["reasons"].values()) == len(rows(output, "rejected"))
    assert summary["tokens"]["total"]["calls"] == sum(summary["tokens"][stage]["calls"] for stage in summary["tokens"]) / 2


def test_rows_have_the_promised_fields(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, _ = sample_run
    for kind in ("qa", "rejected"):
        for row in rows(output, kind):
            assert set(ROW_FIELDS[kind].split()) <= set(row)


def test_every_pair_is_grounded_and_does_not_leak(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, _ = sample_run
    texts = {row["id"]: row["text"] for row in map(json.loads, SAMPLE.read_text("utf-8").splitlines())}
    for row in rows(output, "qa"):
        text = texts[row["document_id"]]
        assert row["quote"] in text
        assert answers_match(row["answer"], row["answer"], row["answer_type"], row["aliases"])
        if row["answer_type"] != "yes_no":
            assert find_in_text(row["answer"], text, row["answer_type"]), row
        assert find_leak(row["question"], row["answer"], row["aliases"], text) is None, row


def test_provenance_names_every_model_and_prompt(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, _ = sample_run
    for row in rows(output, "qa"):
        calls = row["provenance"]["calls"]
        assert [call["stage"] for call in calls] == ["filter", "classify", "synthesize", "verify"]
        assert all(call["model"] == "demo-rules" and call["prompt_version"] >= 1 for call in calls)


def test_a_second_run_gives_the_same_ids_from_any_format(sample_run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    first = sorted(row["id"] for row in rows(sample_run[0], "qa"))
    packed = tmp_path / "documents.jsonl.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    code, _ = run(tmp_path / "out", "--input", str(packed), "--output_format", "parquet")
    found = [row for path in (tmp_path / "out" / "qa").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert code == OK
    assert sorted(row["id"] for row in found) == first


def test_a_finished_run_resumed_asks_nothing_and_gives_the_same(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, summary = sample_run
    before = sorted(row["id"] for row in rows(output, "qa"))
    code, again = run(output, "--input", str(SAMPLE), "--resume")
    assert code == OK
    assert again["tokens"]["total"]["calls"] == 0
    assert again["tokens"]["total"]["replayed"] == summary["tokens"]["total"]["calls"]
    assert sorted(row["id"] for row in rows(output, "qa")) == before


def test_bad_rows_cost_themselves_only(tmp_path: Path) -> None:
    good = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()][:4]
    lines = [
        b"\xef\xbb\xbf" + json.dumps(good[0]).encode() + b"\r",
        b'{"id": "broken", "text": ',
        b'{"id": "no text"}',
        b'{"id": "number", "text": 7}',
        b'{"id": "null byte", "text": "a\\u0000b"}',
        b'{"id": "latin-1", "text": "caf\xe9"}',
        b"",
        json.dumps(good[1]).encode(),
        b"[1, 2]",
        json.dumps({**good[1], "text": "Quite another text."}).encode(),
        json.dumps({"id": "long", "text": "The tower is 300 metres high. " * 170_000}).encode(),
        json.dumps(good[2]).encode(),
    ]
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"\n".join(lines))
    code, summary = run(tmp_path / "out", "--input", str(path))
    letters = {row["where"]: row["error"] for row in rows(tmp_path / "out", "dead_letters")}
    assert code == OK
    assert letters == {
        f"{path}:2": "InvalidJson",
        f"{path}:3": "MissingText",
        f"{path}:4": "WrongType",
        f"{path}:5": "NullByte",
        f"{path}:6": "InvalidUtf8",
        f"{path}:9": "WrongType",
        f"{path}:10": "DuplicateId",
    }
    assert summary["balanced"]
    assert summary["documents"]["read"] == 11
    reached = {row["document_id"] for kind in ("qa", "rejected") for row in rows(tmp_path / "out", kind)}
    assert reached == {row["id"] for row in good[:3]} | {"long"}


def test_nothing_accepted_is_a_failure_that_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "junk.jsonl"
    path.write_text('{"text": "Loading..."}\n{"text": "Home\\nAbout\\nContact"}\n', "utf-8")
    code, summary = run(tmp_path / "out", "--input", str(path))
    assert code == FAILED
    assert summary["balanced"]
    assert "nothing was accepted: screen/too_short (2)" in capsys.readouterr().out


def test_a_failing_stage_leaves_dead_letters_that_can_be_read(tmp_path: Path, serve: Any) -> None:
    endpoint = serve(lambda asked: "not json" if "Task:" in asked.text else {"ready": True})
    code, summary = run(tmp_path / "out", "--input", str(SAMPLE), "--endpoint", endpoint.url, "--model", "m", "--max_reasks", "0")
    letters = rows(tmp_path / "out", "dead_letters")
    assert code == FAILED
    assert summary["balanced"]
    assert Counter(row["error"] for row in letters) == {"ReplyInvalid": summary["documents"]["dead_lettered"]}
    assert {row["reply"] for row in letters} == {"not json"}
    assert all(row["item"]["text"] for row in letters)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the labelled documents, which are not part of the project")
def test_the_labelled_documents(tmp_path: Path) -> None:
    code, summary = run(tmp_path / "out", "--input", str(SHARED / "documents.jsonl"))
    labelled = {row["id"]: row for row in map(json.loads, (SHARED / "documents.jsonl").read_text("utf-8").splitlines())}
    accepted = {row["document_id"].partition("#")[0] for row in rows(tmp_path / "out", "qa")}
    early = {
        row["document_id"].partition("#")[0]
        for row in rows(tmp_path / "out", "rejected")
        if row["stage"] in ("read", "screen", "filter")
    }
    drop = {name for name, row in labelled.items() if row["expect"] == "drop"}
    keep = {name for name, row in labelled.items() if row["expect"] == "keep"}
    assert code == OK
    assert summary["documents"]["read"] == len(labelled) == 471
    assert summary["pairs"] >= 250
    assert len(drop - accepted) >= 0.8 * len(drop)
    assert len(keep - (early - accepted)) >= 0.95 * len(keep)
    for row in rows(tmp_path / "out", "qa"):
        text = labelled[row["document_id"].partition("#")[0]]["text"]
        assert find_leak(row["question"], row["answer"], row["aliases"], text) is None
