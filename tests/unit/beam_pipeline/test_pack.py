import json
from pathlib import Path

import pytest

from beam_pipeline.pack import main
from beam_pipeline.reading.packs import read_facts, read_pack


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [
        {"id": "x", "question": "How many moons has Mars?", "answer": "2"},
        {"ask": "Why is it?", "question": "What is Mars?"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "b.jsonl").write_text('{"other": 1}\n')
    (tmp_path / "old.pack").write_text("here")
    return tmp_path


def test_a_pack_is_made_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a.jsonl", "a.js*", "--output", "out.pack", "--pack_version", "2024-05"]) == 0
    facts = read_facts("out.pack")
    assert capsys.readouterr().out == f"out.pack: out 2024-05, 2 items, digest {facts.digest}\n"
    assert [item.name for item in read_pack("out.pack")] == ["out 2024-05: a.jsonl:1 (x)", "out 2024-05: a.jsonl:2"]


def test_name_and_fields(folder: Path) -> None:
    assert main(["a.jsonl", "--output", "out.pack", "--name", "mars", "--fields", "ask"]) == 0
    assert [item.name for item in read_pack("out.pack")] == [f"mars {read_facts('out.pack').digest}: a.jsonl:2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.jsonl", "--output", "out.parquet"], "--output out.parquet: the name must end in .pack, by which a pack is known"),
        (["a.jsonl", "--output", "old.pack"], "--output old.pack: is there already; name another file, or move it away"),
        (
            ["a.jsonl", "--output", "new.pack", "--name", "a b"],
            "--name a b: may have letters, digits and . _ + - in it, up to 80",
        ),
        (["a.jsonl", "--output", "new.pack", "--pack_version", "1\n2"], "--pack_version 1 2: may have"),
        (["none.jsonl", "--output", "new.pack"], "none.jsonl: no file matches"),
        (["a.jsonl", "old.pack", "--output", "new.pack"], "old.pack: is a pack already; --benchmarks takes several"),
        (["a.jsonl", "b.jsonl", "--output", "new.pack"], "b.jsonl:1: no field that is known to hold a question"),
        (["a.jsonl", "--output", "a.jsonl/new.pack"], "--output a.jsonl/new.pack: cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_no_pack(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and message in said.err and said.err.count("error: ") == 1
    assert not (folder / "new.pack").exists() and (folder / "old.pack").read_text() == "here"
