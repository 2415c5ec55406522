"""The name of a table of BigQuery, and the tables that a run writes."""

import re
from dataclasses import dataclass, replace

from beam_pipeline.options.values import TABLE_PROJECT

_PARTS = re.compile(rf"(?P<project>{TABLE_PROJECT})[:.](?P<dataset>[A-Za-z0-9_]+)\.(?P<table>[A-Za-z0-9_-]+)")


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


SUFFIXES = {"qa": "", "rejected": "rejected", "dead_letters": "dead_letters"}
"""What stands behind the name of `--output_table` for each kind of output."""
