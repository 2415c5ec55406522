"""Texts as vectors: what is asked of an embedding model, how its reply is read, and how a vector is kept.

A vector has length 1 and is kept as float16, which moves a cosine by less than 0.001.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from transforms.errors import ReplyInvalid, TransientError
from transforms.inference.client.api_keys import without_key
from transforms.inference.client.chat import Request
from transforms.inference.client.usage import read_usage
from transforms.inference.config import EmbeddingConfig, ModelConfig

Vector = NDArray[np.float16]

# Little-endian whatever the machine: journals travel.
_KEPT = np.dtype("<f2")
# Servers that answer with base64 send float32, as OpenAI does.
_SENT = np.dtype("<f4")
# Characters of a reply that are kept with an error.
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """Some texts in one request; `width` is how many numbers this model's vectors have, 0 if it is not known yet."""

    stage: str
    document_id: str
    texts: tuple[str, ...]
    config: ModelConfig
    dimensions: int = 0
    width: int = 0

    @property
    def length(self) -> None:
        """Nothing of it is shared with other requests."""
        return None

    @property
    def characters(self) -> int:
        """How long the texts are together."""
        return sum(map(len, self.texts))


# For whom something is asked, and how.
Origin = Request | EmbeddingRequest


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What an endpoint answered: for each text its vector, as text; None where that one is no use."""

    vectors: tuple[str | None, ...]
    width: int
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


def embedding_key(text: str, config: EmbeddingConfig) -> str:
    """What makes two texts the same question to a model: 32 hexadecimal digits. `text` comes without the prefix."""
    parts = ("embedding", config.model.model, config.prefix + text, config.dimensions, config.model.extra_body)
    return hashlib.blake2b(orjson.dumps(parts), digest_size=16).hexdigest()


def embedding_body(request: EmbeddingRequest) -> dict[str, Any]:
    """The body of a request. No `encoding_format`: without it every server sends plain numbers."""
    body: dict[str, Any] = {"model": request.config.model, "input": list(request.texts)}
    if request.dimensions:
        body["dimensions"] = request.dimensions
    if request.config.extra_body:
        body.update(orjson.loads(request.config.extra_body))
    return body


def read_embeddings(data: Any, request: EmbeddingRequest, key: str = "") -> Embeddings:
    """Read a reply, in the order of the texts whatever the order of its rows.

    A row that cannot be used (not numbers, not finite, all zero, of another width) costs that text only.

    Raises:
        TransientError: the body has not the shape of an embedding reply.
        ReplyInvalid: too few rows, too many or the wrong ones, vectors of different widths, or none of any use.
    """
    rows = data.get("data") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TransientError("the endpoint answered 200 with a body that is not an embedding reply")
    wanted = len(request.texts)
    places = [row.get("index", place) for place, row in enumerate(rows)]
    if len(rows) != wanted or any(type(place) is not int for place in places) or set(places) != set(range(wanted)):
        raise ReplyInvalid(f"{len(rows)} vectors for {wanted} texts, or not numbered as these are", _shown(data, key))
    found = [read_vector(row.get("embedding")) for _, row in sorted(zip(places, rows, strict=True), key=itemgetter(0))]
    widths = {len(vector) for vector in found if vector is not None}
    expected = request.dimensions or request.width
    if not widths:
        raise ReplyInvalid("a vector that is not made of finite numbers, or is all zeros", _shown(data, key))
    if expected and expected not in widths:
        raise ReplyInvalid(f"vectors of {min(widths)} numbers, where {expected} were expected", _shown(data, key))
    if not expected and len(widths) > 1:
        raise ReplyInvalid(f"vectors of different widths: {', '.join(map(str, sorted(widths)))}", _shown(data, key))
    width = expected or min(widths)
    return Embeddings(
        tuple(pack_vector(vector) if vector is not None and len(vector) == width else None for vector in found),
        width,
        read_usage(data.get("usage"))[0],
    )


def _shown(data: Any, key: str) -> str:
    """The beginning of a reply, for a reader."""
    return without_key(json.dumps(data), key)[:_SHOWN]


def read_vector(sent: Any) -> Vector | None:
    """A vector of length 1, as float16, from a list of numbers or from base64; None if it has no direction."""
    try:
        if isinstance(sent, str):
            numbers = np.frombuffer(base64.b64decode(sent, validate=True), dtype=_SENT).astype(np.float64)
        else:
            numbers = np.asarray(sent, dtype=np.float64)
    except (binascii.Error, TypeError, ValueError, OverflowError):
        return None
    if numbers.ndim != 1 or not numbers.size:
        return None
    largest = np.abs(numbers).max()
    if not np.isfinite(largest) or largest == 0:
        return None
    scaled = numbers / largest  # first, so that the squares neither overflow nor vanish
    return (scaled / np.linalg.norm(scaled)).astype(np.float16)


def pack_vector(vector: Vector) -> str:
    """A vector as text, for memory and journal."""
    return base64.b64encode(vector.astype(_KEPT).tobytes()).decode("ascii")


def unpack_vector(text: str) -> Vector | None:
    """A vector from text; None if it is damaged."""
    try:
        vector = np.frombuffer(base64.b64decode(text, validate=True), dtype=_KEPT)
    except (binascii.Error, ValueError):
        return None
    return vector.astype(np.float16) if vector.size and np.isfinite(vector).all() else None
