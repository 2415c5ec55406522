"""Asking BigQuery from the process that starts a run: what its tables are, and whether they can be used."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigquery import DEFAULT_RETRY, Client, QueryJobConfig, ScalarQueryParameter, SchemaField, Table

from beam_pipeline.options.tables import TableName
from transforms.errors import one_line

# Seconds for one question, all tries together; the library's own patience is ten minutes.
_ASK_S = 60.0
_RETRY = DEFAULT_RETRY.with_timeout(_ASK_S)


class TableError(ValueError):
    """BigQuery cannot be asked, or says no; the message is one line."""


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Make a `TableError` of what Google's libraries raise, with what it was about in front."""
    try:
        yield
    except GoogleAPICallError as error:
        said = error.errors[0].get("message") if error.errors else error.message
        raise TableError(f"{what}: BigQuery says: {one_line(said or error)}") from error
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        raise TableError(f"{what}: BigQuery cannot be asked: {one_line(error)}") from error


def make_client(project: str) -> Client:
    """A client with the credentials that Google's libraries find; its queries run in `project`."""
    return Client(project=project)


def find_table(client: Client, table: TableName) -> Table | None:
    """What BigQuery knows of a table; None if there is none."""
    return _find(client.get_table, table.path)


def has_dataset(client: Client, table: TableName) -> bool:
    """Whether there is the dataset that a table is to be in."""
    return _find(client.get_dataset, f"{table.project}.{table.dataset}") is not None


def _find(get: Callable[..., Any], name: str) -> Any:
    try:
        return get(name, retry=_RETRY, timeout=_ASK_S)
    except NotFound:
        return None


def create_table(client: Client, table: TableName, fields: Sequence[dict[str, Any]]) -> None:
    """Make a table of some columns (as the REST interface writes them), unless it is there."""
    columns = [SchemaField.from_api_repr(field) for field in fields]
    client.create_table(Table(table.path, columns), exists_ok=True, retry=_RETRY, timeout=_ASK_S)


def query_columns(client: Client, sql: str) -> list[str] | None:
    """The columns that a query gives, found without running it; None where BigQuery does not tell."""
    job = client.query(sql, QueryJobConfig(dry_run=True, use_query_cache=False), retry=_RETRY, timeout=_ASK_S)
    return None if job.schema is None else [field.name for field in job.schema]


def run_query(client: Client, sql: str, **texts: str) -> list[tuple[Any, ...]]:
    """Run a query with some texts as its parameters, and wait for it: the rows it gives, few."""
    parameters = [ScalarQueryParameter(name, "STRING", text) for name, text in texts.items()]
    job = client.query(sql, QueryJobConfig(query_parameters=parameters), retry=_RETRY, timeout=_ASK_S)
    return [row.values() for row in job.result(retry=_RETRY)]
