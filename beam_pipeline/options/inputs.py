"""Options of what is read and written: files, tables, and the queues and folders of a stream."""

import re
from typing import Literal

from pydantic import ValidationInfo, field_validator

from beam_pipeline.options.values import (
    FILES,
    STREAMING,
    SUBSCRIPTION,
    TABLE,
    TABLES,
    TOPIC,
    OptionsModel,
    declare,
    read_event_time,
    shown,
)

YEAR_S = 366 * 86_400
"""The longest that a stream waits for or remembers anything: Beam's timers and the names of windows end somewhere."""


class InputOptions(OptionsModel):
    """Where documents come from and where results go."""

    input: list[str] = declare(
        [],
        "Files to read: paths or globs, local or gs://. Repeatable; in one value, full paths separated by commas.",
        FILES,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    inputs: str = declare(
        "",
        "YAML list of several inputs instead of --input, each with a source, a path, and what it has of its own: format, "
        "text_field, id_field, carry, languages, weight (the share of its documents to take), cap (the most of them).",
        FILES,
        param_type="GCS_READ_FILE",
    )
    output: str = declare(
        ...,
        "Folder to write to: qa/, rejected/, dead_letters/, summary.json.",
        FILES,
        param_type="GCS_WRITE_FOLDER",
        min_length=1,
    )
    overwrite: bool = declare(False, "Replace an earlier run; its paid replies are kept.", FILES)
    delete_journal: bool = declare(
        False, "With --overwrite, delete the replies in journal/ of the output folder as well: all is paid for again.", FILES
    )
    resume: bool = declare(False, "Go on with a stopped run: --resume OUT says all.", FILES)
    other_input: bool = declare(
        False, "With --resume, read other documents than the run in the output folder did; without it that is refused.", FILES
    )
    input_format: Literal["auto", "jsonl", "parquet", "arrow", "csv", "tsv", "text", "html", "warc"] = declare(
        "auto",
        "Format of the input; auto goes by the file name (.jsonl, .json, .parquet, .arrow, .csv, .tsv, .txt, .md, .html, .warc, "
        ".wet, .arc; with .gz, .zst, .bz2 and .xz too).",
        FILES,
    )
    text_field: str = declare("text", "Field that holds a document's text.", FILES, min_length=1)
    message_roles: list[str] = declare(
        [],
        "Where the text field holds a list of messages (role and content), the roles whose messages make the text, such as "
        "assistant; without it all, each behind its role. Repeatable.",
        FILES,
        split="commas",
    )
    id_field: str = declare("id", "Field that holds a document's id; a row without it gets a hash of its text.", FILES)
    source_field: str = declare("source", "Field that says where a document comes from.", FILES)
    source: str = declare("", "Source of the documents whose row has none.", FILES)
    carry: list[str] = declare(
        [],
        "Fields of a row that go along into what becomes of it, as attributes; names, or paths into nested objects. Repeatable.",
        FILES,
        split="commas",
    )
    limit: int = declare(
        0,
        "Most documents to read, the first of the first files; 0 reads all. One worker reads them: it is for trying things.",
        FILES,
        ge=0,
    )
    output_format: Literal["jsonl", "parquet"] = declare("jsonl", "Format of the output.", FILES)
    output_shards: int = declare(0, "Files per kind of output; 0 lets the runner choose.", FILES, ge=0, le=10_000)

    input_table: str = declare(
        "",
        "BigQuery table (project:dataset.table) to read instead of files, a row for each document.",
        TABLES,
        param_type="BIGQUERY_TABLE",
        regex=TABLE,
    )
    input_query: str = declare(
        "", "Query (GoogleSQL) whose rows are read instead of files; it is run in, and billed to, Beam's --project.", TABLES
    )
    output_table: str = declare(
        "",
        "BigQuery table (project:dataset.table) for the accepted pairs, beside the files; NAME_rejected and NAME_dead_letters "
        "take the others. Each row says in its column run with which --output it came: --overwrite and --resume of a batch "
        "replace those rows and no others, so none is there twice.",
        TABLES,
        param_type="BIGQUERY_TABLE",
        regex=TABLE,
    )
    append_table: bool = declare(
        False, "Write to tables that hold rows of other runs; without it such tables are refused.", TABLES
    )

    input_subscription: str = declare(
        "",
        "Pub/Sub subscription to read (projects/P/subscriptions/S), each message a document as JSON. "
        "Without it, --input is watched for files that appear.",
        STREAMING,
        param_type="PUBSUB_SUBSCRIPTION",
        regex=SUBSCRIPTION,
    )
    output_topic: str = declare(
        "",
        "Pub/Sub topic (projects/P/topics/T) to which accepted pairs are published as well.",
        STREAMING,
        param_type="PUBSUB_TOPIC",
        regex=TOPIC,
    )
    event_time: str = declare(
        "arrival",
        "Which window a document belongs to: that of its arrival, of a message's attribute:NAME (RFC 3339 or milliseconds), "
        "or of a row's field:NAME (ISO-8601 or seconds).",
        STREAMING,
    )
    window_s: float = declare(600.0, "Length of a window, in seconds; each has files of its own.", STREAMING, ge=0.001, le=YEAR_S)
    allowed_lateness_s: float | None = declare(
        None,
        "Seconds after its end for which a window stays open; what comes later is rejected as late. "
        "Without it: one more window for an attribute or field; on arrival nothing is late.",
        STREAMING,
        ge=0,
        le=YEAR_S,
    )
    deduplicate_ttl_s: float = declare(
        86_400.0, "Seconds for which ids, texts and questions are remembered, to find repeated ones.", STREAMING, gt=0, le=YEAR_S
    )
    watch_interval_s: float = declare(30.0, "Seconds between two looks for new files.", STREAMING, gt=0)
    watch_until_s: float = declare(0.0, "Seconds after which watching ends, and the run with it; 0 is never.", STREAMING, ge=0)

    @field_validator("input_subscription", "output_topic")
    @classmethod
    def _full_name(cls, name: str, info: ValidationInfo) -> str:
        what, pattern = ("subscriptions/S", SUBSCRIPTION) if info.field_name == "input_subscription" else ("topics/T", TOPIC)
        if name and not re.fullmatch(pattern, name):
            raise ValueError(f"{shown(name)} must be a full name, projects/P/{what}")
        return name

    @field_validator("input_table", "output_table")
    @classmethod
    def _full_table_name(cls, name: str) -> str:
        if name and not re.fullmatch(TABLE, name):
            raise ValueError(f"{shown(name)} must be a full name, project:dataset.table")
        return name

    @field_validator("event_time")
    @classmethod
    def _known_event_time(cls, text: str) -> str:
        read_event_time(text)
        return text
