"""Documents from BigQuery: rows by the Storage Read API, named by their content, bad ones a dead letter each."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_pipeline.bigquery.source import ReadRows, number_rows, parse_table_row
from beam_pipeline.exit_codes import UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.reading.documents import Fields
from tests.fakes.bigquery_stub import PROJECT, BigQueryStub, column
from transforms.flow.outcome import Outcome
from transforms.records import DeadLetter, Document

# Beam closes none of its clients' connections.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::UserWarning:google.*"
)

FIELDS = Fields("body", "key", "meta.url", "web")
COLUMNS = [
    column("key", "INTEGER"),
    column("body"),
    column("meta", "RECORD", fields=[column("url"), column("rank", "INTEGER")]),
    column("tags", mode="REPEATED"),
    column("large"),
]
GOOD = [{"key": number, "body": f"Text {number}.", "meta": {"url": f"u/{number}"}, "large": "x" * 1000} for number in range(7)]
BAD = [
    {"key": 70, "body": None},
    {"key": 70, "body": None, "large": "a column that is not read"},
    {"key": 71, "body": "a\0b"},
    {"key": 3, "body": "The third id with another text."},
]
# One whose text has no id, and the same row again: its id is made of its text.
ROWS = [*GOOD, *BAD, GOOD[1], GOOD[1], {"body": "No id."}, {"body": "No id."}]


@pytest.fixture(scope="module")
def stub() -> Iterator[BigQueryStub]:
    with BigQueryStub() as stub, pytest.MonkeyPatch.context() as patch, stub.in_place_of_google(patch):
        stub.make_dataset("data")
        stub.make_table("data.corpus", COLUMNS, ROWS)
        stub.make_table("data.view", COLUMNS, kind="VIEW")
        yield stub


SEEN: dict[str, list[Any]] = {}


def keep(item: Any, part: str) -> None:
    """Keep what came out: the local runner runs in this process."""
    SEEN[part].append(item)


def read(source: ReadRows) -> Outcome:
    """What a source gives, as lists."""
    SEEN.update({part: [] for part in Outcome._fields})
    with beam.Pipeline("FnApiRunner", PipelineOptions([f"--project={PROJECT}"])) as pipeline:
        outcome = pipeline | "Read" >> source
        for part, items in zip(Outcome._fields, outcome, strict=True):
            _ = items | f"Keep_{part}" >> beam.Map(keep, part)
    return Outcome(**SEEN)


@pytest.fixture(scope="module")
def table(stub: BigQueryStub) -> Outcome:
    return read(ReadRows(f"{PROJECT}:data.corpus", "", FIELDS, ("key", "body", "meta")))


def test_good_rows_become_documents(table: Outcome) -> None:
    third = next(number for number, row in enumerate(table.passed) if row.id == "3")
    assert {(document.id, document.text) for document in table.passed if document.id != table.passed[third].id} >= {
        (str(row["key"]), row["body"]) for row in GOOD if row["key"] != 3
    }
    assert {document.source for document in table.passed if document.id != "3"} == {f"u/{n}" for n in range(7) if n != 3} | {
        "web"
    }
    assert len(table.passed) == len(GOOD) + 1


def test_every_row_ends_once_under_a_name_of_its_own(table: Outcome) -> None:
    wheres = [item.where for part in table for item in part]
    assert len(wheres) == len(ROWS) == len(set(wheres))
    assert all(where.startswith(f"bigquery:{PROJECT}:data.corpus#") for where in wheres)


def test_rows_that_are_alike_are_rejected_but_the_first(table: Outcome) -> None:
    assert Counter((row.reason, json.loads(row.item)["text"]) for row in table.rejected) == {
        ("exact_duplicate", "Text 1."): 2,
        ("exact_duplicate", "No id."): 1,
    }
    for row in table.rejected:
        assert row.where.partition("#")[2].partition(".")[2] in ("2", "3")


def test_bad_rows_are_dead_letters_that_say_where_and_what(table: Outcome) -> None:
    assert Counter(letter.error for letter in table.dead_letters) == {"WrongType": 2, "NullByte": 1, "DuplicateId": 1}
    raws = [json.loads(letter.item)["raw"] for letter in table.dead_letters if letter.error == "WrongType"]
    assert raws == ['{"key": 70, "body": null, "meta": null}'] * 2


def test_only_the_columns_of_documents_are_read(table: Outcome, stub: BigQueryStub) -> None:
    assert [list(session.read_options.selected_fields) for session in stub.sessions] == [["key", "body", "meta"]]


def test_a_second_read_names_the_same_rows(table: Outcome, stub: BigQueryStub) -> None:
    """The rows in another order, of the query that gives them all; its own dataset is taken away again."""
    query = f"SELECT body, key FROM `{PROJECT}.data.corpus` WHERE key < 7 OR key IS NULL ORDER BY body DESC"
    again = read(ReadRows("", query, Fields("body", "key")))
    assert {(document.id, document.text) for document in again.passed if document.id != "3"} == {
        (document.id, document.text) for document in table.passed if document.id != "3"
    }
    assert all(document.where.startswith("bigquery:query#") for document in again.passed)
    assert stub.asked["datasets.insert"] == 1
    assert stub.datasets == ["data"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input_table={p}:data.nothing"], "--input_table {p}:data.nothing: there is no such table"),
        (
            ["--input_table={p}:data.view"],
            "is a view, which has no rows of its own; --input_query 'SELECT * FROM `{p}.",
        ),
        (["--input_table={p}:data.corpus"], "no column 'text'; there is key, body, meta, tags, large; name it with --text_field"),
        (["--input_query=SELECT key FROM `{p}.data.corpus`", "--project={p}"], "--input_query: no column 'text'; there is key"),
        (["--input_query=SELEKT 1", "--project={p}"], '--input_query: BigQuery says: near "SELEKT": syntax error'),
        (["--input_query=SELECT text FROM `{p}.data.no`", "--project={p}"], "--input_query: BigQuery says: Not found: Table"),
    ],
)
def test_what_cannot_be_read_is_told_before_the_run(stub, tmp_path, capsys, arguments, message) -> None:
    output = tmp_path / "out"
    assert main([*(argument.replace("{p}", PROJECT) for argument in arguments), f"--output={output}", "--demo"]) == UNUSABLE
    [line] = capsys.readouterr().err.splitlines()
    assert message.replace("{p}", PROJECT) in line
    assert not output.exists()


def test_without_credentials_the_run_does_not_begin(stub, tmp_path, capsys, monkeypatch) -> None:
    from google.auth.exceptions import DefaultCredentialsError

    def none(*_: Any, **__: Any) -> None:
        raise DefaultCredentialsError("Your default credentials were not found.")

    monkeypatch.setattr("google.auth.default", none)
    assert main([f"--input_table={PROJECT}:data.corpus", f"--output={tmp_path}/out", "--demo"]) == UNUSABLE
    assert "data.corpus: BigQuery cannot be asked: Your default credentials were not found." in capsys.readouterr().err


def test_values_of_every_type_are_names_for_a_row() -> None:
    row = {"body": b"\xff", "day": date(2026, 1, 1), "price": Decimal("1.5"), "list": [{"b": b"\xff"}], "none": None}
    letter = parse_table_row(row, FIELDS, "p:d.t")
    assert isinstance(letter, DeadLetter)
    assert (letter.error, letter.where) == ("InvalidUtf8", parse_table_row(dict(reversed(row.items())), FIELDS, "p:d.t").where)
    assert json.loads(json.loads(letter.item)["raw"]) == {
        "body": "\\xff",
        "day": "2026-01-01",
        "price": "1.5",
        "list": [{"b": "\\xff"}],
        "none": None,
    }


SCALARS = st.none() | st.text(max_size=5) | st.integers() | st.floats(allow_nan=False) | st.binary(max_size=3) | st.booleans()


@given(st.lists(st.fixed_dictionaries({"body": SCALARS, "key": SCALARS}, optional={"meta": SCALARS}), max_size=8))
@settings(max_examples=100)
def test_any_row_is_a_document_or_a_dead_letter_and_no_two_share_a_name(rows: list[dict[str, Any]]) -> None:
    parsed = [parse_table_row(row, FIELDS, "p:d.t") for row in rows]
    assert all(isinstance(item, Document | DeadLetter) for item in parsed)
    numbered = list(number_rows(parsed))
    assert len({item.where for item in numbered}) == len(rows)
    assert {item.where for item in number_rows(reversed(parsed))} == {item.where for item in numbered}
