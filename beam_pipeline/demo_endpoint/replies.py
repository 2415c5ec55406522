"""What the demo endpoint reads and writes: a request checked, and the reply in the form it asks for.

A reply obeys the response format as constrained decoding does; without one it is JSON in a fence
after a sentence, as models write it.
"""

import json
from bisect import bisect_right
from contextlib import suppress
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, StrictInt, ValidationError
from typing_extensions import TypedDict

from beam_pipeline.demo_endpoint import rules as demo_model
from transforms.text import estimate_tokens


class RequestError(Exception):
    """The request is refused: HTTP status, and an OpenAI-style error body."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.param = status, kind, param

    def body(self) -> dict[str, Any]:
        """The error as OpenAI's servers write it."""
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.status}}


class Message(TypedDict):
    """A message whose content is a text."""

    role: str
    content: str


class ResponseFormat(BaseModel):
    """What form a reply must have."""

    type: Literal["json_schema", "json_object", "text"] = "text"
    json_schema: dict[str, Any] | None = None


class Body(BaseModel):
    """What every request has; what this server does not read is left alone."""

    model: str


class ChatRequest(Body):
    """The part of a chat completion request that this server reads."""

    messages: list[Message] = Field(min_length=1)
    stream: Literal[False] | None = None
    response_format: ResponseFormat | None = None
    max_tokens: Annotated[StrictInt, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[StrictInt, Field(ge=1)] | None = None
    seed: StrictInt | None = None


Kind = TypeVar("Kind", bound=Body)


def read_body(raw: bytes, kind: type[Kind], *models: str) -> Kind:
    """A request's JSON object, if it is for one of the names of a model.

    Raises:
        RequestError: 400 or 404, saying what is wrong.
    """
    try:
        body = kind.model_validate(json.loads(raw))
    except ValidationError as error:
        problem = error.errors()[0]
        place, says = ".".join(map(str, problem["loc"])), problem["msg"]
        raise RequestError(400, f"{place or 'the body'}: {says}", param=place.partition(".")[0] or None) from error
    except ValueError as error:
        raise RequestError(400, f"the body is not JSON: {error}") from error
    if body.model not in models:
        raise RequestError(
            404, f"the model {body.model!r} does not exist; this server has: {models[0]}", "NotFoundError", "model"
        )
    return body


def reply_text(request: ChatRequest) -> str:
    """What the model says: pure JSON where a format asks for it, otherwise JSON in a fence after a sentence."""
    wanted = request.response_format or ResponseFormat()
    found = demo_model.answer(request.messages, request.seed or 0) or spelt_out(request.messages[-1]["content"])
    if wanted.type == "json_schema":
        # The schema's keys, in its order.
        names = ((wanted.json_schema or {}).get("schema") or {}).get("properties", found)
        found = {name: found[name] for name in names if name in found}
    if not found and wanted.type == "text":
        return "OK"
    text = json.dumps(found, ensure_ascii=False)
    return f"Here is the result for the task.\n\n```json\n{text}\n```" if wanted.type == "text" else text


def spelt_out(content: str) -> dict[str, Any]:
    """The JSON object that a message gives as the reply to make; {} if there is none."""
    with suppress(ValueError):
        example, _ = json.JSONDecoder().raw_decode(content[content.index("{") :])
        return dict(example)
    return {}


def cut(text: str, max_tokens: int) -> str:
    """The longest beginning of a text that stays within a number of estimated tokens."""
    longest = bisect_right(range(len(text) + 1), max_tokens, key=lambda size: estimate_tokens(text[:size])) - 1
    return text[:longest]
