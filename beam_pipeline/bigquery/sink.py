"""Tables: the rows of `qa/`, `rejected/` and `dead_letters/` in BigQuery as well.

    project:dataset.NAME, NAME_rejected, NAME_dead_letters

Columns are those of Parquet (`output/kinds.py`), free-form ones as JSON text, and `run`: the output folder that the row came
with. A batch is loaded when it is complete, by one load job for each table, so that a table has all rows of a run or none. A
stream inserts row by row, because Beam's Storage Write API needs an expansion service in Java. A row that BigQuery refuses
becomes a dead letter of stage "table"; its pair counts as accepted all the same.
"""

import json
import re
import time
from collections.abc import Mapping
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.gcp.bigquery import BigQueryDisposition, WriteToBigQuery
from apache_beam.io.gcp.bigquery_tools import RetryStrategy
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from beam_pipeline.bigquery.client import asking, create_table, find_table, has_dataset, make_client, run_query
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.paths import absolute_paths
from beam_pipeline.options.tables import SUFFIXES, TableName, parse_table
from beam_pipeline.output.kinds import KINDS, columns_of
from beam_pipeline.storage.row_files import Row
from beam_pipeline.summary.ledger import SINK_STAGE
from transforms.flow.outcome import Outcome, count
from transforms.records import DeadLetter

RUN_COLUMN = "run"
_INTEGERS = dict.fromkeys((pa.int32(), pa.int64()), "INTEGER")
_TYPES = {pa.string(): "STRING", pa.bool_(): "BOOLEAN", pa.float64(): "FLOAT", **_INTEGERS}
_COUNT = "SELECT COUNT(*), COUNT(CASE WHEN run = @run THEN 1 END) FROM {table}"
_DELETE = "DELETE FROM {table} WHERE run = @run"
_FAILED_JOB = re.compile(r"BigQuery job (\S+) failed\. Error Result: (.*)", re.DOTALL)
_SAID = re.compile(r"\bmessage: (?P<quote>['\"])(.*?)(?P=quote)\n", re.DOTALL)


# --- the columns


def table_fields(kind: str) -> list[dict[str, Any]]:
    """The columns of one kind of output, as BigQuery's REST interface writes them."""
    return [_field(field) for field in KINDS[kind].schema] + [{"name": RUN_COLUMN, "type": "STRING", "mode": "NULLABLE"}]


def _field(field: pa.Field) -> dict[str, Any]:
    data_type, mode = field.type, "NULLABLE"
    if pa.types.is_list(data_type):
        data_type, mode = data_type.value_type, "REPEATED"
    named = {"name": field.name, "mode": mode}
    if pa.types.is_struct(data_type):
        return {**named, "type": "RECORD", "fields": [_field(member) for member in data_type]}
    return {**named, "type": _TYPES[data_type]}


# --- writing


def write_tables(left: Outcome, config: PipelineConfig, options: PipelineOptions) -> Outcome:
    """Write what leaves the pipeline to its tables; returns it with what a stream's tables refused among the dead letters."""
    refused = []
    run = run_of(config)
    for (kind, table), records in zip(tables_of(config).items(), left, strict=True):
        rows = records | f"{KINDS[kind].label}ToRows" >> beam.Map(_to_row, kind, run).with_output_types(dict)
        if config.streaming:
            refused.append(rows | f"Insert{KINDS[kind].label}" >> InsertRows(str(table), kind))
        else:
            _ = rows | f"Load{KINDS[kind].label}" >> _load(str(table), kind, _project(config, options))
    if not refused:
        return left
    return left._replace(dead_letters=(left.dead_letters, *refused) | "FlattenRefusedRows" >> beam.Flatten())


def _to_row(record: Any, kind: str, run: str) -> Row:
    return {**columns_of(KINDS[kind].to_row(record), tuple(KINDS[kind].schema.names)), RUN_COLUMN: run}


# `prepare_tables` made them.
_APPEND = {"create_disposition": BigQueryDisposition.CREATE_NEVER, "write_disposition": BigQueryDisposition.WRITE_APPEND}


def _load(table: str, kind: str, project: str) -> WriteToBigQuery:
    method = WriteToBigQuery.Method.FILE_LOADS
    return WriteToBigQuery(table, schema={"fields": table_fields(kind)}, method=method, load_job_project_id=project, **_APPEND)


@beam.ptransform_fn
def InsertRows(rows: beam.PCollection, table: str, kind: str) -> beam.PCollection:
    """Inserts rows of a kind as they come: PCollection[dict] -> PCollection[DeadLetter], the rows that the table refused.

    What may pass is tried again, for as long as it takes; BigQuery takes a row that comes twice within about a
    minute for one, and promises no more.
    """
    method, transient = WriteToBigQuery.Method.STREAMING_INSERTS, RetryStrategy.RETRY_ON_TRANSIENT_ERROR
    result = rows | "Insert" >> WriteToBigQuery(table, method=method, insert_retry_strategy=transient, **_APPEND)
    return result.failed_rows_with_errors | "Refused" >> beam.Map(refused_row, kind).with_output_types(DeadLetter)


def refused_row(refused: tuple[str, Row, Any], kind: str) -> DeadLetter:
    """The dead letter of a row that a table refused, given with the table and BigQuery's errors or a text of Beam's."""
    table, row, errors = refused
    count(SINK_STAGE, "dead_letter/RowRefused")
    first = errors[0] if isinstance(errors, list) and errors else {"message": str(errors)}
    said = [str(first[name]) for name in ("reason", "location", "message") if first.get(name)]
    return DeadLetter(
        stage=SINK_STAGE,
        error="RowRefused",
        message=f"{table}: {': '.join(said)}",
        where=row.get("where") or "",
        document_id=row.get("document_id") or "",
        domain=row.get("domain") or "",
        persona=row.get("persona") or "",
        item=json.dumps(row, ensure_ascii=False),
        item_type=f"row of {kind}",
        occurred_at=time.time(),
    )


# --- before and after a run


def tables_of(config: PipelineConfig) -> dict[str, TableName]:
    """The tables of a run by kind of output."""
    name = parse_table(config.output_table)
    return {kind: name.suffixed(suffix) for kind, suffix in SUFFIXES.items()}


def run_of(config: PipelineConfig) -> str:
    """What stands for a run in its rows: its output folder, which --resume and --overwrite name again."""
    return absolute_paths(config).output.rstrip("/")


def check_output_tables(config: PipelineConfig, options: PipelineOptions) -> None:
    """Raise ValueError, one line, unless the tables can take the rows of this run; changes nothing."""
    for kind, table in tables_of(config).items():
        option = f"--output_table {table}"
        with asking(option), make_client(_project(config, options)) as client:
            found = find_table(client, table)
            if found is None:
                if not has_dataset(client, table):
                    dataset = f"{table.project}:{table.dataset}"
                    raise ValueError(f"{option}: there is no dataset {dataset}; create it first: bq mk --dataset {dataset}")
                continue
            if found.table_type != "TABLE":
                raise ValueError(f"{option}: is no table but a {found.table_type.lower()}; name another")
            _check_columns(option, kind, [field.to_api_repr() for field in found.schema])
            [(held, own)] = run_query(client, _COUNT.format(table=table.sql), run=run_of(config))
        _check_held(option, held, own, config)


def _check_columns(option: str, kind: str, there: list[dict[str, Any]]) -> None:
    known = {field["name"]: _shape(field) for field in there}
    ours = {field["name"]: field for field in table_fields(kind)}
    for name, field in ours.items():
        if known.get(name) != _shape(field):
            has = "has no" if name not in known else "has another type of"
            words = field["type"] + (" REPEATED" if field["mode"] == "REPEATED" else "")
            raise ValueError(f"{option}: {has} column {name} ({words}); alter the table, or name another")
    if required := [field["name"] for field in there if field.get("mode") == "REQUIRED" and field["name"] not in ours]:
        raise ValueError(f"{option}: requires the column {required[0]}, which this pipeline does not write; name another table")


_SAME = {"BOOL": "BOOLEAN", "INT64": "INTEGER", "FLOAT64": "FLOAT", "STRUCT": "RECORD"}


def _shape(field: Mapping[str, Any]) -> tuple[Any, ...]:
    """What must be the same of a column for a row to fit."""
    repeated = field.get("mode") == "REPEATED"
    kind = _SAME.get(field["type"], field["type"])
    return kind, repeated, tuple(sorted((member["name"], _shape(member)) for member in field.get("fields", ())))


def _check_held(option: str, held: int, own: int, config: PipelineConfig) -> None:
    if held > own and not config.append_table:
        raise ValueError(
            f"{option}: holds {held - own:,} rows of other runs; pass --append_table to add to them, or name another"
        )
    if own and not (config.overwrite or config.resume):
        raise ValueError(
            f"{option}: already holds {own:,} rows of this --output; pass --overwrite to replace them, or --resume to go on"
        )
    if own and config.overwrite and config.streaming:
        raise ValueError(
            f"{option}: holds {own:,} rows of this --output, which a stream cannot take out; choose another --output"
        )


def prepare_tables(config: PipelineConfig, options: PipelineOptions) -> None:
    """Make the tables that are not there, and take out the rows that an earlier start of this batch left."""
    for kind, table in tables_of(config).items():
        with asking(f"--output_table {table}"), make_client(_project(config, options)) as client:
            create_table(client, table, table_fields(kind))
            if (config.overwrite or config.resume) and not config.streaming:
                run_query(client, _DELETE.format(table=table.sql), run=run_of(config))


def count_tables(config: PipelineConfig, options: PipelineOptions, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a batch's summary about its tables, and whether they hold what the files do."""
    expected = {
        "qa": summary["pairs"],
        "rejected": sum(summary["reasons"].values()),
        "dead_letters": sum(summary["errors"].values()),
    }
    tables = {}
    for kind, table in tables_of(config).items():
        with asking(f"--output_table {table}"), make_client(_project(config, options)) as client:
            [(_, own)] = run_query(client, _COUNT.format(table=table.sql), run=run_of(config))
        tables[str(table)] = {"rows": own, "expected": expected[kind]}
    closed = all(row["rows"] == row["expected"] for row in tables.values())
    return {"tables": tables, "balanced": summary["balanced"] and closed}


def _project(config: PipelineConfig, options: PipelineOptions) -> str:
    """The project in which queries and load jobs run: Beam's, else that of the tables."""
    return options.view_as(GoogleCloudOptions).project or parse_table(config.output_table).project


def load_failure(text: str) -> str | None:
    """What BigQuery said of a load job that failed, on one line, from Beam's words for it; None if it is not about one."""
    failed = _FAILED_JOB.search(text)
    if failed is None:
        return None
    said = _SAID.search(failed[2])
    return f"--output_table: BigQuery's job {failed[1]} failed: {' '.join((said[2] if said else failed[2]).split())}"
