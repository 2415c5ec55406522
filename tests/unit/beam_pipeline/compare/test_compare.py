"""Two runs side by side: which pairs came, went, changed their verdict, at what cost; and no text of others does anything."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.cli import main
from beam_pipeline.compare.changes import CAME, CHANGED, WENT, Verdicts, changes, pair_key
from beam_pipeline.compare.figures import Figure, figures
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.output.kinds import json_line
from tests.fakes.exports import finished_run, pair
from transforms.records import Document, QAPair, VerifiedQA, dead_letter_row, reject, rejection_row

HOSTILE = "\x1b[2J\u202e<script>alert(1)</script> | \"'&"


def rejected(row: dict[str, Any], stage: str, reason: str) -> dict[str, Any]:
    """The rejection of what would have been that row."""
    item = {name: row[name] for name in ("question", "answer", "answer_type")}
    empty = rejection_row(reject(stage, reason, Document(row["document_id"], "text")))
    return empty | {"domain": row["domain"], "item": item}


def write(folder: Path, kind: str, *rows: dict[str, Any]) -> None:
    (folder / kind).mkdir()
    (folder / kind / f"{kind}-00000-of-00001.jsonl").write_bytes(b"".join(json_line(row) + b"\n" for row in rows))


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """1 stayed, 2 is rejected by the second, 3 is written by the first only, 4 by the second only, 5 came by another verdict."""
    first = finished_run(tmp_path / "first", [pair(1), pair(2), pair(3)])
    second = finished_run(tmp_path / "second", [pair(1), pair(4), pair(5)])
    document = rejection_row(reject("filter", "not_informative", Document("volcano-4", "text")))
    write(first, "rejected", rejected(pair(5), "verify", "incorrect"), rejected(pair(6), "verify", "leaks"), document)
    write(second, "rejected", rejected(pair(2), "verify", "ambiguous"), rejected(pair(6), "verify", "leaks"))
    return first, second


@pytest.fixture
def compare(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: object, code: int = OK) -> str:
        assert main(["compare", *map(str, arguments)]) == code
        out, err = capsys.readouterr()
        return err if code else out

    return run


def test_what_became_of_each_pair(runs: tuple[Path, Path]) -> None:
    found = changes(*(Verdicts.of(str(path)) for path in runs))
    assert found.kinds == {"stayed": 1, WENT: 1, CAME: 1, CHANGED: 2}
    assert found.moves == {("accepted", "verify/ambiguous"): 1, ("verify/incorrect", "accepted"): 1}
    told = {row.question.split()[5]: (row.kind, row.before, row.after) for row in found.shown}
    assert told == {
        "2": (CHANGED, "accepted", "verify/ambiguous"),
        "3": (WENT, "accepted", "the document is not there"),
        "4": (CAME, "filter/not_informative", "accepted"),
        "5": (CHANGED, "verify/incorrect", "accepted"),
    }
    assert found.documents == (5, 1, 0), "3 is in the first only"


def test_the_table_says_it(runs: tuple[Path, Path], compare: Callable[..., str]) -> None:
    shown = compare(*runs)
    lines = {line.split()[0]: line for line in shown.splitlines() if line}
    assert re.search(r"^pairs +3 +3   =$", shown, re.MULTILINE)
    assert [lines[kind].split()[1] for kind in ("stayed", "went", "came", "changed")] == ["1", "1", "1", "2"]
    assert "verify/incorrect -> accepted" in shown
    assert "5 documents are in both, 1 in the first only, 0 in the second only" in shown
    same = compare(runs[0], runs[0])
    assert "both have the same 6 documents" in same and re.search(r"^changed +0", same, re.MULTILINE)


def test_the_page_says_it_and_runs_nothing(tmp_path: Path, compare: Callable[..., str]) -> None:
    mine, page = pair(1, question=HOSTILE, answer=HOSTILE, domain=HOSTILE, document_id=HOSTILE), tmp_path / "page.html"
    first = finished_run(tmp_path / "first", [mine])
    second = finished_run(tmp_path / "second", [pair(2, domain=HOSTILE)])
    write(second, "rejected", rejected(mine, HOSTILE, HOSTILE))
    out = compare(first, second, "--to", page)
    assert "\x1b" not in out and "\u202e" not in out and f"page: {page}" in out
    written = page.read_text("utf-8")
    assert written.rstrip().endswith("</html>")
    assert "<script" not in written and "\x1b" not in written and "\u202e" not in written
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in written and "default-src &#x27;none&#x27;" not in written
    assert "Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-" in written
    assert "Pairs: changed" in written and "Pairs: came" in written and "\\x1b[2J" in written


def test_a_page_replaces_no_other_file(runs: tuple[Path, Path], tmp_path: Path, compare: Callable[..., str]) -> None:
    page, mine = tmp_path / "page.html", tmp_path / "mine.html"
    mine.write_text("<!doctype html><title>Mine</title>")
    assert "no comparison that this program wrote" in compare(*runs, "--to", mine, code=UNUSABLE)
    assert mine.read_text() == "<!doctype html><title>Mine</title>"
    for _ in range(2):  # its own is replaced
        compare(*runs, "--to", page)


def test_the_cost_is_compared(tmp_path: Path) -> None:
    first = {"pairs": 10, "documents": {"read": 5}, "cost": {"total": 2.0, "per_pair": 0.2}, "stages": {"verify": {"passed": 1}}}
    second = {"pairs": 12, "documents": {"read": 5}, "stages": {"verify": {"passed": 1, "rejected": 1}, "mix": {"passed": 3}}}
    rows = {row.name: row.texts() for row in figures(first, second)}
    assert rows["pairs"] == ("10", "12", "+2 (+20%)")
    assert rows["documents read"] == ("5", "5", "=")
    assert rows["cost"] == ("2.00", "-", "")
    assert rows["passed verify, %"] == ("100.0", "50.0", "-50.0")
    assert rows["passed mix, %"] == ("-", "100.0", "")
    assert "seconds" not in rows, "neither tells it"
    assert rows["dead letters"] == ("0", "0", "=")


def test_a_dead_letter_counts_once() -> None:
    """A row that is a document and a task, as those of an audit are, ended once."""
    ended = {"read": 5, "dead_lettered": 2}
    summary = {"documents": ended, "tasks": ended, "stages": {"read": {"dead_lettered": 2}}}
    [row] = [row for row in figures(summary, {}) if row.name == "dead letters"]
    assert row.first == 2


def test_a_difference_of_nothing_has_no_share() -> None:
    assert Figure("x", 0.0, 3.0).texts() == ("0", "3", "+3")


def test_a_pair_of_a_dead_letter_is_the_same_pair() -> None:
    row = pair(1)
    document = Document(row["document_id"], "text")
    letter = {**dead_letter_row_of(row, document), "stage": "verify", "error": "TimedOut"}
    assert pair_key(letter) == pair_key(row) == pair_key(rejected(row, "verify", "leaks"))
    assert pair_key({"document_id": "d", "item": {"text": "no pair"}}) == pair_key({"item": 7}) == pair_key({}) == ""
    deep: dict[str, Any] = {}
    deep["item"] = deep
    assert pair_key({"document_id": "d", **deep}) == ""


def dead_letter_row_of(row: dict[str, Any], document: Document) -> dict[str, Any]:
    import orjson

    from transforms.records import DeadLetter, Persona, PersonaTask

    qa = VerifiedQA(QAPair(PersonaTask(document, "Other", Persona("p")), row["question"], row["answer"], "number"), "quote")
    return dead_letter_row(DeadLetter("verify", "TimedOut", "m", document_id=document.id, item=orjson.dumps(qa).decode()))


def test_what_is_no_finished_run_is_one_line(runs: tuple[Path, Path], tmp_path: Path, compare: Callable[..., str]) -> None:
    assert "holds no summary.json" in compare(runs[0], tmp_path / "none", code=UNUSABLE)
    assert "cannot be written" in compare(*runs, "--to", tmp_path, code=UNUSABLE)
    (runs[1] / "summary.json").write_text("{")
    [line] = compare(*runs, code=UNUSABLE).splitlines()
    assert line.startswith("error: ")


def test_damaged_lines_cost_themselves(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = runs[0] / "rejected" / "rejected-00000-of-00001.jsonl"
    path.write_text("{broken\n" + path.read_text() + json.dumps({"stage": None, "item": [1], "document_id": 7}) + "\n")
    assert main(["compare", *map(str, runs)]) == OK
    assert "lines that are no rows were left out" in capsys.readouterr().err
