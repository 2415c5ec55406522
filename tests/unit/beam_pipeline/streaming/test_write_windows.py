"""Files of a stream: named by their windows, whole, once."""

import json
import re
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.coders import FastPrimitivesCoder

from beam_pipeline.output.folder import is_ours, prepare_output
from beam_pipeline.output.kinds import SCHEMAS
from beam_pipeline.streaming.windows import Windows
from beam_pipeline.streaming.write_windows import WriteWindows, _rename, run_name, window_name
from tests.fakes.streams import BASE, At, run_stream

WINDOWS = Windows(60)


def row(number: int) -> dict[str, Any]:
    return {"stage": "filter", "reason": "no", "detail": f"é {number}", "item": {"n": number}}


def write(folder: Path, events: list[At], windows: Windows = WINDOWS, **settings: Any) -> list[str]:
    """Write a stream of rejected rows; returns the names of what was written, as the transform gives them."""

    def apply(rows: beam.PCollection) -> dict[str, beam.PCollection]:
        return {"names": rows | windows.closing() | WriteWindows(str(folder), "rejected", windows, "run1", **settings)}

    return [found.element for found in run_stream(events, apply, FastPrimitivesCoder())["names"]]


def numbers(path: str | Path) -> list[int]:
    return sorted(json.loads(line)["item"]["n"] for line in Path(path).read_text("utf-8").splitlines())


def test_each_window_has_its_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    names = write(tmp_path, [At(0, (row(1), row(2))), At(61), At(65, (row(3),))])
    start, middle, end = (window_name((BASE + s, BASE + s + 60)) for s in (0, 60, 120))
    assert sorted(names) == [
        f"{tmp_path}/rejected/rejected-{window}-run1-pane0-00000-of-00001.jsonl" for window in (start, middle)
    ]
    assert [numbers(name) for name in sorted(names)] == [[1, 2], [3]]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(map(str, files)) == sorted(names), f"and none for {end}"
    assert Path(names[0]).read_text("utf-8").count("é") == len(numbers(names[0])), "UTF-8 is written as it is"


def test_names_say_the_window_in_event_time(tmp_path: Path) -> None:
    [name] = write(tmp_path, [At(100, (row(1),))], Windows(60, lateness_s=45))
    # What the gate puts at 100 s of closing time happened in the window that ends 45 s before it closes.
    assert window_name((BASE, BASE + 60)) in name


def test_a_name_holds_nothing_that_a_file_system_refuses() -> None:
    assert window_name((1_795_244_400, 1_795_245_000)) == "20261121T070000Z-20261121T071000Z"
    assert window_name((0.5, 1.25)) == "19700101T000000.5Z-19700101T000001.25Z"
    assert re.fullmatch("[0-9a-f]{8}", run_name(1_795_244_400.9))


def test_shards_share_the_rows(tmp_path: Path) -> None:
    names = write(tmp_path, [At(0, tuple(row(n) for n in range(40)))], num_shards=3)
    assert [name[-len("00000-of-00003.jsonl") :] for name in sorted(names)] == [f"0000{n}-of-00003.jsonl" for n in range(3)]
    assert sorted(n for name in names for n in numbers(name)) == list(range(40))


def test_parquet_has_the_columns_of_a_batch(tmp_path: Path) -> None:
    [name] = write(tmp_path, [At(0, (row(1), row(2)))], file_format="parquet")
    table = pq.read_table(name)
    assert table.schema.equals(SCHEMAS["rejected"])
    assert sorted(json.loads(item)["n"] for item in table["item"].to_pylist()) == [1, 2]


def test_a_rename_done_again_changes_nothing(tmp_path: Path) -> None:
    temporary, final = tmp_path / "x.tmp", tmp_path / "x.jsonl"
    temporary.write_text("1\n")
    assert _rename(str(temporary), str(final)) == str(final)
    assert _rename(str(temporary), str(final)) == str(final)
    assert final.read_text() == "1\n"
    with pytest.raises(Exception, match="gone"):
        _rename(str(tmp_path / "gone.tmp"), str(tmp_path / "gone.jsonl"))


def test_another_run_of_the_same_window_takes_nothing_away(tmp_path: Path) -> None:
    write(tmp_path, [At(0, (row(1),))])
    later = WriteWindows(str(tmp_path), "rejected", WINDOWS, "run2")
    [name] = run_stream([At(0, (row(2),))], lambda rows: {"names": rows | WINDOWS.closing() | later}, FastPrimitivesCoder())[
        "names"
    ]
    assert sorted(n for path in tmp_path.glob("rejected/*.jsonl") for n in numbers(path)) == [1, 2]
    assert "run2" in name.element


def test_a_stream_that_goes_on_keeps_its_files_and_overwriting_deletes_them(tmp_path: Path) -> None:
    [name] = write(tmp_path, [At(0, (row(1),))])
    summaries = tmp_path / "summaries" / Path(name).name.replace("rejected-", "summaries-")
    summaries.parent.mkdir()
    summaries.write_text("{}\n")
    assert all(is_ours(path.relative_to(tmp_path).as_posix()) for path in (Path(name), summaries))
    with pytest.raises(ValueError, match="already holds files"):
        prepare_output(str(tmp_path), keep=True)
    prepare_output(str(tmp_path), resume=True, keep=True)
    assert numbers(name) == [1]
    with pytest.raises(ValueError, match=r"was written by a stream.*add --streaming"):
        prepare_output(str(tmp_path), resume=True)
    assert numbers(name) == [1]
    (tmp_path / "options.yaml").write_text("output: out")
    prepare_output(str(tmp_path), overwrite=True, keep=True)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["options.yaml"]


def test_a_stream_does_not_go_on_with_a_batch(tmp_path: Path) -> None:
    """Its windows would stand beside the batch's files, and every pair of both would be there twice."""
    shard = tmp_path / "qa" / "qa-00000-of-00001.jsonl"
    shard.parent.mkdir()
    shard.write_text("{}\n")
    with pytest.raises(ValueError, match=r"qa-00000-of-00001\.jsonl was written by a batch.*leave --streaming out"):
        prepare_output(str(tmp_path), resume=True, keep=True)
    prepare_output(str(tmp_path), resume=True)
