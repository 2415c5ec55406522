"""The date and the place of a document: of its fields, and of its own words."""

import json
from typing import Any

import pytest

from tests.fakes.growth import assert_linear, repeated
from transforms.document_rules.when_and_where import date_at, date_in, date_of, place_of
from transforms.records import Document


def document(text: str = "Some text.", **fields: Any) -> Document:
    return Document("d", text, carried=json.dumps(fields) if fields else "")


@pytest.mark.parametrize(
    ("fields", "date"),
    [
        ({"date": "2024-05-12T06:00:00Z"}, "2024-05-12"),
        ({"Published": "12 May 2019"}, "2019-05-12"),
        ({"published": "May 2019", "crawl_date": "2024-01-01"}, "2019-05"),
        ({"published": "soon", "crawl_date": "2024-01-01"}, "2024-01-01"),
        ({"year": 1987}, "1987"),
        ({"year": 12}, ""),
        ({"date": None}, ""),
        ({"date": ["2019"]}, ""),
        ({"title": "2019"}, ""),
    ],
)
def test_the_date_of_a_field(fields: dict[str, Any], date: str) -> None:
    assert date_of(document(**fields)) == date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("As of May 2019 the town has 900 inhabitants.", ""),
        ("Release date: December 6, 2012", ""),
        ("A page.\nLast updated: 12 March 2021", "2021-03-12"),
        ("Published on March 3, 2020 by the council.", "2020-03-03"),
        ("x " * 5000 + "Page reviewed 2018-07-01", "2018-07-01"),
        ("The bridge opened in 1932.", ""),
        ("As of now it is closed. In 1932 it was open.", ""),
        ("Updated 99 Foo 2019", ""),
    ],
)
def test_the_date_that_a_text_says_of_itself(text: str, date: str) -> None:
    assert date_of(document(text)) == date


def test_a_field_comes_before_the_text() -> None:
    assert date_of(document("Updated May 2019. It is open.", date="2024-05-12")) == "2024-05-12"


def test_the_date_of_a_sentence_is_not_that_of_the_next() -> None:
    text = "It opened in 1932. As of May 2019, it has 900 beds. As of 1970 it had 42."
    assert date_at(text, (text.index("900"), text.index("900") + 3)) == "2019-05"
    assert date_at(text, (text.index("42"), text.index("42") + 2)) == "1970"
    assert date_at(text, (text.index("1932"), text.index("1932") + 4)) == date_at(text, None) == ""
    assert date_in(text) == "2019-05"


def test_the_date_that_a_question_says() -> None:
    assert date_in("As of May 2019, who is the mayor of Tamble?") == "2019-05"
    assert date_in("Who is the mayor of Tamble?") == date_in("Who was mayor in 2019?") == ""


@pytest.mark.parametrize(
    ("text", "fields", "place"),
    [
        ("A law of Austria. In Austria it holds.", {}, "Austria"),
        ("Some text.", {"country": "Scotland"}, "Scotland"),
        ("A law of Austria. In Austria it holds.", {"country": " Malta "}, "Malta"),
        ("Austria and Austria, Spain and Spain.", {}, ""),
        ("A law of Austria.", {}, ""),
        ("Some text.", {"country": 7}, ""),
        ("Some text.", {"country": "x" * 100}, ""),
    ],
)
def test_the_place_of_a_document(text: str, fields: dict[str, Any], place: str) -> None:
    assert place_of(document(text, **fields)) == place


@pytest.mark.parametrize("unit", ["as of ", "Austria ", "updated on ", "May 1", "Last page "])
def test_hostile_documents_take_linear_time(unit: str) -> None:
    assert_linear(
        lambda text: (date_of(document(text)), place_of(document(text)), date_in(text)), repeated(unit), 12_500, 200_000
    )
