"""Wakes: a stage that waits does not hold up the stages behind it, and nobody else sees how."""

import json
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from prompts.load import load_prompts
from tests.fakes.scripted_endpoint import Answer, Asked
from transforms.check import CheckQA
from transforms.classify import ClassifyDocuments
from transforms.filter import FilterDocuments
from transforms.flow.coders import RecordCoder
from transforms.flow.heartbeat import WAKE, wakeful
from transforms.records import Document
from transforms.synthesize import SynthesizeQA
from transforms.verify import VerifyQA

PROMPTS = load_prompts()
REPLIES: dict[str, Any] = {
    "filter": {"qualified": True, "reason": "ok"},
    "classify": {"domain": "Other", "personas": [{"name": "reader", "interest": "bridges"}]},
    "synthesize": {
        "possible": True,
        "answer_type": "number",
        "question": "In which year did the Harrow Bridge in Tamble open?",
        "answer": "1923",
        "aliases": [],
    },
    "verify": {
        "quote": "The Harrow Bridge opened in 1923.",
        "correct": True,
        "leaks": False,
        "self_contained": True,
        "unambiguous": True,
        "safe": True,
        "wrong_aliases": [],
    },
}
TEXT = "The Harrow Bridge opened in 1923. It crosses the Tamble. "


@pytest.mark.integration
@pytest.mark.parametrize("slow", ["filter", "classify", "synthesize"])
def test_a_document_goes_through_while_another_waits_in_an_earlier_stage(slow: str, serve: Any, model: Any) -> None:
    """Without wakes each stage would have to wait for the slowest call of the one before."""

    def script(asked: Asked) -> Answer:
        waits = asked.stage == slow and "SLOW" in asked.text
        return Answer(json.dumps(REPLIES[asked.stage]), delay_s=30.0 if waits else 0.0, until=gone_through if waits else None)

    def gone_through() -> bool:
        return any(asked.stage == "verify" and "SLOW" not in asked.text for asked in endpoint.asked)

    endpoint = serve(script)
    settings = model(endpoint, request_timeout_s=600.0)
    with TestPipeline("FnApiRunner") as pipeline:
        bank = pipeline | "Bank" >> beam.Create([("Other", [])])
        documents = pipeline | "Documents" >> beam.Create(
            [Document("slow", f"{TEXT}SLOW {slow}"), Document("quick", TEXT + slow)]
        )
        kept = documents | "Filter" >> FilterDocuments(settings, PROMPTS)
        tasks = kept.passed | "Classify" >> ClassifyDocuments(settings, PROMPTS)
        drafts = tasks.passed | "Synthesize" >> SynthesizeQA(settings, PROMPTS, bank)
        checked = drafts.passed | "Check" >> CheckQA()
        sound = checked.passed | "Verify" >> VerifyQA(settings, PROMPTS)
        passed = sound.passed | "Ids" >> beam.Map(lambda qa: qa.pair.task.document.id)
        assert_that(passed, equal_to(["slow", "quick"]))
    order = [("slow" if "SLOW" in asked.text else "quick", asked.stage) for asked in endpoint.asked]
    stages = list(REPLIES)
    assert len(order) == 8
    after = stages[stages.index(slow) + 1]
    assert order.index(("quick", "verify")) < order.index(("slow", after))


def test_only_the_next_stage_sees_wakes(serve: Any, model: Any) -> None:
    pipeline = beam.Pipeline()
    documents = pipeline | beam.Create([Document("d", TEXT)])
    kept = documents | "Filter" >> FilterDocuments(model(serve(lambda _: "")), PROMPTS)
    assert wakeful(kept.passed) is not kept.passed
    assert wakeful(kept.rejected) is kept.rejected
    assert wakeful(documents) is documents


def test_a_wake_survives_a_runner_that_does_not_fuse() -> None:
    coder = RecordCoder(Document)
    assert coder.decode(coder.encode(WAKE)) is WAKE
    document = Document("d", TEXT)
    assert coder.decode(coder.encode(document)) == document


def test_rules_pass_wakes_on_and_count_none() -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        flow = pipeline | beam.Create([0]) | beam.Map(lambda _: WAKE)
        passed = (flow | CheckQA()).passed
        assert_that(wakeful(passed), equal_to([WAKE]), "the twin has it")
        assert_that(passed, equal_to([]), "the records have not")
