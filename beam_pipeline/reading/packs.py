"""Packs: the hashed signatures of a benchmark in one file, for who may not, or will not, carry its text about.

A pack is a Parquet file of two columns, `name` (the item's file, line and id) and `features` (see
`transforms/benchmarks/signature.py`). Its schema's metadata says what it is: name, version, number of items, a digest of
all features, and the version of the rules that made them. It is read wherever benchmark files are.
"""

import json
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from beam_pipeline.storage.files import open_file, reason
from beam_pipeline.storage.values import encodable
from beam_pipeline.storage.whole_file import whole_file
from transforms.benchmarks.index import BenchmarkItem
from transforms.benchmarks.signature import VERSION, sign_item
from transforms.text import stable_hash

ENDING = ".pack"
SCHEMA = pa.schema([("name", pa.string()), ("features", pa.list_(pa.uint64()))])

_META = b"webscale_qa_pack"
_ROWS = 256
_ROW_GROUP = 10_000  # items of a row group: some 10 MB
_DIGEST = 12  # hexadecimal digits


@dataclass(frozen=True)
class PackFacts:
    """What a pack says of itself."""

    name: str  # of the benchmark
    version: str  # that its maker gave it
    items: int
    digest: str  # of all features: packs of the same items by the same rules have the same, whatever their order
    rules: int  # version of the rules that made it

    def __str__(self) -> str:
        return f"{self.name} {self.version}, {self.items:,} items, digest {self.digest}"


def is_pack(path: str) -> bool:
    """Whether a file is one, by its name."""
    return path.lower().endswith(ENDING)


def write_pack(items: Iterable[BenchmarkItem], path: str, name: str, version: str = "") -> PackFacts:
    """Write a pack of some items, of which none is held; what it says of itself. Without a version its digest is one.

    Raises:
        OSError: the file cannot be written.
    """
    number, summed = 0, 0
    left = iter(items)
    with (
        whole_file(path) as file,
        pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer,
    ):
        while some := list(islice(left, _ROW_GROUP)):
            names = [_short_name(item) for item in some]
            features = [sign_item(item.question, item.extra, runs=True) for item in some]
            number += len(names)
            summed += sum(int(stable_hash(own.tobytes().hex()), 16) for own in features)
            writer.write_table(pa.table([names, features], schema=SCHEMA))
        digest = f"{summed % 2**64:016x}"[:_DIGEST]
        facts = PackFacts(name, version or digest, number, digest, VERSION)
        writer.add_key_value_metadata({_META: json.dumps(asdict(facts)).encode()})
    return facts


def _short_name(item: BenchmarkItem) -> str:
    """An item's name without the folder that its file lies in."""
    where = posixpath.basename(item.where.replace("\\", "/"))
    return f"{where} ({item.id})" if item.id else where


def read_facts(path: str) -> PackFacts:
    """What a pack says of itself.

    Raises:
        ValueError: it is none, cannot be read, or was made by other rules; one line that names it.
    """
    with _opened(path) as stream:
        return _facts(path, _parquet(path, stream))


def read_pack(path: str) -> Iterator[BenchmarkItem]:
    """The items of a pack, with features and no text; ValueError as `read_facts`."""
    with _opened(path) as stream:
        file = _parquet(path, stream)
        facts = _facts(path, file)
        try:
            for batch in file.iter_batches(batch_size=_ROWS, use_threads=False):
                for row in batch.to_pylist():
                    yield BenchmarkItem(
                        f"{facts.name} {facts.version}: {encodable(str(row['name']))}", "", "", "", _features(row)
                    )
        except (OSError, pa.ArrowException) as error:
            raise ValueError(f"{path}: cannot be read any further: {reason(error)}") from error


def _features(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(feature for feature in row["features"] or () if feature is not None)


def _opened(path: str) -> Any:
    try:
        return open_file(path)
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{path}: cannot be opened: {reason(error)}") from error


def _parquet(path: str, stream: Any) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(stream)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{path}: is no pack; webscale-qa pack makes one") from error


def _facts(path: str, file: pq.ParquetFile) -> PackFacts:
    try:
        facts = PackFacts(**json.loads((file.metadata.metadata or {})[_META]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is no pack; webscale-qa pack makes one") from error
    if not file.schema_arrow.equals(SCHEMA) or any(type(getattr(facts, part.name)) is not part.type for part in fields(facts)):
        raise ValueError(f"{path}: is no pack; webscale-qa pack makes one")
    if facts.rules != VERSION:
        raise ValueError(
            f"{path}: was made by rules of version {facts.rules}, here are those of version {VERSION}; "
            "make it anew with webscale-qa pack"
        )
    return facts
