"""Sources: documents, exemplar banks and lists of domains from files, local or in a bucket.

Input:    globs of JSONL, Parquet, plain text or archives of the web (`file_reader.py`, `documents.py`, `crawl.py`)
Passed:   PCollection[Document], each id once
Rejected: Rejection, reason "exact_duplicate": the same id and text as an earlier row
Dead:     InvalidJson, MissingText, WrongType, NullByte, InvalidUtf8, LineTooLong, UnreadableFile, BrokenRecord, DuplicateId
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.reading.documents import NOT_TEXT, STAGE, LeftOut, dead_row
from beam_pipeline.reading.file_reader import UNKNOWN_FORMAT, FileReader, check_installed, check_parquet
from beam_pipeline.storage.files import BrokenFile, open_file, reason
from beam_pipeline.storage.matching import match_files, match_pattern
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
from transforms.records import DeadLetter, Document, Rejection, attributes_text, reject

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

    Files are spread over workers, but a file is read by one: a line's number is known only to a
    reader that saw the lines before it, and a dead letter that names its line is worth more than
    splitting. Give a big corpus as many files. Documents leave `UniqueIds` spread over all workers.
    A file that several patterns match is read once.
    """

    patterns: tuple[str, ...]  # paths or globs, of any file system that Beam knows
    reader: FileReader = field(default_factory=FileReader)
    tallied: bool = False  # whether to give a Reading and not an Outcome

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> Outcome | Reading:
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
    """Reads files as they are named: PCollection[str] -> Outcome[Document], stage "read"; ids may still repeat.

    The rest is as `ReadDocuments` has it.
    """

    reader: FileReader
    tallied: bool = False

    @no_annotations
    def expand(self, paths: beam.PCollection) -> Outcome | Reading:
        read = beam.ParDo(_ReadFilesFn(self.reader, self.tallied))
        if not self.tallied:
            return as_outcome(paths | "ReadRows" >> split_outputs(read, Document))
        typed = read.with_output_types(Document, rejected=Rejection, dead_letters=DeadLetter, tallies=Tally)
        outputs = paths | "ReadRows" >> typed.with_outputs(REJECTED, DEAD_LETTERS, TALLIES, main=PASSED)
        return Reading(*as_outcome(outputs), outputs[TALLIES])


def first_by_id(read: Any) -> Any:
    """What was read, an Outcome or a Reading, with the first row of every id alone."""
    unique = read.passed | "UniqueIds" >> UniqueIds()
    letters = (read.dead_letters, unique.dead_letters) | "AllDeadLetters" >> beam.Flatten()
    return read._replace(passed=unique.passed, rejected=unique.rejected, dead_letters=letters)


class UniqueIds(beam.PTransform):
    """Lets the first row of every id pass: PCollection[Document] -> Outcome[Document]."""

    @no_annotations
    def expand(self, documents: beam.PCollection) -> Outcome:
        return unique_ids(documents)


@dataclass(eq=False)
class _ReadFilesFn(beam.DoFn):
    reader: FileReader
    tallied: bool

    def process(self, path: str) -> Iterator[Any]:
        label = " ".join(self.reader.fields.source_label.split()) or "input"
        for result in self.reader.read(path):
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
            if self.tallied:
                yield from (beam.pvalue.TaggedOutput(TALLIES, (label, what)) for what in met)


def parse_rows(parse: Callable[..., Document | DeadLetter], *given: Any) -> Any:
    """A ParDo over what makes a document of a row, whose ids may still repeat."""
    return apply_rules(STAGE, lambda row: [parse(row, *given)], Document, last=False, label="_ParseFn")


def keep_first(documents: Iterable[Document]) -> Iterator[Document | Rejection | DeadLetter]:
    """Of the documents with one id, let the first in the input pass and say of each other what it is.

    First is the shortest `where`, then the smallest: line 9 before line 10. `documents` is gone
    through twice.
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


def check_inputs(patterns: Iterable[str], reader: FileReader) -> list[str]:
    """Check that every pattern matches a file and that the first can be opened; reads none. Returns the files.

    A first file of Parquet must have the column of the text, or the run would make nothing but dead letters.

    Raises:
        ValueError: one line that names the pattern and what is wrong.
    """
    files: list[str] = []
    for pattern in patterns:
        found = match_pattern(pattern)
        files += found
        path = found[0]
        if reader.format_of(path) is None:
            raise ValueError(f"{path}: {UNKNOWN_FORMAT}")
        for file_format in set(map(reader.format_of, found)):
            check_installed(file_format)
        try:
            with open_file(path) as stream:
                stream.read(1)
                if reader.format_of(path) == "parquet":
                    stream.seek(0)
                    check_parquet(stream, reader.fields.text)
        except BrokenFile as broken:
            raise ValueError(f"{path}: {broken}") from broken
        except Exception as error:  # each file system has errors of its own
            raise ValueError(f"{path}: cannot be opened: {reason(error)}") from error
    return files
