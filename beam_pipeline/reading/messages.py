"""Conversations as texts: a list of messages, as chat data sets have it, becomes one text.

Both usual forms are read: {"role": "user", "content": ...}, whose content may be a list of parts, and ShareGPT's
{"from": "human", "value": ...}. What else a message holds (calls of tools, pictures) is no text.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from beam_pipeline.storage.values import load_json

_ROLES, _CONTENTS = ("role", "from"), ("content", "value", "text")
# ShareGPT's names for who speaks.
_SAME_ROLE = {"human": "user", "gpt": "assistant", "model": "assistant", "bot": "assistant"}
_MESSAGES_AS_JSON = re.compile(r"\s*\[\s*\{")


def text_of_messages(value: Any, roles: Collection[str] = ()) -> str | None:
    """The text of a list of messages, or of a JSON text of one; None for what is neither.

    With `roles` only their messages count. Those of one role stand by themselves, those of several each behind its role.
    """
    if isinstance(value, str) and _MESSAGES_AS_JSON.match(value):
        try:
            value = load_json(value.encode("utf-8", "surrogatepass"))
        except orjson.JSONDecodeError:
            return None
    if not isinstance(value, list) or not value or not all(map(_is_message, value)):
        return None
    turns = [(_role(message), _content(message)) for message in value]
    if roles:
        wanted = {_plain_role(role) for role in roles}
        turns = [(role, text) for role, text in turns if role in wanted]
    labelled = len(roles) != 1 and any(role for role, _ in turns)
    return "\n\n".join(f"{role.capitalize()}: {text}" if labelled and role else text for role, text in turns if text)


def _is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and any(name in value for name in _ROLES) and any(name in value for name in _CONTENTS)


def _plain_role(role: Any) -> str:
    plain = str(role).strip().lower()
    return _SAME_ROLE.get(plain, plain)


def _role(message: Mapping[str, Any]) -> str:
    return _plain_role(next((message[name] for name in _ROLES if message.get(name)), ""))


def _content(message: Mapping[str, Any]) -> str:
    content = next((message[name] for name in _CONTENTS if message.get(name)), "")
    if isinstance(content, list):
        parts = (part.get("text") if isinstance(part, Mapping) else part for part in content)
        return "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""
