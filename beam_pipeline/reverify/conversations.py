"""What was asked and what was said, however a rollout keeps it: a text, messages, items of an API, or a filled chat template."""

from collections.abc import Mapping, Sequence
from typing import Any

# How a turn of the user begins and ends where a chat template wrote it; the last without special tokens, as trainers decode it.
_TURNS = (
    ("<|im_start|>user", "<|im_end|>"),
    ("<|start_header_id|>user<|end_header_id|>", "<|eot_id|>"),
    ("<start_of_turn>user", "<end_of_turn>"),
    ("<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>"),
    ("<|user|>", "<|"),
    ("[INST]", "[/INST]"),
    ("\nuser\n", "\nassistant"),
)
# What closes the turn of a model, besides names between "<|" and "|>".
_CLOSING = ("</s>", "<eos>", "<end_of_turn>", "<pad>")
_LONGEST_TOKEN, _MOST_TOKENS = 45, 8


def responses_in(value: Any) -> list[str | None]:
    """The responses that a value holds: one, or those of a list. None for what holds no text."""
    if isinstance(value, list) and not _is_conversation(value):
        return [said(item) for item in value]
    return [said(value)]


def said(value: Any) -> str | None:
    """What a model said: a text, the text of its last message, or of a response of an API ("" where it said nothing)."""
    match value:
        case str():
            return _without_closing(value)
        case {"output": [*items]} | {"messages": [*items]}:
            return _last_of("assistant", items)
        case {"content": content}:
            return _text_of(content)
        case [*items] if _is_conversation(items):
            return _last_of("assistant", items)
        case _:
            return None


def asked(value: Any) -> str:
    """What the user asked last, in a text, a filled chat template or messages; "" if nothing can be read."""
    match value:
        case str():
            return _turn_of_user(value).strip()
        case [*items]:
            return _last_of("user", items)
        case _:
            return ""


def _is_conversation(items: Sequence[Any]) -> bool:
    return bool(items) and all(isinstance(item, Mapping) and ("role" in item or "type" in item) for item in items)


def _last_of(role: str, items: Sequence[Any]) -> str:
    texts = (
        _text_of(item.get("content"))
        for item in reversed(items)
        if isinstance(item, Mapping) and item.get("role") == role and item.get("type", "message") == "message"
    )
    return next((text for text in texts if text is not None), "")


def _text_of(content: Any) -> str | None:
    """The text of a message, whole or in parts."""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        return "".join(part for part in parts if isinstance(part, str))
    return _without_closing(content) if isinstance(content, str) else None


def _turn_of_user(prompt: str) -> str:
    whole = f"\n{prompt}"
    for opening, closing in _TURNS:
        if (start := whole.rfind(opening)) >= 0:
            start += len(opening)
            end = whole.find(closing, start)
            return whole[start : end if end >= 0 else None]
    return prompt


def _without_closing(text: str) -> str:
    """A response without the special tokens that close it."""
    for _ in range(_MOST_TOKENS):
        text = text.rstrip()
        start = max(text.rfind("<|", -_LONGEST_TOKEN), text.rfind("<\uff5c", -_LONGEST_TOKEN))
        if text.endswith(("|>", "\uff5c>")) and start >= 0:
            text = text[:start]
        elif text.endswith(_CLOSING):
            text = text[: text.rindex("<")]
        else:
            break
    return text
