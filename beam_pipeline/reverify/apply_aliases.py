"""Applies an edited file of aliases to the pairs of a run: the same rows in a new folder, with the aliases that keep the rules.

A pair is found by its id, or by its question and answer. The new folder can be exported as a run's: it has `qa/`, the summary
and the options. `applied_aliases.jsonl` in it says what was added.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.folder import list_output
from beam_pipeline.output.kinds import FREE_FORM, SCHEMAS, columns_of, json_line
from beam_pipeline.output.names import OPTIONS_FILE, SUMMARIES
from beam_pipeline.output.new_folder import NewFolder
from beam_pipeline.output.read_back import FinishedRun, ReadBackError, read_pairs
from beam_pipeline.reading.whole_rows import BROKEN_ROWS, read_rows
from beam_pipeline.reverify.messages import Messages
from beam_pipeline.reverify.pairs import pair_key
from beam_pipeline.storage.files import format_of, open_file
from beam_pipeline.storage.row_files import ParquetRows, Row
from beam_pipeline.storage.values import BadRow
from beam_pipeline.summary.write_summary import SUMMARY_FILE
from transforms.pair_rules.aliases import alias_problem
from transforms.records import Document, Persona, PersonaTask, QAPair
from transforms.text import normalise

APPLIED_FILE = "applied_aliases.jsonl"


@dataclass(slots=True)
class Proposal:
    """A line of the file of aliases, and what became of it."""

    where: str
    row: Mapping[str, Any]
    problem: str = ""  # why it was not added, of a pair that was found
    found: bool = False
    applied: bool = False

    @property
    def keys(self) -> set[str]:
        """What a pair is found by."""
        return {name for name in (self.pair_id, _text_key(self.row)) if name}

    @property
    def pair_id(self) -> str:
        return str(self.row.get("id") or "")

    def is_for(self, row: Row) -> bool:
        """Whether a pair of its id has its answer, where the line says one."""
        answer = self.row.get("answer")
        return not isinstance(answer, str) or normalise(answer) == normalise(row["answer"])


class Outcome(NamedTuple):
    """What came of the lines of a file of aliases, and how many pairs there are."""

    pairs: int
    applied: int
    refused: int
    unknown: int
    left_out: int
    unread: int


def read_proposals(path: str, messages: Messages) -> tuple[list[Proposal], int]:
    """The proposals to apply, and how many lines say `keep: false`; what is no proposal is said and counted.

    Raises:
        ReadBackError: the file cannot be read.
    """
    kept, left_out = [], 0
    for where, row in read_rows(path):
        if isinstance(row, BadRow) and row.error not in BROKEN_ROWS:
            raise ReadBackError(f"--apply {where}: {row.message}")
        if isinstance(row, BadRow):
            messages.add(where, row.message)
        elif not isinstance(alias := row.get("alias"), str) or not alias.strip():
            messages.add(where, "no alias; a line has id or question and answer, and alias")
        elif row.get("keep", True) is not True:
            left_out += 1
        else:
            kept.append(Proposal(where, row))
    return kept, left_out


def apply_aliases(run: FinishedRun, aliases: str, folder: NewFolder, messages: Messages) -> Outcome:
    """Write a run's pairs with their new aliases to a new folder, and what else there must be to export it."""
    proposals, left_out = read_proposals(aliases, messages)
    unread, pairs = messages.number, 0
    by_key: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        for key in proposal.keys:
            by_key.setdefault(key, []).append(proposal)
    for path in run.files:
        with folder.create(f"qa/{_name_of(path)}") as file, _row_writer(file, path) as write:
            for _, row in read_pairs(path):
                pairs += 1
                found = [each for key in (str(row.get("id")), _text_key(row)) for each in by_key.get(key, ())]
                write(_with_aliases(row, {id(each): each for each in found}.values()))
    _copy_about(run, folder)
    counts = Counter[str]()
    with folder.create(APPLIED_FILE) as file:
        for proposal in proposals:
            counts["applied" if proposal.applied else "refused" if proposal.found else "unknown"] += 1
            if proposal.applied:
                file.write(json_line(dict(proposal.row)) + b"\n")
            elif proposal.found:
                messages.add(proposal.where, f"{proposal.row['alias']} is not added: {proposal.problem}")
            else:
                messages.add(proposal.where, f"{run.output} has no pair {proposal.pair_id or 'of this question and answer'}")
    return Outcome(pairs, counts["applied"], counts["refused"], counts["unknown"], left_out, unread)


def _with_aliases(row: Row, proposals: Iterable[Proposal]) -> Row:
    aliases = list(row.get("aliases") or ())
    for proposal in proposals:
        proposal.found = True
        task = PersonaTask(Document("", row["quote"]), row["domain"], Persona(row["persona"]))
        pair = QAPair(task, row["question"], row["answer"], row["answer_type"], tuple(aliases))
        alias = proposal.row["alias"].strip()
        if not proposal.is_for(row):
            proposal.problem = f"the pair's answer is {row['answer']}"
        elif problem := alias_problem(alias, pair):
            proposal.problem = problem
        else:
            proposal.applied = True
            aliases.append(alias)
    return {**row, "aliases": aliases}


def _text_key(row: Mapping[str, Any]) -> str:
    """Question and answer as one key; "" where a line has not both."""
    question, answer = row.get("question"), row.get("answer")
    if not isinstance(question, str) or not isinstance(answer, str):
        return ""
    return pair_key(question, answer)


def _name_of(path: str) -> str:
    """The name of a file of rows that are written as they are read, without the suffix of a compression."""
    name = path.rpartition("/")[2]
    suffix = f".{format_of(path)}"
    return name[: name.rindex(suffix)] + suffix if suffix in name else name


@contextmanager
def _row_writer(file: BinaryIO, path: str) -> Iterator[Callable[[Row], Any]]:
    """What writes rows in the format of a file that they were read from."""
    if format_of(path) != "parquet":
        yield lambda row: file.write(json_line(row) + b"\n")
        return
    schema = SCHEMAS["qa"]
    columns = tuple(schema.names)
    writer = ParquetRows(file, schema)
    # What Parquet gave back has its free-form columns as text already.
    yield lambda row: writer.write(
        {**columns_of(row, columns), **{name: row[name] for name in FREE_FORM & row.keys() if isinstance(row[name], str)}}
    )
    writer.close()


def _copy_about(run: FinishedRun, folder: NewFolder) -> None:
    for name in list_output(run.output):
        if name in (SUMMARY_FILE, OPTIONS_FILE) or name.startswith(f"{SUMMARIES}/"):
            with folder.create(name) as file, open_file(FileSystems.join(run.output, *name.split("/"))) as source:
                while block := source.read(1 << 20):
                    file.write(block)
