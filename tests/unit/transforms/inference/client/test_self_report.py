import asyncio
import json
from typing import Any

import pytest

from transforms.inference.client.self_report import told_parameters, told_progress, told_room, told_slots

SLOT = {"id": 0, "is_processing": True, "n_prompt_tokens_processed": 512, "next_token": [{"n_decoded": 3}]}
VLLM = """# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{engine="0",model_name="m"} 1234.0
vllm:generation_tokens_total{engine="0",model_name="m"} 56.0
vllm:num_requests_running{engine="0",model_name="m"} 2.0
"""


def asked(question: Any, **paths: Any) -> Any:
    async def fetch(path: str) -> bytes | None:
        found = paths.get(path.removeprefix("/"))
        return found.encode() if isinstance(found, str) else None if found is None else json.dumps(found).encode()

    return asyncio.run(question(fetch))


@pytest.mark.parametrize(
    ("props", "slots"),
    [({"total_slots": 4}, 4), *((told, None) for told in ({"total_slots": 0}, {"total_slots": "4"}, {}, "<html>", None))],
)
def test_how_many_slots_a_server_says_that_it_has(props: Any, slots: int | None) -> None:
    assert asked(told_slots, props=props) == slots


def test_a_server_goes_on_where_what_it_tells_changes() -> None:
    before = asked(told_progress, slots=[SLOT])
    assert before != asked(told_progress, slots=[{**SLOT, "n_prompt_tokens_processed": 1024}])
    assert before != asked(told_progress, slots=[{**SLOT, "next_token": [{"n_decoded": 4}]}])
    assert asked(told_progress, metrics=VLLM) != asked(told_progress, metrics=VLLM.replace("56.0", "57.0"))
    assert asked(told_progress, metrics=VLLM) == asked(told_progress, metrics=VLLM.replace("running 2.0", "running 1.0"))


IDLE = {**SLOT, "is_processing": False}


@pytest.mark.parametrize("told", [{}, {"slots": [IDLE]}, {"metrics": "up 1\n"}, {"slots": {"error": 1}}])
def test_nothing_is_known_of_a_server_that_says_nothing_or_has_nothing_to_do(told: dict[str, Any]) -> None:
    assert asked(told_progress, **told) is None


@pytest.mark.parametrize(
    ("model", "billions"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", 7),
        ("qwen2.5:1.5b", 1.5),
        ("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", 1.5),
        ("mistralai/Mixtral-8x7B-v0.1", 56),
        ("Qwen3-30B-A3B", 30),
        ("gemma-3-270m-it", 0.27),
        ("7b-team/large", None),
        ("gpt-4o-mini", None),
        ("phi-4", None),
        ("model-v2b1", None),
        ("", None),
    ],
)
def test_how_large_a_model_is_by_its_name(model: str, billions: float | None) -> None:
    assert told_parameters(model) == (billions and pytest.approx(billions * 1e9))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "m-7b", "meta": {"n_params": 1_777_088_000}}, 1_777_088_000),
        ({"id": "other", "meta": {"n_params": 5}}, 7e9),
        *(({"id": "m-7b", "meta": meta}, 7e9) for meta in (None, {}, [], {"n_params": "many"}, {"n_params": 0})),
    ],
)
def test_how_large_a_model_is_by_the_list_of_models(row: dict[str, Any], told: float) -> None:
    assert told_parameters("m-7b", [row]) == told


VLLM_CACHE = 'vllm:cache_config_info{block_size="16",cache_dtype="auto",num_cpu_blocks="None",num_gpu_blocks="27284"} 1.0\n'


@pytest.mark.parametrize(
    ("metrics", "tokens"),
    [
        (VLLM + VLLM_CACHE, 16 * 27284),
        (VLLM_CACHE.replace('num_gpu_blocks="27284"', 'num_gpu_blocks="None"'), None),
        ('sglang:max_total_num_tokens{model_name="m"} 158720.0\n', 158720),
        ("sglang:max_total_num_tokens 1.5872e+05\n", 158720),
        (VLLM, None),
        ("<html>", None),
        (None, None),
    ],
)
def test_how_much_a_server_says_that_its_cache_holds(metrics: str | None, tokens: int | None) -> None:
    assert asked(told_room, metrics=metrics) == tokens
