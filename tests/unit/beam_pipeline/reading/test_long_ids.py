"""Ids of any length, and rows that hold the rows."""

import json

from beam_pipeline.reading.documents import MOST_ID_CHARACTERS, Fields, bounded_id, parse_row
from beam_pipeline.storage.values import BadRow
from transforms.records import Document


def test_a_long_id_is_bounded_and_stays_its_own() -> None:
    ids = {bounded_id("x" * 200_000 + end) for end in ("a", "b", "")}
    assert len(ids) == 3 and all(len(row_id) == MOST_ID_CHARACTERS for row_id in ids)
    assert bounded_id("x" * MOST_ID_CHARACTERS) == "x" * MOST_ID_CHARACTERS
    made = parse_row(json.dumps({"text": "a", "id": "y" * 200_000}).encode(), Fields(), "f:1")
    assert isinstance(made, Document) and made.id == bounded_id("y" * 200_000)


def test_rows_under_a_name_are_named() -> None:
    made = parse_row(b'{"version": 1, "data": [{"text": "a", "id": 1}]}', Fields(), "f:1")
    assert isinstance(made, BadRow)
    assert "the field 'data' holds a list of 1 objects, the first with text, id" in made.message
    assert """jq -c '.["data"][]' FILE > rows.jsonl""" in made.message
    other = parse_row(b'{"data": ["a"], "n": []}', Fields(), "f:1")
    assert isinstance(other, BadRow) and "jq" not in other.message
