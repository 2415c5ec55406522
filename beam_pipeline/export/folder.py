"""The folder of an export: it gets its files when all are written, and only what an export wrote is ever replaced.

`SplitFiles` writes the splits: one file each, or shards in the layout of a Hugging Face dataset. `export.json` lists all
files, so that --overwrite knows them.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.export.trainer_rows import SPLITS
from beam_pipeline.output.folder import list_output
from beam_pipeline.output.kinds import json_line
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.row_files import ParquetRows, Row
from beam_pipeline.storage.staged_files import StagedFiles

MANIFEST = "export.json"
_TEMP = "beam-temp-export-"


class ExportError(ValueError):
    """The export cannot be made; the message says what to do."""


class ExportFolder(StagedFiles):
    """Files of an export, which get their names by `commit`; `rename` may change these before.

    Raises:
        ExportError: the folder holds files, and `overwrite` is not given or they are not an export's.
    """

    def __init__(self, path: str, overwrite: bool = False) -> None:
        super().__init__(path, _TEMP)
        try:
            names = list_output(self._path)
            there = [name for name in names if not name.startswith(_TEMP)]
            self._old = self._export_there(there) if there else []
        except ExportError:
            raise
        except Exception as error:  # each file system has errors of its own
            raise ExportError(f"--to {path}: cannot be used: {reason(error)}") from error
        if there and not overwrite:
            raise ExportError(f"--to {path}: already holds files; name another folder, or pass --overwrite to replace an export")
        self._kept = set(there) - set(self._old)
        self._old += [name for name in names if name.startswith(_TEMP)]  # of an export that was killed

    def _export_there(self, names: Sequence[str]) -> list[str]:
        """What an earlier export wrote, where all that is there is one."""
        listed: Any = None
        if MANIFEST in names:
            with FileSystems.open(FileSystems.join(self._path, MANIFEST), compression_type="uncompressed") as file:
                listed = json.loads(file.read())
        if not isinstance(listed, dict) or not isinstance(listed.get("files"), list):
            raise ExportError(f"--to {self._path}: holds files that no export wrote, {names[0]} for one; name another folder")
        known = {MANIFEST, *listed["files"]}
        return [name for name in names if name in known]

    def write_text(self, name: str, text: str) -> None:
        """Write a small file of text."""
        with self.create(name) as file:
            file.write(text.encode("utf-8"))

    def commit(self, about: Mapping[str, Any]) -> list[str]:
        """Replace what an earlier export left by these files; `about` is kept in the manifest. Returns their names."""
        names = sorted(self._written)
        self.write_text(MANIFEST, json.dumps({**about, "files": names}, indent=2, ensure_ascii=False) + "\n")
        if foreign := sorted(self._kept & self._written.keys()):
            raise ExportError(f"--to {self._path}: {foreign[0]} is there and no export wrote it; move it away")
        try:
            self._replace()
        except Exception as error:  # each file system has errors of its own
            raise ExportError(f"--to {self._path}: cannot be written: {reason(error)}") from error
        return names

    def _replace(self) -> None:
        if self._old:
            FileSystems.delete([FileSystems.join(self._path, name) for name in self._old])
        self._put_in_place()
        if self._local:
            for name in {name.partition("/")[0] for name in self._old if name.startswith(_TEMP)}:
                FileSystems.delete([FileSystems.join(self._path, name)])


class SplitFiles(AbstractContextManager["SplitFiles"]):
    """Writes rows to the files of their splits, as Parquet of a schema or as JSONL; a split without rows has no file."""

    def __init__(self, folder: ExportFolder, schema: pa.Schema | None, name: str, shard_rows: int) -> None:
        """`name` is a file's name with {split}, {shard} and {shards} in it; `shard_rows` is the most rows of a file."""
        self._folder = folder
        self._schema = schema
        self._name = name
        self._shard_rows = shard_rows
        self._open: dict[str, tuple[Any, ExitStack]] = {}
        self.rows = Counter(dict.fromkeys(SPLITS, 0))  # of each split, so far
        self._shards: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()  # bytes of each split in memory, of the Parquet files that have ended

    def __exit__(self, *_: object) -> None:
        with ExitStack() as ends:  # a file whose end cannot be written leaves no other open
            for split in self._open:
                ends.callback(self._end, split)
        for split, shards in self._shards.items():  # how many they are is not known before
            for shard in range(shards):
                self._folder.rename(f"{split} {shard}", self._name.format(split=split, shard=shard, shards=shards))

    def write(self, split: str, row: Row) -> None:
        """Write a row to its split."""
        if self.rows[split] % self._shard_rows == 0:
            if split in self._open:
                self._end(split)
            stack = ExitStack()
            file = stack.enter_context(self._folder.create(f"{split} {self._shards[split]}"))
            self._shards[split] += 1
            self._open[split] = (ParquetRows(file, self._schema) if self._schema is not None else file, stack)
        self.rows[split] += 1
        writer, _ = self._open[split]
        writer.write(row if self._schema is not None else json_line(row) + b"\n")

    def _end(self, split: str) -> None:
        writer, stack = self._open.pop(split)
        with stack:
            if self._schema is not None:
                writer.close()
                self.sizes[split] += writer.size
