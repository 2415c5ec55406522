"""One question to a chat model and its reply: what is sent, what makes two questions the same, how a reply is read."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from transforms.errors import ElementError, ReplyInvalid, ReplyTruncated, RequestRefused, TransientError
from transforms.inference.client.api_keys import without_key
from transforms.inference.config import ModelConfig


@dataclass(frozen=True, slots=True)
class Length:
    """A prompt's characters: of the document, of the instructions in front of it, and of all."""

    document: int
    instructions: int
    whole: int


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    `signature` stands for the instructions in the system message that matter to this stage, so that
    another stage's changed instructions do not change `key`.
    """

    stage: str
    document_id: str
    messages: list[dict[str, str]]
    schema: dict[str, Any] | None
    config: ModelConfig
    signature: str = ""
    document_characters: int = 0

    @property
    def length(self) -> Length | None:
        """How much of a server's prefix cache it needs; None where it has no document that other calls share."""
        if not self.document_characters:
            return None
        return Length(self.document_characters, len(self.messages[0]["content"]) if self.messages[1:] else 0, self.characters)

    @property
    def characters(self) -> int:
        """How long the prompt is."""
        return sum(len(message["content"]) for message in self.messages)

    def key(self) -> str:
        """What makes two requests the same question: 32 hexadecimal digits."""
        config = self.config
        parts = (
            config.model,
            self.signature or self.messages[0]["content"],
            [message["content"] for message in self.messages[1:]],
            config.temperature,
            config.max_tokens,
            self.schema,
            config.extra_body,
            0,  # what journals of this format have here
        )
        return hashlib.blake2b(orjson.dumps(parts), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Completion:
    """What an endpoint answered, and tokens as it counts them; `thought` where the model thought first."""

    text: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    thought: bool = False


def full_body(request: Request, temperature: float | None, max_tokens: int | None) -> dict[str, Any]:
    """All that we would like to send, but for the schema."""
    config = request.config
    body: dict[str, Any] = {
        "model": config.model,
        "messages": request.messages,
        "temperature": config.temperature if temperature is None else temperature,
        "max_tokens": max_tokens or config.max_tokens,
    }
    if config.extra_body:
        body.update(orjson.loads(config.extra_body))
    return body


def read_completion(data: Any, key: str = "") -> Completion:
    """Read a chat completion; should its text hold the key that it was asked with, that is taken out.

    Raises:
        ReplyTruncated: cut at the token limit; its tokens were paid all the same.
        ReplyInvalid: without content, as of thinking models whose budget went into the thought; paid as well.
        RequestRefused: the server's content filter stopped it.
        TransientError: the body has not the shape of a completion.
    """
    try:
        choice = data["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text = without_key(_text_of(message.get("content")), key)
        usage = data.get("usage") or {}
        completion = Completion(
            text=text,
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            cached_tokens=int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
            # A budget that is spent without a word of an answer went into a thought, wherever the server leaves that.
            thought=_holds_thought(message, text) or (finish == "length" and not text.strip()),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise TransientError("the endpoint answered 200 with a body that is not a chat completion") from error
    flaw: ElementError
    if finish == "content_filter":
        raise RequestRefused("the endpoint's content filter stopped the reply", text)
    if finish == "length":
        flaw = ReplyTruncated("cut at the token limit; raise --max_tokens if this is common", text)
    elif not text.strip():
        flaw = ReplyInvalid("the reply has no content", text, "empty")
    else:
        return completion
    flaw.paid = completion
    raise flaw


def _holds_thought(message: Any, text: str) -> bool:
    """Whether a message says what its model thought: in a field or a part of its own, or between tags, of which templates write
    the first; a model that was told not to think leaves nothing between them."""
    parts = message.get("content")
    if isinstance(parts, list) and any(part.get("type") == "thinking" for part in parts):
        return True
    if any(isinstance(said := message.get(name), str) and said.strip() for name in ("reasoning_content", "reasoning")):
        return True
    before, ended, _ = text.partition("</think>")
    return bool(before.replace("<think>", "", 1).strip()) if ended else "<think>" in text


def _text_of(content: Any) -> str:
    """The text of a message: a string, nothing, or parts of which some are text. Raises TypeError."""
    if isinstance(content, list):
        content = "".join(part["text"] for part in content if part.get("type") == "text")
    if not isinstance(content or "", str):
        raise TypeError(f"content is a {type(content).__name__}")
    # Half of a surrogate pair can be written in JSON, but not in UTF-8.
    return (content or "").encode("utf-8", "replace").decode("utf-8")
