"""What each text cost and brought in a run of this process: the figures of a sample, text by text."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.reading.journal import journal_files
from transforms.flow.outcome import WATCHERS
from transforms.inference.journal.writer import read_entries
from transforms.inference.runtime import get_runtime
from transforms.inference.scheduling.retries import Answer, Call
from transforms.records import TOKENS, VerifiedQA
from transforms.stages import MODEL_STAGES

CALLS, PROMPT, CACHED, COMPLETION = FIGURES = ("calls", *TOKENS)
PAIRS, HOURS = "accepted_pairs", "hours"
# Of the cached tokens those that every prompt begins with, whatever its document: they are always in the cache.
SHARED = "shared_tokens"

PaidCall = tuple[str, str, tuple[int, int, int]]
"""Document or pair, stage, and the tokens in and out: prompt, cached, completion."""


class Meter:
    """Listens to the calls of a run; a context manager."""

    def __init__(self) -> None:
        self._paid: list[PaidCall] = []
        self._replayed: list[tuple[str, str, str]] = []  # document or pair, stage, key
        self._document_of: dict[str, str] = {}  # by pair
        self.answered_at: list[float] = []
        """When each reply came that was asked for in this run, in seconds of a clock of its own."""
        self.most_in_flight = 0

    def __enter__(self) -> "Meter":
        self._runtime = get_runtime()
        self._runtime.listeners.append(self._heard)
        WATCHERS.append(self._saw)
        return self

    def __exit__(self, *_: object) -> None:
        WATCHERS.remove(self._saw)
        self._runtime.listeners.remove(self._heard)

    def _heard(self, call: Call, answer: Answer) -> None:
        if answer.replayed:
            self._replayed.append((call.request.document_id, call.request.stage, call.request.key()))
        elif answer.usage.attempts:
            usage = answer.usage
            tokens = usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens
            self._paid.append((call.request.document_id, call.request.stage, tokens))
            self.answered_at.append(time.monotonic())
            self.most_in_flight = max(self.most_in_flight, 1 + self._runtime.snapshot().in_flight)

    def _saw(self, stage: str, result: Any) -> None:
        if isinstance(result, VerifiedQA):
            self._document_of[result.id] = result.pair.task.document.id

    def calls(self, journal: str) -> list[PaidCall]:
        """The calls about each document; replies that an earlier run paid for have the tokens that the journal says."""
        tokens = journalled(journal, {key for *_, key in self._replayed})
        replayed = ((name, stage, tokens[key]) for name, stage, key in self._replayed if key in tokens)
        return [(self._document_of.get(name, name), stage, paid) for name, stage, paid in (*self._paid, *replayed)]


def by_document(calls: Sequence[PaidCall]) -> dict[str, dict[str, int]]:
    """Calls and tokens of each document."""
    # What the first question about a document finds in the cache is what it shares with those about others.
    first = [cached for _, stage, (_, cached, _) in calls if stage == MODEL_STAGES[0]]
    shared = int(median(first)) if first else 0
    figures: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys((*FIGURES, SHARED), 0))
    for name, _, paid in calls:
        for figure, number in zip((*FIGURES, SHARED), (1, *paid, min(paid[1], shared)), strict=True):
            figures[name][figure] += number
    return figures


def journalled(folder: str, keys: Iterable[str]) -> dict[str, tuple[int, int, int]]:
    """The tokens of replies in a journal, by key."""
    wanted = set(keys)
    found: dict[str, tuple[int, int, int]] = {}
    if not wanted:
        return {}
    for path in journal_files(folder):
        with FileSystems.open(path, compression_type="uncompressed") as file:
            found.update((entry.key, entry.tokens) for entry in read_entries(file) if entry.key in wanted)
    return found
