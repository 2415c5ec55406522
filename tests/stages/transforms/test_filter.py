"""Filter: which documents the model lets through, and what it was shown."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from prompts.load import load_prompts
from tests.fakes.scripted_endpoint import ScriptedEndpoint
from transforms.filter import FilterDocuments
from transforms.inference.config import ModelConfig
from transforms.records import Document, Stamp, stamps_of

PROMPTS = load_prompts()
Make = Callable[..., Any]


@pytest.fixture
def run_filter(serve: Callable[..., ScriptedEndpoint], model: Callable[..., ModelConfig], run_transform: Any) -> Make:
    def run(reply: Any, document: Document) -> tuple[Any, ScriptedEndpoint]:
        endpoint = serve(lambda _: reply)
        return run_transform(FilterDocuments(model(endpoint), PROMPTS), [document]), endpoint

    return run


@pytest.mark.parametrize("reason", ["ok", "not_informative"], ids=str)
def test_a_qualified_document_passes_unchanged_but_for_the_stamp(run_filter: Make, document: Make, reason: str) -> None:
    """A reason beside `qualified: true` is talk."""
    earlier = Stamp("earlier", "n", 7, "abc")
    outcome, _ = run_filter({"qualified": True, "reason": reason}, document(stamps=(earlier,)))
    prompt = PROMPTS.prompt("filter")
    stamp = Stamp("filter", "m", prompt.version, prompt.sha256)
    assert outcome == ([document(stamps=(earlier, stamp))], [], [])
    assert stamps_of(outcome.passed[0]) == (earlier, stamp)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("not_informative", "not_informative"),
        ("not_self_contained", "not_self_contained"),
        ("ok", "not_informative"),  # a model that contradicts itself
    ],
)
def test_a_document_is_rejected_for_the_reason_given(
    run_filter: Make, run_transform: Any, document: Make, said: str, reason: str
) -> None:
    outcome, _ = run_filter({"qualified": False, "reason": said}, document())
    assert (outcome.passed, outcome.dead_letters) == ([], [])
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason) == ("filter", reason)
    assert (rejection.document_id, rejection.where, rejection.task_id) == ("bridge", "documents.jsonl:1", "")
    assert run_transform.counters("filter")[f"rejected/{reason}"] == 1


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("I think it qualifies.", "no JSON object in the reply"),
        ({"qualified": True}, "reason: Field required"),
        ({"qualified": "perhaps", "reason": "ok"}, "qualified: Input should be a valid boolean"),
        ({"qualified": False, "reason": "boring"}, "reason: Input should be 'ok', 'not_informative' or 'not_self_contained'"),
    ],
    ids=["prose", "no reason", "undecided", "unknown reason"],
)
def test_a_reply_that_is_no_judgement_is_a_dead_letter(
    serve: Make, model: Make, run_transform: Any, document: Make, reply: Any, message: str
) -> None:
    endpoint = serve(lambda _: reply)
    outcome = run_transform(FilterDocuments(model(endpoint, max_reasks=0), PROMPTS), [document()])
    assert (outcome.passed, outcome.rejected) == ([], [])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.item_type) == ("filter", "ReplyInvalid", "Document")
    assert letter.message.startswith(message)
    assert letter.reply == (reply if isinstance(reply, str) else json.dumps(reply))
    assert run_transform.counters("filter")["dead_letter/ReplyInvalid"] == 1


def test_the_model_is_shown_the_document_and_then_the_task(run_filter: Make, document: Make) -> None:
    _, endpoint = run_filter({"qualified": True, "reason": "ok"}, document(text="A bridge.\n\nOpened in 1932."))
    [asked] = endpoint.asked
    assert asked.body["messages"] == PROMPTS.messages("filter", "A bridge.\n\nOpened in 1932.", {})
