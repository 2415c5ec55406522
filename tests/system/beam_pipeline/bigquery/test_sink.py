"""Tables of the output: the same rows as the files, once each, whatever was run before; and nothing lost in silence."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.bigquery.sink import load_failure, refused_row, table_fields
from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import FAILED, OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.output.kinds import FREE_FORM, KINDS
from tests.fakes.bigquery_stub import PROJECT, BigQueryStub, RefusedError, column
from tests.places import SAMPLE

# Beam closes none of its clients' connections.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::UserWarning:google.*"
)

TABLES = {"qa": "pairs", "rejected": "pairs_rejected", "dead_letters": "pairs_dead_letters"}
Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Place:
    """A folder with some documents, the dataset that a test writes to, and an endpoint to ask."""

    folder: Path
    stub: BigQueryStub
    dataset: str
    endpoint: str

    def run(self, name: str, *arguments: str) -> int:
        return main(
            [
                *(f"--input={self.folder}/documents.jsonl", f"--output={self.folder}/{name}", "--temp_location=gs://bucket/temp"),
                f"--endpoint={self.endpoint}",
                *(f"--output_table={PROJECT}:{self.dataset}.pairs", *arguments),
            ]
        )

    def tables(self) -> Rows:
        return {kind: self.stub.rows(f"{self.dataset}.{table}") for kind, table in TABLES.items()}

    def files(self, name: str) -> Rows:
        """The rows of the files, as a table has them."""
        found: Rows = {}
        for kind in KINDS:
            lines = [
                line for path in (self.folder / name / kind).glob("*.jsonl") for line in path.read_text("utf-8").splitlines()
            ]
            found[kind] = [self._as_in_a_table(json.loads(line), name) for line in lines]
        return found

    def _as_in_a_table(self, row: dict[str, Any], name: str) -> dict[str, Any]:
        free = {field: json.dumps(row[field], separators=(",", ":"), ensure_ascii=False) for field in FREE_FORM & row.keys()}
        return {**row, **free, "run": f"{self.folder}/{name}"}


def alike(one: Rows, other: Rows) -> None:
    """The same rows in any order; when a failure occurred may differ."""
    for kind in KINDS:
        keys = [sorted(json.dumps({**row, "occurred_at": 0}, sort_keys=True) for row in rows[kind]) for rows in (one, other)]
        assert keys[0] == keys[1], kind


@pytest.fixture(scope="module")
def stub() -> Iterator[BigQueryStub]:
    with BigQueryStub() as stub, pytest.MonkeyPatch.context() as patch, stub.in_place_of_google(patch):
        yield stub


@pytest.fixture(scope="module")
def place(stub: BigQueryStub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Eight documents and a broken row were run once, into tables that were not there."""
    folder = tmp_path_factory.mktemp("tables")
    (folder / "documents.jsonl").write_text("".join(f"{line}\n" for line in [*SAMPLE.read_text("utf-8").splitlines()[:6], "{"]))
    stub.make_dataset("data")
    with DemoEndpoint.start() as endpoint:
        place = Place(folder, stub, "data", endpoint.url)
        assert place.run("first") == OK
        yield place


@pytest.fixture(autouse=True)
def honest(stub: BigQueryStub) -> Iterator[None]:
    yield
    stub.refuse = stub.lose = lambda row: False


def test_tables_hold_the_rows_of_the_files(place: Place) -> None:
    files = place.files("first")
    alike(place.tables(), files)
    assert len(files["qa"]) > 5
    assert files["rejected"] and files["dead_letters"]


def test_columns_are_typed(place: Place) -> None:
    columns = {field["name"]: field for field in place.stub.columns("data.pairs")}
    assert columns["run"]["type"] == columns["attributes"]["type"] == "STRING"
    assert (columns["aliases"]["type"], columns["aliases"]["mode"]) == ("STRING", "REPEATED")
    assert (columns["pass_rate"]["type"], columns["answer_start"]["type"]) == ("FLOAT", "INTEGER")
    verdict = {field["name"]: field["type"] for field in columns["verdicts"]["fields"]}
    assert (columns["verdicts"]["mode"], verdict["passed"], verdict["detail"]) == ("REPEATED", "BOOLEAN", "STRING")
    assert columns["provenance"]["fields"][2]["mode"] == "REPEATED"


def test_the_summary_counts_the_tables(place: Place) -> None:
    summary = json.loads((place.folder / "first" / "summary.json").read_text())
    assert summary["balanced"]
    assert summary["tables"] == {
        f"{PROJECT}:data.{TABLES[kind]}": {"rows": len(rows), "expected": len(rows)}
        for kind, rows in place.files("first").items()
    }


def test_rows_are_there_once_whatever_was_run_before(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    first = place.files("first")
    few = ["--max_personas=1", "--append_table"]
    assert place.run("first") == UNUSABLE
    said = f"data.pairs: already holds {len(first['qa'])} rows of this --output; pass --overwrite to replace them, or --resume"
    assert said in capsys.readouterr().err
    assert place.run("second", few[0]) == UNUSABLE
    assert f"holds {len(first['qa'])} rows of other runs; pass --append_table" in capsys.readouterr().err
    # A run that lost rows on their way says so ...
    place.stub.lose = lambda row: row.get("answer_type") is not None
    assert place.run("second", *few) == FAILED
    second = place.files("second")
    said = f"THE COUNTS DO NOT CLOSE: 0 rows in {PROJECT}:data.pairs instead of {len(second['qa'])}"
    assert said in capsys.readouterr().out
    assert not json.loads((place.folder / "second" / "summary.json").read_text())["balanced"]
    # ... its next start puts that right, and doubles none of those that had arrived ...
    place.stub.lose = lambda row: False
    assert place.run("second", *few, "--resume") == OK
    alike(place.tables(), {kind: [*first[kind], *second[kind]] for kind in KINDS})
    # ... and one that cannot load has taken out its own rows, and says in one line what BigQuery said.
    place.stub.refuse = lambda row: True
    assert place.run("second", *few, "--overwrite") == FAILED
    errors = capsys.readouterr().err
    assert "failed: Error while reading data, row 0: refused by the test; what was paid for is kept" in errors
    assert "Traceback" not in errors
    alike(place.tables(), first)


def test_a_run_whose_tables_cannot_be_counted_has_its_summary_all_the_same(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise RefusedError(403, "accessDenied", "no queries today")

    place.stub.make_dataset("uncounted")
    monkeypatch.setattr(place.stub, "_query", refuse)
    assert replace(place, dataset="uncounted").run("uncounted") == FAILED
    printed = capsys.readouterr()
    assert "BigQuery says: no queries today; the run ended and its files are whole, its tables were not counted" in printed.err
    summary = json.loads((place.folder / "uncounted" / "summary.json").read_text())
    assert summary["tokens"]["total"]["calls"] > 0 and summary["seconds"] > 0
    assert f"{summary['pairs']:,}" in printed.out


def test_a_stream_makes_dead_letters_of_refused_rows(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.stub.make_dataset("stream")
    stream = replace(place, dataset="stream")
    place.stub.refuse = lambda row: "domain" in row and row.get("answer_type") == "term"
    watched = ["--streaming", "--watch_interval_s=0.5", "--watch_until_s=3"]
    assert stream.run("fourth", *watched) == OK
    files, tables = stream.files("fourth"), stream.tables()
    refused = [row for row in files["dead_letters"] if row["stage"] == "table"]
    assert [(row["error"], row["item_type"]) for row in refused] == [("RowRefused", "row of qa")] * len(refused)
    items = [json.loads(row["item"]) for row in refused]
    assert items and {row["answer_type"] for row in items} == {"term"}
    alike(
        {**tables, "qa": [*tables["qa"], *items]},
        {**files, "dead_letters": [r for r in files["dead_letters"] if r not in refused]},
    )
    # The pair of a refused row is in qa/ and accepted: counted among the errors, and the counts close.
    summary = json.loads((place.folder / "fourth" / "summary.json").read_text())
    assert summary["balanced"]
    assert summary["pairs"] == len(files["qa"])
    assert summary["errors"]["table/RowRefused"] == len(refused)
    assert summary["documents"]["dead_lettered"] == 1
    assert stream.run("fourth", *watched, "--overwrite") == UNUSABLE
    assert "rows of this --output, which a stream cannot take out; choose another" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        (lambda fields: fields[:-1], "TABLE", "has no column run (STRING); alter the table, or name another"),
        (lambda fields: [column("id", "INTEGER"), *fields[1:]], "TABLE", "has another type of column id (STRING)"),
        (lambda fields: [*fields, column("more", mode="REQUIRED")], "TABLE", "requires the column more"),
        (lambda fields: fields, "VIEW", "is no table but a view"),
    ],
)
def test_a_table_that_does_not_fit_is_told_before_the_run(place: Place, capsys, fields, kind, message) -> None:
    place.stub.make_dataset("unfit")
    place.stub.drop("unfit.pairs")
    place.stub.make_table("unfit.pairs", fields(table_fields("qa")), kind=kind)
    assert replace(place, dataset="unfit").run("fifth") == UNUSABLE
    assert f"--output_table {PROJECT}:unfit.pairs: {message}" in capsys.readouterr().err
    assert not (place.folder / "fifth").exists()


def test_a_dataset_that_is_not_there_is_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert replace(place, dataset="nowhere").run("sixth") == UNUSABLE
    assert f"create it first: bq mk --dataset {PROJECT}:nowhere" in capsys.readouterr().err


def test_columns_that_a_user_added_do_no_harm(place: Place) -> None:
    """And other names of the same types are the same types."""
    fields = json.loads(json.dumps(table_fields("qa")).replace('"INTEGER"', '"INT64"').replace('"RECORD"', '"STRUCT"'))
    from beam_pipeline.bigquery.sink import _check_columns

    _check_columns("--output_table", "qa", [*fields, column("reviewed", "BOOL")])


def test_what_beam_says_of_a_failed_job_is_one_line() -> None:
    said = (
        "BigQuery job j_1 failed. Error Result: <ErrorProto\n message: \"it isn't\n so\"\n reason: 'invalid'> [while running 'X']"
    )
    assert load_failure(said) == "--output_table: BigQuery's job j_1 failed: it isn't so"
    assert (
        load_failure("BigQuery job j failed. Error Result: other words") == "--output_table: BigQuery's job j failed: other words"
    )
    assert load_failure("anything else") is None


def test_a_row_that_is_too_large_is_refused_by_beam_in_words() -> None:
    letter = refused_row(("p:d.t", {"document_id": "d", "where": None}, "Received row with size 10MB"), "rejected")
    assert (letter.message, letter.document_id, letter.where) == ("p:d.t: Received row with size 10MB", "d", "")
