"""A sample of the texts that a corpus gives the model stages, and how many there are of them, without asking any model.

Reading and screening are cheap beside asking, so the sample is drawn behind them: from the documents that the rules let
pass, a long one's chunks each by itself, copies taken out. A document of a thousand pages is then a thousand texts and not
one of two hundred, and what the screen rejects costs no place in the sample.

Three steps, as far as the corpus is small, each is the whole: files in the order of a hash, until `READ_BYTES` are read;
of their rows the `SCREENED_ROWS` with the smallest hashes are screened; of the texts that pass, those with the smallest hashes
are the sample. Hashes hold the seed, so a larger sample contains the smaller one, and what that paid for is not paid again.

With `--limit` the corpus is so many documents, read as a run reads them.

Of several inputs (`--inputs`) rows are those that their weights and caps take. A cap on an input that is read in part takes
the same part of it.
"""

import heapq
import os
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.plan import RunPlan
from beam_pipeline.reading.documents import LeftOut
from beam_pipeline.reading.file_reader import ticket
from beam_pipeline.reading.input_list import FileInput, file_inputs
from beam_pipeline.storage.matching import match_sizes
from transforms.duplicates.document_copies import Fingerprint, find_losses
from transforms.records import DeadLetter, Document
from transforms.screen import ScreenConfig, screen_document
from transforms.text import stable_seed

# Of the documents of inputs with a cap, by source: the ticket by which a run takes each, and the number of its file, in turn.
_Capped = dict[str, "array[int]"]

# As stored. A gigabyte of JSONL is read in half a minute.
READ_BYTES = 1 << 30
# Of as many files at least, where there are as many: from one nothing is known of how files differ.
FEWEST_FILES = 5
# The rules look at some 300 documents a second.
SCREENED_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class CorpusSample:
    """What is known of a corpus, and the texts to ask about.

    Arrays with one number for each: `file_bytes` and `file_rows` of the files that were read; `row_file` (which of them),
    `row_texts` and `row_characters` (texts that passed the screen, and their length) of the rows that were screened;
    `text_file` of the texts in the sample.
    """

    texts: tuple[Document, ...]
    text_file: np.ndarray
    total_bytes: int
    total_files: int
    file_bytes: np.ndarray
    file_rows: np.ndarray
    row_file: np.ndarray
    row_texts: np.ndarray
    row_characters: np.ndarray

    @property
    def read_all(self) -> bool:
        """Whether every file was read, so that the number of rows is known."""
        return len(self.file_rows) == self.total_files

    @property
    def screened_all(self) -> bool:
        """Whether every row of the corpus was screened, so that the number of texts is known."""
        return self.read_all and len(self.row_file) == int(self.file_rows.sum())

    @property
    def how(self) -> str:
        """How the sample was drawn, in words."""
        rows, screened = int(self.file_rows.sum()), len(self.row_file)
        some = "all" if self.read_all else f"{len(self.file_rows):,} of {self.total_files:,}"
        files = f"{some} files read" if self.total_files > 1 else "the whole file read"
        some = f"all {rows:,} rows screened" if screened == rows else f"{screened:,} of {rows:,} rows screened"
        return f"{files}, {some}, {len(self.texts):,} of {int(self.row_texts.sum()):,} texts that passed asked about"


def draw_sample(
    plan: RunPlan, size: int, seed: int = 0, read_bytes: int = READ_BYTES, screened_rows: int = SCREENED_ROWS
) -> CorpusSample:
    """Draw `size` texts, or all if there are fewer.

    Raises:
        ValueError: a pattern matches nothing, or cannot be looked up.
    """
    files = [
        (path, stored, found)
        for found in file_inputs(plan.config, plan.inputs)
        for path, stored in file_sizes(found.patterns).items()
    ]
    limit = plan.config.limit
    order = files if limit else sorted(files, key=lambda file: _ticket(seed, "file", file[0]))
    file_bytes: list[int] = []
    file_rows: list[int] = []
    capped: _Capped = defaultdict(lambda: array("q"))

    def read() -> Iterator[tuple[int, Document | DeadLetter]]:
        taken = 0
        for number, (path, stored, found) in enumerate(order):
            if sum(file_bytes) >= read_bytes and not limit and number >= FEWEST_FILES:
                break
            file_bytes.append(stored)
            file_rows.append(0)
            for row in found.reader.read(path):
                if not isinstance(row, LeftOut):
                    file_rows[number] += 1
                    if found.cap and isinstance(row, Document):
                        capped[row.source].extend((ticket(row.source, row.id), number))
                    yield number, row
                    taken += isinstance(row, Document)
                    if limit and taken >= limit:
                        return

    smallest = heapq.nsmallest(screened_rows, enumerate(read()), key=lambda item: _ticket(seed, "row", item[1][1].where))
    if limit:  # the corpus is what a run would read of it
        files = order = order[: len(file_rows)]
    limits = _apply_caps(capped, order, file_rows)
    rows = [item for _, item in sorted(smallest, key=itemgetter(0)) if not _over_cap(item[1], limits)]
    texts = _screened(plan.screen, [row for _, row in rows])
    row_texts, row_characters = np.zeros(len(rows), int), np.zeros(len(rows), int)
    for number, text in texts:
        row_texts[number] += 1
        row_characters[number] += len(text.text)
    drawn = heapq.nsmallest(size, texts, key=lambda item: _ticket(seed, "text", item[1].id))
    return CorpusSample(
        texts=tuple(text for _, text in drawn),
        text_file=np.array([rows[number][0] for number, _ in drawn], int),
        total_bytes=sum(stored for _, stored, _ in files),
        total_files=len(order),
        file_bytes=np.array(file_bytes, int),
        file_rows=np.array(file_rows, int),
        row_file=np.array([file for file, _ in rows], int),
        row_texts=row_texts,
        row_characters=row_characters,
    )


def _screened(screen: ScreenConfig, rows: Iterable[Document | DeadLetter]) -> list[tuple[int, Document]]:
    """The texts that pass the screen, each with the number of its row."""
    passed: list[tuple[int, Document]] = []
    ids = set()
    for number, row in enumerate(rows):
        if isinstance(row, Document) and row.id not in ids:  # of rows with one id the first passes, or none
            ids.add(row.id)
            passed += ((number, text) for text in screen_document(row, screen) if isinstance(text, Document))
    return list(without_copies(passed, screen))


def without_copies(passed: Iterable[tuple[int, Document]], screen: ScreenConfig) -> Iterator[tuple[int, Document]]:
    """The texts that are left when copies among them are taken out, as the screen of a run does; each with its row."""
    prints, buckets = [], defaultdict(list)
    for row, text in passed:
        fingerprint = Fingerprint(text.text, text.where, text.id)
        prints.append((fingerprint.identity, row, text))
        for key, shown in fingerprint.buckets(screen.exact_duplicates, screen.near_duplicates):
            buckets[key].append(shown)
    lost = {identity for bucket in buckets.items() for identity, _ in find_losses(bucket, screen.near_duplicates)}
    yield from ((row, text) for identity, row, text in prints if identity not in lost)


def file_sizes(patterns: Iterable[str]) -> dict[str, int]:
    """The files that some patterns match, with their stored bytes. Raises ValueError as `match_pattern`."""
    sizes: dict[str, int] = {}
    for pattern in patterns:
        for path, size in match_sizes(pattern).items():
            sizes[path if FileSystems.get_scheme(path) else os.path.abspath(path)] = size
    return sizes


def _ticket(seed: int, what: str, name: str) -> int:
    return stable_seed("estimate", what, str(seed), name)


def _over_cap(row: Document | DeadLetter, limits: Mapping[str, int]) -> bool:
    return isinstance(row, Document) and row.source in limits and ticket(row.source, row.id) >= limits[row.source]


def _apply_caps(capped: _Capped, files: Sequence[tuple[str, int, FileInput]], file_rows: list[int]) -> dict[str, int]:
    """The ticket from which on a cap leaves out, by source; what that is of a file is taken from its rows.

    The first of `files` were read, as many as `file_rows` has.
    """
    limits = {}
    for source, seen in capped.items():
        sizes = [
            (stored, number < len(file_rows), found)
            for number, (_, stored, found) in enumerate(files)
            if found.reader.fields.source_label == source
        ]
        share = sum(stored for stored, read, _ in sizes if read) / max(1, sum(stored for stored, _, _ in sizes))
        tickets, numbers = np.frombuffer(seen, np.int64).reshape(-1, 2).T
        distinct, most = np.unique(tickets), round(sizes[0][2].cap * share)
        if len(distinct) > most:
            limits[source] = int(distinct[most])
            for number in numbers[tickets >= distinct[most]].tolist():
                file_rows[number] -= 1
    return limits
