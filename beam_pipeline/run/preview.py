"""Pairs of a batch that can be read while it goes on: `preview/`, which grows in whole files.

They have passed every gate, and are not yet compared with each other, with benchmarks or with the mix that is wanted; that
takes all of them, so `qa/` comes at the end. A run that ends by itself takes its preview away; one that is stopped leaves it.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.kinds import KINDS, json_line
from beam_pipeline.output.names import PREVIEW
from beam_pipeline.run.progress import repeated
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.whole_file import write_whole
from transforms.flow.outcome import WATCHERS
from transforms.records import VerifiedQA

# The first file comes soon, so that a person sees what comes out; the others when a minute or many rows have gathered.
LOOK_S, FIRST_S, NEXT_S, MOST_ROWS = 1.0, 5.0, 60.0, 5_000


class Preview:
    """The preview of one run in its output folder."""

    def __init__(self, output: str, last_gate: str) -> None:
        self._folder = FileSystems.join(output, PREVIEW)
        self._last_gate = last_gate
        self._lock = threading.Lock()
        self._lines: list[bytes] = []
        self._written: list[str] = []
        self._due = time.monotonic() + FIRST_S
        self._off = False

    @contextmanager
    def growing(self) -> Iterator[None]:
        """Take the pairs of this process's stages. Where an error ends it, what has gathered is written as well."""
        WATCHERS.append(self.saw)
        try:
            with repeated(self._write_if_due, LOOK_S, at_end=False):
                yield
        except BaseException:
            self.write()
            raise
        finally:
            WATCHERS.remove(self.saw)

    def saw(self, stage: str, result: Any) -> None:
        """A stage has given a result; from any thread."""
        if stage == self._last_gate and isinstance(result, VerifiedQA) and not self._off:
            line = json_line(KINDS["qa"].to_row(result)) + b"\n"
            with self._lock:
                self._lines.append(line)

    def write(self) -> None:
        """Write what has gathered as the next file. A file system that does not take it is told once: it is no promise."""
        with self._lock:
            lines, self._lines = self._lines, []
        if not lines or self._off:
            return
        path = FileSystems.join(self._folder, f"qa-{len(self._written):05}.jsonl")
        try:
            write_whole(path, b"".join(lines), "application/x-ndjson")
        except Exception as error:  # each file system has errors of its own
            self._off = True
            print(f"no more of {self._folder}: it cannot be written: {reason(error)}", file=sys.stderr)
            return
        self._written.append(path)

    def take_away(self) -> None:
        """Delete what was written: `qa/` is there now."""
        self._off = True
        if self._written:
            with suppress(Exception):  # somebody did it already
                FileSystems.delete(self._written)
            if FileSystems.get_scheme(self._folder) is None:
                with suppress(OSError):
                    os.rmdir(self._folder)

    def _write_if_due(self) -> None:
        if time.monotonic() >= self._due or len(self._lines) >= MOST_ROWS:
            self.write()
            self._due = time.monotonic() + NEXT_S
