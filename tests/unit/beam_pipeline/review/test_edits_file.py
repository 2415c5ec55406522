"""Files of edits: what is wrong in a line is said with file and line, before anything runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.options.command_line import parse
from beam_pipeline.options.values import OptionError
from beam_pipeline.review.edits_file import MAX_EDITS, read_edits, settle_edits_stage
from tests.unit.transforms.test_review import CHECKED, DOCUMENT
from transforms.review import Edit, review_row


def config(tmp_path: Path, *arguments: str) -> Any:
    return parse(["--input", "a.jsonl", "--output", str(tmp_path / "out"), "--demo", *arguments])[0]


def edits(tmp_path: Path, *lines: Any, stage: str = "check") -> Any:
    path = tmp_path / "edits.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), "utf-8")
    more = ["--edits_stage", stage] if stage else []
    return read_edits(config(tmp_path, "--edits", str(path), *more))


def test_lines_become_edits_by_stage_and_id(tmp_path: Path) -> None:
    found = edits(
        tmp_path,
        {"id": "a", "strike": True, "reason": "dull"},
        {"id": "b", "answer": " 1815 ", "aliases": ["in 1815"]},
        {"id": "a", "stage": "filter", "strike": True},
    )
    where = f"{tmp_path}/edits.jsonl"
    assert found == {
        "check": {
            "a": Edit("a", f"{where}:1", True, "dull"),
            "b": Edit("b", f"{where}:2", values=(("answer", "1815"), ("aliases", ("in 1815",)))),
        },
        "filter": {"a": Edit("a", f"{where}:3", True)},
    }


def test_half_a_surrogate_pair_stops_nothing(tmp_path: Path) -> None:
    found = edits(
        tmp_path, '{"id": "a", "answer": "x\\ud83d", "aliases": ["\\udc00y"]}', '{"id": "b", "strike": true, "reason": "\\ud83d"}'
    )
    written = json.dumps([edit.values for edit in found["check"].values()] + [found["check"]["b"].reason], ensure_ascii=False)
    assert written.encode("utf-8"), "as the records of the graph are written"


def test_rows_of_a_review_can_be_given_as_they_are(tmp_path: Path) -> None:
    found = edits(tmp_path, review_row(CHECKED, "check"), review_row(DOCUMENT, "filter"), stage="")
    assert set(found) == {"check", "filter"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "JSON"),
        ("[1]", "object"),
        ({"strike": True}, "id is missing, or no text"),
        ({"id": 5, "strike": True}, "id is missing, or no text"),
        ({"id": "a"}, "says nothing: give strike, or one of question"),
        ({"id": "a", "strike": "yes"}, "strike must be true or false"),
        ({"id": "a", "strike": True, "reason": 1}, "reason must be a text"),
        ({"id": "a", "anwser": "x"}, "there is no field anwser; did you mean answer?"),
        ({"id": "a", "answer": ""}, "answer must be a text, and not empty"),
        ({"id": "a", "question": None}, "question must be a text"),
        ({"id": "a", "question": "x" * 3000}, "question is longer than 2,000 characters"),
        ({"id": "a", "answer_type": "colour"}, "answer_type 'colour' is none of number"),
        ({"id": "a", "aliases": "x"}, "aliases must be a list of texts"),
        ({"id": "a", "aliases": [""]}, "aliases must be a list of texts"),
        ({"id": "a", "valid_as_of": "May"}, "valid_as_of must be YYYY"),
        ({"id": "a", "stage": "chek", "strike": True}, "stage 'chek' is none of this run: screen, filter"),
        ({"id": "a", "stage": "round_trip_x", "strike": True}, "is none of this run"),
        ({"id": "a", "stage": "filter", "answer": "x"}, "answer: filter has no pairs yet, and its rows can only be struck"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: Any, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        edits(tmp_path, {"id": "good", "strike": True}, line)
    message = str(caught.value)
    assert message.startswith(f"--edits {tmp_path}/edits.jsonl:2: ") and says in message and "\n" not in message


def test_a_row_is_edited_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"edits.jsonl:2: a of check stands in .*edits.jsonl:1 already"):
        edits(tmp_path, {"id": "a", "strike": True}, {"id": "a", "answer": "x"})


def test_too_many_lines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"more than {MAX_EDITS:,} lines; leave out those that change nothing"):
        edits(tmp_path, *(f'{{"id": "{number}", "strike": true}}' for number in range(MAX_EDITS + 1)))


def test_files_that_are_not_there_or_would_be_lost(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"--edits .*none\.jsonl: there is no such file"):
        read_edits(config(tmp_path, "--edits", str(tmp_path / "none.jsonl")))
    inside = tmp_path / "out" / "review" / "review-00000-of-00001.jsonl"
    inside.parent.mkdir(parents=True)
    inside.write_text('{"id": "a", "strike": true, "stage": "check"}\n', "utf-8")
    with pytest.raises(ValueError, match="is a file that this run writes anew; copy it to another place first"):
        read_edits(config(tmp_path, "--edits", str(inside)))


def test_the_stage_of_the_stop_is_that_of_lines_without_one(tmp_path: Path) -> None:
    (tmp_path / "edits.jsonl").write_text('{"id": "a", "strike": true}\n', "utf-8")
    given = config(tmp_path, "--edits", str(tmp_path / "edits.jsonl"))
    with pytest.raises(ValueError, match=r"edits\.jsonl:1: of which stage"):
        read_edits(settle_edits_stage(given))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.json").write_text('{"stopped": "stop_after", "stop_after": "check"}', "utf-8")
    settled = settle_edits_stage(given)
    assert set(read_edits(settled)) == {"check"}
    assert settled.given()["edits_stage"] == "check", "a replay applies them at the same stage"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--stop_after", "chek"], "--stop_after chek: this run has no such stage to review; did you mean check?"),
        (["--stop_after", "ask_back"], "--stop_after ask_back: this run has no such stage"),
        (["--stop_after", "mix"], "--stop_after mix: this run has no such stage"),
        (["--stop_after", "check", "--target_accepted", "5"], "--target_accepted counts accepted pairs"),
        (["--edits_stage", "check"], "--edits_stage needs --edits"),
        (["--stop_after", "check", "--streaming"], "--stop_after is for a batch"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, arguments: list[str], says: str) -> None:
    with pytest.raises(OptionError) as caught:
        config(tmp_path, *arguments)
    assert says in str(caught.value)
