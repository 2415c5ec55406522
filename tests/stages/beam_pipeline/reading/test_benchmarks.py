import bz2
import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from beam_pipeline.reading.benchmarks import ReadBenchmarks, check_benchmarks, make_item, read_items
from transforms.benchmarks.index import BenchmarkItem
from transforms.errors import FatalError


def write(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
    return str(path)


# --- which fields


@pytest.mark.parametrize(
    ("row", "question", "extra"),
    [
        ({"question": "Why?", "answer": "so it is"}, "Why?", "so it is"),
        ({"Question": "Why?", "Correct Answer": "so", "Incorrect Answer 1": "not so"}, "Why?", "so\nnot so"),
        ({"problem": "Why?", "solution": "a long proof", "answer": "42"}, "Why?", "42"),
        ({"task_id": "T/1", "prompt": "def f(): ..."}, "def f(): ...", ""),
        ({"prompt": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]}, "Why?", ""),
        ({"instruction": "Translate.", "input": "Guten Tag"}, "Translate.\nGuten Tag", ""),
        ({"question": "Why?", "choices": ["red", "blue"], "answer": 1}, "Why?", "red\nblue"),
        ({"question": "Why?", "choices": {"text": ["red", "blue"], "label": ["A", "B"]}, "answerKey": "B"}, "Why?", "red\nblue"),
        ({"question": {"stem": "Why?", "choices": [{"label": "A", "text": "red"}]}}, "Why?", "red"),
        ({"question": "Why?", "answers": {"text": ["so"], "answer_start": [3]}, "context": "A passage."}, "Why?", "so"),
        ({"ctx": "She opened the", "endings": ["door", "tin"]}, "She opened the", "door\ntin"),
        ({"question": "Why?", "A": "red", "B": "blue", "answer": "A"}, "Why?", "red\nblue"),
        ({"goal": "Cool the tea", "sol1": "add ice", "sol2": "add fire"}, "Cool the tea", "add ice\nadd fire"),
        ({"passage": "A long text."}, "A long text.", ""),
        ({"question": "", "text": "Why?"}, "Why?", ""),
    ],
)
def test_usual_fields_are_known(row: dict[str, Any], question: str, extra: str) -> None:
    item = make_item(row, "b:1")
    assert isinstance(item, BenchmarkItem)
    assert (item.question, item.extra) == (question, extra)


def test_fields_may_be_named() -> None:
    row = {"question": "not this", "doc": {"ask": "Why?"}, "hint": ["because", "of"]}
    item = make_item(row, "b:1", ("doc.ask", "hint"))
    assert isinstance(item, BenchmarkItem)
    assert (item.question, item.extra) == ("Why?", "because\nof")


@pytest.mark.parametrize(
    ("row", "name"), [({"id": 7}, "b:1 (7)"), ({"task_id": "T/1"}, "b:1 (T/1)"), ({"id": None}, "b:1"), ({}, "b:1")]
)
def test_an_item_has_a_name(row: dict[str, Any], name: str) -> None:
    item = make_item({**row, "question": "Why?"}, "b:1")
    assert isinstance(item, BenchmarkItem) and item.name == name


# --- which files


def test_formats_are_read(tmp_path: Path) -> None:
    rows = [{"id": n, "question": f"Why {n}?"} for n in (1, 2)]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + lines)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "c.jsonl.bz2").write_bytes(bz2.compress(lines))
    (tmp_path / "d.json").write_text(json.dumps(rows, indent=1))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "e.parquet")
    for path in sorted(tmp_path.iterdir()):
        assert [(item.question, item.id) for item in read_items(str(path))] == [("Why 1?", "1"), ("Why 2?", "2")], path
    assert [item.where.rsplit("/")[-1] for item in read_items(str(tmp_path / "e.parquet"))] == [
        "e.parquet:row 1",
        "e.parquet:row 2",
    ]
    assert [item.where.rsplit("/")[-1] for item in read_items(str(tmp_path / "d.json"))] == ["d.json:item 1", "d.json:item 2"]


def test_bad_rows_are_skipped_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = ["{broken", "[1]", {"other": 1}, "", '{"question": 5}']
    path = write(tmp_path / "b.jsonl", [{"question": "Why?"}, *bad, *(["{"] * 5), {"question": "Where?"}])
    with caplog.at_level(logging.WARNING):
        items = list(read_items(path))
    assert [item.where for item in items] == [f"{path}:1", f"{path}:12"]
    assert f"{path}:2: not JSON" in caplog.text
    assert f"{path}:3: the line is a list, not an object" in caplog.text
    assert f"{path}:4: no field that is known to hold a question; there is other; name it: " in caplog.text
    assert f"{path}: 9 of 11 rows were skipped" in caplog.text
    assert len(caplog.records) == 6


def test_a_file_that_breaks_gives_what_was_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = b"".join(json.dumps({"question": f"Why {n * 7919}?"}).encode() + b"\n" for n in range(20_000))
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(lines)[:-20_000])
    with caplog.at_level(logging.WARNING):
        items = list(read_items(str(path)))
    assert 100 < len(items) < 20_000
    assert "cannot be read any further" in caplog.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.jsonl", "{broken\n{}\n", r"b\.jsonl:1: not JSON"),
        ("b.jsonl", '\n\n{"other": 1}\n', r"b\.jsonl:3: no field that is known to hold a question; there is other"),
        ("b.jsonl", "", "b.jsonl: the file holds no rows"),
        ("b.json", "[{]", r"b\.json:item 1: not JSON"),
        ("b.json", '{"data": []}', r"b\.json:1: no field"),
        ("b.parquet", "no parquet", r"b\.parquet:row 1: cannot be read"),
        ("b.jsonl.gz", "\0gzip", r"b\.jsonl\.gz:1: cannot be read"),
        ("b.csv", "a,b", r"b\.csv: the file holds no rows"),
        ("b.csv", "a,b\n1,2\n", r"b\.csv:2: no field that is known to hold a question; there is a, b"),
        ("b.xls", "a,b", r"the name does not tell JSON .*a table .*Parquet"),
    ],
)
def test_a_file_of_no_use_is_refused_at_the_start(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / "good.jsonl").write_text('{"question": "Why?"}\n')
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message) as refused:
        check_benchmarks([str(tmp_path / "good.jsonl"), str(tmp_path / "b*")])
    assert "\n" not in str(refused.value)
    with pytest.raises((FatalError, RuntimeError), match=message), TestPipeline(runner="FnApiRunner") as pipeline:
        pipeline | ReadBenchmarks((str(tmp_path / name),))


def test_the_check_looks_at_fields_and_patterns(tmp_path: Path) -> None:
    path = write(tmp_path / "b.jsonl", ["{broken", {"question": "Why?"}])
    check_benchmarks([path])
    with pytest.raises(ValueError, match=r"b\.jsonl:1: not JSON"):
        check_benchmarks([path], ("ask",))
    with pytest.raises(ValueError, match="no file matches"):
        check_benchmarks([str(tmp_path / "none*.jsonl")])


def test_read_benchmarks(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{"id": "x", "question": "Why?", "answer": "so so"}])
    write(tmp_path / "b.jsonl", ["{", {"problem": "Where?"}])
    patterns = (str(tmp_path / "*.jsonl"), str(tmp_path / "a.jsonl"))
    with TestPipeline(runner="FnApiRunner") as pipeline:
        items = pipeline | ReadBenchmarks(patterns)
        expected = [
            BenchmarkItem(f"{tmp_path}/a.jsonl:1", "x", "Why?", "so so"),
            BenchmarkItem(f"{tmp_path}/b.jsonl:2", "", "Where?"),
        ]
        assert_that(items, equal_to(expected))
        assert items.element_type is BenchmarkItem


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.csv", 'Question,Correct Answer\n"Why, though?",Because\nWhere?,Here\n'),
        ("b.tsv", "question\tanswer\nWhy, though?\tBecause\nWhere?\tHere\n"),
        ("b.json", '[{"question": "Why, though?", "answer": "Because"},\n {"question": "Where?", "answer": "Here"}]'),
        ("b.json", '{\n "question": "Why, though?",\n "answer": "Because"\n}\n{\n "question": "Where?",\n "answer": "Here"\n}\n'),
        ("b.jsonl", '{"question": "Why, though?", "answer": "Because"}{"question": "Where?", "answer": "Here"}'),
    ],
)
def test_items_of_whatever_layout(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert [item.question for item in read_items(str(tmp_path / name))] == ["Why, though?", "Where?"]
