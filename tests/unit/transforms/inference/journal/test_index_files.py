"""The indexes that journals keep, and what a reader reads of them: on a local disk and in an object store."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.object_store import ObjectStore
from transforms.inference.client.chat import Completion, Request
from transforms.inference.config import ModelConfig
from transforms.inference.journal import index_files
from transforms.inference.journal import writer as journal_module
from transforms.inference.journal.index_reader import FileIndexReader, IndexReader, ObjectIndexReader, open_reader
from transforms.inference.journal.reply_index import RECORD_BYTES, hash_key, unpack_records
from transforms.inference.journal.writer import FileJournal, Journal, ObjectJournal, open_journal


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_files, "INDEX_S", 0.0)
    monkeypatch.setattr(ObjectStore, "failing", set())
    ObjectStore.asked.clear()


@pytest.fixture(params=["local", "objects"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{'store:/' if request.param == 'objects' else ''}{tmp_path}/journal"


def append(journal: Journal, *numbers: int, text: str = "reply é") -> None:
    for number in numbers:
        request = Request("filter", f"d{number}", [], None, ModelConfig(("http://x/v1",), "m"))
        journal.append(request, f"k{number}", Completion(f"{text} {number}"))


def indexed(reader: IndexReader) -> dict[int, str]:
    """Every number whose reply is found by an index, and the reply."""
    found: dict[int, str] = {}
    by_hash = {hash_key(f"k{number}"): number for number in range(3_000)}
    pieces = {(segment.name, segment.first): segment for segment in (*reader.full(), *reader.growing())}
    for segment in pieces.values():
        for hashed, where, length in unpack_records(reader.records(segment, 0)).tolist():
            number = by_hash[hashed]
            replies = {entry.key: entry.text for entry in reader.entries(segment.name, where, length)}
            assert number not in found, "found twice"
            found[number] = replies[f"k{number}"]
    return found


def replies(numbers: range) -> dict[int, str]:
    return {number: f"reply é {number}" for number in numbers}


def test_every_reply_is_found_by_its_place(folder: str) -> None:
    reader = open_reader(folder)
    assert (reader.growing(), reader.full()) == ([], []), "nothing is there before the first reply"
    for process in range(3):
        journal = open_journal(folder)
        append(journal, *range(100 * process, 100 * process + 100))
        journal.close()
    assert indexed(reader) == replies(range(300))
    assert len(reader.growing()) == 3


def test_a_local_index_is_whole_after_every_reply(tmp_path: Path) -> None:
    journal, reader = FileJournal(str(tmp_path), "me"), FileIndexReader(str(tmp_path))
    for number in range(5):
        append(journal, number)
        assert indexed(reader) == replies(range(number + 1))
    journal.close()


def test_a_local_journal_that_goes_on_with_its_file_goes_on_with_its_index(tmp_path: Path) -> None:
    for number in range(4):
        journal = FileJournal(str(tmp_path), "me")
        append(journal, number)
        journal.close()
        if number == 1:
            with open(tmp_path / "index" / "me.index", "ab") as file:
                file.write(b"torn")
    assert indexed(FileIndexReader(str(tmp_path))) == replies(range(4))
    assert (tmp_path / "index" / "me.index").stat().st_size == 4 * RECORD_BYTES


def test_an_index_that_cannot_be_written_stops_nobody(folder: str, caplog: pytest.LogCaptureFixture) -> None:
    path = Path(folder.removeprefix("store:/"))
    path.mkdir()
    (path / "index").write_text("in the way")
    journal = open_journal(folder)
    with caplog.at_level(logging.WARNING):
        append(journal, *range(5))
        journal.flush()
        append(journal, *range(5, 10))
        journal.close()
    assert len([line for file in path.glob("*.jsonl") for line in file.read_bytes().splitlines()]) == 10
    assert len(caplog.records) == 1, "it is told once"
    (path / "index").unlink()
    append(journal, 10)
    journal.close()
    numbers = range(10, 11) if "://" not in folder else range(11)
    assert indexed(open_reader(folder)) == replies(numbers)


def test_half_a_record_is_mended_before_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(str(tmp_path), "me")
    append(journal, 0)
    write = os.write

    def half(file: int, data: bytes) -> int:
        return write(file, data[: len(data) // 2] if len(data) == RECORD_BYTES else data)

    monkeypatch.setattr(os, "write", half)
    append(journal, 1)
    monkeypatch.setattr(os, "write", write)
    append(journal, 2)
    journal.close()
    assert sorted(indexed(FileIndexReader(str(tmp_path)))) == [0, 2]


# --- object stores


@pytest.fixture
def objects(tmp_path: Path) -> str:
    return f"store:/{tmp_path}/journal"


def files(folder: str, kind: str) -> list[str]:
    return sorted(path.name for path in Path(folder.removeprefix("store:/"), kind).glob("*"))


def test_an_index_covers_all_objects_and_the_one_before_goes(objects: str, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = ObjectJournal(objects, "me")
    for number in range(4):
        append(journal, number)
        journal.close()
    assert files(objects, "index") == ["me-000000-000003.index"]
    assert indexed(ObjectIndexReader(objects)) == replies(range(4))


def test_an_index_is_laid_aside_when_it_is_large(objects: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_files, "INDEX_REPLIES", 10)
    journal = ObjectJournal(objects, "me")
    for number in range(0, 50, 4):
        append(journal, *range(number, number + 4))
        journal.close()
        assert indexed(ObjectIndexReader(objects)) == replies(range(number + 4))
    assert len(files(objects, "index")) == 1
    assert files(objects, "index_full") == [f"me-{first:06d}-{first + 2:06d}.index" for first in range(0, 12, 3)]
    assert ObjectStore.asked["create"] == 13 + 13 + 4


def test_a_version_that_could_not_be_deleted_is_passed_over(objects: str) -> None:
    ObjectStore.failing.add("delete")
    journal = ObjectJournal(objects, "me")
    for number in range(3):
        append(journal, number)
        journal.close()
    assert len(files(objects, "index")) == 3
    assert [segment.size for segment in ObjectIndexReader(objects).growing()] == [3 * RECORD_BYTES]
    assert indexed(ObjectIndexReader(objects)) == replies(range(3))


def test_indexes_are_written_seconds_apart_and_the_last_of_them_at_the_end(objects: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small bundles, each of which has its replies written, are no reason to write as many indexes."""
    monkeypatch.setattr(index_files, "INDEX_S", 600.0)
    journal = ObjectJournal(objects, "me")
    for number in range(20):
        append(journal, number)
        journal.flush()
    assert len(indexed(ObjectIndexReader(objects))) < 20
    before = ObjectStore.asked["create"]
    assert before <= 21
    journal.close()
    assert indexed(ObjectIndexReader(objects)) == replies(range(20))
    assert ObjectStore.asked["create"] == before + 1


def test_an_index_follows_its_journal_unasked(objects: str, monkeypatch: pytest.MonkeyPatch, until: Callable[..., None]) -> None:
    monkeypatch.setattr(journal_module, "FLUSH_S", 0.05)
    monkeypatch.setattr(index_files, "INDEX_S", 0.05)
    journal = ObjectJournal(objects, "me")
    for number in range(3):
        append(journal, number)
        until(lambda: indexed(ObjectIndexReader(objects)) == replies(range(number + 1)))  # noqa: B023


def test_a_store_that_fails_gets_the_index_with_the_next_reply(objects: str) -> None:
    journal = ObjectJournal(objects, "me")
    append(journal, 0)
    journal.flush()
    journal.close()
    append(journal, 1)
    journal.flush()
    ObjectStore.failing.add("create")
    journal.close()
    ObjectStore.failing.clear()
    append(journal, 2)
    journal.close()
    assert indexed(ObjectIndexReader(objects)) == replies(range(3))


def test_foreign_files_are_passed_over(folder: str) -> None:
    journal = open_journal(folder)
    append(journal, 0)
    journal.close()
    place = Path(folder.removeprefix("store:/"), "index")
    for name in ("notes.txt", "README.index.bak", ".DS_Store"):
        (place / name).write_bytes(b"x" * 100)
    (place / "folder.index").mkdir()
    assert indexed(open_reader(folder)) == replies(range(1))


@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_found_again(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    for folder in (str(tmp_path_factory.mktemp("files")), f"store:/{tmp_path_factory.mktemp('objects')}"):
        journal, reader = open_journal(folder), open_reader(folder)
        for number, text in enumerate(texts):
            append(journal, number, text=text)
        journal.close()
        assert indexed(reader) == {number: f"{text} {number}" for number, text in enumerate(texts)}
