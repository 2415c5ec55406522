"""A copy of the data set without the rows that have a finding: lines byte for byte, Parquet with its schema, tables as JSONL.

Rows that were not read are left out as well. The folder is new, and its files appear when all are written.
"""

import os
from collections.abc import Mapping
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from beam_pipeline.audit.rows import File
from beam_pipeline.output.kinds import json_line
from beam_pipeline.output.new_folder import NewFolder
from beam_pipeline.output.read_back import OutputFolder
from beam_pipeline.reading.json_rows import json_rows
from beam_pipeline.reading.whole_rows import read_rows
from beam_pipeline.storage.compression import PACKINGS
from beam_pipeline.storage.files import format_of, open_file
from beam_pipeline.storage.row_files import ROW_GROUP_BYTES
from beam_pipeline.storage.values import BadRow

_MAX_LINE_BYTES = 64 << 20
_PARQUET_ROWS = 16


def check_clean_folder(path: str) -> None:
    """Raise ValueError, one line, unless a folder can be made there."""
    NewFolder(path, "--clean")


def write_clean_copy(path: str, files: Mapping[str, File], output: str) -> tuple[int, int]:
    """Copy the rows of some files that the audit in `output` found nothing of; returns how many were kept and left out."""
    kept = left_out = 0
    clean = {row["document_id"] for row in OutputFolder(output).rows("qa")}
    with NewFolder(path, "--clean") as folder:
        for source, name in zip(files, _names(files), strict=True):
            with folder.create(name) as target:
                counts = _COPIES.get(format_of(source) or "", _copy_as_lines)(source, target, clean)
            kept, left_out = kept + counts[0], left_out + counts[1]
        folder.commit()
    return kept, left_out


def _names(files: Mapping[str, File]) -> list[str]:
    """The names of the copies: as the files lie below the folder that all have in common; unpacked."""
    folders = [os.path.dirname(path) for path in files]
    common = os.path.commonpath(folders) if all(folders) and not any("://" in path for path in files) else ""
    names = []
    for path in files:
        name = os.path.relpath(path, common) if common else os.path.basename(path)
        for packing in PACKINGS:
            name = name.removesuffix(packing.suffix)
        if format_of(path) not in _COPIES:
            name = f"{os.path.splitext(name)[0]}.jsonl"
        names.append(name.replace(os.sep, "/"))
    if len(set(names)) < len(names):  # of several folders that have nothing in common
        names = [f"{number:03}-{name}" for number, name in enumerate(names, 1)]
    return names


def _copy_lines(source: str, target: BinaryIO, clean: set[str]) -> tuple[int, int]:
    """Copy JSON: lines byte for byte, of any other layout a value a line."""
    kept = left_out = 0
    with open_file(source) as stream:
        for where, row, line in json_rows(source, stream, _MAX_LINE_BYTES):
            if where in clean and not isinstance(row, BadRow):
                kept += 1
                target.write((json_line(dict(row)) if "item " in where.removeprefix(source) else line) + b"\n")
            else:
                left_out += 1
    return kept, left_out


def _copy_as_lines(source: str, target: BinaryIO, clean: set[str]) -> tuple[int, int]:
    """Write the rows of a table as JSONL."""
    kept = left_out = 0
    for where, row in read_rows(source, _MAX_LINE_BYTES):
        if where in clean and not isinstance(row, BadRow):
            kept += 1
            target.write(json_line(dict(row)) + b"\n")
        else:
            left_out += 1
    return kept, left_out


def _copy_parquet(source: str, target: BinaryIO, clean: set[str]) -> tuple[int, int]:
    kept = number = 0
    with open_file(source) as stream:
        file = pq.ParquetFile(stream)
        with pq.ParquetWriter(target, file.schema_arrow, compression="zstd") as writer:
            waiting: list[pa.RecordBatch] = []
            size = 0
            # Rows may hold megabytes, so few are read at a time; what is written at once is a row group.
            for batch in file.iter_batches(batch_size=_PARQUET_ROWS, use_threads=False):
                mask = [f"{source}:row {number + at}" in clean for at in range(1, len(batch) + 1)]
                number += len(batch)
                kept += sum(mask)
                waiting.append(batch.filter(pa.array(mask)))
                size += waiting[-1].nbytes
                if size >= ROW_GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(waiting))
                    waiting, size = [], 0
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting))
    return kept, number - kept


_COPIES = {"jsonl": _copy_lines, "parquet": _copy_parquet}
