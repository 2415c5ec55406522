"""The embedded endpoint's vectors: words and parts of words hashed into places, no language model.

Texts that share words get similar vectors, texts that mean the same in other words do not: enough to
run every step for real, on a laptop and in tests. The same text has the same vector everywhere.
"""

import base64
import math
import struct
from functools import lru_cache
from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from beam_pipeline.demo_endpoint.replies import Body, read_body
from transforms.records import DEMO_MODEL
from transforms.text import estimate_tokens, normalise, words

EMBEDDING_MODEL = "demo-hashing"
DIMENSIONS = 256
MOST_TEXTS = 2048  # as OpenAI's endpoint
# Letters of a part of a word: "discovered" and "discovery" share most of theirs.
_PART = 4
# Words of so few letters hold sentences together, and count little.
_SMALL_WORD, _SMALL_WEIGHT = 3, 0.3
Text = Annotated[str, Field(min_length=1)]


def embed(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """A vector of length 1. A text without words is one word by itself."""
    vector = [0.0] * dimensions
    for word in words(normalise(text)) or [text]:
        for feature, weight in _features(word):
            vector[feature % dimensions] += weight if feature >> 63 else -weight
    length = math.sqrt(sum(number * number for number in vector)) or 1.0
    return [number / length for number in vector]


@lru_cache(maxsize=65_536)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    """64 bits for each feature of a word, and how much it counts: the word as much as all its parts."""
    padded = f"^{word}$"
    parts = {padded[start : start + _PART] for start in range(max(1, len(padded) - _PART + 1))}
    weight = _SMALL_WEIGHT if len(word) <= _SMALL_WORD and word.isalpha() else 1.0
    return (_hash(word), weight), *((_hash(f"#{part}"), weight / math.sqrt(len(parts))) for part in sorted(parts))


def _hash(feature: str) -> int:
    return int.from_bytes(blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


class EmbeddingsRequest(Body):
    """The part of an embeddings request that this server reads."""

    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)]
    dimensions: StrictInt = Field(DIMENSIONS, ge=1, le=DIMENSIONS)
    encoding_format: Literal["float", "base64"] = "float"


def embeddings_reply(raw: bytes) -> dict[str, Any]:
    """The reply to the body of a POST to /v1/embeddings. Raises RequestError as `read_body`."""
    request = read_body(raw, EmbeddingsRequest, EMBEDDING_MODEL, DEMO_MODEL)
    texts = [request.input] if isinstance(request.input, str) else request.input
    rows = []
    for index, text in enumerate(texts):
        vector = embed(text, request.dimensions)
        packed = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        rows.append(
            {"object": "embedding", "index": index, "embedding": vector if request.encoding_format == "float" else packed}
        )
    tokens = sum(map(estimate_tokens, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": EMBEDDING_MODEL, "data": rows, "usage": usage}
