"""A live progress line for a person at a terminal; nothing in logs."""

import sys
import threading
import time
from typing import TextIO

from transforms.flow.outcome import LIVE, PASSED
from transforms.inference.runtime import Snapshot, peek_runtime

INTERVAL_S = 0.5


class Progress:
    """Draws one line again and again from figures of this process; a context manager.

    Works where the stages run in this process (the local runner). Beam's own metrics cannot be
    asked for while the local runner runs.
    """

    def __init__(self, shown: bool, stream: TextIO = sys.stderr, last_gate: str = "verify") -> None:
        self._shown = shown
        self._last_gate = last_gate
        self._stream = stream
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> "Progress":
        if self._shown:
            LIVE.clear()  # what an earlier run in this process counted
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._shown:
            self._thread.join()
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _run(self) -> None:
        tokens, at = 0, time.monotonic()
        while not self._done.wait(INTERVAL_S):
            snapshot, now = look(), time.monotonic()
            rate = (snapshot.tokens - tokens) / (now - at)
            tokens, at = snapshot.tokens, now
            self._stream.write(f"\r\x1b[K{line(snapshot, rate, dict(LIVE), self._last_gate)[:160]}")
            self._stream.flush()


def look() -> Snapshot:
    """What the runtime of this process is at; nothing is made only to be looked at."""
    runtime = peek_runtime()
    return runtime.snapshot() if runtime else Snapshot()


def line(snapshot: Snapshot, tokens_per_s: float, counts: dict[tuple[str, str], int], last_gate: str = "verify") -> str:
    """The progress line: documents, pairs that passed `last_gate`, requests in flight, tokens a second, commonest rejection."""
    documents = counts.get(("screen", PASSED), 0)
    judged = sum(n for (stage, name), n in counts.items() if stage == "filter")
    parts = [
        f"documents {judged:,}/{documents:,}" if documents else f"reading {counts.get(('read', PASSED), 0):,}",
        f"pairs {counts.get((last_gate, PASSED), 0):,}",
        f"in flight {snapshot.in_flight:,}",
        f"{tokens_per_s:,.0f} tokens/s",
    ]
    rejections = {name: n for name, n in counts.items() if name[1].startswith("rejected/")}
    if rejections:
        (stage, name), number = max(rejections.items(), key=lambda item: item[1])
        parts.append(f"most rejected: {stage} {name.removeprefix('rejected/')} ({number:,})")
    dead = sum(n for (_, name), n in counts.items() if name.startswith("dead_letter/"))
    if dead:
        parts.append(f"dead letters {dead:,}")
    if snapshot.held_back:
        parts.append(f"told to wait {snapshot.held_back:,}")
    if snapshot.down:
        parts.append(f"waiting for {', '.join(snapshot.down)}")
    return " | ".join(parts)
