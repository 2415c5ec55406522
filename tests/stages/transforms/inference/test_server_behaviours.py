"""What servers were seen to answer, a line each in tests/data/server_behaviours.jsonl; a new report is one line more.

`right`: "reply" is read as the reply that was meant; "again" may pass, with the status that the run sees in `status_seen`;
"too long" and "refused" cost one document; "invalid" is asked afresh; "stop" ends the run. `text` is what a reply says,
where that is not the usual; `busy` says that words of it mean "later", `filtered` that a filter has spoken. `encoding` is
that of a body that is no UTF-8.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.fakes.scripted_endpoint import Answer, ScriptedEndpoint
from transforms.errors import FatalError, ReplyInvalid, RequestRefused, TransientError
from transforms.inference.client.chat import Request
from transforms.inference.client.endpoint import Endpoint
from transforms.inference.client.error_classes import ContextOverflow
from transforms.inference.client.reply_schema import parse_reply
from transforms.inference.config import ModelConfig

TABLE = Path(__file__).parents[3] / "data" / "server_behaviours.jsonl"
ROWS = [json.loads(line) for line in TABLE.read_text(encoding="utf-8").splitlines()]
ERRORS = {
    "again": TransientError,
    "too long": ContextOverflow,
    "refused": RequestRefused,
    "invalid": ReplyInvalid,
    "stop": FatalError,
}
Serve = Callable[..., ScriptedEndpoint]


class Meant(BaseModel):
    qualified: bool


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['kind']}, {row['seen']}")
def test_what_servers_answer_is_taken_as_it_was_meant(serve: Serve, row: dict[str, Any]) -> None:
    headers = {"Content-Type": row["type"]} if "type" in row else {}
    body = row["body"].encode(row["encoding"]) if "encoding" in row else row["body"]
    server = serve(lambda _: Answer(raw=body, status=row.get("status", 200), headers=headers))
    if "text" in row:
        assert ask(server.url) == row["text"]
        return
    if row["right"] == "reply":
        assert parse_reply(ask(server.url), Meant) == Meant(qualified=True)
        return
    with pytest.raises(ERRORS[row["right"]]) as caught:
        ask(server.url)
    assert getattr(caught.value, "status", 0) == row.get("status_seen", 0)
    for mark in ("busy", "filtered", "cause"):
        assert mark not in row or getattr(caught.value, mark) == row[mark]
    assert "\n" not in str(caught.value)


def ask(url: str) -> str:
    async def run() -> str:
        endpoint = Endpoint(url)
        try:
            config = ModelConfig((url,), "m", request_timeout_s=20.0)
            return (await endpoint.ask(Request("filter", "d", [{"role": "user", "content": "x"}], None, config))).text
        finally:
            await endpoint.close()

    return asyncio.run(run())
