"""Tables as text: what lies behind a broken row is read, in time that grows with the file."""

import io
import time

from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.reading.csv_rows import csv_rows
from beam_pipeline.reading.rows import FoundRow
from beam_pipeline.storage.values import BadRow


def rows(data: bytes, tabs: bool = False, most: int = 1_000_000) -> list[FoundRow]:
    return list(csv_rows("a.csv", io.BytesIO(data), "text", tabs, most))


def test_rows_behind_a_mark_that_is_not_closed_are_read() -> None:
    found = rows(b'id,text\n1,a\n2,"b\n3,c\n4,d\n')
    assert [row.row["text"] for row in found if not isinstance(row.row, BadRow)] == ["a", "c", "d"]
    assert [(row.where, row.row.message) for row in found if isinstance(row.row, BadRow)] == [
        ("a.csv:3", "a quotation mark that begins in this row is not closed")
    ]


def test_a_long_row_behind_some_that_are_none_is_read() -> None:
    bad, good, long = b'a"x,"b\n' * 5, b"3,c\n", b'4,"' + b"x\n" * 500 + b'"\n'
    found = rows(b"id,text\n" + bad + good * 40 + long)
    assert [row.row["text"] for row in found if not isinstance(row.row, BadRow)] == ["c"] * 40 + ["x\n" * 500]


def test_a_line_that_is_too_long_costs_itself() -> None:
    found = rows(b"id,text\n1,a\n2," + b"x" * 5000 + b"\n3,c\n", most=1000)
    assert [getattr(row.row, "error", "good") for row in found] == ["good", "LineTooLong", "good"]


def test_places_are_those_of_the_first_line() -> None:
    found = rows(b'id,text\r\n1,"a\r\nb"\r\n\r\n2,c\r\n')
    assert [(row.where, row.row["text"]) for row in found] == [("a.csv:2", "a\nb"), ("a.csv:5", "c")]


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_rows_or_told(data: bytes, tabs: bool) -> None:
    for row in rows(b"id,text\n".replace(b",", b"\t" if tabs else b",") + data, tabs):
        assert isinstance(row.row, BadRow) or set(row.row) == {"id", "text"}


def test_time_grows_with_the_file() -> None:
    for unit in (b'"\n', b'a,"\n', b'""\n', b'"""\n', b'a,"b\n\n', b",\n", b'"', b'a"x,"b\n'):

        def seconds(size: int, unit: bytes = unit) -> float:
            began = time.process_time()
            rows(b'id,text\n1,"' + unit * (size // len(unit)))
            return time.process_time() - began

        assert seconds(200_000) < 40 * seconds(20_000) + 0.5, unit
