"""How a chat completion is read: whichever field has the answer, whatever shape the list of choices and the usage have."""

import json
from collections.abc import Iterator
from typing import Any

from transforms.errors import ElementError, ReplyInvalid, ReplyTruncated, RequestRefused, TransientError
from transforms.inference.client.api_keys import without_key
from transforms.inference.client.chat import Completion
from transforms.inference.client.usage import read_usage

# Other words for the end of a reply: of Gemini, Mistral, Anthropic, Ollama; and of Zhipu, Gemini, DashScope.
_CUT = {"length", "max_tokens", "model_length", "max_output_tokens"}
_FILTERED = {"content_filter", "safety", "recitation", "sensitive", "prohibited_content", "blocklist", "refusal"}
# The server gave up in the middle: OpenRouter, Zhipu, vLLM, DeepSeek.
_BROKEN = {"error", "network_error", "abort", "insufficient_system_resource", "malformed_function_call"}
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


def read_completion(data: Any, key: str = "") -> Completion:
    """Read a chat completion; should its text hold the key that it was asked with, that is taken out.

    Raises:
        ReplyTruncated: cut at the token limit; its tokens were paid all the same.
        ReplyInvalid: without content, as of thinking models whose budget went into the thought; paid as well.
        RequestRefused: the server's content filter stopped it.
        TransientError: the body has not the shape of a completion, or says that it broke off.
    """
    choice = _choice(data)
    if choice is None:
        raise TransientError("the endpoint answered 200 with a body that is not a chat completion")
    message = _message(choice)
    finish = _finish(choice.get("finish_reason") or data.get("done_reason"))
    said = _written(message.get("content")) if "content" in message else _written(choice.get("text"))
    text, from_thought = (said, False) if said.strip() else _answer_elsewhere(message, finish)
    text = without_key(text, key)
    prompt, cached, completion_tokens = read_usage(data.get("usage") or data.get("usageMetadata") or data)
    completion = Completion(
        text=text,
        prompt_tokens=prompt,
        cached_tokens=cached,
        completion_tokens=completion_tokens,
        # A budget that is spent without a word of an answer went into a thought, wherever the server leaves that.
        thought=(not from_thought and _holds_thought(message, text)) or (finish in _CUT and not text.strip()),
    )
    if finish in _BROKEN:
        raise TransientError(f"the endpoint broke the reply off: finish_reason {finish}")
    flaw: ElementError
    if finish in _FILTERED:
        flaw = RequestRefused("the endpoint's content filter stopped the reply", text)
    elif finish in _CUT:
        flaw = ReplyTruncated("cut at the token limit; raise --max_tokens if this is common", text)
    elif not text.strip():
        refusal = message.get("refusal")
        why = f"the model refuses: {without_key(refusal, key)[:200]}" if isinstance(refusal, str) and refusal else ""
        flaw = ReplyInvalid(why or "the reply has no content", text, "refused" if why else "empty")
    else:
        return completion
    flaw.paid = completion
    raise flaw


def _finish(reason: Any) -> str:
    """Why a reply ended, in lower case; SGLang's own form is an object with a type."""
    return str((reason.get("type") if isinstance(reason, dict) else reason) or "").lower()


def _choice(data: Any) -> dict[str, Any] | None:
    """The choice that has an answer, the first in their order; None where the body has none."""
    if not isinstance(data, dict):
        return None
    choices = data.get("choices")
    if choices is None and isinstance(data.get("output"), dict):  # DashScope's own form
        return _choice(data["output"]) or (data["output"] if "text" in data["output"] else None)
    if isinstance(choices, dict):
        choices = list(choices.values())
    if not isinstance(choices, list):
        return data if "message" in data else None  # Ollama's own form
    found = [choice for choice in choices if isinstance(choice, dict) and {"message", "text", "delta"} & choice.keys()]
    found.sort(key=lambda choice: choice["index"] if isinstance(choice.get("index"), int) else 0)
    with_answer = (choice for choice in found if _written(_message(choice).get("content")).strip() or choice.get("text"))
    return next(with_answer, found[0] if found else None)


def _message(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message") or choice.get("delta") or {}
    return message if isinstance(message, dict) else {"content": message}


def _answer_elsewhere(message: dict[str, Any], finish: str) -> tuple[str, bool]:
    """The answer of a message without content, and whether it stands where thoughts do.

    A model without a tag for the end of its thought has its answer there; so has, in a call of a function, one that takes
    a schema for one. What is no object is a thought without an answer.
    """
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    for function in (*functions, message.get("function_call")):
        if isinstance(function, dict) and (arguments := _written(function.get("arguments"))).strip():
            return arguments, False
    if finish not in _CUT:
        for name in _THOUGHTS:
            thought = _written(message.get(name))
            if "{" in thought:
                return thought, thought.lstrip().startswith("{")
    return "", False


def _holds_thought(message: dict[str, Any], text: str) -> bool:
    """Whether a message says what its model thought: in a field or a part of its own, or between tags, of which templates write
    the first; a model that was told not to think leaves nothing between them."""
    parts = message.get("content")
    if isinstance(parts, list) and any(isinstance(part, dict) and part.get("type") == "thinking" for part in parts):
        return True
    if any(isinstance(said := message.get(name), str) and said.strip() for name in _THOUGHTS):
        return True
    before, ended, _ = text.partition("</think>")
    return bool(before.replace("<think>", "", 1).strip()) if ended else "<think>" in text


def _written(content: Any) -> str:
    """The text of a message: a string, parts of which some are text, or an object that a gateway has parsed; else nothing."""
    if isinstance(content, list):
        content = "".join(_parts(content))
    elif isinstance(content, dict):
        text = content.get("text")
        content = text if isinstance(text, str) else json.dumps(content, ensure_ascii=False)
    # Half of a surrogate pair can be written in JSON, but not in UTF-8.
    return content.encode("utf-8", "replace").decode("utf-8") if isinstance(content, str) else ""


def _parts(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict) and part.get("type", "text") in ("text", "output_text") and isinstance(part.get("text"), str):
            yield part["text"]
