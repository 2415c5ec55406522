"""ReadRows: documents from a BigQuery table or query, by the Storage Read API.

Input:    a table, of which only the columns that documents need are read, or the result of a query
Passed:   PCollection[Document], each id once
Rejected: Rejection, reason "exact_duplicate": the same id and text as another row
Dead:     MissingText, WrongType, NullByte, InvalidUtf8, DuplicateId

Rows of a table have no number. A row is named by its content, `project:dataset.table#<hash>`, and where several are
alike the second is `...#<hash>.2`: the same in every run, and no two rows share a name.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import apache_beam as beam
from apache_beam.io.gcp.bigquery import BigQueryQueryPriority, ReadFromBigQuery
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.bigquery.client import asking, find_table, make_client, query_columns
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.tables import parse_table
from beam_pipeline.reading.documents import Fields, as_json, dead_row, document_of, missing_text
from beam_pipeline.reading.input_list import fields_of
from beam_pipeline.reading.read_files import keep_first, parse_rows, unique_ids
from beam_pipeline.storage.values import BadRow
from transforms.flow.outcome import Outcome, as_outcome
from transforms.records import DeadLetter, Document
from transforms.text import stable_hash

_T = TypeVar("_T", Document, DeadLetter)


@dataclass
class ReadRows(beam.PTransform):
    """Reads documents from BigQuery: pipeline -> Outcome[Document], stage "read".

    A query is run when the graph runs; Beam puts its result into a dataset that it makes and takes away.
    """

    table: str  # "project:dataset.table", or "" for a query
    query: str  # GoogleSQL
    fields: Fields
    columns: tuple[str, ...] = ()  # to be read of a table; () for all

    @no_annotations
    def expand(self, pipeline: beam.pvalue.PBegin) -> Outcome:
        what: dict[str, Any] = {"table": self.table, "selected_fields": list(self.columns) or None}
        if self.query:
            what = {
                "query": self.query,
                "use_standard_sql": True,
                # A query of the default, BATCH, may wait for hours until the project has nothing else to do.
                "query_priority": BigQueryQueryPriority.INTERACTIVE,
            }
        rows = pipeline | "ReadBigQuery" >> ReadFromBigQuery(method=ReadFromBigQuery.Method.DIRECT_READ, **what)
        parsed = as_outcome(rows | "ParseRows" >> parse_rows(parse_table_row, self.fields, self.table or "query"))
        unique = unique_ids(parsed.passed, lambda documents: keep_first(_Numbered(documents)))
        letters = (
            parsed.dead_letters
            | "KeyByPlace" >> beam.Map(lambda letter: (letter.where, letter)).with_output_types(tuple[str, DeadLetter])
            | "GroupByPlace" >> beam.GroupByKey()
            | "NumberRows" >> beam.FlatMapTuple(lambda _, letters: number_rows(letters)).with_output_types(DeadLetter)
        )
        return Outcome(unique.passed, unique.rejected, (letters, unique.dead_letters) | "AllDeadLetters" >> beam.Flatten())


@dataclass(frozen=True)
class _Numbered:
    """Documents with names of their own, which may be gone through more than once."""

    documents: Iterable[Document]

    def __iter__(self) -> Iterator[Document]:
        return number_rows(self.documents)


def number_rows(items: Iterable[_T]) -> Iterator[_T]:
    """Give rows that are alike, and so have one name, a name each; it does not matter which gets which."""
    seen: Counter[str] = Counter()
    for item in items:
        seen[item.where] += 1
        yield item if seen[item.where] == 1 else replace(item, where=f"{item.where}.{seen[item.where]}")


def parse_table_row(row: Mapping[str, Any], fields: Fields, table: str) -> Document | DeadLetter:
    """Make a document of a row, or say what is wrong with it."""
    content = json.dumps(row, sort_keys=True, default=as_json)
    where = f"bigquery:{table}#{stable_hash(content)}"
    made = document_of(row, fields, where, "column")
    if isinstance(made, BadRow):
        return dead_row(made, where, json.dumps(row, ensure_ascii=False, default=as_json).encode("utf-8", "backslashreplace"))
    return made


def table_source(config: PipelineConfig) -> ReadRows:
    """The rows that the options name. Asks BigQuery for the columns of a table; raises as `table_columns`."""
    fields = fields_of(config)
    if config.input_query:
        return ReadRows("", config.input_query, fields)
    # BigQuery bills other columns too where they are read.
    wanted = {name.partition(".")[0] for name in (fields.text, fields.id, fields.source, *fields.carry)}
    columns = tuple(name for name in table_columns(config.input_table) if name in wanted)
    return ReadRows(str(parse_table(config.input_table)), "", fields, columns)


def table_columns(name: str) -> list[str]:
    """The columns of a table; ValueError, one line, if there is no such table, or it is a view."""
    table = parse_table(name)
    with asking(f"--input_table {table}"), make_client(table.project) as client:
        found = find_table(client, table)
    if found is None:
        raise ValueError(f"--input_table {table}: there is no such table")
    if found.table_type in ("VIEW", "MATERIALIZED_VIEW"):
        raise ValueError(
            f"--input_table {table}: is a view, which has no rows of its own; --input_query 'SELECT * FROM {table.sql}'"
        )
    return [field.name for field in found.schema]


def check_table_source(config: PipelineConfig, options: PipelineOptions) -> None:
    """Raise ValueError, one line, unless a table or query can be read and has the documents' text."""
    if config.input_table:
        option, columns = f"--input_table {config.input_table}", table_columns(config.input_table)
    else:
        option = "--input_query"
        with asking(option), make_client(options.view_as(GoogleCloudOptions).project) as client:
            found = query_columns(client, config.input_query)
        if found is None:
            return
        columns = found
    if config.text_field.partition(".")[0] not in columns:
        raise ValueError(f"{option}: {missing_text(config.text_field, 'column', columns)}")
