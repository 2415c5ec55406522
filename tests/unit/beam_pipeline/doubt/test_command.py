"""`webscale-qa doubt`: the most doubtful first, with why; a list that a person fills in; bad input is one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.cli import main
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.export.dataset_card import doubt_section
from beam_pipeline.summary.doubt_notes import doubt_lines
from tests.fakes.exports import finished_run, pair, write_rows


def answered(number: int, read: str = "", samples: str = "4 of 4 right", rate: float = 1.0) -> dict[str, Any]:
    """A row whose key is `number` cubic kilometres, what the reader said, and a solver's samples."""
    key = f"{number} cubic kilometres"
    verdicts = [
        {"check": "round_trip", "passed": not read, "model": "r", "detail": read or key, "verifier": 0, "prompt_version": 1},
        {"check": "pass_rate", "passed": True, "model": "s", "detail": samples, "verifier": 0, "prompt_version": 1},
    ]
    return pair(number, verdicts=verdicts, pass_rate=rate, pass_rate_samples=4)


ROWS = [
    *(answered(number) for number in range(1, 41)),
    answered(41, "7 km3", "0 of 4 right; wrong: '7 cubic kilometres' (4)", 0.0),
]
HOSTILE = "\x1b[2J\u202e<script>"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return finished_run(tmp_path / "out", ROWS)


@pytest.fixture
def doubt(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def call(*arguments: object, code: int = OK) -> str:
        assert main(["doubt", *map(str, arguments)]) == code
        out, err = capsys.readouterr()
        return err if code else out

    return call


def test_the_most_doubtful_row_comes_first_with_why(run: Path, doubt: Callable[..., str]) -> None:
    told = doubt(run, "--most", 3)
    assert told.startswith("wrong keys: ")
    _, _, listed = told.partition("\n\n")
    first, why, *_ = listed.splitlines()
    assert "Tambora 41 " in first and float(first.split()[0]) < 0.5
    assert "round trip says '7 km3', as another" in why and ROWS[-1]["id"] in why


def test_a_list_is_filled_in_and_learnt_from(run: Path, tmp_path: Path, doubt: Callable[..., str]) -> None:
    path = tmp_path / "look.jsonl"
    doubt(run, "--most", 2, "--to", path)
    listed = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [row["key_right"] for row in listed] == [None, None] and listed[0]["id"] == ROWS[-1]["id"]
    listed[0]["key_right"] = False
    path.write_text("".join(json.dumps(row) + "\n" for row in listed), "utf-8")
    told = doubt(run, "--checked", path, "--write")
    assert "keys that a person has checked: 1" in told and "Tambora 41 " not in told
    section = json.loads((run / "summary.json").read_text("utf-8"))["key_doubt"]
    assert section["checked"] == 1 and section["rows"] == 41 and section["interval"][0] >= 1 / 42
    assert "about" in (doubt_section({"key_doubt": section}) or "")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"id": "nobody", "key_right": true}', "1 ids are not in"),
        ('{"id": 5, "key_right": true}', ":1: a row needs an id"),
        ('{"id": "x", "key_right": "yes"}', ":1: a row needs an id"),
        ('{"id": "x"}', ":1: a row needs an id"),
        ('{"id": "x", "key_right": true}\n{"id": "x", "key_right": false}', ":2: the key of x is called right and wrong"),
        ("{", ":1: "),
    ],
)
def test_a_list_that_is_none_is_one_line(run: Path, tmp_path: Path, doubt: Callable[..., str], line: str, told: str) -> None:
    path = tmp_path / "look.jsonl"
    path.write_text(line + "\n", "utf-8")
    said = doubt(run, "--checked", path, code=UNUSABLE)
    assert told in said and said.count("\n") == 1


def test_no_run_is_one_line(tmp_path: Path, run: Path, doubt: Callable[..., str]) -> None:
    assert doubt(tmp_path, code=UNUSABLE).count("\n") == 1
    assert "--most must be from 0" in doubt(run, "--most", "-1", code=UNUSABLE)
    assert doubt(run, "--checked", tmp_path / "none.jsonl", code=UNUSABLE).count("\n") == 1


def test_where_nobody_answered_it_says_so(tmp_path: Path, doubt: Callable[..., str]) -> None:
    assert doubt(finished_run(tmp_path / "out", [pair(1)])).startswith("no row has votes or answers")
    vote = {"check": "correct", "passed": True, "model": "v", "detail": "", "verifier": 0, "prompt_version": 1}
    judged = finished_run(tmp_path / "judged", [pair(1, verdicts=[vote])])
    assert doubt(judged).startswith("nobody answered without seeing the keys")


def test_texts_of_others_are_printable(tmp_path: Path, doubt: Callable[..., str]) -> None:
    odd = answered(1, HOSTILE) | {"question": HOSTILE, "answer": HOSTILE}
    told = doubt(finished_run(tmp_path / "out", [odd, *ROWS]))
    assert "\x1b" not in told and "\u202e" not in told


def test_a_model_that_reads_what_it_wrote_is_named(tmp_path: Path, doubt: Callable[..., str]) -> None:
    rows = [json.loads(json.dumps(row)) for row in ROWS]
    for row in rows:
        row["provenance"]["calls"].append({"stage": "round_trip", "model": "writer-7b", "prompt_version": 1, "prompt_sha256": ""})
    assert "writer-7b wrote the keys and answered the questions again" in doubt(finished_run(tmp_path / "out", rows))


def test_rejected_rows_are_learnt_from_and_not_listed(run: Path, doubt: Callable[..., str]) -> None:
    (run / "rejected").mkdir()
    item = answered(50, "8 km3", "0 of 4 right; wrong: '8 cubic kilometres' (4)", 0.0)
    rejection = {"stage": "round_trip", "reason": "round_trip_disagrees", "item": item, "document_id": "d"}
    write_rows(run / "rejected" / "rejected-00000-of-00001.jsonl", [rejection, {"stage": "filter", "item": {"text": "x"}}])
    told = doubt(run)
    assert "of 41 answered rows" in told and "Tambora 50 " not in told


def test_an_interval_that_is_too_wide_is_no_rate() -> None:
    section = {
        **{"rows": 5, "unanswered": 2, "error_rate": 0.1, "interval": [0.0, 0.6], "tells": False, "doubtful": 1, "checked": 0},
        **{"answerers": {"solver": [0.5, 0.2]}, "one_model": ""},
    }
    first, *_ = doubt_lines(section)
    assert "cannot be told" in first and "0.0% to 60.0%" in first and "10" not in first
