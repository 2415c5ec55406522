"""Aliases applied to a run: added by the rules, everything else as it was, nothing written in place."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beam_pipeline.export.command import main as export
from beam_pipeline.output.kinds import SCHEMAS
from beam_pipeline.reverify.command import main
from tests.fakes.exports import every_file, finished_run, pair, write_rows, written_rows

ROWS = [pair(number) for number in range(1, 4)]
FIRST = ROWS[0]


def apply(folder: Path, *proposals: Any, file_format: str = "jsonl") -> list[dict[str, Any]]:
    """The rows of a run after these lines were applied."""
    run = finished_run(folder / "run", ROWS, file_format, shards=2)
    before = {name: (run / name).read_bytes() for name in every_file(run)}
    lines = [line if isinstance(line, str) else json.dumps(line) for line in proposals]
    (folder / "aliases.jsonl").write_text("\n".join(lines), "utf-8")
    assert main(["--apply", str(folder / "aliases.jsonl"), "--to", str(run), "--output", str(folder / "new")]) == 0
    assert {name: (run / name).read_bytes() for name in every_file(run)} == before
    assert every_file(folder / "new") == {*every_file(run), "applied_aliases.jsonl"}
    found = []
    for path in sorted((folder / "new" / "qa").iterdir()):
        found += pq.read_table(path).to_pylist() if path.suffix == ".parquet" else map(json.loads, path.read_text().splitlines())
    return sorted(found, key=lambda row: str(row["document_id"]))


def test_an_alias_is_added_to_its_pair_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = apply(tmp_path, {"id": FIRST["id"], "answer": FIRST["answer"], "alias": "1 km³ of rock", "keep": True})
    assert rows == [{**FIRST, "aliases": ["1 km3", "1 km³ of rock"]}, *ROWS[1:]]
    shown = capsys.readouterr()
    assert shown.out.startswith("aliases added 1, refused 0, of unknown pairs 0, not to keep 0, lines not read 0\npairs 3, in ")
    assert shown.err == ""
    (line,) = (tmp_path / "new" / "applied_aliases.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["alias"] == "1 km³ of rock"


def test_what_is_not_added_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = apply(
        tmp_path,
        {"id": FIRST["id"], "alias": "rock"},
        {"id": FIRST["id"], "alias": "1 KM3"},
        {"id": FIRST["id"], "answer": "2 litres", "alias": "2 l"},
        {"id": "nobody", "alias": "1 l"},
        {"id": FIRST["id"], "alias": "\x1b[31m 1 cubic kilometre of ash and rock", "keep": False},
        {"id": FIRST["id"]},
        "{broken",
    )
    assert rows == ROWS
    shown = capsys.readouterr()
    assert shown.out.startswith("aliases added 0, refused 3, of unknown pairs 1, not to keep 1, lines not read 2\n")
    for said in (
        "aliases.jsonl:1: rock is not added: it has no number",
        "aliases.jsonl:2: 1 KM3 is not added: the pair has it already",
        "aliases.jsonl:3: 2 l is not added: the pair's answer is 1 cubic kilometres",
        "has no pair nobody",
        "aliases.jsonl:6: no alias",
        "aliases.jsonl:7: not JSON",
    ):
        assert said in shown.err


def test_a_pair_without_a_known_id_is_found_by_question_and_answer(tmp_path: Path) -> None:
    line = {"id": "a hash", "question": FIRST["question"].upper(), "answer": FIRST["answer"], "alias": "1.0 km^3 of rock"}
    assert apply(tmp_path, line)[0]["aliases"] == ["1 km3", "1.0 km^3 of rock"]


def test_parquet_stays_parquet_and_can_be_exported(tmp_path: Path) -> None:
    rows = apply(tmp_path, {"id": FIRST["id"], "alias": "1 km³ of rock"}, file_format="parquet")
    assert rows[0]["aliases"] == ["1 km3", "1 km³ of rock"]
    assert rows[1] == pq.read_table(next((tmp_path / "run" / "qa").glob("*1-of*"))).to_pylist()[0]
    path = next((tmp_path / "new" / "qa").iterdir())
    assert pq.read_schema(path).remove_metadata() == SCHEMAS["qa"].remove_metadata()
    options = ("--format", "trl", "--validation_share", "0", "--to", str(tmp_path / "trl"))
    assert export([str(tmp_path / "new"), *options]) == 0
    assert {tuple(row["aliases"]) for row in written_rows(tmp_path / "trl")} >= {("1 km3", "1 km³ of rock")}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--apply", "aliases.jsonl"), "--apply FILE --to RUN --output NEW go together"),
        (("--to", "run"), "--apply FILE --to RUN --output NEW go together"),
        (("more.jsonl", "--apply", "aliases.jsonl", "--to", "run"), "go together, without rollouts"),
        (("--apply", "aliases.txt", "--to", "run"), "--apply aliases.txt: must be a file of JSON lines"),
        (("--apply", "none.jsonl", "--to", "run"), "--apply none.jsonl: cannot be opened"),
        (("--apply", "aliases.jsonl", "--to", "nowhere"), "nowhere: there is no qa/ in it"),
    ],
)
def test_options_that_do_not_fit_are_one_line(
    options: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    finished_run(tmp_path / "run", ROWS)
    write_rows(tmp_path / "aliases.jsonl", [{"id": "x", "alias": "y"}])
    assert main([*options, "--output", "new"]) == 2
    shown = capsys.readouterr().err
    assert says in shown and shown.count("\n") == 1 and not (tmp_path / "new").exists()
