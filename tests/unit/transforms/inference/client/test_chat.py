"""A question to a chat model: what makes two the same."""

import pytest

from transforms.inference.client.chat import Request
from transforms.inference.config import ModelConfig

CONFIG = ModelConfig(("http://x/v1",), "m")


def request(**changes: object) -> Request:
    fields = {
        "stage": "filter",
        "document_id": "d",
        "messages": [{"role": "system", "content": "all instructions"}, {"role": "user", "content": "text"}],
        "schema": {"type": "object"},
        "config": CONFIG,
        "signature": "instructions of filter",
    }
    return Request(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_key_is_the_same_for_the_same_question() -> None:
    assert request().key() == request().key()


@pytest.mark.parametrize(
    "changes",
    [
        {"config": ModelConfig(("http://x/v1",), "another model")},
        {"config": ModelConfig(("http://x/v1",), "m", temperature=0.7)},
        {"config": ModelConfig(("http://x/v1",), "m", max_tokens=9)},
        {"messages": [{"role": "system", "content": "all instructions"}, {"role": "user", "content": "another text"}]},
        {"signature": "changed instructions of filter"},
        {"schema": {"type": "array"}},
    ],
    ids=["model", "temperature", "max_tokens", "text", "instructions", "schema"],
)
def test_the_key_changes_with_whatever_changes_the_question(changes: dict[str, object]) -> None:
    assert request(**changes).key() != request().key()


def test_the_key_does_not_change_with_where_it_is_asked_or_another_stage_s_instructions() -> None:
    moved = ModelConfig(("http://elsewhere/v1", "http://more/v1"), "m", request_timeout_s=1, concurrency=3)
    assert request(config=moved).key() == request().key()
    system = {"role": "system", "content": "instructions, those of verify changed"}
    assert request(messages=[system, {"role": "user", "content": "text"}]).key() == request().key()
