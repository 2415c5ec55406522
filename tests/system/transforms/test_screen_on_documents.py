"""The screen on the shared documents, where they are."""

import json

import pytest

from tests.places import SHARED
from tests.stages.transforms.test_screen import run, summary
from transforms.records import Document
from transforms.screen import ScreenConfig, screen_text

LABELLED = SHARED / "documents.jsonl"


@pytest.fixture(scope="module")
def labelled() -> list[dict]:
    if not LABELLED.exists():
        pytest.skip("the labelled documents (../shared/data/documents.jsonl) are not here")
    return [json.loads(line) for line in LABELLED.read_bytes().splitlines()]


def test_labelled_documents(labelled: list[dict]) -> None:
    documents = [Document(row["id"], row["text"], row["source"], f"documents.jsonl:{n}") for n, row in enumerate(labelled, 1)]
    passed, rejected = summary(run(documents, ScreenConfig()))
    kept = {name.split("#")[0] for name in passed}
    assert kept | {name.split("#")[0] for name, _, _ in rejected} == {row["id"] for row in labelled}
    expected = {label: [row["id"] in kept for row in labelled if row["expect"] == label] for label in ("keep", "drop")}
    assert sum(expected["keep"]) >= 0.98 * len(expected["keep"])
    assert sum(expected["drop"]) <= 0.05 * len(expected["drop"])


def test_rules_alone_keep_what_is_good(labelled: list[dict]) -> None:
    lost = [(row["id"], screen_text(row["text"])) for row in labelled if row["expect"] == "keep" and screen_text(row["text"])]
    assert len(lost) <= 0.01 * len(labelled), lost
