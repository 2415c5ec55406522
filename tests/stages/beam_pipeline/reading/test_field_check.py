"""Fields that no row has are refused before anything is paid; what is read is shown."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beam_pipeline.reading.documents import Fields
from beam_pipeline.reading.field_check import LOOKED_AT, Named, check_fields
from beam_pipeline.reading.file_reader import FileReader
from beam_pipeline.reading.input_list import FileInput
from beam_pipeline.reading.shown_documents import shown_documents


def lines(path: Path, rows: list[dict]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def refused(path: str, *named: Named, text: str = "text") -> str:
    with pytest.raises(ValueError) as caught:
        check_fields(FileReader(Fields(text, carry=tuple(name.field for name in named))), [path], named)
    return str(caught.value)


def test_a_field_that_no_row_of_the_first_thousand_has(tmp_path: Path) -> None:
    rows = [{"text": "t", "meta": {"url": "u"}}] * LOOKED_AT
    path = lines(tmp_path / "a.jsonl", [*rows, {"text": "t", "late": 1}])
    check_fields(FileReader(), [path], [Named("text_field", "text"), Named("carry", "meta.url"), Named("id_field", "")])
    says = refused(path, Named("carry", "late"))
    assert says == f"{path}: no field 'late' in the first 1,000 rows; there is text, meta; name it with --carry"
    assert refused(path, Named("text_field", "txt")).endswith("name it with --text_field; did you mean text?")
    check_fields(FileReader(), [lines(tmp_path / "b.jsonl", [*rows[1:], {"late": 1}])], [Named("carry", "late")])


def test_a_field_may_be_in_the_next_file_and_broken_rows_say_nothing(tmp_path: Path) -> None:
    few, more = lines(tmp_path / "a.jsonl", [{"text": "t"}]), lines(tmp_path / "b.jsonl", [{"text": "t", "url": "u"}])
    check_fields(FileReader(), [few, more], [Named("carry", "url")])
    (tmp_path / "c.jsonl").write_text("not json\n" * 9)
    check_fields(FileReader(), [str(tmp_path / "c.jsonl")], [Named("text_field", "text")])


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.tsv"])
def test_columns_are_looked_at_in_tables(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        pq.write_table(pa.table({"text": ["t"], "meta": [json.dumps({"url": "u"})]}), path)
        reader = FileReader(Fields(carry=("meta.url",)))
        check_fields(reader, [str(path)], [Named("carry", "meta.url"), Named("text_field", "text")])
        assert "no column 'meta.lang'; there is text, meta" in refused(str(path), Named("carry", "meta.lang"))
    else:
        path.write_text("text,meta\nt,u\n".replace(",", "\t" if name == "a.tsv" else ","))
    assert "no column 'url'; there is text, meta; name it with --carry" in refused(str(path), Named("carry", "url"))
    assert "no column 'body'" in refused(str(path), Named("text_field", "body"), text="body")


def test_the_first_documents_are_shown(tmp_path: Path) -> None:
    rows = [{"text": f"Text {number}\n\x1b[31m " + "word " * 200, "id": number, "url": f"u{number}"} for number in range(9)]
    path = lines(tmp_path / "a.jsonl", [{"body": "none"}, *rows])
    shown = list(shown_documents([FileInput((path,), FileReader(Fields(carry=("url",))))]))
    assert shown[0] == "the first documents, as they are read"
    assert next(line.strip() for line in shown if line.startswith("  id ")) == f"id '0' ({path}:2), 1,013 characters"
    assert sum(line.startswith("  id ") for line in shown) == 3
    assert '    attributes {"url":"u1"}' in shown
    assert shown[-1].startswith(f"  and a row that is none: {path}:1: MissingText: no field 'text'")
    assert all(line.isprintable() and len(line) < 300 for line in shown)
