"""Rows written to an open Parquet file, and what a row is."""

from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]

# What a run writes.
FORMATS = ("jsonl", "parquet")
# Bytes of one Parquet row group: small enough for a reader that shuffles, large enough to compress. Also the unit in which
# Beam deals rows to shards.
ROW_GROUP_BYTES = 16 << 20
# What an accepted pair takes, about, where nobody has measured it.
ROW_BYTES = 1_600


class ParquetRows:
    """Rows as Parquet of a fixed schema, in row groups of bounded size."""

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd", use_compliant_nested_type=True)
        self._rows: list[Row] = []
        self._waiting = 0
        self.size = 0  # bytes in memory, as Arrow holds the rows

    def write(self, row: Row, size: int = ROW_BYTES) -> None:
        """Write a row, with the next ones. `size` is about how many bytes it has."""
        self._rows.append(row)
        self._waiting += size
        if self._waiting >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        table = pa.Table.from_pylist(self._rows, self._schema)
        self._writer.write_table(table)
        self.size += table.nbytes
        self._rows, self._waiting = [], 0
