"""Licence and attribution: what was carried, however it is called, and nothing else."""

import json
from typing import Any

import pytest

from beam_pipeline.export.attribution import carried, credits_of, licence_of


@pytest.mark.parametrize(
    ("attributes", "licence"),
    [
        ({"license": "CC-BY-4.0"}, "CC-BY-4.0"),
        ({"Licence": " CC BY\n4.0 "}, "CC BY 4.0"),
        ({"metadata.license": {"name": "MIT License", "url": "https://x"}}, "MIT License"),
        ({"meta.license_type": "pd"}, "pd"),
        ({"licenses": ["apache-2.0", {"spdx_id": "MIT"}]}, "apache-2.0, MIT"),
        ({"license": None, "rights": "Public domain"}, "Public domain"),
        ({"license": ""}, ""),
        ({"license": 4}, ""),
        ({"driving": "license"}, ""),
        ({}, ""),
    ],
)
def test_licences(attributes: dict[str, Any], licence: str) -> None:
    assert licence_of(attributes) == licence


def test_credits() -> None:
    attributes = {
        "metadata.authors": ["Ann", {"name": "Bob"}],
        "Title": "On rocks",
        "WARC-Target-URI": "http://a.org/",
        "date": "1999",
    }
    assert credits_of(attributes) == {"title": "On rocks", "author": "Ann, Bob", "url": "http://a.org/", "credit": ""}
    assert credits_of({}, "https://b.org/page")["url"] == "https://b.org/page"
    assert set(credits_of({}, "field notes").values()) == {""}


def test_attributes_of_parquet_are_text() -> None:
    assert carried({"attributes": json.dumps({"license": "x"})}) == {"license": "x"} == carried({"attributes": {"license": "x"}})
    assert carried({"attributes": None}) == carried({}) == {}


def test_nothing_long_goes_along() -> None:
    assert len(licence_of({"license": "word " * 10_000})) == 500
    assert len(licence_of({"license": [["wide"] * 1000] * 1000})) <= 500
    assert licence_of({"license": json.loads("[" * 900 + "]" * 900)}) == ""
    assert licence_of(json.loads('{"license":' * 900 + "1" + "}" * 900)) == ""
