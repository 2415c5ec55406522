"""The options of BigQuery: names, what contradicts what, and what Beam must be told; all before anything is asked."""

import pytest

from beam_pipeline.exit_codes import UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.tables import TableName, parse_table


@pytest.mark.parametrize(
    ("name", "project", "dataset", "table"),
    [
        ("my-project:data_set.pairs", "my-project", "data_set", "pairs"),
        ("my-project.data_set.pairs-2", "my-project", "data_set", "pairs-2"),
        ("example.com:my-project:data.t", "example.com:my-project", "data", "t"),
    ],
)
def test_a_full_name_has_three_parts(name: str, project: str, dataset: str, table: str) -> None:
    parsed = parse_table(name)
    assert parsed == TableName(project, dataset, table)
    assert parse_table(str(parsed)) == parsed
    assert parsed.sql == f"`{project}.{dataset}.{table}`"


TEMP = "--temp_location=gs://bucket/temp"
REFUSED = [
    (["--input_table=data.t"], "--input_table: 'data.t' must be a full name, project:dataset.table"),
    (["--input_table=my-project:data"], "must be a full name"),
    (["--input_table=My-Project:data.t"], "must be a full name"),
    (["--input_table=my-project:data.t$20260101"], "must be a full name"),
    (
        ["--input=a.jsonl", "--output_table=my-project:data.a b", TEMP],
        "--output_table: 'my-project:data.a b' must be a full name",
    ),
    (["--input=a.jsonl", "--output_table=my-project:data.t`;x", TEMP], "must be a full name"),
    (["--input=a.jsonl", "--input_table=my-project:data.t"], "--input and --input_table both say what to read"),
    (["--input_query=SELECT 1", "--input_table=my-project:data.t"], "--input_table and --input_query both say what to read"),
    (["--input_query=SELECT 1", "--streaming"], "--input_query is read as a whole"),
    (["--input_table=my-project:data.t", "--input_format=jsonl"], "--input_format is for files"),
    (["--input_query=SELECT 1"], "--input_query needs --project"),
    (["--input=a.jsonl", "--append_table"], "--append_table needs --output_table"),
    (["--input=a.jsonl", "--output_table=my-project:data.t"], "--output_table needs --temp_location gs://BUCKET/FOLDER"),
    (
        ["--input=a.jsonl", "--output_table=my-project:data.t", "--temp_location=/here"],
        "--output_table needs --temp_location gs://",
    ),
    (["--input_table=my-project:d.t_rejected", "--output_table=my-project.d.t", TEMP], "one of the tables that --output_table"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_cannot_be_is_one_line(tmp_path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    output = tmp_path / "out"
    assert main([*arguments, f"--output={output}"]) == UNUSABLE
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert not output.exists()
