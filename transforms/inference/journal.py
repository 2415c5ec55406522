"""The reply journal: every good reply, appended as it arrives, so that it is never paid for again.

A journal is a folder of JSONL files; each process writes its own. On a local file system every reply
is written straight through to the operating system, so that a killed process loses nothing. An
object store has no append: there a new object is written every few seconds or few hundred replies,
and whenever a bundle ends.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import orjson

from transforms.inference.endpoint import Completion, Request

FLUSH_REPLIES = 300
FLUSH_S = 5.0


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One paid reply, as far as a later run needs it."""

    key: str
    document_id: str
    stage: str
    text: str


class Journal(Protocol):
    """Where a process writes its replies. `append` is called from the runtime's loop only."""

    def append(self, request: Request, key: str, completion: Completion) -> None: ...

    def flush(self) -> None:
        """Return once every reply appended so far is durable; from any thread."""


def open_journal(folder: str) -> Journal:
    """A journal file of this process's own in a folder; nothing is written before the first reply."""
    name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    return ObjectJournal(folder, name) if "://" in folder else FileJournal(folder, name)


def encode_entry(request: Request, key: str, completion: Completion) -> bytes:
    """One line of a journal. The prompt is not in it: the key stands for the prompt."""
    return orjson.dumps(
        {
            "key": key,
            "document_id": request.document_id,
            "stage": request.stage,
            "model": request.config.model,
            "text": completion.text,
            "prompt_tokens": completion.prompt_tokens,
            "completion_tokens": completion.completion_tokens,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def decode_entry(line: bytes) -> JournalEntry | None:
    """Read one line; None if it is half written or damaged, which costs that reply only."""
    try:
        row = orjson.loads(line)
        entry = JournalEntry(row["key"], row["document_id"], row["stage"], row["text"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return entry if all(isinstance(value, str) for value in (entry.key, entry.document_id, entry.text)) else None


class FileJournal:
    """Appends to one local file, unbuffered."""

    def __init__(self, folder: str, name: str) -> None:
        self._path = os.path.join(folder, f"{name}.jsonl")
        self._file = -1

    def append(self, request: Request, key: str, completion: Completion) -> None:
        if self._file < 0:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        # One write call: the line is with the operating system whole before the reply goes on.
        os.write(self._file, encode_entry(request, key, completion))

    def flush(self) -> None:
        """Nothing is held back; a machine that loses power may lose what its disk had not yet."""


class ObjectJournal:
    """Writes objects of many replies each through Beam's file systems, from a thread of its own."""

    def __init__(self, folder: str, name: str) -> None:
        self._prefix = f"{folder.rstrip('/')}/{name}"
        self._lock = threading.Lock()
        self._lines: list[bytes] = []
        self._parts = 0
        self._flushed = time.monotonic()
        self._writer = ThreadPoolExecutor(1, "journal")
        self._writes: list[Future[None]] = []

    def append(self, request: Request, key: str, completion: Completion) -> None:
        with self._lock:
            self._lines.append(encode_entry(request, key, completion))
            due = len(self._lines) >= FLUSH_REPLIES or time.monotonic() - self._flushed >= FLUSH_S
        if due:
            self._begin_write()

    def flush(self) -> None:
        self._begin_write()
        with self._lock:
            writes, self._writes = self._writes, []
        for write in writes:
            write.result()

    def _begin_write(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
            self._flushed = time.monotonic()
            if not lines:
                return
            path = f"{self._prefix}-{self._parts:06d}.jsonl"
            self._parts += 1
            self._writes.append(self._writer.submit(_write_object, path, b"".join(lines)))


def _write_object(path: str, data: bytes) -> None:
    from apache_beam.io.filesystems import FileSystems  # the one use of Beam here, and only for object stores

    with FileSystems.create(path, compression_type="uncompressed") as file:
        file.write(data)


def read_entries(lines: Iterator[bytes]) -> Iterator[JournalEntry]:
    """The entries of a journal file, damaged lines left out."""
    for line in lines:
        entry = decode_entry(line)
        if entry is not None:
            yield entry
