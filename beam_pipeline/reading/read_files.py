"""Documents from files, local or in a bucket: one input, or several (`input_list.py`) read as one, each with its share.

Input:    globs of any format that `file_reader.py` reads
Passed:   PCollection[Document], each id once
Rejected: Rejection, reason "exact_duplicate": the same id and text as an earlier row
Dead:     InvalidJson, MissingText, WrongType, NullByte, InvalidUtf8, LineTooLong, UnreadableFile, BrokenRecord, DuplicateId

Of what a weight or cap leaves out there is no row, for it may be most of a corpus; it is counted by input.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.reading.documents import NOT_SAMPLED, NOT_TEXT, STAGE, LeftOut, dead_row
from beam_pipeline.reading.file_reader import FileReader, ticket
from beam_pipeline.reading.input_list import FileInput
from beam_pipeline.storage.matching import match_files
from beam_pipeline.storage.values import RAW_CHARACTERS, BadRow
from prompts.exemplar_bank import Exemplar
from transforms.flow.coders import RecordCoder
from transforms.flow.outcome import (
    DEAD_LETTERS,
    PASSED,
    REJECTED,
    Outcome,
    apply_rules,
    as_outcome,
    count,
    split_outputs,
    tag_and_count,
)
from transforms.flow.tickets import TicketsFn
from transforms.mix import Limit, cap_limit
from transforms.records import DeadLetter, Document, Rejection, attributes_text, reject
from transforms.text import stable_hash

beam.coders.registry.register_coder(Exemplar, RecordCoder)


# One thing that was read: the label of its input, and what it was (`READ`, `DEAD` besides, or why it was left out).
Tally = tuple[str, str]
TALLIES, READ, DEAD = "tallies", "read", "dead_lettered"


class Reading(NamedTuple):
    """An outcome of reading, with a PCollection[Tally] of all that was met, left out or not."""

    passed: beam.PCollection
    rejected: beam.PCollection
    dead_letters: beam.PCollection
    tallies: beam.PCollection


@dataclass
class ReadDocuments(beam.PTransform):
    """Reads documents from files: pipeline -> Outcome[Document], stage "read".

    Files are spread over workers, but a file is read by one: a line's number is known only to a reader that saw the lines
    before it. Documents leave `UniqueIds` spread over all workers. A file that several patterns match is read once.
    """

    patterns: tuple[str, ...]  # paths or globs, of any file system that Beam knows
    reader: FileReader = field(default_factory=FileReader)
    tallied: bool = False  # whether to give a Reading and not an Outcome
    limit: int = 0  # the most documents to read, in the order of files and rows; 0 for all

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> Outcome | Reading:
        if self.limit:
            files = FileInput(self.patterns, self.reader)
            return first_by_id(pipeline | "ReadFiles" >> ReadFirst((files,), self.limit, self.tallied))
        return first_by_id(spread_files(pipeline, self.patterns) | "ReadFiles" >> ReadFiles(self.reader, self.tallied))


def spread_files(pipeline: beam.Pipeline, patterns: Iterable[str]) -> beam.PCollection:
    """The files that some patterns match, spread over workers: PCollection[str]. Matched where the run is, not before it."""
    return (
        pipeline
        | "Patterns" >> beam.Create([list(patterns)], reshuffle=False)
        | "MatchFiles" >> beam.FlatMap(match_files).with_output_types(str)
        | "SpreadFiles" >> beam.Reshuffle()
    )


MatchFiles: Any = beam.ptransform_fn(spread_files)


@dataclass
class ReadFiles(beam.PTransform):
    """Reads files as they are named: PCollection[str] -> Outcome[Document], stage "read"; ids may still repeat."""

    reader: FileReader
    tallied: bool = False

    @no_annotations
    def expand(self, paths: beam.PCollection) -> Outcome | Reading:
        return _read_rows(paths, _ReadFilesFn(self.reader, self.tallied), self.tallied)


@dataclass
class ReadFirst(beam.PTransform):
    """Reads the first documents of some inputs: pipeline -> Outcome[Document], stage "read"; ids may still repeat.

    One worker reads one file after another, and no more of them than it needs.
    """

    inputs: tuple[FileInput, ...]
    limit: int
    tallied: bool = False

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> Outcome | Reading:
        once = pipeline | "Once" >> beam.Create([b""], reshuffle=False)
        return _read_rows(once, _ReadFirstFn(self.inputs, self.limit, self.tallied), self.tallied)


def _read_rows(elements: beam.PCollection, reading: beam.DoFn, tallied: bool) -> Outcome | Reading:
    read = beam.ParDo(reading)
    if not tallied:
        return as_outcome(elements | "ReadRows" >> split_outputs(read, Document))
    typed = read.with_output_types(Document, rejected=Rejection, dead_letters=DeadLetter, tallies=Tally)
    outputs = elements | "ReadRows" >> typed.with_outputs(REJECTED, DEAD_LETTERS, TALLIES, main=PASSED)
    return Reading(*as_outcome(outputs), outputs[TALLIES])


def first_by_id(read: Any) -> Any:
    """What was read, an Outcome or a Reading, with the first row of every id alone."""
    unique = read.passed | "UniqueIds" >> beam.ptransform_fn(unique_ids)()
    letters = (read.dead_letters, unique.dead_letters) | "AllDeadLetters" >> beam.Flatten()
    return read._replace(passed=unique.passed, rejected=unique.rejected, dead_letters=letters)


@dataclass(eq=False)
class _ReadFilesFn(beam.DoFn):
    reader: FileReader
    tallied: bool

    def process(self, path: str) -> Iterator[Any]:
        for result in self.reader.read(path):
            yield from _counted(result, self.reader, self.tallied)


@dataclass(eq=False)
class _ReadFirstFn(beam.DoFn):
    inputs: tuple[FileInput, ...]
    limit: int
    tallied: bool

    def process(self, _: bytes) -> Iterator[Any]:
        found = (
            (files.reader, result)
            for files in self.inputs
            for path in match_files(files.patterns)
            for result in files.reader.read(path)
        )
        left = self.limit
        for reader, result in found:
            yield from _counted(result, reader, self.tallied)
            left -= isinstance(result, Document)
            if not left:
                return


def _counted(result: Document | DeadLetter | LeftOut, reader: FileReader, tallied: bool) -> Iterator[Any]:
    met = [READ] if result != NOT_TEXT else []
    match result:
        case LeftOut(why):
            met.append(why)
            count(STAGE, f"left_out/{why}")
        case DeadLetter():
            met.append(DEAD)
            yield from tag_and_count(STAGE, [result])
        case _:  # counts as passed when its id is known to be its own
            yield result
    if tallied:
        label = " ".join(reader.fields.source_label.split()) or "input"
        yield from (beam.pvalue.TaggedOutput(TALLIES, (label, what)) for what in met)


def parse_rows(parse: Callable[..., Document | DeadLetter], *given: Any) -> Any:
    """A ParDo over what makes a document of a row, whose ids may still repeat."""
    return apply_rules(STAGE, lambda row: [parse(row, *given)], Document, last=False, label="_ParseFn")


def keep_first(documents: Iterable[Document]) -> Iterator[Document | Rejection | DeadLetter]:
    """Of the documents with one id, let the first in the input pass and say of each other what it is.

    First is the shortest `where`, then the smallest: line 9 before line 10. `documents` is gone through twice.
    """
    first = min(documents, key=lambda document: (len(document.where), document.where))
    for document in documents:
        yield document if document.where == first.where else repeated_id(document, first.where, document.text == first.text)


def unique_ids(documents: beam.PCollection, keep: Callable[[Iterable[Document]], Iterator[Any]] = keep_first) -> Outcome:
    """Add the steps to the graph that make records of the documents of one id, as `keep` says.

    Grouping by id moves every document once between workers. That is wanted here, since all documents of a file come from
    one worker; a smaller shuffle of ids alone would still have to store the documents until the verdict on them is known.
    """
    return as_outcome(
        documents
        | "KeyById" >> beam.Map(lambda document: (document.id, document)).with_output_types(tuple[str, Document])
        | "GroupById" >> beam.GroupByKey()
        | "KeepFirst" >> apply_rules(STAGE, lambda group: keep(group[1]), Document, label="_KeepFirstFn")
    )


def repeated_id(document: Document, first: str, same_text: bool) -> Rejection | DeadLetter:
    """What becomes of a document whose id is that of an earlier one; `first` is where that came from."""
    if same_text:
        return reject(STAGE, "exact_duplicate", document, f"same id and text as {first}")
    message = (
        f"the id {document.id[:200]!r} is also that of {first}, with another text; "
        'make ids unique, or derive them from the text with --id_field ""'
    )
    raw = document.text[:RAW_CHARACTERS].encode("utf-8")
    return dead_row(BadRow("DuplicateId", message, attributes_text(document)), document.where, raw, document.id)


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
    limit: int = 0  # as `ReadDocuments` has it, of all together

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> Reading:
        inputs = ReadFirst(self.inputs, self.limit, tallied=True) if self.limit else ReadInputs(self.inputs)
        unique: Reading = first_by_id(pipeline | "Inputs" >> inputs)
        caps = {files.label: files.cap for files in self.inputs if files.cap}
        if not caps:
            return unique
        # After ids are known to be different, or copies of a document would take the places of others.
        kept, left_out = unique.passed | "Cap" >> CapSources(caps)
        return unique._replace(passed=kept, tallies=(unique.tallies, left_out) | "AllTallies" >> beam.Flatten())


@beam.ptransform_fn
def CapSources(documents: beam.PCollection, caps: Mapping[str, int]) -> tuple[beam.PCollection, beam.PCollection]:
    """Keeps so many documents of a source, those with the smallest tickets: PCollection[Document] -> (the same, tallies).

    As in the mix of pairs, tickets are gathered without their documents, and a cap above 65,536 may be missed by 1/65,536.
    Sources without a cap are not looked at.
    """
    limits = (
        documents
        | "Draw" >> beam.FlatMap(_draw, frozenset(caps)).with_output_types(tuple[str, int])
        | "Gather" >> beam.CombinePerKey(TicketsFn(max(caps.values())))
        | "Limit" >> beam.FlatMap(lambda group, caps: cap_limit(group, caps[group[0]]), dict(caps))
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
