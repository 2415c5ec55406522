"""ReadInputs: several inputs (`inputs.py`) read as one, each with its share.

Passed, rejected and dead are as `read_files.py` has them. Of what a weight or cap leaves out there is no row, for it may be
most of a corpus; it is counted by input.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.reading.documents import NOT_SAMPLED, STAGE
from beam_pipeline.reading.file_reader import ticket
from beam_pipeline.reading.input_list import FileInput
from beam_pipeline.reading.read_files import TALLIES, MatchFiles, ReadFiles, Reading, Tally, first_by_id
from beam_pipeline.storage.files import format_of
from transforms.flow.outcome import PASSED, count
from transforms.flow.tickets import TicketsFn
from transforms.mix import Limit, cap_limit
from transforms.records import Document
from transforms.text import stable_hash


def is_tallied(config: PipelineConfig) -> bool:
    """Whether what is met in the input is counted by itself: where not everything in it is a document."""
    formats = {config.input_format, *(format_of(pattern) for pattern in config.input)}
    return bool(config.inputs) or "warc" in formats


@dataclass
class ReadInputs(beam.PTransform):
    """Reads inputs, each by its weight: pipeline -> Reading; ids may still repeat. `find_files` names those of some patterns."""

    inputs: tuple[FileInput, ...]
    find_files: Callable[[tuple[str, ...]], beam.PTransform] = MatchFiles

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> Reading:
        readings = []
        for files in self.inputs:
            name = label_of(files.label)
            paths = pipeline | f"Find{name}" >> self.find_files(files.patterns)
            readings.append(paths | f"Read{name}" >> ReadFiles(files.reader, tallied=True))
        return Reading(
            *(parts | f"Flatten{number}" >> beam.Flatten() for number, parts in enumerate(zip(*readings, strict=True)))
        )


def label_of(source: str) -> str:
    """A source as a part of a label, different for different sources."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", source)
    return f"[{plain}]" if plain == source else f"[{plain}-{stable_hash(source)[:6]}]"


@dataclass
class ReadUniqueInputs(beam.PTransform):
    """Reads inputs, each by its weight and cap: pipeline -> Reading, each id once."""

    inputs: tuple[FileInput, ...]

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> Reading:
        unique: Reading = first_by_id(pipeline | "Inputs" >> ReadInputs(self.inputs))
        caps = {files.label: files.cap for files in self.inputs if files.cap}
        if not caps:
            return unique
        # After ids are known to be different, or copies of a document would take the places of others.
        kept, left_out = unique.passed | "Cap" >> CapSources(caps)
        return unique._replace(passed=kept, tallies=(unique.tallies, left_out) | "AllTallies" >> beam.Flatten())


@dataclass
class CapSources(beam.PTransform):
    """Keeps so many documents of a source, those with the smallest tickets: PCollection[Document] -> (the same, tallies).

    As in the mix of pairs, tickets are gathered without their documents, and a cap above 65,536 may be missed by 1/65,536.
    Sources without a cap are not looked at.
    """

    caps: Mapping[str, int]

    @no_annotations
    def expand(self, documents: beam.PCollection) -> tuple[beam.PCollection, beam.PCollection]:
        limits = (
            documents
            | "Draw" >> beam.FlatMap(_draw, frozenset(self.caps)).with_output_types(tuple[str, int])
            | "Gather" >> beam.CombinePerKey(TicketsFn(max(self.caps.values())))
            | "Limit" >> beam.FlatMap(lambda group, caps: cap_limit(group, caps[group[0]]), dict(self.caps))
        )
        keep = beam.ParDo(_KeepFn(), beam.pvalue.AsDict(limits)).with_output_types(Document, tallies=Tally)
        outputs = documents | "Keep" >> keep.with_outputs(TALLIES, main=PASSED)
        return outputs[PASSED], outputs[TALLIES]


def _draw(document: Document, capped: frozenset[str]) -> Iterator[tuple[str, int]]:
    if document.source in capped:
        yield document.source, ticket(document.source, document.id)


class _KeepFn(beam.DoFn):
    def process(self, document: Document, limits: Mapping[str, Limit]) -> Iterator[Any]:
        limit = limits.get(document.source)
        if limit is None or ticket(document.source, document.id) < limit.ticket:
            yield document
        else:
            count(STAGE, f"left_out/{NOT_SAMPLED.why}")
            yield beam.pvalue.TaggedOutput(TALLIES, (document.source, NOT_SAMPLED.why))
