"""A live progress line for a person at a terminal; nothing in logs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from transforms.flow.outcome import LIVE, PASSED
from transforms.inference.runtime import Snapshot, peek_runtime

INTERVAL_S = 0.5


@contextmanager
def repeated(act: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call `act` every so many seconds from a thread of its own, and once more at the end."""
    done = threading.Event()

    def run() -> None:
        over = False
        while not over:
            over = done.wait(seconds)
            act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def progress_line(stream: TextIO, last_gate: str) -> Iterator[None]:
    """Draw one line again and again from figures of this process, for a run whose stages are in it.

    Beam's own metrics cannot be asked for while the local runner runs.
    """
    LIVE.clear()  # what an earlier run in this process counted
    tokens, at = 0, time.monotonic()

    def draw() -> None:
        nonlocal tokens, at
        snapshot, now = look(), time.monotonic()
        rate = (snapshot.tokens - tokens) / (now - at or 1.0)
        tokens, at = snapshot.tokens, now
        stream.write(f"\r\x1b[K{line(snapshot, rate, dict(LIVE), last_gate)[:160]}")
        stream.flush()

    try:
        with repeated(draw, INTERVAL_S):
            yield
    finally:
        stream.write("\r\x1b[K")
        stream.flush()


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
