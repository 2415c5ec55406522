"""The embedded endpoint's vectors: words and parts of words hashed into places, no language model.

Texts that share words get similar vectors, texts that mean the same in other words do not: enough to
run every step for real, on a laptop and in tests. The same text has the same vector everywhere.
"""

import base64
import math
import struct
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from beam_pipeline.demo_endpoint.replies import MODEL, RequestError, read_body
from transforms.text import estimate_tokens, normalise, words

EMBEDDING_MODEL = "demo-hashing"
DIMENSIONS = 256
MOST_TEXTS = 2048  # as OpenAI's endpoint
# Letters of a part of a word: "discovered" and "discovery" share most of theirs.
_PART = 4
# Words of so few letters hold sentences together, and count little.
_SMALL_WORD, _SMALL_WEIGHT = 3, 0.3


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


def embeddings_reply(raw: bytes) -> dict[str, Any]:
    """The reply to the body of a POST to /v1/embeddings.

    Raises:
        RequestError: 400 or 404, saying what is wrong.
    """
    body = read_body(raw, EMBEDDING_MODEL, MODEL)
    texts = [body["input"]] if isinstance(body.get("input"), str) else body.get("input")
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise RequestError(400, "'input' must be a text or a list of texts, none of them empty", param="input")
    if len(texts) > MOST_TEXTS:
        raise RequestError(400, f"{len(texts)} texts in one request; {MOST_TEXTS} are the most", param="input")
    dimensions = body.get("dimensions", DIMENSIONS)
    if not isinstance(dimensions, int) or isinstance(dimensions, bool) or not 1 <= dimensions <= DIMENSIONS:
        raise RequestError(400, f"'dimensions' must be a whole number from 1 to {DIMENSIONS}", param="dimensions")
    encoding = body.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        raise RequestError(400, "'encoding_format' must be float or base64", param="encoding_format")
    rows = []
    for index, text in enumerate(texts):
        vector = embed(text, dimensions)
        sent = vector if encoding == "float" else base64.b64encode(struct.pack(f"<{dimensions}f", *vector)).decode()
        rows.append({"object": "embedding", "index": index, "embedding": sent})
    tokens = sum(map(estimate_tokens, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": EMBEDDING_MODEL, "data": rows, "usage": usage}
