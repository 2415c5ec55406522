"""The splits of an export as files: one each, or shards in the layout of a Hugging Face dataset."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import pyarrow as pa

from beam_pipeline.export.folder import ExportFolder
from beam_pipeline.storage.row_files import JsonLines, ParquetRows, Row

# Rows of one file of a dataset: some 200 MB, which a hub and its viewer take in their stride.
SHARD_ROWS = 500_000


class SplitFiles(AbstractContextManager["SplitFiles"]):
    """Writes rows to the files of their splits; a split without rows has no file.

    Attributes:
        rows: rows of each split so far.
        shards: files of each split so far.
        sizes: bytes of each split, of the files that have ended.
    """

    def __init__(self, folder: ExportFolder, schema: pa.Schema | None, name: Callable[[str, int], str], shard_rows: int) -> None:
        """`name` makes a file's name from split and shard number; `shard_rows` is the most rows of a file, 0 any."""
        self._folder = folder
        self._schema = schema
        self._name = name
        self._shard_rows = shard_rows
        self._open: dict[str, tuple[ParquetRows | JsonLines, ExitStack]] = {}
        self.rows: dict[str, int] = {}
        self.shards: dict[str, int] = {}
        self.sizes: dict[str, int] = {}

    def __exit__(self, *_: object) -> None:
        with ExitStack() as ends:  # a file whose end cannot be written leaves no other open
            for split in self._open:
                ends.callback(self._end, split)

    def write(self, split: str, row: Row) -> None:
        """Write a row to its split."""
        number = self.rows.get(split, 0)
        if number == 0 or (self._shard_rows and number % self._shard_rows == 0):
            self._begin(split)
        self._open[split][0].write(row)
        self.rows[split] = number + 1

    def _begin(self, split: str) -> None:
        if split in self._open:
            self._end(split)
        shard = self.shards.get(split, 0)
        self.shards[split] = shard + 1
        stack = ExitStack()
        file = stack.enter_context(self._folder.create(self._name(split, shard)))
        self._open[split] = (ParquetRows(file, self._schema) if self._schema is not None else JsonLines(file), stack)

    def _end(self, split: str) -> None:
        writer, stack = self._open.pop(split)
        with stack:
            writer.close()
        self.sizes[split] = self.sizes.get(split, 0) + writer.size
