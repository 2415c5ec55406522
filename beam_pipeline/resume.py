"""Continuing a run: its options, and what its journal holds, keyed for the join with the documents."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import yaml
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics

from beam_pipeline.files import reason
from beam_pipeline.options import PipelineConfig
from transforms.inference.journal import read_entries
from transforms.inference.recall import VECTORS, entry_by_document
from transforms.inference.runtime import peek_runtime
from transforms.records import Usage

OPTIONS_FILE = "options.yaml"
# Where the tokens of the replies that a resumed run found in its journal are counted.
EARLIER = "journal"
STREAMING = "streaming"
# Options that name files or folders.
PATHS = {"input", "inputs", "output", "journal", "domains", "exemplars", "benchmarks"}
# Options that hold what they say, or name a YAML file of it.
VALUES_OR_PATHS = ("domain_shares", "screening")


def save_options(config: PipelineConfig) -> None:
    """Keep the options that a run was given beside its output, for `replay`; no key is among them, only names of keys."""
    given = absolute_paths(config).given()
    values = {name: value for name, value in given.items() if name not in ("overwrite", "resume", "dry_run", "config")}
    if config.streaming:
        values = {STREAMING: True, **values}  # no option of ours: a stream must not be taken for a batch later
    path = FileSystems.join(config.output, OPTIONS_FILE)
    with FileSystems.create(path, mime_type="application/yaml", compression_type="uncompressed") as file:
        file.write(yaml.safe_dump({name: value for name, value in values.items() if value is not None}, sort_keys=False).encode())


def read_options(output: str) -> dict[str, Any]:
    """The options that the run of a folder was given, by name; {} where they are not kept.

    Raises:
        ValueError: they cannot be read; one line.
    """
    path = FileSystems.join(output, OPTIONS_FILE)
    if not FileSystems.exists(path):
        return {}
    try:
        with FileSystems.open(path, compression_type="uncompressed") as file:
            options = yaml.safe_load(file.read())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {reason(error)}") from error
    if not isinstance(options, dict):
        raise ValueError(f"{path}: does not hold the options of a run")
    return options


def absolute_paths(config: PipelineConfig) -> PipelineConfig:
    """The same options with every local path as seen from anywhere."""
    given = {name: getattr(config, name) for name in PATHS}
    paths = {
        name: [_absolute(path) for path in value] if isinstance(value, list) else value and _absolute(value)
        for name, value in given.items()
    }
    for name in VALUES_OR_PATHS:
        value = getattr(config, name)
        if value.lower().endswith((".yaml", ".yml")):
            given[name], paths[name] = value, _absolute(value)
    return config.model_copy(update={name: path for name, path in paths.items() if path != given[name]})


def _absolute(path: str) -> str:
    """A local path as seen from anywhere."""
    return path if FileSystems.get_scheme(path) else os.path.abspath(path)


def journal_files(folder: str) -> list[str]:
    """The journal files in a folder, of any file system that Beam knows."""
    matches = FileSystems.match([f"{folder.rstrip('/')}/*.jsonl"])
    return sorted(metadata.path for metadata in matches[0].metadata_list if metadata.size_in_bytes)


def read_journal_file(path: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """(document id, (key, reply)) of every whole line of one journal file; what the replies cost is counted."""
    with FileSystems.open(path, compression_type="uncompressed") as file:
        for entry in read_entries(file):
            if not entry.document_id.startswith(VECTORS):  # of another model, at another price
                _count_tokens(entry.tokens)
                if (runtime := peek_runtime()) and runtime.brake:
                    runtime.brake.paid(entry.stage, Usage(*entry.tokens))
            yield entry_by_document(entry)


def _count_tokens(tokens: tuple[int, int, int]) -> None:
    for name, by in zip(("calls", "prompt_tokens", "cached_tokens", "completion_tokens"), (1, *tokens), strict=True):
        Metrics.counter(EARLIER, name).inc(by)


@dataclass
class ReadJournal(beam.PTransform):
    """Reads a journal folder: pipeline -> PCollection[tuple[document id, (key, reply text)]].

    Files are listed when the graph runs, not when it is built.
    """

    folder: str

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "Folder" >> beam.Create([self.folder], reshuffle=False)
            | "ListFiles" >> beam.FlatMap(journal_files).with_output_types(str)
            | "SpreadFiles" >> beam.Reshuffle()
            | "ReadFiles" >> beam.FlatMap(read_journal_file).with_output_types(tuple[str, tuple[str, str]])
        )
