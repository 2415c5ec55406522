"""Vectors: replies read whatever their form, kept in few bytes, and known again by what was asked."""

import base64
import math
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.errors import ReplyInvalid, TransientError
from transforms.inference.client.embeddings import (
    EmbeddingRequest,
    embedding_body,
    embedding_key,
    pack_vector,
    read_embeddings,
    read_vector,
    unpack_vector,
)
from transforms.inference.config import EmbeddingConfig, ModelConfig

CONFIG = EmbeddingConfig(ModelConfig(("http://x/v1",), "m"))


def request(*texts: str, **fields: Any) -> EmbeddingRequest:
    return EmbeddingRequest("decontaminate", "d", texts, CONFIG.model, **fields)


def reply(*embeddings: Any, **fields: Any) -> dict[str, Any]:
    rows = [{"object": "embedding", "index": index, "embedding": embedding} for index, embedding in enumerate(embeddings)]
    return {"object": "list", "data": rows, "usage": {"prompt_tokens": 5, "total_tokens": 5}, **fields}


def directions(data: Any, asked: EmbeddingRequest) -> list[list[float] | None]:
    found = read_embeddings(data, asked).vectors
    return [None if packed is None else np.round(unpack_vector(packed).astype(float), 2).tolist() for packed in found]


@pytest.mark.parametrize(
    "changes",
    [
        {"config": replace(CONFIG, model=replace(CONFIG.model, model="other"))},
        {"config": replace(CONFIG, model=replace(CONFIG.model, extra_body='{"input_type": "query"}'))},
        {"config": replace(CONFIG, dimensions=64)},
        {"config": replace(CONFIG, prefix="query: ")},
        {"text": "another"},
    ],
    ids=["model", "extra_body", "dimensions", "prefix", "text"],
)
def test_the_key_changes_with_whatever_changes_the_vector(changes: dict[str, Any]) -> None:
    assert embedding_key(**{"text": "a text", "config": CONFIG, **changes}) != embedding_key("a text", CONFIG)


def test_the_key_does_not_change_with_where_or_how_it_is_asked() -> None:
    moved = replace(CONFIG, batch_texts=1, model=replace(CONFIG.model, endpoints=("http://y/v1",), max_attempts=9, max_tokens=7))
    assert embedding_key("a text", moved) == embedding_key("a text", CONFIG)


def test_what_is_sent() -> None:
    assert embedding_body(request("a", "b")) == {"model": "m", "input": ["a", "b"]}
    model = replace(CONFIG.model, extra_body='{"input_type": "query"}')
    asked = EmbeddingRequest("s", "d", ("a",), model, dimensions=64)
    assert embedding_body(asked) == {"model": "m", "input": ["a"], "dimensions": 64, "input_type": "query"}


def test_vectors_come_in_the_order_of_the_texts_and_of_length_one() -> None:
    data = reply([3.0, 4.0], [0, 2])
    assert directions(data, request("a", "b")) == [[0.6, 0.8], [0.0, 1.0]]
    data["data"].reverse()
    assert directions(data, request("a", "b")) == [[0.6, 0.8], [0.0, 1.0]]


def test_rows_without_an_index_are_in_order() -> None:
    data = reply([1.0, 0.0], [0.0, 1.0])
    for row in data["data"]:
        del row["index"]
    assert directions(data, request("a", "b")) == [[1.0, 0.0], [0.0, 1.0]]


def test_base64_is_read_as_float32() -> None:
    sent = base64.b64encode(struct.pack("<2f", 3.0, 4.0)).decode()
    assert directions(reply(sent), request("a")) == [[0.6, 0.8]]


def test_tokens_are_read_where_they_are_said() -> None:
    assert read_embeddings(reply([1.0]), request("a")).prompt_tokens == 5
    for usage in (None, {}, {"prompt_tokens": None}, {"prompt_tokens": "n/a"}, {"prompt_tokens": 2**63}, []):
        assert read_embeddings(reply([1.0], usage=usage), request("a")).prompt_tokens == 0


USELESS = [
    [math.nan, 1.0],
    [math.inf, 1.0],
    [0.0, 0.0],
    [],
    "no base64!",
    "AAAA",
    None,
    7,
    {},
    [[1.0, 2.0]],
    ["x", "y"],
    [10**400, 1.0],
]


@pytest.mark.parametrize("useless", USELESS, ids=lambda useless: str(useless)[:20])
def test_a_useless_vector_costs_its_own_text_only(useless: Any) -> None:
    assert directions(reply([1.0, 0.0], useless, [0.0, 1.0]), request("a", "b", "c")) == [[1.0, 0.0], None, [0.0, 1.0]]
    with pytest.raises(ReplyInvalid):
        read_embeddings(reply(useless), request("a"))


def test_a_vector_of_another_width_is_useless() -> None:
    data = reply([1.0, 0.0], [1.0, 0.0, 0.0])
    assert directions(data, request("a", "b", width=2)) == [[1.0, 0.0], None]
    with pytest.raises(ReplyInvalid, match="different widths: 2, 3"):
        read_embeddings(data, request("a", "b"))
    with pytest.raises(ReplyInvalid, match="vectors of 2 numbers, where 4 were expected"):
        read_embeddings(reply([1.0, 0.0], [0.0, 1.0]), request("a", "b", dimensions=4))


@pytest.mark.parametrize(
    "data",
    [reply([1.0]), reply([1.0], [1.0], [1.0]), {"data": [{"index": i, "embedding": [1.0]} for i in (0, 0)]}, reply()]
    + [
        {"data": [{"index": i, "embedding": [1.0]} for i in pair]}
        for pair in ((1, 2), (-1, 0), ("0", "1"), (None, None), ([], {}))
    ],
    ids=lambda data: str([row["index"] for row in data["data"]]),
)
def test_too_few_too_many_or_strange_rows_are_no_reply(data: dict[str, Any]) -> None:
    with pytest.raises(ReplyInvalid, match="for 2 texts") as caught:
        read_embeddings(data, request("a", "b"))
    assert '"data"' in caught.value.reply


@pytest.mark.parametrize("data", [None, [], "text", {}, {"data": None}, {"data": {}}, {"data": [None]}, {"choices": []}], ids=str)
def test_a_body_of_another_shape_may_be_the_gateway_s(data: Any) -> None:
    with pytest.raises(TransientError, match="not an embedding reply"):
        read_embeddings(data, request("a"))


def test_no_reply_in_an_error_holds_the_key() -> None:
    with pytest.raises(ReplyInvalid) as caught:
        read_embeddings(reply("sk-sentinel-0123456789"), request("a"), "sk-sentinel-0123456789")
    assert "sentinel" not in caught.value.reply


WHOLE = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=64).filter(lambda numbers: any(abs(n) > 1e-300 for n in numbers))


@given(WHOLE)
def test_a_vector_keeps_its_direction(numbers: list[float]) -> None:
    vector = read_vector(numbers)
    assert vector is not None
    kept = unpack_vector(pack_vector(vector))
    assert kept is not None
    exact = np.array(numbers) / max(map(abs, numbers))
    cosine = float(exact @ kept.astype(float) / np.linalg.norm(exact) / np.linalg.norm(kept.astype(float)))
    assert cosine > 0.999
    assert abs(np.linalg.norm(kept.astype(float)) - 1) < 0.01


def test_what_a_vector_costs_in_the_journal_and_what_rounding_costs() -> None:
    random = np.random.default_rng(0)
    one, other = (read_vector(random.normal(size=384)) for _ in range(2))
    exact = [numbers / np.linalg.norm(numbers) for numbers in (np.random.default_rng(0).normal(size=(2, 384)))]
    assert one is not None and other is not None
    assert len(pack_vector(one)) == 1024
    assert abs(float(one.astype(float) @ other.astype(float)) - float(exact[0] @ exact[1])) < 0.001


@given(st.text())
def test_a_damaged_vector_is_none_and_never_raises(text: str) -> None:
    vector = unpack_vector(text)
    assert vector is None or np.isfinite(vector).all()


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda x: st.lists(x, max_size=3), max_leaves=8)
)
def test_whatever_stands_for_a_vector_never_raises(sent: Any) -> None:
    vector = read_vector(sent)
    assert vector is None or np.isfinite(vector).all()
