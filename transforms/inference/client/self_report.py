"""What a server tells of itself beside the OpenAI routes: how many requests it works on at once, how much its cache holds,
whether it goes on, how large its model is.

llama.cpp has `/props` and `/slots`; vLLM and SGLang, and llama.cpp where it is asked to, count tokens in `/metrics`. Other
servers and gateways answer 404, and then nothing is known.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import orjson

# Gets what is at a path below the server's root; None where there is nothing to be had.
Fetch = Callable[[str], Awaitable[bytes | None]]

_TOKENS = re.compile(
    rb"^(?:vllm|sglang|llamacpp):(?:prompt_tokens|generation_tokens|tokens_predicted)_total\b.* \S+$", re.MULTILINE
)


async def told_slots(fetch: Fetch) -> int | None:
    """How many requests the server works on at once, if it says so."""
    match _json(await fetch("/props")):
        case {"total_slots": int(slots)} if slots > 0:
            return slots
    return None


async def told_room(fetch: Fetch) -> int | None:
    """How many tokens the server's prefix cache holds, if it says so: vLLM in blocks, SGLang in tokens."""
    said = (await fetch("/metrics") or b"").decode("utf-8", "replace")
    if info := _CACHE_INFO.search(said):
        sizes = {name: int(number) for name, number in _CACHE_SIZE.findall(info[0])}
        return sizes.get("block_size", 0) * sizes.get("num_gpu_blocks", 0) or None
    told = _MOST_TOKENS.search(said)
    return int(float(told[1])) or None if told else None


_CACHE_INFO = re.compile(r"^vllm:cache_config_info\{[^}\n]*\}", re.MULTILINE)
_CACHE_SIZE = re.compile(r'\b(block_size|num_gpu_blocks)="(\d+)"')
_MOST_TOKENS = re.compile(r"^sglang:max_total_num_tokens(?:\{[^}\n]*\})? ([\d.e+]+)$", re.MULTILINE)


async def told_progress(fetch: Fetch) -> object:
    """Something that changes while the server works; None where it does not tell, or has nothing to work on."""
    match _json(await fetch("/slots")):
        case [dict(), *_] as slots:
            return [slot for slot in slots if isinstance(slot, dict) and slot.get("is_processing")] or None
    return _TOKENS.findall(await fetch("/metrics") or b"") or None


_SIZE = re.compile(r"(?<![\w.])(?:(\d{1,3})x)?(\d{1,4}(?:\.\d{1,3})?) ?([bm])(?![a-z0-9])", re.IGNORECASE)


def told_parameters(model: str, rows: Iterable[Mapping[str, Any]] = ()) -> float | None:
    """How many parameters a model has, by its row in the list of models (llama.cpp) or by its name; None if neither tells.

    "Qwen2.5-7B-Instruct", "qwen2.5:1.5b", "Mixtral-8x7B", "gemma-3-270m"; of "30B-A3B" the first, which is all of them.
    """
    for row in rows:
        meta = row.get("meta")
        if row.get("id") == model and isinstance(meta, Mapping) and isinstance(count := meta.get("n_params"), int) and count > 0:
            return float(count)
    named = _SIZE.search(model.rpartition("/")[2])
    if not named:
        return None
    return float(named[1] or 1) * float(named[2]) * (1e9 if named[3] in "bB" else 1e6)


def _json(content: bytes | None) -> object:
    try:
        return orjson.loads(content or b"null")
    except orjson.JSONDecodeError:
        return None
