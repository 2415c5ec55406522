"""The command: files of a new folder, a table, one message a bad line, and a judge about what the rules cannot tell."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from beam_pipeline.reverify import command, grading
from beam_pipeline.reverify.command import main
from beam_pipeline.reverify.judging import Sample
from beam_pipeline.reverify.regrade import regrade
from beam_pipeline.reverify.rollouts import Rollout
from tests.fakes.exports import every_file, finished_run, pair
from tests.fakes.object_store import ObjectStore
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint
from transforms.said import said

QUESTION, ANSWER = "Who painted the ceiling of the Sistine Chapel?", "Michelangelo Buonarroti"


def rollout(completion: Any, reward: Any = 1, **changes: Any) -> dict[str, Any]:
    return {"prompt": QUESTION, "completion": completion, "answer": ANSWER, "answer_type": "name", "reward": reward, **changes}


ROLLOUTS = [
    rollout("It was \\boxed{Michelangelo Buonarroti}."),
    rollout("\\boxed{Michelangelo Buonarroti}", 0),
    rollout("\\boxed{Raphael}"),
    rollout("\\boxed{Michelangelo}"),
    rollout("So: \\boxed{Michelangelo}"),
    rollout("\\boxed{Michelangelo the younger, or his pupils}", 0),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_what_changed_is_written_and_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "rollouts.jsonl", ROLLOUTS)
    assert main(["rollouts.jsonl", "--output", "out"]) == 0
    assert every_file(folder / "out") == {"rollouts.jsonl", "changed.jsonl", "aliases.jsonl", "summary.json"}
    rows = lines_of(folder / "out" / "rollouts.jsonl")
    assert [(row["verdict"], row["new_reward"]) for row in rows] == [
        *[("right", 1.0), ("right", 1.0), ("wrong", 0.0)],
        *[("unsure", 0.0), ("unsure", 0.0), ("unsure", 0.0)],
    ]
    assert set(rows[0]) == {"id", "question_id", "old_reward", "verdict", "reason", "answer_read", "new_reward"}
    assert rows[2]["id"] == "rollouts.jsonl:3" and rows[2]["answer_read"] == "Raphael" and rows[2]["old_reward"] == 1.0
    changed = lines_of(folder / "out" / "changed.jsonl")
    assert [row["id"][-1] for row in changed] == list("2345") and changed[1]["response"] == "\\boxed{Raphael}"
    assert [row["alias"] for row in lines_of(folder / "out" / "aliases.jsonl")] == ["Michelangelo"]
    summary = json.loads((folder / "out" / "summary.json").read_text("utf-8"))
    assert summary["changes"] == {"agree": 1, "were 0, now right": 1, "were 1, now wrong": 1, "unsure": 3, "no old reward": 0}
    assert (summary["rollouts"], summary["questions"], summary["forms"], summary["lines_not_read"]) == (6, 1, "TRL", 0)
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "rollouts 6, questions 1 (TRL)"
    for line in (
        "agree                                            1    16.7%",
        "  of these were 1                                2    33.3%",
        "were 1, now wrong: not_named (1)",
        "  rollouts.jsonl:3: Michelangelo Buonarroti | Raphael",
        "the unsure are not paid; --judge_endpoint asks a judge about them",
        "aliases proposed: 1, in aliases.jsonl; read and edit it, then --apply it",
        "in out/: rollouts.jsonl, changed.jsonl, aliases.jsonl, summary.json",
    ):
        assert line in out
    assert any("s for a thousand rollouts" in line for line in out)


def test_at_most_five_examples_of_a_reason_on_one_line_each(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\\boxed{Raphael\x1b[2J \u202e\r\n of Urbino}"
    write(folder / "rollouts.jsonl", [rollout(hostile)] * 9)
    assert main(["rollouts.jsonl", "--output", "out"]) == 0
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if line.startswith("  rollouts.jsonl:")]) == 5
    assert all(line.isprintable() for line in out.splitlines()) and "Raphael\\x1b[2J \\u202e of Urbino" in out


def test_a_used_folder_is_refused_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "rollouts.jsonl", ROLLOUTS)
    (folder / "out").mkdir()
    (folder / "out" / "notes.txt").write_text("mine")
    assert main(["rollouts.jsonl", "--output", "out"]) == 2
    assert capsys.readouterr().err == "error: --output out: already holds files; name another folder\n"
    assert every_file(folder / "out") == {"notes.txt"}


def test_bad_lines_cost_a_message_each_and_twenty_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "rollouts.jsonl", [ROLLOUTS[0], *["{broken", "[1]", rollout(None)] * 10, "", ROLLOUTS[1]])
    assert main(["rollouts.jsonl", "--output", "out"]) == 0
    shown = capsys.readouterr()
    said = shown.err.splitlines()
    assert len(said) == 21 and said[-1] == "... and 10 more"
    assert said[0].startswith("rollouts.jsonl:2: not JSON") and said[2] == "rollouts.jsonl:4: no response"
    assert "rollouts 2, questions 1, lines that are none 30 (TRL)" in shown.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("none.jsonl",), "none.jsonl: no file matches"),
        (("rollouts.txt",), "rollouts.txt: the name does not tell JSON ("),
        (("empty.jsonl",), "empty.jsonl: holds no row"),
        (("broken.jsonl",), "broken.jsonl: holds no row: not JSON"),
        (("rollouts.jsonl", "--answer", "gold"), "--answer gold: no such column; it has prompt, completion, answer, answer_type"),
        (("odd.jsonl",), "odd.jsonl: no column for the response"),
        (("nulls.jsonl",), "nulls.jsonl: no line is a rollout"),
        ((), "which rollouts?"),
        (("rollouts.jsonl", "--least", "0"), "--least 0: must be at least 1"),
        (("rollouts.jsonl", "--judge_model", "m"), "--judge_endpoint and --judge_model go together"),
        (("rollouts.jsonl", "--judge_sample", "3"), "--judge_sample: there is no judge"),
        (("rollouts.jsonl", "--judge_endpoint", "host", "--judge_model", "m"), "--judge_endpoint: must begin with http"),
        (("rollouts.jsonl", "--pairs", "nowhere"), "nowhere: no .jsonl or .parquet file of accepted pairs"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_leaves_nothing(
    options: tuple[str, ...], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "rollouts.jsonl", ROLLOUTS)
    write(folder / "rollouts.txt", ROLLOUTS)
    write(folder / "empty.jsonl", [])
    write(folder / "broken.jsonl", ["{broken"])
    write(folder / "odd.jsonl", [{"odd": 1}])
    write(folder / "nulls.jsonl", [{"completion": None, "answer": None}])
    assert main([*options, "--output", "out"]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and says in errors[0]
    assert not (folder / "out").exists() or every_file(folder / "out") == set()


def test_compressed_files_parquet_and_several_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = json.dumps(ROLLOUTS[0]).encode()
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(line))
    (folder / "b.jsonl.zst").write_bytes(zstandard.compress(line))
    pq.write_table(pa.Table.from_pylist([ROLLOUTS[1]]), folder / "c.parquet")
    write(folder / "d.jsonl", [{"input": QUESTION, "output": "\\boxed{Raphael}", "gts": ANSWER, "score": -1.0}])
    assert main(["*.jsonl.*", "c.parquet", "d.jsonl", "--output", "out"]) == 0
    assert [row["id"] for row in lines_of(folder / "out" / "rollouts.jsonl")] == [
        *["a.jsonl.gz:1", "b.jsonl.zst:1", "c.parquet:row 1", "d.jsonl:1"]
    ]
    assert "rollouts 4, questions 1 (TRL and verl)" in capsys.readouterr().out


def test_an_object_store_gets_whole_files_or_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "rollouts.jsonl", ROLLOUTS)
    assert main(["rollouts.jsonl", "--output", f"store:/{folder / 'out'}"]) == 0
    assert every_file(folder / "out") == {"rollouts.jsonl", "changed.jsonl", "aliases.jsonl", "summary.json"}
    ObjectStore.failing.add("rename")
    try:
        assert main(["rollouts.jsonl", "--output", f"store:/{folder / 'failed'}"]) == 2
    finally:
        ObjectStore.failing.clear()
    assert "failed: cannot be written: the store is away: rename" in capsys.readouterr().err
    assert every_file(folder / "failed") == set()


def test_rewards_that_nobody_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "rollouts.jsonl", [rollout("\\boxed{Michelangelo Buonarroti}", None)])
    assert main(["rollouts.jsonl", "--output", "out"]) == 0
    assert "there is no old reward to compare with; --reward names its column" in capsys.readouterr().out
    assert lines_of(folder / "out" / "changed.jsonl") == []


def test_a_run_gives_type_aliases_and_id_to_what_has_none(folder: Path) -> None:
    row = pair(1)
    finished_run(folder / "run", [row])
    logged = {"input": f"user\n{row['question']}\nassistant\n", "output": "\\boxed{1 km3}", "gts": row["answer"], "score": 1.0}
    write(folder / "1.jsonl", [logged])
    assert main(["1.jsonl", "--pairs", "run", "--output", "out"]) == 0
    (graded,) = lines_of(folder / "out" / "rollouts.jsonl")
    assert graded["question_id"] == row["id"] and graded["verdict"] == "right"


def test_several_processes_say_the_same_in_the_same_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "_WORTH_PROCESSES", 4)
    write(folder / "rollouts.jsonl", ROLLOUTS * 60)
    for processes in ("1", "2"):
        assert main(["rollouts.jsonl", "--processes", processes, "--output", f"out{processes}"]) == 0
    assert (folder / "out1" / "rollouts.jsonl").read_bytes() == (folder / "out2" / "rollouts.jsonl").read_bytes()


# --- a judge


def reply(asked: Asked) -> str:
    return json.dumps({"correct": "pupils" not in asked.text and "Raphael" not in asked.text})


def test_a_judge_decides_what_is_unsure(
    folder: Path, serve: Callable[..., ScriptedEndpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = serve(reply)
    write(folder / "rollouts.jsonl", ROLLOUTS)
    options = ("--judge_endpoint", endpoint.url, "--judge_model", "m")
    assert main(["rollouts.jsonl", "--output", "out", *options]) == 0
    rows = lines_of(folder / "out" / "rollouts.jsonl")
    assert [row["new_reward"] for row in rows] == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    assert [row.get("judge") for row in rows] == [None, None, None, "right", "right", "wrong"]
    assert not any(told in asked.text for asked in endpoint.asked for told in ("Raphael", "{Michelangelo Buonarroti}"))
    assert [row["id"][-1] for row in lines_of(folder / "out" / "disagreements.jsonl")] == list("456")
    assert lines_of(folder / "out" / "aliases.jsonl")[0]["accepted_by"] == "judge"
    out = capsys.readouterr().out
    assert (
        "unsure -> right                                  2" in out
        and "unsure -> wrong                                  1" in out
    )
    assert "unsure                                           0     0.0%" in out


def test_a_sample_of_the_others_is_asked_about_and_changes_no_reward(
    folder: Path, serve: Callable[..., ScriptedEndpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = serve(lambda asked: json.dumps({"correct": True}))
    write(folder / "rollouts.jsonl", ROLLOUTS)
    options = ("--judge_endpoint", endpoint.url, "--judge_model", "m", "--judge_sample", "1")
    assert main(["rollouts.jsonl", "--output", "out", *options]) == 0
    assert lines_of(folder / "out" / "rollouts.jsonl")[2]["new_reward"] == 0.0
    out = capsys.readouterr().out
    assert "right -> right                                   1" in out
    assert "wrong -> right                                   1\n  rollouts.jsonl:3: Michelangelo Buonarroti | Raphael" in out
    assert {row["id"][-1] for row in lines_of(folder / "out" / "disagreements.jsonl")} == set("3456")


def test_a_judge_without_a_verdict_leaves_no_reward(folder: Path, serve: Callable[..., ScriptedEndpoint]) -> None:
    endpoint = serve(lambda asked: json.dumps({"correct": True}) if "France" in asked.text else "hm")
    write(folder / "rollouts.jsonl", ROLLOUTS)
    assert main(["rollouts.jsonl", "--output", "out", "--judge_endpoint", endpoint.url, "--judge_model", "m"]) == 0
    assert [row["new_reward"] for row in lines_of(folder / "out" / "rollouts.jsonl")][3:] == [None] * 3
    assert json.loads((folder / "out" / "summary.json").read_text())["changes"]["unsure"] == 3


def test_a_judge_that_cannot_judge_is_found_before_anything_is_read(
    folder: Path, serve: Callable[..., ScriptedEndpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = serve(lambda asked: "hm")
    write(folder / "rollouts.jsonl", ROLLOUTS)
    assert main(["rollouts.jsonl", "--output", "out", "--judge_endpoint", endpoint.url, "--judge_model", "m"]) == 2
    assert f"error: --judge_endpoint {endpoint.url}: m gives no verdict on a trial" in capsys.readouterr().err


def test_a_sample_is_bounded_and_the_same_each_time() -> None:
    graded = list(regrade(Rollout(f"f:{number}", "q", "", "\\boxed{7}", "7", "number") for number in range(50)))
    drawn = []
    for _ in range(2):
        sample = Sample(5)
        for item in graded:
            sample.add(item)
        drawn.append([item.rollout.where for item in sample.items()])
    assert drawn[0] == drawn[1] and len(drawn[0]) == 5


# --- a person at a terminal, and whatever a file holds


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_at_a_terminal_and_wiped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "rollouts.jsonl", ROLLOUTS)
    monkeypatch.setattr(command, "_DRAWN_EVERY_S", 0.0)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert main(["rollouts.jsonl", "--output", "out"]) == 0
    assert "graded 5 | " in terminal.getvalue() and terminal.getvalue().endswith("\r\x1b[K")


def test_ctrl_c_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    write(folder / "rollouts.jsonl", ROLLOUTS)
    monkeypatch.setattr("beam_pipeline.reverify.write_graded.Tally.add", interrupted)
    assert main(["rollouts.jsonl", "--output", "out"]) == 130
    assert capsys.readouterr().err == "stopped; nothing was written\n"
    assert not (folder / "out").exists() or every_file(folder / "out") == set()


HALF = b'{"completion": "\\ud800", "answer": "\\ud800", "reward": 1e999}'  # of a surrogate pair
OBJECTS = st.dictionaries(st.sampled_from(list(ROLLOUTS[0])), st.text() | st.integers() | st.none())
LINES = st.lists(
    st.binary(max_size=60)
    | st.sampled_from([json.dumps(row).encode() for row in ROLLOUTS])
    | st.sampled_from([b"[" * 3000, HALF, b"\xff\xfe", b"null", b"\0"])
    | OBJECTS.map(lambda row: json.dumps(row).encode()),
    max_size=6,
)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_no_line_however_odd_breaks_the_command(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "rollouts.jsonl").write_bytes(json.dumps(ROLLOUTS[0]).encode() + b"\n" + b"\n".join(lines))
    code = main([str(folder / "rollouts.jsonl"), "--output", str(folder / "out")])
    assert code == 0 and lines_of(folder / "out" / "rollouts.jsonl")[0]["verdict"] == "right"


def test_a_shown_text_is_short_and_harmless() -> None:
    assert said("a\tb\n c", 80) == "a b c"
    assert said("x" * 100, 10) == "xxxxxxx..."
    assert said("\x1b]0;t\x07\u200f\ud800", 80).isascii()
    assert len(said("\x07" * 10_000, 80)) == 80
