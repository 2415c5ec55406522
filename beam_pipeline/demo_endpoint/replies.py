"""What the demo endpoint reads and writes: a chat request checked, and the reply in the form it asks for.

A reply obeys the response format as constrained decoding does; without one it is JSON in a fence
after a sentence, as models write it.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beam_pipeline.demo_endpoint import rules as demo_model
from transforms.text import estimate_tokens

MODEL = "demo-rules"


class RequestError(Exception):
    """The request is refused: HTTP status, and an OpenAI-style error body."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.param = status, kind, param

    def body(self) -> dict[str, Any]:
        """The error as OpenAI's servers write it."""
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.status}}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The part of a chat completion request that this server reads."""

    messages: list[dict[str, Any]]
    format: str  # "json_schema", "json_object" or "text"
    schema: dict[str, Any]
    max_tokens: int | None
    seed: int = 0


def read_body(raw: bytes, model: str, *others: str) -> dict[str, Any]:
    """A request's JSON object, if it is for this model or one of the other names that it answers to.

    Raises:
        RequestError: 400 or 404, saying what is wrong.
    """
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise RequestError(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise RequestError(400, "the body must be a JSON object")
    if body.get("model") not in (model, *others):
        raise RequestError(
            404, f"the model {body.get('model')!r} does not exist; this server has: {model}", "NotFoundError", "model"
        )
    return body


def parse_body(raw: bytes) -> ChatRequest:
    """Read the body of a request for a chat completion.

    Raises:
        RequestError: 400 or 404, saying what is wrong.
    """
    body = read_body(raw, MODEL)
    if body.get("stream"):
        raise RequestError(400, "streaming is not supported here; leave out 'stream'", param="stream")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RequestError(400, "'messages' must be a list with at least one message", param="messages")
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("content"), str) or "role" not in message:
            raise RequestError(400, "each message must be an object with 'role' and a 'content' string", param="messages")
    wanted = body.get("response_format") or {}
    kind = wanted.get("type", "text") if isinstance(wanted, dict) else None
    schema = (wanted.get("json_schema") or {}).get("schema", {}) if kind == "json_schema" else {}
    if kind not in ("json_schema", "json_object", "text") or not isinstance(schema, dict):
        raise RequestError(400, "'response_format' must be of type json_schema, json_object or text", param="response_format")
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise RequestError(400, f"'max_tokens' must be a whole number of 1 or more, got {limit!r}", param="max_tokens")
    seed = body.get("seed") or 0
    if not isinstance(seed, int):
        raise RequestError(400, f"'seed' must be a whole number, got {seed!r}", param="seed")
    return ChatRequest(messages, kind, schema, limit, seed)


def reply_text(request: ChatRequest) -> str:
    """What the model says: pure JSON where a format asks for it, otherwise JSON in a fence after a sentence."""
    found = demo_model.answer(request.messages, request.seed)
    if request.format == "json_schema":
        return json.dumps(conform(found or {}, request.schema), ensure_ascii=False)
    if found is None:
        found = spelt_out(request.messages[-1]["content"])
        if not found and request.format == "text":
            return "OK"
    text = json.dumps(found or {"reply": "OK"}, ensure_ascii=False)
    return text if request.format == "json_object" else f"Here is the result for the task.\n\n```json\n{text}\n```"


def spelt_out(content: str) -> Any:
    """The first JSON object that a message gives as the reply to make, or as its schema; {} if none."""
    decoder = json.JSONDecoder()
    for start in (number for number, letter in enumerate(content[:10_000]) if letter == "{"):
        try:
            example, _ = decoder.raw_decode(content, start)
        except ValueError:
            continue
        return smallest(example) if "properties" in example else example
    return {}


def conform(found: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Fit a reply to a JSON schema as constrained decoding does: the schema's keys, in its order.

    What the schema requires and the model does not know gets the smallest value that is valid.
    """
    root = _resolve(schema, schema)
    if "properties" not in root:
        return dict(found) if found else smallest(schema)
    required = root.get("required", [])
    fitted = {
        name: found[name] if name in found else smallest(part, schema)
        for name, part in root["properties"].items()
        if name in found or name in required
    }
    return fitted or smallest(schema)


def smallest(schema: Mapping[str, Any], whole: Mapping[str, Any] | None = None) -> Any:
    """A minimal value that a JSON schema accepts; `whole` is the schema that "$ref" points into."""
    whole = schema if whole is None else whole
    part = _resolve(schema, whole)
    if "const" in part:
        return part["const"]
    if "enum" in part:
        return part["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if part.get(key):
            return smallest(part[key][0], whole)
    kind = part.get("type", "object" if "properties" in part else "null")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            required = part.get("required", list(part.get("properties", {})))
            return {name: smallest(part.get("properties", {}).get(name, {}), whole) for name in required}
        case "array":
            return [smallest(part.get("items", {}), whole) for _ in range(part.get("minItems", 0))]
        case "string":
            return "OK"[: part.get("maxLength", 2)].ljust(part.get("minLength", 0), ".")
        case "integer" | "number":
            return max(part.get("minimum", 0), part.get("exclusiveMinimum", -1) + 1)
        case "boolean":
            return True
        case _:
            return None


def _resolve(part: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref", "")
    if not reference.startswith("#/"):
        return part
    target: Any = whole
    for name in reference[2:].split("/"):
        target = target.get(name) if isinstance(target, dict) else None
    if not isinstance(target, dict):
        raise RequestError(400, f"the schema has no {reference}", param="response_format")
    return _resolve(target, whole)


def cut(text: str, max_tokens: int) -> str:
    """The longest beginning of a text that stays within a number of estimated tokens."""
    longest = bisect_right(range(len(text) + 1), max_tokens, key=lambda size: estimate_tokens(text[:size])) - 1
    return text[:longest]
