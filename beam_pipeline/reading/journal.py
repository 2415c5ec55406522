"""Reads the replies of earlier runs from journal files."""

from collections.abc import Iterator
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics

from beam_pipeline.storage.matching import list_files
from transforms.inference.journal.writer import read_entries
from transforms.inference.recall import EARLIER, entry_by_document, is_vector
from transforms.inference.runtime import peek_runtime
from transforms.records import TOKENS, Usage


def journal_files(folder: str) -> list[str]:
    """The journal files in a folder, of any file system that Beam knows."""
    return sorted(file.path for file in list_files(f"{folder.rstrip('/')}/*.jsonl") if file.size_in_bytes)


def read_journal_file(path: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """(document id, (key, reply)) of every whole line of one journal file; what the replies cost is counted."""
    with FileSystems.open(path, compression_type="uncompressed") as file:
        for entry in read_entries(file):
            if not is_vector(entry):  # of another model, at another price
                for name, by in zip(("calls", *TOKENS), (1, *entry.tokens), strict=True):
                    Metrics.counter(EARLIER, name).inc(by)
                if (runtime := peek_runtime()) and runtime.admission:
                    runtime.admission.paid(entry.stage, Usage(*entry.tokens))
            yield entry_by_document(entry)


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
