"""The value of a response's body: JSON with what servers put around it, or a stream of events although none was asked for."""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

_BOM = b"\xef\xbb\xbf"
_CHARSET = re.compile(r"charset=\s*\"?([\w.:-]+)", re.IGNORECASE)
# Charsets in which every text can be written, and that of bare ASCII with its escapes.
UNICODE = ("utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-8-sig", "us-ascii", "ascii", "gb18030")
_COMMENTS = re.compile(r"\s*(?::[^\n]*(?:\n\s*|$))*")
# What a delta adds to, letter by letter; anything else in it replaces what was there.
_GROWING = ("content", "reasoning_content", "reasoning", "refusal")


def decode_body(content: bytes, content_type: str = "") -> Any:
    """The value of a body: JSON, NaN and Infinity taken for numbers as some servers write them, or events. Raises ValueError."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        text = _decoded(content.removeprefix(_BOM), content_type)
    # Comment lines keep a connection open (OpenRouter), before JSON and between events.
    text = _COMMENTS.sub("", text, count=1)
    lines = [line for line in re.split(r"\r?\n", text) if not line.startswith(":")]
    if any(line.startswith("data:") for line in lines):
        try:
            return _assembled(list(_events(lines)))
        except (TypeError, AttributeError, LookupError) as error:  # an event may hold anything anywhere
            raise ValueError("events of another shape than a reply's") from error
    return _json(text)


def _decoded(content: bytes, content_type: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        named = charset_of(content_type) or json.detect_encoding(content)
        try:
            text = content.decode(named, "replace")
        except LookupError:
            text = content.decode("utf-8", "replace")
    # A header that says nothing, or UTF-8 of what is none. One bad byte in a text of UTF-8 leaves it that.
    lost = text.count("\ufffd")
    return text if sum(character > "\x7f" for character in text) > 2 * lost else content.decode("cp1252", "replace")


def charset_of(content_type: str) -> str:
    """The charset that a response's header names, in lower case; "" where it names none."""
    named = _CHARSET.search(content_type)
    return named[1].lower() if named else ""


def _json(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _events(lines: list[str]) -> Iterator[Any]:
    """The data of each event; None for the mark of the end. Raises ValueError."""
    data: list[str] = []
    for line in (*lines, ""):
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line.strip() and data:
            said, data = "\n".join(data), []
            yield None if said.strip() == "[DONE]" else _json(said)


def _assembled(events: list[Any]) -> dict[str, Any]:
    """The reply that events add up to. Raises ValueError where it ends before its end."""
    ended, whole, choices = False, dict[str, Any](), dict[Any, dict[str, Any]]()
    for event in events:
        if event is None:
            ended = True
        elif isinstance(event, dict):
            if event.get("error"):
                return event
            whole |= {name: value for name, value in event.items() if name != "choices" and value is not None}
            for sent in event.get("choices") or ():
                if not isinstance(sent, dict):
                    continue
                ended |= bool(sent.get("finish_reason")) or isinstance(sent.get("message"), dict)
                _grow(choices.setdefault(sent.get("index", 0), {"index": sent.get("index", 0)}), sent)
    if not ended or not choices:
        raise ValueError("events that end before the reply does")
    return whole | {"choices": list(choices.values())}


def _grow(choice: dict[str, Any], sent: dict[str, Any]) -> None:
    """Add what one event says of a choice."""
    if isinstance(sent.get("message"), dict):
        choice["message"] = sent["message"]
    if sent.get("finish_reason"):
        choice["finish_reason"] = sent["finish_reason"]
    if isinstance(sent.get("text"), str):
        choice["text"] = choice.get("text", "") + sent["text"]
    delta = sent.get("delta")
    if not isinstance(delta, dict):
        return
    message = choice.setdefault("message", {})
    for name, value in delta.items():
        if name == "tool_calls" and isinstance(value, list):
            _grow_calls(message.setdefault("tool_calls", []), value)
        elif name in _GROWING and isinstance(value, str):
            message[name] = (message.get(name) or "") + value
        elif value is not None:
            message[name] = value


def _grow_calls(calls: list[dict[str, Any]], sent: list[Any]) -> None:
    """Add pieces of the arguments of a tool call."""
    for piece in sent:
        function = piece.get("function") if isinstance(piece, dict) else None
        if not isinstance(function, dict):
            continue
        if function.get("name") or not calls:
            calls.append({"function": {"name": function.get("name"), "arguments": ""}})
        if isinstance(function.get("arguments"), str):
            calls[-1]["function"]["arguments"] += function["arguments"]
