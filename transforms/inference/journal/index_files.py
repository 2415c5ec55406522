"""How the index of a journal lies beside it, and writing it.

A local index is one file for each journal file; a record is appended after each reply. It says at
which byte the line begins.

    journal/<name>.jsonl            journal/index/<name>.index

An object cannot be appended to. There the index of a process is written anew every few seconds, under
a name that says which journal objects it covers, and the one before is deleted: no name is ever written
twice, which stores limit or refuse. A record says in which object and at which byte the line begins. An
index of so many records that writing it again costs more than the replies is laid aside for a new one.

    journal/<name>-<number>.jsonl   journal/index/<name>-<first>-<last>.index        (the one that grows)
                                    journal/index_full/<name>-<first>-<last>.index   (those laid aside)

So whoever wants to know what is new lists as many names as there are processes, whatever the age of the
run. An index that cannot be written costs repeats at worst, so it stops nobody: it is told once.
"""

import logging
import os
import time
from collections.abc import Sequence
from contextlib import suppress

from transforms.inference.journal.object_store import delete_object, write_object
from transforms.inference.journal.reply_index import RECORD_BYTES, pack_record

GROWING = "index"
FULL = "index_full"
SUFFIX = ".index"
# Seconds between two versions of the index of an object store.
INDEX_S = 5.0
# Records in one object: 1.3 MB. A process with 20 replies a second writes 130 kB/s, and lays one aside in an hour.
INDEX_REPLIES = 65_536
# Bits for the place within a journal object; the rest of 64 says which object.
_OFFSET_BITS = 32

_LOGGER = logging.getLogger(__name__)


def split_place(where: int) -> tuple[int, int]:
    """`where` of a record for a line in a journal object: (number of the object, byte in it)."""
    return where >> _OFFSET_BITS, where & (1 << _OFFSET_BITS) - 1


def journal_object(folder: str, name: str, number: int) -> str:
    """The path of one journal object of a process."""
    return f"{folder}/{name}-{number:06d}.jsonl"


def open_to_append(path: str) -> tuple[int, int]:
    """A local file, made with its folder where there is none, and its size."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    return file, os.fstat(file).st_size


class FileIndex:
    """Appends to the index of one local journal file."""

    def __init__(self, folder: str, name: str) -> None:
        self._path = os.path.join(folder, GROWING, name + SUFFIX)
        self._file = -1
        self._told = False

    def add(self, key: str, offset: int, length: int) -> None:
        """Say where a line lies that has been written. Raises nothing."""
        try:
            if self._file < 0:
                self._file, size = open_to_append(self._path)
                if size % RECORD_BYTES:
                    os.ftruncate(self._file, size - size % RECORD_BYTES)
            if os.write(self._file, pack_record(key, offset, length)) != RECORD_BYTES:
                raise OSError("no room for a whole record")
        except OSError as error:
            self.close()  # the next one mends what is half written
            if not self._told:
                _LOGGER.warning("%s cannot be written; other processes may pay again for these replies: %s", self._path, error)
            self._told = True

    def forget(self) -> None:
        """Remove it: what it speaks of is gone. Raises nothing."""
        self.close()
        with suppress(OSError):
            os.remove(self._path)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class ObjectIndex:
    """Writes the index of a process's journal objects; used from the thread that writes those."""

    def __init__(self, folder: str, name: str) -> None:
        self._folder = folder
        self._name = name
        self._records = bytearray()
        self._first = self._last = 0  # numbers of the journal objects that they speak of
        self._laid_aside: list[tuple[int, int, bytes]] = []  # full, and not yet in their folder
        self._path = ""  # the version that lies there
        self._pending = False
        self._not_before = 0.0
        self._told = False

    def add(self, number: int, lines: Sequence[tuple[str, int]]) -> None:
        """Take in a journal object that has been written: the key and the bytes of each of its lines, in order."""
        if len(self._records) >= INDEX_REPLIES * RECORD_BYTES:
            self._laid_aside.append((self._first, self._last, bytes(self._records)))
            self._records.clear()
        if not self._records:
            self._first = number
        self._last = number
        offset = 0
        for key, length in lines:
            self._records += pack_record(key, number << _OFFSET_BITS | offset, length)
            offset += length
        self._pending = True

    @property
    def due(self) -> float | None:
        """When to write, on the monotonic clock; None if there is nothing that is not written."""
        return self._not_before if self._pending else None

    def write(self, closing: bool) -> None:
        """Write what is not written yet; what cannot be is tried again later, unless the journal is closing. Raises nothing."""
        self._not_before = time.monotonic() + INDEX_S
        try:
            while self._laid_aside:
                first, last, records = self._laid_aside[0]
                write_object(self._at(FULL, first, last), records)
                del self._laid_aside[0]
            path = self._at(GROWING, self._first, self._last)
            write_object(path, bytes(self._records))
        except Exception as error:  # each file system has errors of its own
            if not self._told:
                _LOGGER.warning("The index of %s/%s* cannot be written: %s", self._folder, self._name, error)
            self._told = True
            self._pending = not closing
            return
        self._pending, before, self._path = False, self._path, path
        if before and before != path:
            try:
                delete_object(before)
            except Exception as error:  # readers take the newest
                _LOGGER.debug("%s cannot be deleted: %s", before, error)

    def _at(self, kind: str, first: int, last: int) -> str:
        return f"{self._folder}/{kind}/{self._name}-{first:06d}-{last:06d}{SUFFIX}"
