"""One question to a chat model and its reply: what is sent, what makes two questions the same, how a reply is read."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

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


# Bytes that a reply can need at most: a stream of events has some 300 a token; and of the rest of a response, such as the
# list of a gateway's models or an error page.
BYTES_A_TOKEN, BYTES_BESIDE = 320, 4 << 20


def most_bytes(max_tokens: int) -> int:
    """Bytes after which a reply of so many tokens is given up: ten times what it can need as JSON."""
    return BYTES_BESIDE + BYTES_A_TOKEN * max_tokens


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
