"""A small file is there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from beam_pipeline.storage import whole_file
from beam_pipeline.storage.whole_file import named_at_last, write_whole
from beam_pipeline.storage.whole_file import whole_file as whole
from tests.fakes.object_store import ObjectStore


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    for data in (b"one", b"", b"three"):
        write_whole(str(path), data)
        assert path.read_bytes() == data and os.listdir(path.parent) == ["page.html"]
    write_whole(f"{ObjectStore.scheme()}:/{tmp_path}/object", b"data")
    assert (tmp_path / "object").read_bytes() == b"data"


def test_what_was_there_stays_where_the_new_one_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")

    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(whole_file.os, "replace", full)
    with pytest.raises(OSError, match="full"):
        write_whole(str(path), b"new")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["page.html"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_its_writer_leaves_half_done_is_not_there(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.pack"
    with pytest.raises(error), whole(str(path)) as file:
        file.write(b"half")
        raise error
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("summary.json.0a1b2c3d.tmp", "summary.json"),
        ("summary.json", "summary.json"),
        ("summary.json.tmp", "summary.json.tmp"),
        ("summary.json.0a1b2c3d.tmp.txt", "summary.json.0a1b2c3d.tmp.txt"),
        ("", ""),
    ],
)
def test_the_name_that_a_file_gets(name: str, last: str) -> None:
    assert named_at_last(name) == last
