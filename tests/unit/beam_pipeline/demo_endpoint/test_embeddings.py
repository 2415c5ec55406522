"""The embedded endpoint's vectors: the same everywhere, similar for similar words, and honest about bad requests."""

import base64
import json
import math
import struct
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.demo_endpoint.embeddings import DIMENSIONS, EMBEDDING_MODEL, embed, embeddings_reply
from beam_pipeline.demo_endpoint.replies import RequestError
from transforms.inference.client.embeddings import EmbeddingRequest, read_embeddings
from transforms.inference.config import ModelConfig


def cosine(one: str, other: str) -> float:
    return sum(a * b for a, b in zip(embed(one), embed(other), strict=True))


def ask(**fields: Any) -> dict[str, Any]:
    return embeddings_reply(json.dumps({"model": EMBEDDING_MODEL, "input": ["a text"], **fields}).encode())


def test_similar_words_give_similar_vectors() -> None:
    item = "Who discovered penicillin in 1928?"
    assert cosine(item, item) == pytest.approx(1)
    near, far = cosine("Penicillin was discovered by whom in 1928?", item), cosine("What is the capital of Australia?", item)
    assert near > 0.6 > 0.3 > far


@given(st.text())
def test_every_text_has_a_vector_of_length_one(text: str) -> None:
    assert math.isclose(math.fsum(number * number for number in embed(text)), 1, abs_tol=1e-6)


def test_another_process_gives_the_same() -> None:
    code = "from beam_pipeline.demo_endpoint.embeddings import embed; print(embed('Zürich 1932')[:16])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.strip() == str(embed("Zürich 1932")[:16])


def test_the_reply_is_what_the_runtime_reads() -> None:
    texts = ("one", "two", "three")
    reply = ask(input=list(texts))
    found = read_embeddings(reply, EmbeddingRequest("s", "d", texts, ModelConfig(("http://x/v1",), EMBEDDING_MODEL)))
    assert found.width == DIMENSIONS
    assert None not in found.vectors
    assert found.prompt_tokens == reply["usage"]["prompt_tokens"] == 3


def test_one_text_fewer_dimensions_and_base64() -> None:
    [row] = ask(input="a text", dimensions=16)["data"]
    assert len(row["embedding"]) == 16
    [packed] = ask(input="a text", dimensions=16, encoding_format="base64")["data"]
    assert struct.unpack("<16f", base64.b64decode(packed["embedding"])) == pytest.approx(row["embedding"])


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"model": "other"}, 404, "model"),
        ({"input": []}, 400, "input"),
        ({"input": [""]}, 400, "input"),
        ({"input": [1, 2]}, 400, "input"),
        ({"input": None}, 400, "input"),
        ({"input": ["x"] * 2049}, 400, "input"),
        ({"dimensions": 0}, 400, "dimensions"),
        ({"dimensions": DIMENSIONS + 1}, 400, "dimensions"),
        ({"dimensions": True}, 400, "dimensions"),
        ({"encoding_format": "int8"}, 400, "encoding_format"),
    ],
    ids=str,
)
def test_a_bad_request_is_refused_with_what_is_wrong(fields: dict[str, Any], status: int, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        ask(**fields)
    assert (caught.value.status, caught.value.param) == (status, param)


@pytest.mark.parametrize("raw", [b"", b"no json", b"[]", b'"x"'])
def test_a_body_that_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestError, match="the body"):
        embeddings_reply(raw)
