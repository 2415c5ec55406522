"""The reply journal: every good reply, appended as it arrives, so that it is never paid for again.

A journal is a folder of JSONL files; each process writes its own, and beside it an index (`index_files.py`). On a local
file system every reply is written straight through to the operating system, so that a killed process loses nothing. An
object store has no append: there a new object is written every few seconds or few hundred replies, and whenever a bundle
ends. What a store does not take is kept and tried again.
"""

import hashlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import orjson

from transforms.errors import FatalError
from transforms.inference.client.chat import Completion
from transforms.inference.client.embeddings import Origin
from transforms.inference.client.usage import read_count
from transforms.inference.journal.index_files import FileIndex, ObjectIndex, journal_object, open_to_append
from transforms.inference.journal.object_store import write_object as _write_object
from transforms.records import TOKENS

FLUSH_REPLIES = 300
FLUSH_S = 5.0
# A store that fails is tried again after half a second, doubled each time, at most 30 s; somebody who
# waits in `flush` is told after this many failures in a row.
BACK_OFF_FIRST_S = 0.5
BACK_OFF_MOST_S = 30.0
FLUSH_TRIES = 5


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One paid reply, as far as a later run needs it. `tokens` are those of the prompt, of it in a cache, and of the reply."""

    key: str
    document_id: str
    stage: str
    text: str
    tokens: tuple[int, int, int] = field(default=(0, 0, 0), compare=False)


def encode_entry(origin: Origin, key: str, completion: Completion) -> bytes:
    """One line of a journal. The prompt is not in it: the key stands for the prompt."""
    return orjson.dumps(
        {
            "key": key,
            "document_id": origin.document_id,
            "stage": origin.stage,
            "model": origin.config.model,
            "text": completion.text,
            **{name: getattr(completion, name) for name in TOKENS},
            "sum": checksum(key, origin.document_id, completion.text),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def decode_entry(line: bytes) -> JournalEntry | None:
    """Read one line; None if it is half written or damaged, which costs that reply only.

    A count that is none costs nothing but itself. Lines of older journals have no checksum.
    """
    try:
        row = orjson.loads(line)
        prompt, cached, completion = (read_count(row.get(name, 0)) for name in TOKENS)
        entry = JournalEntry(row["key"], row["document_id"], row["stage"], row["text"], (prompt, cached, completion))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not all(isinstance(value, str) for value in (entry.key, entry.document_id, entry.text)):
        return None
    return entry if row.get("sum") in (None, checksum(entry.key, entry.document_id, entry.text)) else None


def checksum(*parts: str) -> str:
    """What shows that a letter of a line has changed: 16 hexadecimal digits."""
    return hashlib.blake2b(orjson.dumps(parts), digest_size=8).hexdigest()


class FileJournal:
    """Appends to one local file, unbuffered."""

    def __init__(self, folder: str, name: str) -> None:
        self._path = os.path.join(folder, f"{name}.jsonl")
        self._file = -1
        self._end = 0
        self._index = FileIndex(folder, name)

    def append(self, origin: Origin, key: str, completion: Completion) -> None:
        """Write a reply through. Raises FatalError: it cannot be, and what is asked from now on would be paid for twice."""
        line = encode_entry(origin, key, completion)
        try:
            if self._file < 0:
                self._file, self._end = open_to_append(self._path)
            if not os.fstat(self._file).st_nlink:
                self._begin_anew()
            # One write call: the line is with the operating system whole before the reply goes on.
            written = os.write(self._file, line)
        except OSError as error:
            raise FatalError(f"replies cannot be written to {self._path}: {error.strerror}") from error
        if written < len(line):
            with suppress(OSError):
                os.ftruncate(self._file, self._end)  # half a line would spoil the next one
            raise FatalError(f"replies cannot be written to {self._path}: no space left")
        self._index.add(key, self._end, written)
        self._end += written

    def _begin_anew(self) -> None:
        """Leave a file that was deleted, with its index, and begin one under its name: replies to come are kept."""
        fresh = open_to_append(self._path)  # before the old one is closed, or it could get that one's inode and pass for it
        self.close()
        self._index.forget()
        self._file, self._end = fresh

    def flush(self) -> None:
        """Nothing is held back; a machine that loses power may lose what its disk had not yet."""

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._index.close()


class ObjectJournal:
    """Writes objects of many replies each through Beam's file systems, from a thread of its own.

    A line leaves the memory when the object that holds it is written, and not before. The thread is there
    while lines are, or an index of them is to be written, and comes back with the next reply.
    """

    def __init__(self, folder: str, name: str) -> None:
        self._folder, self._name = folder.rstrip("/"), name
        self._index = ObjectIndex(self._folder, name)
        self._changed = threading.Condition()
        self._lines: list[tuple[str, bytes]] = []  # keys and lines, not yet durable, oldest first
        self._closing = False
        self._writing = False  # whether the thread is there
        self._oldest = 0.0  # when the oldest of them began to wait
        self._not_before = 0.0  # the end of the back-off
        self._flushes = 0  # how many wait in `flush`
        self._appended = self._parts = 0
        self._failures = 0  # in a row, since somebody began to wait
        self._all_failures = 0  # in all
        self._error: Exception | None = None

    def append(self, origin: Origin, key: str, completion: Completion) -> None:
        line = key, encode_entry(origin, key, completion)
        with self._changed:
            self._closing = False
            if not self._lines:
                self._oldest = time.monotonic()
            self._lines.append(line)
            self._appended += 1
            self._begin_writing()
            if len(self._lines) == FLUSH_REPLIES:
                self._changed.notify_all()

    def flush(self) -> None:
        """Return once every reply appended so far is durable; from any thread.

        Raises FatalError where it cannot be made durable; what was appended is kept for the next flush.
        """
        with self._changed:
            target = self._appended
            if not self._lines:
                return
            self._begin_writing()
            # Somebody waits now: the back-off begins anew. Others may wait already, and count their own failures.
            self._failures, failed = 0, self._all_failures
            left = target - self._appended + len(self._lines)
            self._not_before = min(self._not_before, time.monotonic() + BACK_OFF_FIRST_S)
            self._flushes += 1
            self._changed.notify_all()
            try:
                while (missing := target - self._appended + len(self._lines)) > 0:
                    if missing < left:
                        left, failed = missing, self._all_failures
                    if self._all_failures - failed >= FLUSH_TRIES:
                        raise FatalError(
                            f"{missing} replies that were paid for cannot be written to "
                            f"{self._folder}/{self._name}*: {self._error}"
                        ) from self._error
                    self._changed.wait()
            finally:
                self._flushes -= 1

    def close(self) -> None:
        self.flush()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            while self._writing:
                self._changed.wait()

    def _begin_writing(self) -> None:
        """Start the thread where there is none; the lock is held."""
        if not self._writing:
            self._writing = True
            threading.Thread(target=self._write, name="journal", daemon=True).start()

    def _write(self) -> None:
        while (lines := self._due()) is not None:
            if not lines:
                self._index.write(self._closing)
                continue
            # One name until it is written: an object of which half was written is replaced.
            path = journal_object(self._folder, self._name, self._parts)
            failure: Exception | None = None
            try:
                _write_object(path, b"".join(data for _, data in lines))
            except Exception as error:  # each file system has errors of its own
                failure = error
            else:
                self._index.add(self._parts, [(key, len(data)) for key, data in lines])
            with self._changed:
                if failure is None:
                    del self._lines[: len(lines)]
                    self._parts += 1
                    self._failures, self._not_before, self._oldest = 0, 0.0, time.monotonic()
                else:
                    self._error = failure
                    self._failures += 1
                    self._all_failures += 1
                    back_off = min(BACK_OFF_MOST_S, BACK_OFF_FIRST_S * 2.0 ** (self._failures - 1))
                    self._not_before = time.monotonic() + back_off
                self._changed.notify_all()

    def _due(self) -> list[tuple[str, bytes]] | None:
        """Wait until there is something to write: lines, or without any the index. None when all is written."""
        with self._changed:
            while self._lines or self._index.due is not None:
                now, waits = time.monotonic(), []
                if self._lines:
                    full = self._flushes or len(self._lines) >= FLUSH_REPLIES
                    waits.append(max(0.0 if full else self._oldest + FLUSH_S, self._not_before) - now)
                    if waits[0] <= 0:
                        return self._lines[:FLUSH_REPLIES]
                if self._index.due is not None:
                    waits.append(0.0 if self._closing else self._index.due - now)
                    if waits[-1] <= 0:
                        return []
                self._changed.wait(min(waits))
            self._writing = False
            self._changed.notify_all()
            return None


# Where a process writes its replies. `append` is for the runtime's loop only.
Journal = FileJournal | ObjectJournal


def open_journal(folder: str) -> Journal:
    """A journal file of this process's own in a folder; nothing is written before the first reply."""
    name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    return ObjectJournal(folder, name) if "://" in folder else FileJournal(folder, name)


def read_entries(lines: Iterable[bytes]) -> Iterator[JournalEntry]:
    """The entries of a journal file, damaged lines left out."""
    return filter(None, map(decode_entry, lines))
