"""Reading what the processes of a run keep in its journal folder: which indexes there are, and single replies.

Everything here blocks, so it is called from threads, and raises what the file system does.
"""

import os
import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from transforms.inference.journal.index_files import FULL, GROWING, SUFFIX, journal_object, split_place
from transforms.inference.journal.object_store import list_objects, read_object
from transforms.inference.journal.reply_index import RECORD_BYTES
from transforms.inference.journal.writer import JournalEntry, decode_entry, read_entries


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a process's index: its bytes stay as they are, and more may come behind them.

    `name` is the process's, `first` tells its pieces apart, and `size` is that of whole records.
    """

    name: str
    first: int
    path: str
    size: int
    updated: float

    @property
    def piece(self) -> tuple[str, int]:
        return self.name, self.first


class FileIndexReader:
    """Local files: the index of a process is one file, and lines are read one by one."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def growing(self) -> list[Segment]:
        """The newest piece of every process's index."""
        try:
            with os.scandir(os.path.join(self._folder, GROWING)) as files:
                found = [(file, file.stat()) for file in files if file.name.endswith(SUFFIX) and file.is_file()]
        except FileNotFoundError:  # nothing is written before the first reply
            return []
        return [
            Segment(file.name.removesuffix(SUFFIX), 0, file.path, status.st_size // RECORD_BYTES * RECORD_BYTES, status.st_mtime)
            for file, status in found
        ]

    def full(self, name: str = "") -> list[Segment]:
        """The pieces that grow no more, of one process or of all."""
        return []

    def records(self, segment: Segment, start: int) -> bytes:
        """The bytes of an index from `start` on."""
        with open(segment.path, "rb") as file:
            file.seek(start)
            return file.read(segment.size - start)

    def unit(self, name: str, where: int) -> Hashable:
        """What is read together with the line of a place: the same for the same piece of storage."""
        return name, where

    def entries(self, name: str, where: int, length: int) -> Iterable[JournalEntry]:
        """What lies at a place, with what is read together with it."""
        file = os.open(os.path.join(self._folder, f"{name}.jsonl"), os.O_RDONLY)
        try:
            entry = decode_entry(os.pread(file, length, where))
        finally:
            os.close(file)
        return [] if entry is None else [entry]


_OBJECT = re.compile(r"(?P<name>.+)-(?P<first>\d{6,18})-(?P<last>\d{6,18})" + re.escape(SUFFIX))


class ObjectIndexReader:
    """An object store: the index of a process is many objects, and journal objects are read whole.

    A journal object has the replies of a few seconds, and who runs a bundle again asks for its neighbours too.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder.rstrip("/")

    def growing(self) -> list[Segment]:
        return self._segments(GROWING, "")

    def full(self, name: str = "") -> list[Segment]:
        return self._segments(FULL, name and f"{name}-")

    def records(self, segment: Segment, start: int) -> bytes:
        return read_object(segment.path, start)

    def unit(self, name: str, where: int) -> Hashable:
        return name, split_place(where)[0]

    def entries(self, name: str, where: int, length: int) -> Iterable[JournalEntry]:
        data = read_object(journal_object(self._folder, name, split_place(where)[0]))
        return read_entries(data.splitlines())

    def _segments(self, kind: str, prefix: str) -> list[Segment]:
        """The newest version of each piece: the ones before are deleted, but perhaps not yet."""
        listing = list_objects(f"{self._folder}/{kind}", f"{prefix}*{SUFFIX}")
        found = ((_OBJECT.fullmatch(listed.path.rpartition("/")[2]), listed) for listed in listing)
        named = [(named["name"], int(named["first"]), int(named["last"]), listed) for named, listed in found if named]
        newest: dict[tuple[str, int], Segment] = {}
        for name, first, _, listed in sorted(named, key=lambda version: version[2]):
            size, updated = listed.size_in_bytes // RECORD_BYTES * RECORD_BYTES, listed.last_updated_in_seconds
            newest[name, first] = Segment(name, first, listed.path, size, updated)
        return list(newest.values())


# A journal folder, to be read.
IndexReader = FileIndexReader | ObjectIndexReader


def open_reader(folder: str) -> IndexReader:
    """The reader of what `writer.open_journal` writes."""
    return ObjectIndexReader(folder) if "://" in folder else FileIndexReader(folder)
