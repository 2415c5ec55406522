"""What a server tells of itself beside the OpenAI routes: how many requests it works on at once, and whether it goes on.

llama.cpp has `/props` and `/slots`; vLLM and SGLang, and llama.cpp where it is asked to, count tokens in `/metrics`. Other
servers and gateways answer 404, and then nothing is known.
"""

import re
from collections.abc import Awaitable, Callable

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


async def told_progress(fetch: Fetch) -> object:
    """Something that changes while the server works; None where it does not tell, or has nothing to work on."""
    match _json(await fetch("/slots")):
        case [dict(), *_] as slots:
            return [slot for slot in slots if isinstance(slot, dict) and slot.get("is_processing")] or None
    return _TOKENS.findall(await fetch("/metrics") or b"") or None


def _json(content: bytes | None) -> object:
    try:
        return orjson.loads(content or b"null")
    except orjson.JSONDecodeError:
        return None
