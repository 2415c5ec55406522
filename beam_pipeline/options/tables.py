"""The options of BigQuery: what a table's name looks like, which options go together, what they need of Beam's own."""

import re
from dataclasses import dataclass, replace
from typing import Any

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from beam_pipeline.options.streaming import BATCH_SOURCES

# Of what BigQuery allows in names, the part that every one of its interfaces takes. Suffixes must fit as well.
_PROJECT = r"(?:[a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]"
TABLE = rf"{_PROJECT}[:.][A-Za-z0-9_]{{1,1000}}\.[A-Za-z0-9_-]{{1,1000}}"
_PARTS = re.compile(rf"(?P<project>{_PROJECT})[:.](?P<dataset>[A-Za-z0-9_]+)\.(?P<table>[A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class TableName:
    """The full name of a table; as text it is project:dataset.table, as Beam and Google's tools write it."""

    project: str
    dataset: str
    table: str

    def __str__(self) -> str:
        return f"{self.project}:{self.dataset}.{self.table}"

    @property
    def path(self) -> str:
        """The name as Google's client library takes it."""
        return f"{self.project}.{self.dataset}.{self.table}"

    @property
    def sql(self) -> str:
        """The name as a query writes it."""
        return f"`{self.path}`"

    def suffixed(self, suffix: str) -> "TableName":
        """A table beside this one."""
        return replace(self, table=f"{self.table}_{suffix}") if suffix else self


def parse_table(name: str) -> TableName:
    """A table's parts; ValueError if it is no full name."""
    parts = _PARTS.fullmatch(name)
    if parts is None:
        raise ValueError(f"{name!r} must be a full name, project:dataset.table")
    return TableName(**parts.groupdict())


def check_tables(config: Any, chosen: set[str]) -> None:
    """Raise ValueError, one line, unless the options of BigQuery go with the others; `chosen` are given and not the default."""
    sources = [name for name in BATCH_SOURCES if getattr(config, name)]
    if len(sources) > 1:
        raise ValueError(f"{' and '.join(f'--{name}' for name in sources)} both say what to read: give one of them")
    table = next((name for name in sources if name.startswith("input_")), "")
    if table and config.streaming:
        raise ValueError(f"--{table} is read as a whole and has no end to wait for; leave --streaming out, or give another input")
    if table and "input_format" in chosen:
        raise ValueError(f"--input_format is for files; the rows of --{table} have columns")
    if config.append_table and not config.output_table:
        raise ValueError("--append_table needs --output_table: there is no table to add to")
    if config.input_table and config.output_table:
        read, written = parse_table(config.input_table), parse_table(config.output_table)
        if read in (written.suffixed(suffix) for suffix in SUFFIXES.values()):
            raise ValueError(f"--input_table {read} is one of the tables that --output_table writes; name another")


SUFFIXES = {"qa": "", "rejected": "rejected", "dead_letters": "dead_letters"}
"""What stands behind the name of `--output_table` for each kind of output."""


def check_google(config: Any, options: PipelineOptions) -> None:
    """Raise ValueError, one line, unless Beam was told what BigQuery needs besides."""
    google = options.view_as(GoogleCloudOptions)
    if config.input_query and not google.project:
        raise ValueError("--input_query needs --project, the Google Cloud project in which the query is run")
    if config.output_table and not config.streaming and not str(google.temp_location or "").startswith("gs://"):
        raise ValueError("--output_table needs --temp_location gs://BUCKET/FOLDER: BigQuery loads a batch from files there")
