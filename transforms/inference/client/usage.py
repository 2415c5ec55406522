"""What a reply cost in tokens, in the forms in which servers write it. What is no count is not known, and counts as 0."""

import math
from collections.abc import Mapping
from typing import Any

# No request has more tokens; counters of a run add up in 64 bits.
MOST_TOKENS = 10**9
# Other names for the same three figures, first of those that are there.
_PROMPT = ("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_eval_count")
_COMPLETION = ("completion_tokens", "output_tokens", "candidatesTokenCount", "eval_count")
_DETAILS = ("prompt_tokens_details", "input_tokens_details")
# DeepSeek, Moonshot, Anthropic, Gemini.
_CACHED = ("prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens", "cachedContentTokenCount")

Tokens = tuple[int, int, int]
"""Of the prompt, of it in a cache, and of the reply with its thoughts."""


def read_usage(usage: Any) -> Tokens:
    """The tokens of a reply. Never raises.

    Thoughts that are billed beside the reply (Gemini, xAI) show in the total alone; they are paid as what was written.
    """
    usage = _mapping(usage)
    prompt, completion = _first(usage, _PROMPT), _first(usage, _COMPLETION)
    details = next((details for name in _DETAILS if (details := _mapping(usage.get(name)))), {})
    cached = max(_first(details, ("cached_tokens",)), _first(usage, _CACHED))
    if "cache_read_input_tokens" in usage and "prompt_tokens" not in usage:
        prompt += cached + read_count(usage.get("cache_creation_input_tokens"))  # Anthropic counts only the rest as input
    apart = read_count(usage.get("total_tokens")) - prompt - completion
    if prompt and completion and apart > 0:
        completion += apart
    return prompt, min(cached, prompt), completion


def read_count(value: Any) -> int:
    """A count of tokens as a number or as text ("1,204"); 0 for anything else, and for what no request has."""
    if isinstance(value, str):
        try:
            value = float(value.replace(",", "").replace("_", "")) if len(value) < 32 else None
        except ValueError:
            return 0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) else 0
    return value if 0 <= value <= MOST_TOKENS else 0


def _first(usage: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return next((count for name in names if (count := read_count(usage.get(name)))), 0)


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, list):  # one entry for each choice, or each step
        value = value[0] if value else None
    return value if isinstance(value, Mapping) else {}
