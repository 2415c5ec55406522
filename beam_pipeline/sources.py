"""Sources: documents, exemplar banks and lists of domains from files, local or in a bucket.

Input:    globs of JSONL, Parquet, plain text or archives of the web (`files.py`, `rows.py`, `crawl.py`)
Passed:   PCollection[Document], each id once
Rejected: Rejection, reason "exact_duplicate": the same id and text as an earlier row
Dead:     InvalidJson, MissingText, WrongType, NullByte, InvalidUtf8, LineTooLong, UnreadableFile, BrokenRecord, DuplicateId
"""

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.files import (
    FORMATS,
    UNKNOWN_FORMAT,
    BrokenFile,
    FileReader,
    check_installed,
    check_parquet,
    format_of,
    open_file,
    read_blocks,
    reason,
)
from beam_pipeline.rows import NOT_TEXT, RAW_CHARACTERS, STAGE, BadRow, Fields, LeftOut, dead_row
from prompts import DEFAULT_DOMAIN, Domain, PromptError, load_domains, parse_domains
from prompts.bank import Exemplar, check_exemplar, load_bank, merge_exemplars, parse_exemplars
from transforms.coders import RecordCoder
from transforms.errors import FatalError
from transforms.outcome import DEAD_LETTERS, PASSED, REJECTED, Outcome, as_outcome, count, split_outputs, tag_and_count
from transforms.records import DeadLetter, Document, Rejection, attributes_text, reject

MAX_LINE_BYTES = 50_000_000

_LOGGER = logging.getLogger(__name__)

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

    Attributes:
        patterns: paths or globs, of any file system that Beam knows. A file that several match is read once.
        text_field, id_field, source_field: field names, or paths into nested objects ("meta.url").
            Without an id in the row, or with `id_field` "", ids are derived from the text.
        source_label: source of the documents whose row has none (of a text file: its path).
        input_format: "jsonl", "parquet", "text" (a file is one document), "warc" (also WET and ARC), or "auto" to go by
            each file's name.
        max_line_bytes: a longer line, or text file, becomes a dead letter.
        carry: fields that go along as attributes of the documents.
        tallied: whether to give a Reading and not an Outcome.
    """

    patterns: tuple[str, ...]
    text_field: str = "text"
    id_field: str = "id"
    source_field: str = "source"
    source_label: str = ""
    input_format: str = "auto"
    max_line_bytes: int = MAX_LINE_BYTES
    carry: tuple[str, ...] = ()
    tallied: bool = False

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> Outcome | Reading:
        if self.input_format not in ("auto", *FORMATS):
            raise ValueError(f"input_format must be auto, {', '.join(FORMATS)}, not {self.input_format!r}")
        fields = Fields(self.text_field, self.id_field, self.source_field, self.source_label, carry=self.carry)
        read = spread_files(pipeline, self.patterns) | "ReadFiles" >> ReadFiles(
            fields, self.input_format, self.max_line_bytes, tallied=self.tallied
        )
        unique = read.passed | "UniqueIds" >> UniqueIds()
        letters = (read.dead_letters, unique.dead_letters) | "AllDeadLetters" >> beam.Flatten()
        outcome = Outcome(unique.passed, unique.rejected, letters)
        return Reading(*outcome, read.tallies) if self.tallied else outcome


def spread_files(pipeline: beam.Pipeline, patterns: Iterable[str]) -> beam.PCollection:
    """The files that some patterns match, spread over workers: PCollection[str]. Matched where the run is, not before it."""
    return (
        pipeline
        | "Patterns" >> beam.Create([list(patterns)], reshuffle=False)
        | "MatchFiles" >> beam.FlatMap(match_files).with_output_types(str)
        | "SpreadFiles" >> beam.Reshuffle()
    )


@dataclass
class ReadFiles(beam.PTransform):
    """Reads files as they are named: PCollection[str] -> Outcome[Document], stage "read"; ids may still repeat.

    Attributes:
        weight: the share of the documents to take.
        fields, input_format, max_line_bytes, tallied: as `ReadDocuments` has them.
    """

    fields: Fields
    input_format: str = "auto"
    max_line_bytes: int = MAX_LINE_BYTES
    weight: float = 1.0
    tallied: bool = False

    @no_annotations
    def expand(self, paths: beam.PCollection) -> Outcome | Reading:
        reader = FileReader(self.fields, self.input_format, self.max_line_bytes, self.weight)
        read = beam.ParDo(_ReadFilesFn(reader, self.tallied))
        if not self.tallied:
            return as_outcome(paths | "ReadRows" >> split_outputs(read, Document))
        typed = read.with_output_types(Document, rejected=Rejection, dead_letters=DeadLetter, tallies=Tally)
        outputs = paths | "ReadRows" >> typed.with_outputs(REJECTED, DEAD_LETTERS, TALLIES, main=PASSED)
        return Reading(*as_outcome(outputs), outputs[TALLIES])


@dataclass
class UniqueIds(beam.PTransform):
    """Lets the first row of every id pass: PCollection[Document] -> Outcome[Document].

    Grouping by id moves every document once between workers. That is wanted here anyway, since all
    documents of a file come from one worker; a smaller shuffle of ids alone would still have to
    store the documents until the verdict on them is known.
    """

    @no_annotations
    def expand(self, documents: beam.PCollection) -> Outcome:
        return as_outcome(
            documents
            | "KeyById" >> beam.Map(_key_by_id).with_output_types(tuple[str, Document])
            | "GroupById" >> beam.GroupByKey()
            | "KeepFirst" >> split_outputs(beam.ParDo(_KeepFirstFn()), Document)
        )


def _key_by_id(document: Document) -> tuple[str, Document]:
    return document.id, document


class _ReadFilesFn(beam.DoFn):
    """Counts dead letters only: a document counts as passed when its id is known to be its own."""

    def __init__(self, reader: FileReader, tallied: bool) -> None:
        self._reader = reader
        self._tallied = tallied
        self._label = " ".join(reader.fields.source_label.split()) or "input"

    def process(self, path: str) -> Iterator[Any]:
        for result in self._reader.read(path):
            if self._tallied:
                yield from self._tallies(result)
            match result:
                case Document():
                    yield result
                case LeftOut(why):
                    count(STAGE, f"left_out/{why}")
                case _:
                    yield from tag_and_count(STAGE, [result])

    def _tallies(self, result: Document | DeadLetter | LeftOut) -> Iterator[Any]:
        if result != NOT_TEXT:
            yield beam.pvalue.TaggedOutput(TALLIES, (self._label, READ))
        if isinstance(result, LeftOut):
            yield beam.pvalue.TaggedOutput(TALLIES, (self._label, result.why))
        elif isinstance(result, DeadLetter):
            yield beam.pvalue.TaggedOutput(TALLIES, (self._label, DEAD))


class _KeepFirstFn(beam.DoFn):
    def process(self, group: tuple[str, Iterable[Document]]) -> Iterator[Any]:
        yield from tag_and_count(STAGE, keep_first(group[1]))


def keep_first(documents: Iterable[Document]) -> Iterator[Document | Rejection | DeadLetter]:
    """Of the documents with one id, let the first in the input pass and say of each other what it is.

    First is the shortest `where`, then the smallest: line 9 before line 10. `documents` is gone
    through twice.
    """
    first = min(documents, key=lambda document: (len(document.where), document.where))
    for document in documents:
        yield document if document.where == first.where else repeated_id(document, first.where, document.text == first.text)


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


def match_files(patterns: Iterable[str]) -> list[str]:
    """The files that some patterns match, in order, each once.

    Raises:
        FatalError: a pattern matches nothing, or its file system cannot be asked.
    """
    try:
        found = [path for pattern in patterns for path in match_pattern(pattern)]
    except ValueError as error:
        raise FatalError(str(error)) from error
    # One file may be named by a relative and an absolute path.
    distinct = {path if FileSystems.get_scheme(path) else os.path.abspath(path): path for path in reversed(found)}
    return sorted(distinct.values())


def match_pattern(pattern: str) -> list[str]:
    """The files that one pattern matches, at least one.

    Raises:
        ValueError: there is none; the message is one line that names the pattern.
    """
    return list(match_sizes(pattern))


def match_sizes(pattern: str) -> dict[str, int]:
    """The files that one pattern matches, in order, with their stored bytes; raises as `match_pattern`."""
    local = FileSystems.get_scheme(pattern) is None
    if local and os.path.isfile(pattern):
        return {pattern: os.path.getsize(pattern)}  # also a name with brackets in it, which a glob could not match
    folder = local and os.path.isdir(pattern)
    paths = {} if folder else _match(pattern, local)
    if not paths and not any(character in pattern for character in "*?["):
        paths = _data_set(pattern.rstrip("/"), local)
    if not paths:
        if folder:
            example = f"'{pattern.rstrip('/')}/*.jsonl'"
            raise ValueError(f"{pattern}: is a folder; name its files, as in {example} (only one of Parquet may be named itself)")
        raise ValueError(f"{pattern}: no file matches")
    for path in paths:
        if not path.isascii() and path != path.encode("utf-8", "replace").decode("utf-8"):
            raise ValueError(f"{path.encode('utf-8', 'backslashreplace').decode()}: the file's name is not UTF-8; rename it")
    return paths


def _match(pattern: str, local: bool) -> dict[str, int]:
    # Beam looks for a bare "*.jsonl" in no folder at all.
    bare = local and not os.path.dirname(pattern)
    try:
        [matched] = FileSystems.match([f"./{pattern}" if bare else pattern])
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{pattern}: cannot be looked up: {reason(error)}") from error
    sizes = {file.path.removeprefix("./") if bare else file.path: file.size_in_bytes for file in matched.metadata_list}
    return {path: sizes[path] for path in sorted(sizes) if not path.endswith("/")}  # "folders" of a bucket


def _data_set(folder: str, local: bool) -> dict[str, int]:
    """The Parquet files of a folder as the Hugging Face Hub lays it out (data/train-00000-of-00004.parquet), or right in it."""
    return next((paths for inside in ("data/*.parquet", "*.parquet") if (paths := _match(f"{folder}/{inside}", local))), {})


def check_inputs(patterns: Iterable[str], input_format: str = "auto", text_field: str = "") -> list[str]:
    """Check that every pattern matches a file and that the first can be opened; reads none. Returns the files.

    With `text_field`, a first file of Parquet must have that column, or the run would make nothing but dead letters.

    Raises:
        ValueError: one line that names the pattern and what is wrong.
    """
    files: list[str] = []
    for pattern in patterns:
        found = match_pattern(pattern)
        files += found
        path = found[0]
        if input_format == "auto" and format_of(path) is None:
            raise ValueError(f"{path}: {UNKNOWN_FORMAT}")
        for file_format in {format_of(file) if input_format == "auto" else input_format for file in found}:
            check_installed(file_format)
        try:
            with open_file(path) as stream:
                stream.read(1)
                if text_field and "parquet" in (input_format, format_of(path) if input_format == "auto" else ""):
                    stream.seek(0)
                    check_parquet(stream, text_field)
        except BrokenFile as broken:
            raise ValueError(f"{path}: {broken}") from broken
        except Exception as error:  # each file system has errors of its own
            raise ValueError(f"{path}: cannot be opened: {reason(error)}") from error
    return files


@dataclass
class ReadExemplars(beam.PTransform):
    """Reads the exemplar banks: pipeline -> PCollection[tuple[str, list[Exemplar]]], one by a domain's name.

    Every domain is there once, with an empty list where it has no exemplars. Made to be an `AsDict`
    side input, and independent of the documents, so that it breaks no fusion. Exemplars travel by the
    coder of the records, as JSON.

    Attributes:
        domains: the domains of the run.
        patterns: the user's own banks, `<slug>.jsonl` by name or with a `domain` in each row.
        replace: whether a user's bank replaces the shipped one of its domain, or extends it.
    """

    domains: tuple[Domain, ...]
    patterns: tuple[str, ...] = ()
    replace: bool = False

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "Once" >> beam.Create([None], reshuffle=False)
            | "ReadBanks" >> beam.ParDo(_ReadBanksFn(self.domains, self.patterns, self.replace))
        )


class _ReadBanksFn(beam.DoFn):
    def __init__(self, domains: tuple[Domain, ...], patterns: tuple[str, ...], replace: bool) -> None:
        self._domains = domains
        self._patterns = patterns
        self._replace = replace

    def process(self, element: None) -> Iterator[tuple[str, list[Exemplar]]]:
        try:
            bank = read_exemplars(self._domains, self._patterns, self._replace)
        except ValueError as error:
            raise FatalError(str(error)) from error
        tell_empty(bank)
        for name, exemplars in bank.items():
            yield name, list(exemplars)


def tell_empty(bank: Mapping[str, Collection[Exemplar]]) -> None:
    """Log the domains of a run that have no exemplars."""
    for name in (name for name, exemplars in bank.items() if not exemplars):
        _LOGGER.warning("The domain %s has no exemplars: its questions are written without any.", name)


def read_exemplars(
    domains: Iterable[Domain], patterns: Iterable[str] = (), replace: bool = False
) -> dict[str, tuple[Exemplar, ...]]:
    """The bank of each domain by its name: what ships with the package, and the user's own.

    Several files for one domain add up. An exemplar with the id of an earlier one takes its place.

    Raises:
        ValueError: a pattern matches nothing, or (PromptError) a file is not a bank; one line, before any work.
    """
    domains = tuple(domains)
    own: dict[str, tuple[Exemplar, ...]] = {}
    for path in dict.fromkeys(path for pattern in patterns for path in match_pattern(pattern)):
        for exemplar in _read_bank(path, domains):
            own[exemplar.domain] = merge_exemplars(own.get(exemplar.domain, ()), [exemplar])
    bank = load_bank(domains)
    for name, exemplars in own.items():
        bank[name] = exemplars if replace else merge_exemplars(bank[name], exemplars)
    return bank


def _read_bank(path: str, domains: tuple[Domain, ...]) -> Iterator[Exemplar]:
    """The exemplars of one file, each with the name of a domain there is."""
    names = {key: domain.name for domain in domains for key in (domain.slug, domain.name)}
    stem = os.path.basename(path).partition(".")[0]
    for exemplar in parse_exemplars(read_text(path), path, stem):
        name = names.get(exemplar.domain)
        if name is None:
            raise PromptError(
                f"{path}: {exemplar.domain!r} is no domain; name the file <slug>.jsonl or give each row a domain, "
                f"one of {', '.join(domain.slug for domain in domains)}"
            )
        exemplar = replace_fields(exemplar, domain=name)
        if problems := check_exemplar(exemplar):
            _LOGGER.warning("%s: exemplar %s: %s. It is used as it is.", path, exemplar.id, "; ".join(problems))
        yield exemplar


def read_domains(path: str, replace: bool = False) -> tuple[Domain, ...]:
    """The domains of a run: the built-in ones and those of a YAML file, local or in a bucket.

    A domain of the file takes the place of the built-in one with its slug; others come before
    "Other". With `replace` only the file's stand.

    Raises:
        ValueError: the file cannot be read, or (PromptError) is no list of domains.
    """
    own = parse_domains(read_text(match_pattern(path)[0]), path)
    if replace:
        return own
    merged = {domain.slug: domain for domain in load_domains()}
    last = {slug: domain for slug, domain in merged.items() if domain.name == DEFAULT_DOMAIN}
    merged = {**merged, **{domain.slug: domain for domain in own}}
    ordered = [domain for slug, domain in merged.items() if slug not in last]
    domains = (*ordered, *(merged[slug] for slug in last))
    names = [domain.name for domain in domains]
    for name in names:
        if names.count(name) > 1:
            raise PromptError(f"{path}: the name {name!r} is that of a built-in domain; use its slug, or another name")
    return domains


def read_text(path: str) -> str:
    """A small file of any file system as text.

    Raises:
        ValueError: it cannot be read; one line.
    """
    try:
        with open_file(path) as stream:
            return b"".join(read_blocks(path, stream)).decode("utf-8")
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{path}: cannot be read: {reason(error)}") from error
