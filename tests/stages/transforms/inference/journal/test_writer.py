"""The journal: every paid reply is kept, whatever happens to the process or to the store."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.scripted_endpoint import Answer as Reply
from tests.places import ROOT
from transforms.errors import FatalError
from transforms.filter import FilterReply
from transforms.inference.client.chat import Completion, Request
from transforms.inference.config import ModelConfig
from transforms.inference.journal import index_files
from transforms.inference.journal import replies as replies_module
from transforms.inference.journal import writer as journal_module
from transforms.inference.journal.reply_index import RECORD_BYTES
from transforms.inference.journal.writer import FileJournal, JournalEntry, ObjectJournal, decode_entry, encode_entry, read_entries
from transforms.inference.runtime import Runtime, Stopped
from transforms.inference.scheduling.retries import Answer, Call

TEXT = st.text(st.characters(codec="utf-8"))


def request(document_id: str = "d") -> Request:
    return Request("filter", document_id, [{"role": "user", "content": "x"}], None, ModelConfig(("http://x/v1",), "m"))


def read_folder(folder: Path) -> list[JournalEntry]:
    return [entry for path in sorted(folder.glob("*.jsonl")) for entry in read_entries(iter(path.read_bytes().splitlines()))]


@given(TEXT, TEXT, st.text(alphabet="0123456789abcdef", min_size=1))
def test_an_entry_comes_back_as_it_was(document_id: str, text: str, key: str) -> None:
    line = encode_entry(request(document_id), key, Completion(text, 7, 0, 3))
    assert decode_entry(line) == JournalEntry(key, document_id, "filter", text)


@given(st.binary())
def test_a_damaged_line_costs_itself_only(damage: bytes) -> None:
    good = encode_entry(request(), "k", Completion("reply"))
    lines = [good, *damage.split(b"\n"), good[: len(good) // 2], good]
    assert [entry.key for entry in read_entries(iter(lines))][-1] == "k"
    assert len(list(read_entries(iter(lines)))) >= 2


def test_a_local_journal_is_whole_after_every_reply(tmp_path: Path) -> None:
    journal = FileJournal(str(tmp_path / "journal"), "me")
    for number in range(3):
        journal.append(request(f"d{number}"), f"k{number}", Completion(f"reply {number}"))
        assert len(read_folder(tmp_path / "journal")) == number + 1


def test_nothing_is_written_before_the_first_reply(tmp_path: Path) -> None:
    FileJournal(str(tmp_path / "journal"), "me").flush()
    assert not (tmp_path / "journal").exists()


def test_a_killed_process_loses_no_reply(tmp_path: Path) -> None:
    script = f"""
from tests.stages.transforms.inference.journal.test_writer import *
journal = FileJournal({str(tmp_path)!r}, "child")
for number in range(1000):
    journal.append(request(f"d{{number}}"), f"k{{number}}", Completion("reply"))
    print(number, flush=True)
"""
    root = ROOT
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root)
    assert child.stdout is not None
    answered = [int(child.stdout.readline()) for _ in range(50)][-1]
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert len(read_folder(tmp_path)) >= answered + 1


def test_a_closed_local_journal_goes_on_with_its_file(tmp_path: Path) -> None:
    journal = FileJournal(str(tmp_path), "me")
    for number in range(2):
        journal.append(request(), f"k{number}", Completion("reply"))
        journal.close()
        journal.close()
    assert [entry.key for entry in read_folder(tmp_path)] == ["k0", "k1"]


# --- an object store; Beam's file systems write local paths just as well


class Store:
    """Stands between a journal and its store: the next `failing` writes fail, half written."""

    def __init__(self) -> None:
        self.failing = 0
        self.tries = 0
        self._write = journal_module._write_object

    def write(self, path: str, data: bytes) -> None:
        self.tries += 1
        if self.failing:
            self.failing -= 1
            self._write(path, data[: len(data) // 2])
            raise OSError("the store is away")
        self._write(path, data)


@pytest.fixture(autouse=True)
def quick_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexes are written at once, so that no thread is left over from a test."""
    monkeypatch.setattr(index_files, "INDEX_S", 0.0)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    monkeypatch.setattr(journal_module, "_write_object", store.write)
    monkeypatch.setattr(journal_module, "BACK_OFF_FIRST_S", 0.01)
    monkeypatch.setattr(journal_module, "BACK_OFF_MOST_S", 0.02)
    return store


def append(journal: ObjectJournal, *numbers: int) -> None:
    for number in numbers:
        journal.append(request(), f"k{number}", Completion("reply"))


def keys(folder: Path) -> list[str]:
    return [entry.key for entry in read_folder(folder)]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 50
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def journal_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "journal"]


def test_what_the_store_does_not_take_is_written_later(tmp_path: Path, store: Store) -> None:
    journal = ObjectJournal(str(tmp_path), "me")
    store.failing = journal_module.FLUSH_TRIES - 1
    append(journal, 0, 1, 2)
    journal.flush()
    assert keys(tmp_path) == ["k0", "k1", "k2"]
    assert store.tries == journal_module.FLUSH_TRIES


def test_a_flush_that_fails_keeps_the_replies_for_the_next(tmp_path: Path, store: Store) -> None:
    journal = ObjectJournal(str(tmp_path), "me")
    store.failing = 1_000_000
    append(journal, 0, 1)
    with pytest.raises(FatalError, match=r"2 replies that were paid for cannot be written to .*: the store is away"):
        journal.flush()
    assert journal_module.FLUSH_TRIES <= store.tries <= journal_module.FLUSH_TRIES + 1
    append(journal, 2)
    store.failing = 0
    journal.flush()
    assert keys(tmp_path) == ["k0", "k1", "k2"]


def test_a_store_that_comes_back_gets_its_replies_unasked(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "FLUSH_S", 0.02)
    journal = ObjectJournal(str(tmp_path), "me")
    store.failing = 3
    append(journal, 0, 1)
    until(lambda: keys(tmp_path) == ["k0", "k1"])
    assert store.tries == 4


def test_a_lull_is_no_reason_to_wait(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "FLUSH_S", 0.05)
    journal = ObjectJournal(str(tmp_path), "me")
    append(journal, 0)
    assert keys(tmp_path) == []
    until(lambda: keys(tmp_path) == ["k0"])
    append(journal, 1)
    until(lambda: keys(tmp_path) == ["k0", "k1"])


def test_the_thread_goes_when_all_is_written(tmp_path: Path, store: Store) -> None:
    until(lambda: not journal_threads())  # that of the test before may still be there
    journal = ObjectJournal(str(tmp_path), "me")
    for number in range(3):
        append(journal, number)
        assert len(journal_threads()) == 1
        journal.flush()
        until(lambda: not journal_threads())
    assert len(keys(tmp_path)) == 3


def test_closing_flushes(tmp_path: Path, store: Store) -> None:
    journal = ObjectJournal(str(tmp_path), "me")
    append(journal, 0)
    journal.close()
    journal.close()
    assert keys(tmp_path) == ["k0"]


def test_nobody_waits_for_the_store_to_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(journal_module, "_write_object", lambda path, data: gate.wait())
    journal = ObjectJournal(str(tmp_path), "me")
    append(journal, *range(2 * journal_module.FLUSH_REPLIES))  # or this test never ends
    gate.set()
    journal.flush()


def test_many_threads_lose_nothing_in_a_store_that_fails_now_and_then(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "FLUSH_REPLIES", 7)
    journal = ObjectJournal(str(tmp_path), "me")

    def write(path: str, data: bytes) -> None:
        """Two writes of three fail, so never as many in a row as a flush bears, however the threads take turns."""
        store.failing = store.failing or (2 if store.tries % 3 == 0 else 0)
        store.write(path, data)

    monkeypatch.setattr(journal_module, "_write_object", write)

    def work(first: int) -> None:
        for number in range(first, first + 50):
            append(journal, number)
            if number % 10 == 0:
                journal.flush()
                assert f"k{number}" in keys(tmp_path)

    workers = [threading.Thread(target=work, args=(first,)) for first in range(0, 400, 50)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    journal.flush()
    assert store.tries > 100
    assert sorted(keys(tmp_path)) == sorted(f"k{number}" for number in range(400))


def test_an_object_store_gets_objects_of_many_replies(tmp_path: Path) -> None:
    journal = ObjectJournal(str(tmp_path), "me")
    append(journal, *range(2 * journal_module.FLUSH_REPLIES + 5))
    journal.flush()
    files = sorted(tmp_path.glob("*.jsonl"))
    assert [len(path.read_text().splitlines()) for path in files] == [journal_module.FLUSH_REPLIES] * 2 + [5]
    assert {json.loads(line)["key"] for path in files for line in path.read_text().splitlines()} == {
        f"k{number}" for number in range(2 * journal_module.FLUSH_REPLIES + 5)
    }


def test_prompts_and_documents_are_not_in_the_journal() -> None:
    line = encode_entry(request(), "k", Completion("reply"))
    assert b'"x"' not in line


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, a disk without space, as Linux has it")
def test_a_full_disk_is_said_in_one_line_and_ends_what_would_be_lost(
    tmp_path: Path, runtime: Runtime, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full.jsonl").symlink_to("/dev/full")
    monkeypatch.setattr(replies_module, "open_journal", lambda folder: FileJournal(folder, "full"))
    endpoint = serve(
        lambda asked: Reply(json.dumps({"qualified": True, "reason": "ok"}), delay_s=0.2 if "first" in asked.text else 3600)
    )
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    for text in ("first", "second"):
        config = ModelConfig((endpoint.url,), "m", journal=str(tmp_path))
        request = Request("filter", text, [{"role": "system", "content": "s"}, {"role": "user", "content": text}], None, config)
        runtime.submit(Call(request, FilterReply, 0, answers.put))
    errors = {type(answers.get(timeout=50).error) for _ in range(2)}
    assert errors <= {FatalError, Stopped}
    assert str(runtime.fatal) == f"replies cannot be written to {tmp_path}/full.jsonl: No space left on device"


def test_half_a_line_that_was_written_does_not_spoil_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(str(tmp_path), "j")
    write = os.write
    monkeypatch.setattr(journal_module.os, "write", lambda file, data: write(file, data[:20]))
    with pytest.raises(FatalError, match="no space left"):
        journal.append(request("a"), "k1", Completion("one"))
    monkeypatch.undo()
    journal.append(request("b"), "k2", Completion("two"))
    journal.close()
    assert [entry.key for entry in read_entries(iter((tmp_path / "j.jsonl").read_bytes().splitlines(keepends=True)))] == ["k2"]


def test_a_changed_letter_is_not_taken_for_the_reply() -> None:
    good = encode_entry(request(), "k", Completion('{"question":"Who?"}', 7, 0, 3))
    assert decode_entry(good) is not None
    for before, after in ((b"Who", b"Wgo"), (b'"k"', b'"l"'), (b'"document_id":"d"', b'"document_id":"e"')):
        assert before in good
        assert decode_entry(good.replace(before, after)) is None


def test_a_line_of_an_older_journal_has_no_checksum() -> None:
    row = json.loads(encode_entry(request(), "k", Completion("reply", 7, 0, 3)))
    del row["sum"]
    assert decode_entry(json.dumps(row).encode()) == JournalEntry("k", "d", "filter", "reply")


@pytest.mark.parametrize("count", [2**63, 10**30, -1, None, "many", [1], 1.5e308])
def test_a_wrong_count_costs_no_reply(count: object) -> None:
    row = json.loads(encode_entry(request(), "k", Completion("reply", 7, 0, 3)))
    entry = decode_entry(json.dumps({**row, "prompt_tokens": count}).encode())
    assert entry is not None
    assert (entry.text, entry.tokens) == ("reply", (0, 0, 3))


@pytest.mark.parametrize("all_of_it", [False, True])
def test_a_file_that_was_deleted_is_begun_anew(tmp_path: Path, all_of_it: bool) -> None:
    folder = tmp_path / "journal"
    journal = FileJournal(str(folder), "j")
    journal.append(request("a"), "k1", Completion("one"))
    if all_of_it:
        shutil.rmtree(folder)
    else:
        (folder / "j.jsonl").unlink()
    journal.append(request("b"), "k2", Completion("two"))
    journal.append(request("c"), "k3", Completion("three"))
    journal.close()
    lines = (folder / "j.jsonl").read_bytes().splitlines(keepends=True)
    assert [entry.key for entry in read_entries(lines)] == ["k2", "k3"]
    assert (folder / "index" / "j.index").stat().st_size == 2 * RECORD_BYTES
