"""Figures of prompts: what they count in an output folder, and how sure they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from prompts.exemplar_bank import Exemplar
from tests.llm_quality.documents import Labelled, choose, labelled_documents
from tests.llm_quality.figures import Figure, difference, figures, outcomes
from transforms.pair_rules.copied import Told

TOWER = "The tower of Ghent was finished in 1380. It is 91 m high, and its bell weighs six tonnes."
EXEMPLAR = Exemplar("math-1", "Math", "pupil", "p", "For which x is the square of x four?", "x = 2", "expression")
TOLD = Told("Name the reader, such as a structural engineer sizing bridge bearings.", {"Math": [EXEMPLAR]})


def draft(question: str, answer: str, kind: str = "number") -> dict[str, Any]:
    return {"question": question, "answer": answer, "answer_type": kind}


def rejected(stage: str, document: str, reason: str, domain: str = "", persona: str = "", **item: Any) -> dict[str, Any]:
    return {"stage": stage, "reason": reason, "document_id": document, "domain": domain, "persona": persona, "item": item}


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A run over four documents: one gave two drafts, one was wrongly kept, one rightly dropped, one dropped by the screen."""
    height = draft("How high is the tower of Ghent?", "91 m")
    pair = {"document_id": "tower", "domain": "Travel & Lifestyle", "persona": "visitor to Ghent's tower", **height}
    copied = draft(EXEMPLAR.question, EXEMPLAR.answer, "expression")
    rows = {
        "qa": [pair],
        "rejected": [
            rejected("check", "tower", "answer_not_in_document", "Math", "structural engineer sizing bridge bearings", **copied),
            rejected("synthesize", "menu", "no_question", "Other", "web designer"),
            rejected("filter", "advert", "not_informative"),
            rejected("screen", "short", "too_short"),
        ],
    }
    for kind, written in rows.items():
        (tmp_path / kind).mkdir()
        (tmp_path / kind / f"{kind}-00000-of-00001.jsonl").write_text("".join(json.dumps(row) + "\n" for row in written))
    return str(tmp_path)


DOCUMENTS = [
    Labelled("tower", TOWER, True, "Travel & Lifestyle"),
    Labelled("menu", "Home. About. Contact.", False, "Other"),
    Labelled("advert", "Buy now!", False, "Other"),
    Labelled("short", "x", False, "Other"),
    Labelled("dead", "A text that got no reply.", True, "Math"),
]


def test_what_is_counted(folder: str) -> None:
    found, reasons = outcomes(folder)
    totals = {figure.name: figure.total for figure in figures(DOCUMENTS, found, TOLD)}
    assert totals == {
        "filter right": (2, 3),  # the menu was kept
        "kept of those to keep": (1, 1),  # the one without a reply is not counted
        "passed of those to drop": (1, 3),
        "domain right": (0, 1),  # the last row says Math
        "personas: copied": (1, 3),
        "personas: no word of the document": (2, 3),
        "drafts: exemplar copied": (1, 2),
        "drafts: prompt copied": (0, 2),
        "drafts: answer in document": (1, 2),
        "drafts: answer over 8 words": (0, 2),
        "drafts: passed the rules": (1, 2),
        "accepted pairs a kept document": (1, 2),
    }
    assert reasons["check/answer_not_in_document"] == 1


def test_an_interval_holds_the_value_and_narrows_with_more_documents() -> None:
    few, many = (Figure("x", {str(n): (n % 4 == 0, 1.0) for n in range(count)}) for count in (20, 400))
    for figure in (few, many):
        low, high = figure.interval()
        assert low < figure.value < high
    assert few.interval()[1] - few.interval()[0] > 3 * (many.interval()[1] - many.interval()[0])
    assert Figure("none", {"a": (0, 10)}).interval()[1] == pytest.approx(0.28, abs=0.02)  # nothing seen is not nothing there


def test_a_difference_is_taken_on_the_documents_of_both() -> None:
    a = Figure("x", {str(n): (0.0, 1.0) for n in range(30)}, rate=False)
    b = Figure("x", {str(n): (1.0, 1.0) for n in range(10, 40)}, rate=False)
    assert difference(a, b) == (1.0, 1.0, 1.0)
    mixed = Figure("x", {str(n): (n % 2, 1.0) for n in range(30)}, rate=False)
    by, low, high = difference(a, mixed)
    assert low < by == 0.5 < high


def test_nothing_to_measure_is_no_number() -> None:
    empty = Figure("x", {"a": (0, 0)})
    assert str(empty.value) == "nan"
    assert all(str(each) == "nan" for each in (*empty.interval(), *difference(empty, empty)))


def test_documents_are_drawn_alike_from_all_domains() -> None:
    documents = labelled_documents()
    chosen = choose(documents, 20, longest=1500)
    assert len(chosen) == 20
    kept = [document.domain for document in chosen if document.keep]
    assert len(set(kept)) == 10
    assert max(map(kept.count, kept)) - min(map(kept.count, kept)) <= 1
    assert {document.id for document in choose(documents, 10, 1500)} <= {document.id for document in choose(documents, 40, 1500)}
    assert choose(documents, 20, longest=1500, seed="other") != chosen


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"each needs id, text, expect \(keep or drop\) and domain_label"):
        labelled_documents(tmp_path / "missing.jsonl")
