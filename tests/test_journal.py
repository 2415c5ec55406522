import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from transforms.inference import journal as journal_module
from transforms.inference.endpoint import Completion, ModelConfig, Request
from transforms.inference.journal import FileJournal, JournalEntry, ObjectJournal, decode_entry, encode_entry, read_entries

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
from tests.test_journal import *
journal = FileJournal({str(tmp_path)!r}, "child")
for number in range(1000):
    journal.append(request(f"d{{number}}"), f"k{{number}}", Completion("reply"))
    print(number, flush=True)
"""
    root = Path(__file__).resolve().parents[1]
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root)
    assert child.stdout is not None
    answered = [int(child.stdout.readline()) for _ in range(50)][-1]
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert len(read_folder(tmp_path)) >= answered + 1


def test_an_object_store_gets_objects_of_many_replies(tmp_path: Path, monkeypatch: object) -> None:
    journal = ObjectJournal(str(tmp_path), "me")  # Beam's file systems write local paths just as well
    for number in range(2 * journal_module.FLUSH_REPLIES + 5):
        journal.append(request(), f"k{number}", Completion("reply"))
    journal.flush()
    files = sorted(tmp_path.glob("*.jsonl"))
    assert [len(path.read_text().splitlines()) for path in files] == [journal_module.FLUSH_REPLIES] * 2 + [5]
    assert {json.loads(line)["key"] for path in files for line in path.read_text().splitlines()} == {
        f"k{number}" for number in range(2 * journal_module.FLUSH_REPLIES + 5)
    }


def test_prompts_and_documents_are_not_in_the_journal() -> None:
    line = encode_entry(request(), "k", Completion("reply"))
    assert b'"x"' not in line
