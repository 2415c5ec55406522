"""Bodies that hold anything anywhere: a value, or one kind of error."""

import json

import pytest

from transforms.inference.client.reply_body import decode_body


@pytest.mark.parametrize(
    "events",
    [
        [{"choices": 7}],
        [{"choices": [{"index": [], "delta": {"content": "a"}}]}],
        [{"choices": [{"delta": {"content": ["a"]}}]}, {"choices": [{"delta": {"content": "b"}}]}],
        [
            {"choices": [{"delta": {"tool_calls": {"a": 1}}}]},
            {"choices": [{"delta": {"tool_calls": [{"function": {"name": "f"}}]}}]},
        ],
    ],
    ids=["number", "list as index", "list, then text", "object, then list"],
)
def test_events_of_no_known_shape_are_an_error_of_the_body(events: list[object]) -> None:
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    with pytest.raises(ValueError, match="events"):
        decode_body(body.encode())
