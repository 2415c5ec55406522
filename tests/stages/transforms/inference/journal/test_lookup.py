"""What one process finds in the journal of others: at the start, while it runs, after damage, within bounds."""

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.object_store import ObjectStore
from tests.places import ROOT
from transforms.inference.client.chat import Completion, Request
from transforms.inference.config import ModelConfig
from transforms.inference.journal import index_files, lookup
from transforms.inference.journal.index_reader import FileIndexReader, ObjectIndexReader, Segment, open_reader
from transforms.inference.journal.lookup import JournalLookup
from transforms.inference.journal.reply_index import RECORD_BYTES
from transforms.inference.journal.writer import FileJournal, Journal, ObjectJournal


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_files, "INDEX_S", 0.0)
    monkeypatch.setattr(lookup, "LOOK_S", 600.0)  # after the first look only when a test says so
    monkeypatch.setattr(ObjectStore, "failing", set())
    ObjectStore.asked.clear()


@pytest.fixture(params=["local", "objects"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{'store:/' if request.param == 'objects' else ''}{tmp_path}/journal"


def journal_of(folder: str, name: str) -> Journal:
    return ObjectJournal(folder, name) if "://" in folder else FileJournal(folder, name)


def write(folder: str, name: str, replies: dict[str, str]) -> Journal:
    """A process writes replies and goes on."""
    journal = journal_of(folder, name)
    append(journal, replies)
    journal.close()
    return journal


def append(journal: Journal, replies: dict[str, str]) -> None:
    for key, text in replies.items():
        request = Request("filter", "d", [], None, ModelConfig(("http://x/v1",), "m"))
        journal.append(request, key, Completion(text))


def some(numbers: Iterable[int], text: str = "reply") -> dict[str, str]:
    return {f"k{number}": f"{text} {number}" for number in numbers}


async def find(found: JournalLookup, keys: Iterable[str]) -> dict[str, str]:
    """What a lookup has for some keys, all asked for at once."""

    async def one(key: str) -> tuple[str, str | None]:
        return key, await found.look_up(key)

    return {key: text for key, text in await asyncio.gather(*map(one, keys)) if text is not None}


def waits(found: JournalLookup, key: str) -> bool:
    """Whether somebody who asks for a key waits for something."""
    asking = found.look_up(key)
    try:
        asking.send(None)
    except StopIteration:
        return False
    asking.close()
    return True


async def look(found: JournalLookup) -> None:
    """Have it look, and wait for the end of that."""
    if found._look is None:
        found._begin_look(time.monotonic())
    await asyncio.wait([found._look])
    await asyncio.sleep(0)


def with_lookup(folder: str, work: Callable[[JournalLookup], Any], **settings: Any) -> tuple[Any, dict[str, str]]:
    """Run a coroutine with a lookup; its result, and what was remembered."""
    remembered: dict[str, str] = {}

    async def main() -> Any:
        found = JournalLookup(folder, remembered.__setitem__, **settings)
        try:
            return await work(found)
        finally:
            found.close()

    return asyncio.run(main()), remembered


def test_the_first_call_finds_what_others_wrote(folder: str) -> None:
    for process in range(3):
        write(folder, f"p{process}", some(range(10 * process, 10 * process + 10)))
    found, remembered = with_lookup(folder, lambda it: find(it, some(range(40))))
    assert found == some(range(30))
    assert remembered == found


def test_an_empty_folder_holds_up_nobody(folder: str) -> None:
    async def work(found: JournalLookup) -> dict[str, str]:
        first = await find(found, ["k0"])
        assert not waits(found, "k0"), "there is nothing to wait for"
        return first

    assert with_lookup(folder, work)[0] == {}


def test_what_is_written_later_is_found_later(folder: str) -> None:
    first = write(folder, "p0", some(range(5)))

    async def work(found: JournalLookup) -> None:
        assert await find(found, some(range(20))) == some(range(5))
        append(first, some(range(5, 10)))
        first.close()
        write(folder, "p1", some(range(10, 15)))
        await look(found)
        assert await find(found, some(range(20))) == some(range(15))
        assert len(found._indexes.replies) == 15

    with_lookup(folder, work)


def test_the_newest_reply_of_a_key_counts(folder: str) -> None:
    write(folder, "p0", {"k": "old", "other": "x"})

    async def work(found: JournalLookup) -> None:
        assert await find(found, ["k"]) == {"k": "old"}
        write(folder, "p1", {"k": "new"})
        await look(found)
        assert await find(found, ["k"]) == {"k": "new"}

    with_lookup(folder, work)


def test_calls_wait_for_the_first_look_and_for_one_after_a_lull_only(tmp_path: Path) -> None:
    reader = SlowReader(str(tmp_path), 0.1)
    write(str(tmp_path), "p0", some(range(1)))

    async def work(found: JournalLookup) -> None:
        assert waits(found, "k1"), "the first look has only begun"
        await look(found)
        found._next_look = time.monotonic()
        waited = waits(found, "k1")
        assert found._look is not None and not waited, "a look goes on and nobody waits"
        await look(found)
        found._next_look = time.monotonic() - lookup.LATE_S - 1
        write(str(tmp_path), "p1", some(range(1, 2)))
        assert await find(found, ["k1"]) == some(range(1, 2))

    with_lookup(str(tmp_path), work, reader=reader)


class SlowReader(FileIndexReader):
    """A store that takes its time to list; `most` is how many listings went on at the same time."""

    def __init__(self, folder: str, seconds: float) -> None:
        super().__init__(folder)
        self._seconds = seconds
        self._now = self.most = self.listings = 0

    def growing(self) -> list[Segment]:
        self._now += 1
        self.listings += 1
        self.most = max(self.most, self._now)
        time.sleep(self._seconds)
        self._now -= 1
        return super().growing()


class HangingReader(SlowReader):
    """A store that does not list before the test is over."""

    def __init__(self, folder: str, seconds: float) -> None:
        super().__init__(folder, seconds)
        self.released = threading.Event()

    def growing(self) -> list[Segment]:
        found = super().growing()
        self.released.wait(100)
        return found


def test_a_store_that_hangs_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "LOOK_WAIT_S", 0.1)
    reader = HangingReader(str(tmp_path), 0.0)
    write(str(tmp_path), "p0", some(range(1)))

    async def work(found: JournalLookup) -> None:
        assert await find(found, some(range(3))) == {}
        assert not waits(found, "k0")
        assert (reader.listings, reader.most) == (1, 1)
        assert not reader.released.is_set(), "it was waited for"
        reader.released.set()

    with_lookup(str(tmp_path), work, reader=reader)


@pytest.mark.parametrize("kind", ["list", "open"])
def test_a_store_that_fails_costs_repeats_and_comes_back(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    folder = f"store:/{tmp_path}"
    write(folder, "p0", some(range(3)))
    ObjectStore.failing.add(kind)

    async def work(found: JournalLookup) -> None:
        for _ in range(3):
            await look(found)
            assert await find(found, some(range(3))) == {}
        ObjectStore.failing.clear()
        await look(found)
        await look(found)
        assert await find(found, some(range(3))) == some(range(3))

    with caplog.at_level(logging.WARNING):
        with_lookup(folder, work)
    assert len(caplog.records) == (kind == "list"), "it is told once"


def test_a_journal_object_is_read_once_for_all_who_ask(tmp_path: Path) -> None:
    folder = f"store:/{tmp_path}"
    write(folder, "p0", some(range(100)))

    async def work(found: JournalLookup) -> None:
        await look(found)
        ObjectStore.asked.clear()
        assert await find(found, some(range(0, 100, 2))) == some(range(0, 100, 2))

    _, remembered = with_lookup(folder, work)
    assert remembered == some(range(100)), "its neighbours are remembered too"
    assert ObjectStore.asked == {"open": 1}


# --- what a look costs


def test_a_look_asks_a_store_for_a_listing_and_for_what_changed(tmp_path: Path) -> None:
    folder = f"store:/{tmp_path}"
    journals = [write(folder, f"p{process}", some(range(process, process + 1))) for process in range(40)]

    async def work(found: JournalLookup) -> None:
        await look(found)
        assert ObjectStore.asked == {"list": 2, "open": 40}, "the first look: both folders, and all indexes"
        ObjectStore.asked.clear()
        await look(found)
        assert ObjectStore.asked == {"list": 1}, "nothing is new"
        for journal in journals:
            append(journal, {f"{id(journal)}": "x"})
            journal.close()
        ObjectStore.asked.clear()
        for looks, read in ((1, 16), (2, 32), (3, 40), (4, 40)):
            await look(found)
            assert ObjectStore.asked == {"list": looks, "open": read}
        assert len(found._indexes.replies) == 80

    ObjectStore.asked.clear()
    with_lookup(folder, work)


def test_who_stopped_growing_is_read_first(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "READS_A_LOOK", 2)
    journals = {f"p{process}": write(folder, f"p{process}", {f"p{process}": "first"}) for process in range(10)}

    async def work(found: JournalLookup) -> None:
        await look(found)
        turn = 0

        async def grow_and_look(*dead: str) -> None:
            nonlocal turn
            turn += 1
            for name, journal in journals.items():
                if name not in dead:
                    append(journal, {f"{name} {turn}": "later"})
                    journal.close()
            await look(found)

        await grow_and_look()
        await grow_and_look("p7")  # it has not grown since the last look, and has one that is not known
        assert await find(found, ["p7 1"]) == {"p7 1": "later"}
        for _ in range(5):
            await grow_and_look("p7")
        names = [f"{name} 1" for name in journals]
        assert sorted(await find(found, names)) == names, "each of the others has had its turn"

    with_lookup(folder, work)


def test_of_those_that_grow_only_so_much_is_read_in_one_look(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "GROWING_BYTES_A_LOOK", 30 * RECORD_BYTES)
    journals = [write(folder, f"p{process}", {f"{process}": "x"}) for process in range(8)]

    async def work(found: JournalLookup) -> None:
        await look(found)
        for process, journal in enumerate(journals):
            append(journal, some(range(100 * process, 100 * process + 20)))
            journal.close()
        await look(found)
        assert len(found._indexes.replies) == 8 + 40
        await look(found)
        assert len(found._indexes.replies) == 8 + 160, "they have stopped by now, so nothing holds them back"

    with_lookup(folder, work)


def test_processes_in_numbers_look_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "LOOK_S", 2.0)
    monkeypatch.setattr(lookup, "LOOK_S_A_PROCESS", 2.0)
    for process in range(30):
        write(str(tmp_path), f"p{process}", some(range(1)))

    async def work(found: JournalLookup) -> None:
        await look(found)
        assert 50 < found._next_look - time.monotonic() <= 60

    with_lookup(str(tmp_path), work)


def test_one_look_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "LOOK_S", 0.0)
    reader = SlowReader(str(tmp_path), 0.02)

    async def work(found: JournalLookup) -> None:
        for _ in range(100):
            waits(found, "k0")
            await asyncio.sleep(0.002)

    with_lookup(str(tmp_path), work, reader=reader)
    assert reader.listings > 2
    assert reader.most == 1


def test_what_was_laid_aside_between_two_looks_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_files, "INDEX_REPLIES", 5)
    folder = f"store:/{tmp_path}"
    journal = journal_of(folder, "p0")

    async def work(found: JournalLookup) -> None:
        written = 0
        for more in (3, 4, 1, 30, 2, 11):
            for _ in range(more):
                append(journal, some(range(written, written + 1)))
                journal.close()
                written += 1
            await look(found)
            assert await find(found, some(range(60))) == some(range(written))
            assert len(found._indexes.replies) == written, "nothing is taken in twice"

    with_lookup(folder, work)


def test_a_new_process_finds_what_was_laid_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_files, "INDEX_REPLIES", 5)
    folder = f"store:/{tmp_path}"
    for process in range(3):
        journal = journal_of(folder, f"p{process}")
        for number in range(17):
            append(journal, some([100 * process + number]))
            journal.close()
    everything = some(number for process in range(3) for number in range(100 * process, 100 * process + 17))

    async def work(found: JournalLookup) -> dict[str, str]:
        everything_found = await find(found, everything)
        assert len(found._indexes.replies) == len(everything), "nothing is taken in twice"
        return everything_found

    assert with_lookup(folder, work)[0] == everything


# --- bounds


def test_the_newest_are_known_when_there_are_more_than_can_be(folder: str) -> None:
    journal = write(folder, "p0", some(range(1000)))

    async def work(found: JournalLookup) -> None:
        await look(found)
        assert len(found._indexes.replies) == 100
        assert await find(found, some(range(1000))) == some(range(900, 1000))
        append(journal, some(range(1000, 2000)))
        journal.close()
        await look(found)
        assert 75 <= len(found._indexes.replies) <= 100
        known = await find(found, some(range(2000)))
        assert known.items() >= some(range(1925, 2000)).items()

    with_lookup(folder, work, most=100)


def test_the_dead_are_known_before_the_living_where_not_all_can_be(tmp_path: Path) -> None:
    for process in range(4):
        write(str(tmp_path), f"p{process}", some(range(100 * process, 100 * process + 100)))
    long_ago = time.time() - 600
    path = tmp_path / "index" / "p1.index"
    os.utime(path, (long_ago, long_ago))
    found, _ = with_lookup(str(tmp_path), lambda it: find(it, some(range(400))), most=150)
    assert len(found) == 150
    assert found.items() >= some(range(100, 200)).items()


# --- damage


def test_an_old_journal_without_an_index_costs_repeats_only(folder: str) -> None:
    journal = write(folder, "p0", some(range(5)))
    assert journal
    for path in Path(folder.removeprefix("store:/"), "index").glob("*"):
        path.unlink()
    assert with_lookup(folder, lambda it: find(it, some(range(5))))[0] == {}


def test_an_index_longer_than_its_journal(folder: str) -> None:
    write(folder, "p0", some(range(400)))
    paths = sorted(Path(folder.removeprefix("store:/")).glob("*.jsonl"))
    lines = paths[0].read_bytes().splitlines(keepends=True)
    paths[0].write_bytes(b"".join(lines[:10]) + lines[10][:20])
    kept = some(range(10)) | (some(range(300, 400)) if len(paths) > 1 else {})
    assert with_lookup(folder, lambda it: find(it, some(range(400))))[0] == kept
    for path in paths:
        path.unlink()
    assert with_lookup(folder, lambda it: find(it, some(range(400))))[0] == {}


def test_a_torn_record_costs_itself_only(folder: str) -> None:
    write(folder, "p0", some(range(5)))
    [path] = Path(folder.removeprefix("store:/"), "index").glob("*.index")
    path.write_bytes(path.read_bytes()[:-7])
    assert with_lookup(folder, lambda it: find(it, some(range(5))))[0] == some(range(4))


def test_a_record_of_which_half_is_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    write(str(tmp_path), "p0", some(range(5)))
    path = tmp_path / "index" / "p0.index"
    whole = path.read_bytes()

    async def work(found: JournalLookup) -> None:
        for size in range(3 * RECORD_BYTES, len(whole) + 1, 7):
            path.write_bytes(whole[:size])
            await look(found)
            assert await find(found, some(range(5))) == some(range(size // RECORD_BYTES))

    with_lookup(str(tmp_path), work)


def test_foreign_files_cost_nothing(folder: str) -> None:
    write(folder, "p0", some(range(5)))
    place = Path(folder.removeprefix("store:/"), "index")
    (place / "garbage.index").write_bytes(bytes(range(256)) * 10)
    (place / "garbage-000000-000001.index").write_bytes(bytes(range(255, -1, -1)) * 10)
    (place / "empty.index").write_bytes(b"")
    (place / "notes.txt").write_text("notes")
    assert with_lookup(folder, lambda it: find(it, some(range(10))))[0] == some(range(5))


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 2), st.dictionaries(st.sampled_from("abcdefgh"), st.text(max_size=9))),
        st.tuples(st.just("look"), st.just(0), st.just({})),
    ),
    max_size=20,
)


@pytest.mark.parametrize("kind", ["local", "objects"])
def test_finds_what_a_dict_would(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    @given(EVENTS)
    def check(events: list[tuple[str, int, dict[str, str]]]) -> None:
        folder = f"{'store:/' if kind == 'objects' else ''}{tmp_path_factory.mktemp('journal')}"
        journals = [journal_of(folder, f"p{process}") for process in range(3)]
        written: dict[str, list[str]] = {}

        async def work(found: JournalLookup) -> None:
            await look(found)
            for what, process, replies in events:
                append(journals[process], replies)
                journals[process].close()
                for key, text in replies.items():
                    written.setdefault(key, []).append(text)
                if what == "look":
                    await look(found)
            await look(found)
            known = await find(found, "abcdefghi")
            assert known.keys() == written.keys()
            assert all(text in written[key] for key, text in known.items())

        with_lookup(folder, work)

    check()


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1, exclude_max=True), st.binary(max_size=30)), min_size=1, max_size=6))
def test_damage_is_never_a_wrong_reply(damages: list[tuple[bool, float, bytes]]) -> None:
    for scheme in ("", "store:/"):
        with tempfile.TemporaryDirectory() as place:
            write(f"{scheme}{place}", "p0", some(range(10)))
            paths = [next(Path(place).glob("*.jsonl")), next(Path(place, "index").glob("*.index"))]
            for in_index, where, bytes_ in damages:
                data = bytearray(paths[in_index].read_bytes())
                start = int(where * len(data))
                data[start : start + len(bytes_)] = bytes_
                paths[in_index].write_bytes(data)
            asked = [f"k{number}" for number in range(12)]
            found, _ = with_lookup(f"{scheme}{place}", lambda it: find(it, asked))  # noqa: B023
            whole = {line for line in paths[0].read_bytes().splitlines()}
            for key, text in found.items():
                assert any(key.encode() in line and text.encode("utf-8", "surrogatepass") in line for line in whole)


def test_readers_by_folder() -> None:
    assert isinstance(open_reader("/a"), FileIndexReader)
    assert isinstance(open_reader("gs://b/journal"), ObjectIndexReader)


BUCKET_RUN = """
import asyncio, os, socket
from apache_beam.internal.gcp import auth
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from gcp_storage_emulator.server import create_server

with socket.socket() as free:
    free.bind(("localhost", 0))
    port = free.getsockname()[1]
os.environ["STORAGE_EMULATOR_HOST"] = f"http://localhost:{port}"
auth._Credentials._credentials_init = True  # else Beam looks for credentials for 20 seconds
server = create_server("localhost", port, in_memory=True, default_bucket="b")
server.start()
FileSystems.set_options(PipelineOptions(["--no_auth", "--project=test-project"]))

from tests.stages.transforms.inference.journal.test_lookup import JournalLookup, append, find, index_files, look, lookup, some
from transforms.inference.journal.writer import open_journal

index_files.INDEX_S, index_files.INDEX_REPLIES, lookup.LOOK_S = 0.0, 400, 600.0
journal = open_journal("gs://b/out/journal")
written = 0

async def main():
    global written
    found = JournalLookup("gs://b/out/journal", lambda key, text: None)
    print(await find(found, some(range(3))))
    for more in (10, 350, 700, 5):
        append(journal, some(range(written, written + more)))
        journal.close()
        written += more
        await look(found)
        print(await find(found, some(range(written + 1))) == some(range(written)), len(found._indexes.replies))
    found.close()
    found = JournalLookup("gs://b/out/journal", lambda key, text: None)
    print(await find(found, some(range(written + 1))) == some(range(written)), len(found._indexes.replies))
    found.close()

asyncio.run(main())
for kind in ("index", "index_full"):
    print(len(FileSystems.match([f"gs://b/out/journal/{kind}/*"])[0].metadata_list))
server.stop()
"""


@pytest.mark.integration
def test_a_bucket_is_a_store_like_any_other() -> None:
    pytest.importorskip("gcp_storage_emulator", reason="pip install gcp-storage-emulator 'setuptools<81'")
    root = ROOT
    environment = os.environ | {"PYTHONPATH": str(root)}
    run = subprocess.run(
        [sys.executable, "-c", BUCKET_RUN], cwd=root, env=environment, capture_output=True, text=True, timeout=120
    )
    told = ["{}", "True 10", "True 360", "True 1060", "True 1065", "True 1065", "1", "2"]
    assert run.stdout.splitlines() == told, run.stderr
