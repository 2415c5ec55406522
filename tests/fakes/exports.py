"""Finished runs for the tests of exports, written with the product's own rows and sinks."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from beam_pipeline.output.kinds import SCHEMAS, columns_of, json_line
from beam_pipeline.summary.write_summary import summarise
from transforms.records import Document, Persona, PersonaTask, QAPair, Stamp, VerifiedQA, qa_row

STAMPS = (Stamp("synthesize", "writer-7b", 2, "ab" * 32), Stamp("verify", "judge-70b", 3, "cd" * 32))


def pair(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of `qa/`: what Tambora no. `number` threw out."""
    document = Document(f"volcano-{number}", "text", "field notes")
    task = PersonaTask(document, "Natural Science", Persona(f"reader {number}"))
    draft = QAPair(
        task, f"How much rock did Tambora {number} throw out?", f"{number} cubic kilometres", "number", (f"{number} km3",)
    )
    return {**qa_row(VerifiedQA(draft, f"It threw out {number} cubic kilometres.", stamps=STAMPS), "0.1.0"), **changes}


def finished_run(
    folder: Path,
    rows: Sequence[dict[str, Any]],
    file_format: str = "jsonl",
    shards: int = 1,
    pairs: int | None = None,
    **options: Any,
) -> Path:
    """A run that has ended, with these rows, and options as `options.yaml` keeps them."""
    (folder / "qa").mkdir(parents=True)
    for shard in range(shards):
        write_rows(folder / "qa" / f"qa-{shard:05}-of-{shards:05}.{file_format}", rows[shard::shards])
    counts = {"pairs": len(rows) if pairs is None else pairs}
    for row in rows:
        counts[f"domains\t{row['domain']}\taccepted"] = counts.get(f"domains\t{row['domain']}\taccepted", 0) + 1
    (folder / "summary.json").write_text(json.dumps(summarise(counts)), "utf-8")
    (folder / "options.yaml").write_text(yaml.safe_dump({"output": str(folder), **options}), "utf-8")
    return folder


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as the sinks do."""
    if path.suffix == ".parquet":
        schema = SCHEMAS["qa"]
        pq.write_table(pa.Table.from_pylist([columns_of(row, tuple(schema.names)) for row in rows], schema), path)
    else:
        path.write_bytes(b"".join(json_line(row) + b"\n" for row in rows))


def written_rows(folder: Path, split: str = "train") -> list[dict[str, Any]]:
    """The rows of one split of an export, from all its files."""
    rows: list[dict[str, Any]] = []
    places = (f"{split}.*", f"data/{split}-*", f"resources_servers/*/data/{split}.*")
    for path in sorted(path for place in places for path in folder.glob(place)):
        if path.suffix == ".parquet":
            rows += pq.read_table(path).to_pylist()
        else:
            rows += map(json.loads, path.read_text("utf-8").splitlines())
    return rows


def every_file(folder: Path) -> set[str]:
    """Names of all files in a folder, relative to it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
