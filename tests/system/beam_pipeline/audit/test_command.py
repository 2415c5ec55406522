"""`webscale-qa audit` on real files: what it finds, the folder it leaves, its copies, its report, a model, what it refuses."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beam_pipeline.audit import clean_copy
from beam_pipeline.audit.command import main
from beam_pipeline.doubt.command import main as doubt
from beam_pipeline.export.command import main as export
from beam_pipeline.main import main as run
from beam_pipeline.replay import main as replay
from beam_pipeline.report.write import main as report
from tests.fakes.hostile import EVIL
from tests.fakes.scripted_endpoint import Answer, Asked

GOOD = {"question": "In which year was the Harrow Bridge opened?", "answer": "1907"}
ROWS = [
    GOOD,
    {"question": "In what year did the Harrow Bridge open?", "answer": "1907"},
    {"question": "Which river is the Seine of Paris?", "answer": "the Seine"},
    {"question": "According to the text, who is currently the mayor of Ghent?", "answer": "Ann Lee"},
    {"question": "What is the tallest mountain of the Alps?", "answer": "Mont Blanc"},
    {"question": "What gas do plants take in?", "answer": ""},
]
pytestmark = pytest.mark.integration


def write(path: Path, rows: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(row if isinstance(row, str) else f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def read(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((folder / kind).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


def test_what_is_wrong_with_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "set.jsonl", [*ROWS, "{broken\n", {"answer": "no question"}])
    benchmark = write(tmp_path / "bench.jsonl", [{"question": "What is the tallest mountain of the Alps?"}])
    arguments = [str(data), "--output", str(tmp_path / "out"), "--benchmarks", str(benchmark), "--clean", str(tmp_path / "clean")]
    assert main([*arguments, "--report=false"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("rows 8 in 1 file (questions and answers)\n") and "near_duplicate_question" in out
    assert [row["question"] for row in read(tmp_path / "out", "qa")] == [GOOD["question"]]
    reasons = {row["where"].rpartition(":")[2]: row["reason"] for row in read(tmp_path / "out", "rejected")}
    assert reasons.pop("2") == "near_duplicate_question" and reasons.pop("4").startswith("question_")
    assert reasons.pop("5").startswith("benchmark_") and reasons.pop("6") == "answer_empty"
    assert {row["error"] for row in read(tmp_path / "out", "dead_letters")} == {"InvalidJson", "MissingText"}
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["balanced"] and summary["documents"]["read"] == 8 and summary["documents"]["dead_lettered"] == 2
    assert summary["audit"]["rows"] == {"clean": summary["pairs"], "flagged": 6 - summary["pairs"]}
    assert "| duplicates | near_duplicate_question | 1 |" in (tmp_path / "out" / "audit.md").read_text()
    kept = (tmp_path / "clean" / "set.jsonl").read_text("utf-8").splitlines()
    assert kept == [
        json.dumps(row) for row in ROWS if row["question"] in {row["question"] for row in read(tmp_path / "out", "qa")}
    ]


def test_parquet_of_a_hub_keeps_its_schema_in_the_copy(tmp_path: Path) -> None:
    schema = pa.schema([("question", pa.string()), ("answer", pa.string()), ("level", pa.int8())])
    table = pa.Table.from_pylist([{**row, "level": 3} for row in ROWS], schema)
    (tmp_path / "hub" / "data").mkdir(parents=True)
    pq.write_table(table, tmp_path / "hub" / "data" / "train-00000-of-00001.parquet")
    out, clean = tmp_path / "out", tmp_path / "clean"
    assert main([str(tmp_path / "hub"), f"--output={out}", f"--clean={clean}", "--report=false", "--ignore=answer_empty"]) == 0
    (copy,) = clean.rglob("*.parquet")
    copied = pq.read_table(copy)
    assert copied.schema == schema and copied["question"][0].as_py() == GOOD["question"]
    assert "What gas do plants take in?" in copied["question"].to_pylist()


def test_long_rows_of_parquet_are_copied_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beam_pipeline.audit.clean_copy.ROW_GROUP_BYTES", 10_000)
    rows = [{"question": f"Who won race number {n} of 1907?", "answer": "Ann Lee", "page": "x" * 1000} for n in range(100)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "set.parquet")
    clean = tmp_path / "clean"
    arguments = [str(tmp_path / "set.parquet"), f"--output={tmp_path / 'out'}", f"--clean={clean}", "--report=false"]
    assert main([*arguments, "--near_duplicate_questions=false"]) == 0
    copied = pq.ParquetFile(clean / "set.parquet")
    assert copied.read().to_pylist() == rows and 5 < copied.metadata.num_row_groups <= 10


def _as_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["question", "answer"])
        writer.writeheader()
        writer.writerows(ROWS)


def _as_arrow(path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


def _as_one_value(path: Path) -> None:
    path.write_text(json.dumps(ROWS, indent=1), "utf-8")


@pytest.mark.parametrize(("name", "made"), [("set.csv", _as_csv), ("set.arrow", _as_arrow), ("set.json", _as_one_value)])
def test_a_data_set_of_another_layout(tmp_path: Path, name: str, made: Callable[[Path], None]) -> None:
    made(tmp_path / name)
    out, clean = tmp_path / "out", tmp_path / "clean"
    assert main([str(tmp_path / name), f"--output={out}", f"--clean={clean}", "--report=false"]) == 0
    assert len(read(out, "rejected")) == 4 and not read(out, "dead_letters")
    (copy,) = (path for path in clean.rglob("*") if path.is_file())
    assert copy.name == ("set.json" if name == "set.json" else "set.jsonl")
    kept = [json.loads(line) for line in copy.read_text("utf-8").splitlines()]
    assert kept == [row for row in ROWS if row["question"] in {row["question"] for row in read(out, "qa")}] != []


def test_a_copy_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(clean_copy._COPIES, "jsonl", full)
    data, out = write(tmp_path / "set.jsonl", ROWS), tmp_path / "out"
    assert main([str(data), f"--output={out}", f"--clean={tmp_path / 'clean'}", "--report=false"]) == 1
    said = capsys.readouterr()
    assert said.err.splitlines()[-1].startswith(f"error: --clean {tmp_path / 'clean'}: ") and "No space left" in said.err
    assert "rows 6 in 1 file" in said.out and (out / "audit.md").exists()


def test_a_large_set_is_looked_at_in_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beam_pipeline.audit.command._WORTH_PROCESSES_BYTES", 1)
    monkeypatch.setattr("beam_pipeline.audit.command.cpus", lambda: 2)
    data = write(tmp_path / "set.jsonl", [*ROWS, *({**GOOD, "question": f"Who won race number {n} of 1907?"} for n in range(50))])
    assert main([str(data), "--output", str(tmp_path / "out"), "--report=false"]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["balanced"] and summary["documents"]["read"] == 56


def test_what_it_leaves_can_be_exported_drawn_and_not_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "set.jsonl", [*ROWS, {"question": f"{EVIL} who?", "answer": EVIL, "subject": EVIL}])
    out = tmp_path / "out"
    assert main([str(data), "--output", str(out)]) == 0
    page = (out / "report.html").read_text("utf-8")
    assert "webscale-qa: audit of a data set" in page and "What a reward can check" in page and "near_duplicate_question" in page
    assert "<script>alert(1)" not in page and "<img src=x" not in page
    assert "<script>" not in (out / "audit.md").read_text()
    assert report([str(out)]) == 0
    assert export([str(out), "--format", "trl", "--to", str(tmp_path / "trl"), "--validation_share", "0"]) == 0
    assert export([str(out), "--format", "hf", "--to", str(tmp_path / "hf")]) == 0
    card = (tmp_path / "hf" / "README.md").read_text()
    assert "## Audit" in card and "near_duplicate_question" in card
    capsys.readouterr()
    assert replay([str(out)]) == 2 and "was written by an audit" in capsys.readouterr().err


def test_a_model_is_asked_only_about_rows_without_a_finding(tmp_path: Path, serve: Callable[..., Any]) -> None:
    data = write(tmp_path / "set.jsonl", ROWS)
    seen: list[str] = []

    def script(asked: Asked) -> Answer:
        if asked.stage == "pass_rate":
            seen.append(asked.text)
        return Answer(json.dumps({"reasoning": "", "answer": "1907", "ready": True}))

    endpoint = serve(script)
    arguments = [str(data), "--output", str(tmp_path / "out"), "--endpoint", endpoint.url, "--model", "m", "--report=false"]
    prices = ["--price_in", "1000", "--price_out", "1000"]
    assert main([*arguments, "--pass_rate_samples", "2", "--min_pass_rate", "0.5", *prices]) == 0
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["cost"]["total"] > 0
    rows = read(tmp_path / "out", "qa")
    assert [(row["question"], row["pass_rate"]) for row in rows] == [(GOOD["question"], 1.0)]
    assert not any("mayor of Ghent" in text for text in seen)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["audit"]["findings"]["difficulty"] == {"too_hard": summary["audit"]["groups"]["difficulty"]}
    assert summary["balanced"] and summary["tokens"]["pass_rate"]["calls"] == len(seen)


BRIDGES = [
    {
        "question": f"In which year was the bridge over the river {name} opened?",
        "answer": str(1900 + number),
        "context": f"The bridge over the river {name} was opened in {1900 + number}.",
    }
    for number, name in enumerate("Alna Brede Cure Dore Esk Frome Glyme Hamble Ithon Jed Kale Lune".split())
]


def test_models_read_answer_and_ask_back_and_doubtful_keys_are_found(
    tmp_path: Path, serve: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The key of the last row is wrong; nobody knows the first; the second has no document; the third asks back."""
    rows = [dict(row) for row in BRIDGES]
    rows[-1] |= {"answer": "1950", "context": f"{rows[-1]['context']} It was mended in 1950."}
    del rows[1]["context"]
    data = write(tmp_path / "set.jsonl", rows)

    def script(asked: Asked) -> Answer:
        number = next((at for at, row in enumerate(BRIDGES) if str(row["question"]) in asked.text), -1)
        year = "1812" if number == 0 and asked.stage == "pass_rate" else str(1900 + number)
        which = {"ask_back": "Which of its bridges?", "missing": "which"}
        replies = {
            "ask_back": which if number == 2 else {"ask_back": "", "missing": "nothing"},
            "round_trip": {"answer": year},
            "pass_rate": {"reasoning": "", "answer": year},
        }
        return Answer(json.dumps(replies.get(asked.stage, {"ready": True})))

    endpoint, out = serve(script), tmp_path / "out"
    # What the rules say of the rows is not asked here.
    ignored = "--ignore=answer_in_question,question_place_unclear,question_context_missing"
    models = [f"--endpoint={endpoint.url}", "--model=m", "--ask_back", "--round_trip=true", "--pass_rate_samples=2"]
    arguments = [str(data), f"--output={out}", "--document=context", "--near_duplicate_questions=false", ignored, *models]
    assert main(arguments) == 0
    reasons = {row["where"].rpartition(":")[2]: row["reason"] for row in read(out, "rejected")}
    assert reasons == {"3": "ask_back_which", "12": "round_trip_disagrees"}
    asked_once = len(endpoint.asked)
    assert sum(asked.stage == "round_trip" for asked in endpoint.asked) == 10, "not of the row without a document"
    summary = json.loads((out / "summary.json").read_text())
    assert summary["balanced"] and summary["audit"]["findings"]["keys"] == {"round_trip_disagrees": 1}
    assert summary["audit"]["findings"]["questions"] == {"ask_back_which": 1}
    assert summary["key_doubt"]["rows"] == 11 and summary["key_doubt"]["unanswered"] == 1
    assert "wrong keys: " in capsys.readouterr().out and "Keys in doubt" in (out / "report.html").read_text("utf-8")
    assert "- Wrong keys" in (out / "audit.md").read_text("utf-8")
    assert doubt([str(out), "--most=1"]) == 0
    assert "1950" in capsys.readouterr().out
    assert main([*arguments, "--resume", "--min_key_confidence=0.5", "--report=false"]) == 0
    # One small question to each model comes before every run.
    assert len(endpoint.asked) - asked_once <= 3, "what was paid for is not asked again"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set.jsonl", "--demo", "--round_trip=true"], "--round_trip: no document is known to read"),
        (["set.jsonl", "--ask_back"], "--ask_back: no endpoint is named"),
        (["nothing.jsonl"], "nothing.jsonl: no file matches"),
        (["set.jsonl", "--question", "prompt"], "--question prompt: no such column; there is question, answer"),
        (["set.jsonl", "--languages", "de"], "--languages: is for runs over documents"),
        (["set.jsonl", "--pass_rate_samples", "4"], "--pass_rate_samples: no endpoint is named"),
        (["set.jsonl", "--endpoint", "http://localhost:1/v1"], "--endpoint: no question is put to a model"),
        (["set.jsonl", "--streaming"], "--streaming: an audit looks at a whole data set"),
        (["set.jsonl", "--benchmarks", "none.jsonl"], "--benchmarks: none.jsonl: no file matches"),
        (["set.jsonl", "--clean", "full"], "--clean full: already holds files"),
        (["set.jsonl", "--wrong"], "unknown option --wrong"),
        (["set.txt"], "set.txt: the name does not tell JSON ("),
        ([], "the following arguments are required: DATASET"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    write(tmp_path / "set.jsonl", ROWS)
    write(tmp_path / "full" / "x", ["x"])
    write(tmp_path / "set.txt", ["x"])
    assert main([*arguments, "--output", "out"]) == 2
    shown = capsys.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1 and shown.out == "" and not (tmp_path / "out").exists()


def test_an_audit_goes_on_with_the_same_data_set_and_no_run_with_an_audit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, other = (write(tmp_path / f"{name}.jsonl", ROWS[:2]) for name in ("first", "other"))
    out = f"--output={tmp_path / 'out'}"
    assert main([str(first), out, "--report=false"]) == 0
    assert main([str(first), out, "--report=false", "--resume"]) == 0
    assert main([str(other), out, "--report=false", "--resume"]) == 2
    assert f"was made from the data set {first}" in capsys.readouterr().err
    assert run([f"--input={other}", out, "--demo", "--resume"]) == 2
    assert "was made by an audit" in capsys.readouterr().err
    assert [row["question"] for row in read(tmp_path / "out", "qa")] == [GOOD["question"]]
