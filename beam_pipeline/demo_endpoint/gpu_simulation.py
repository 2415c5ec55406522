"""How a GPU server behaves, without the GPU: slots, service times, prefix cache, faults.

Everything random is drawn from a seed made of a request's own content and how often that same
request has come before. So a run can be repeated whatever the order of arrival, and a retry of a
failed request can succeed. With the default `SimulationConfig` nothing is simulated.
"""

import asyncio
import random
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from functools import lru_cache
from math import exp
from typing import Any

from prompts.load import DOCUMENT_CLOSE
from transforms.text import estimate_tokens, stable_hash, stable_seed

BLOCK_TOKENS = 16  # vLLM's block: a prefix is cached in whole blocks
# Blocks are cut by characters, 4 to a token: hashing 64-character slices costs about 20 microseconds a
# request, cutting real tokens with the expression of `estimate_tokens` about 1 millisecond.
BLOCK_CHARS = 4 * BLOCK_TOKENS
REMEMBERED_REQUESTS = 200_000  # attempts are counted for this many distinct requests
_shared_tokens = lru_cache(maxsize=2048)(estimate_tokens)

FAULTS = ("429", "500", "malformed", "truncated", "hang")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationConfig:
    """What to simulate. Each field is a flag of the same name; see `help`. Zero means off."""

    slots: int = field(default=0, metadata={"help": "requests worked on at the same time; more wait in line (0: no limit)"})
    latency_median_s: float = field(default=0.0, metadata={"help": "median service time of a request, log-normal, in seconds"})
    latency_sigma: float = field(default=0.0, metadata={"help": "spread (sigma of the logarithm) of the service time"})
    prefill_tokens_per_s: float = field(default=0.0, metadata={"help": "prompt tokens read per second, one request at a time"})
    decode_tokens_per_s: float = field(default=0.0, metadata={"help": "reply tokens written per second and request, in parallel"})
    cache_tokens: int = field(default=0, metadata={"help": "size of the prefix cache, in tokens; cached tokens need no prefill"})
    output_tokens_median: float = field(default=0.0, metadata={"help": "median reply length, log-normal, in tokens (0: as is)"})
    output_tokens_sigma: float = field(default=0.0, metadata={"help": "spread (sigma of the logarithm) of the reply length"})
    fault_429: float = field(default=0.0, metadata={"help": "share of attempts refused with 429"})
    fault_500: float = field(default=0.0, metadata={"help": "share of attempts that fail with 500"})
    fault_malformed: float = field(default=0.0, metadata={"help": "share of attempts whose reply is not valid JSON"})
    fault_truncated: float = field(default=0.0, metadata={"help": "share of attempts whose reply is cut, finish_reason length"})
    fault_hang: float = field(default=0.0, metadata={"help": "share of attempts that are never answered"})
    retry_after_s: float = field(default=0.0, metadata={"help": "Retry-After sent with a 429, in seconds (0: not sent)"})

    def __post_init__(self) -> None:
        for option in fields(self):
            value = getattr(self, option.name)
            if isinstance(value, int | float) and value < 0:
                raise ValueError(f"{option.name} must not be negative, got {value}")
        if sum(self.fault_shares()) > 1:
            raise ValueError(f"the fault_* shares add up to {sum(self.fault_shares())}; they must not exceed 1")

    def fault_shares(self) -> tuple[float, ...]:
        """Shares of attempts, in the order of `FAULTS`."""
        return tuple(getattr(self, f"fault_{fault}") for fault in FAULTS)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One arrival of a request: `number` counts earlier arrivals of the same content."""

    key: str
    number: int
    fault: str = ""

    def draw(self, purpose: str) -> random.Random:
        """Random numbers for one purpose, the same for this attempt in every run."""
        return random.Random(stable_seed(self.key, str(self.number), purpose))


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a request costs to read: tokens, and how many of them the prefix cache held."""

    tokens: int
    cached_tokens: int


class PrefixCache:
    """Least-recently-used cache of prompt blocks; a block is known by itself and all before it."""

    def __init__(self, tokens: int) -> None:
        self._capacity = tokens // BLOCK_TOKENS
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def read(self, text: str) -> float:
        """Look a prompt up, remember it, and return the share of it (0 to 1) that was there."""
        if not self._capacity or not text:
            return 0.0
        chain, key = [], 0
        for start in range(0, len(text) - BLOCK_CHARS + 1, BLOCK_CHARS):
            key = hash((key, text[start : start + BLOCK_CHARS]))
            chain.append(key)
        hits = next((number for number, key in enumerate(chain) if key not in self._blocks), len(chain))
        # Ends of prompts go first when room is needed, as in vLLM: a block is of no use without those before it.
        for key in reversed(chain[: self._capacity]):
            self._blocks[key] = None
            self._blocks.move_to_end(key)
        while len(self._blocks) > self._capacity:
            self._blocks.popitem(last=False)
        return hits * BLOCK_CHARS / len(text)


class Simulation:
    """The simulated server: admits attempts, takes their time, keeps the figures."""

    def __init__(self, config: SimulationConfig) -> None:
        self.config = config
        self.faults: Counter[str] = Counter()
        self.repeats = 0  # requests whose content had come before
        self._attempts: OrderedDict[str, int] = OrderedDict()
        self._cache = PrefixCache(config.cache_tokens)
        self._free = asyncio.Semaphore(config.slots) if config.slots else None  # first come, first served
        self._active = 0
        self._busy_slot_s = 0.0
        self._changed_at = time.monotonic()
        self._prefill_free_at = 0.0

    def admit(self, messages: Sequence[Mapping[str, Any]]) -> Attempt:
        """Number this arrival of a request and draw whether, and how, it fails."""
        key = stable_hash(*(f"{message.get('role')}\0{message.get('content')}" for message in messages))
        number = self._attempts.pop(key, 0)
        self.repeats += number > 0
        self._attempts[key] = number + 1
        if len(self._attempts) > REMEMBERED_REQUESTS:
            self._attempts.popitem(last=False)
        shares = self.config.fault_shares()
        fault = Attempt(key, number).draw("fault").choices((*FAULTS, ""), (*shares, 1 - sum(shares)))[0]
        self.faults.update([fault] if fault else [])
        return Attempt(key, number, fault)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the slots, waiting in line for it."""
        if self._free:
            await self._free.acquire()
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)
            if self._free:
                self._free.release()

    def read(self, messages: Sequence[Mapping[str, Any]]) -> Prompt:
        """Count the prompt's tokens and look its prefix up in the cache."""
        contents = [str(message.get("content", "")) for message in messages]
        tokens = sum(map(_prompt_tokens, contents))
        cached = int(tokens * self._cache.read("\n".join(contents))) // BLOCK_TOKENS * BLOCK_TOKENS
        return Prompt(tokens, cached)

    def output_tokens(self, attempt: Attempt, real: int, limit: int) -> int:
        """Reply length in tokens: drawn, or the real one; never over the request's limit."""
        drawn = _log_normal(attempt.draw("output"), self.config.output_tokens_median, self.config.output_tokens_sigma)
        return min(max(round(drawn), 1), limit) if drawn else real

    async def serve(self, attempt: Attempt, prompt: Prompt, output_tokens: int) -> None:
        """Take the time that this request costs: service time, then prefill in turn, then decode."""
        config, now = self.config, time.monotonic()
        ends_at = now + _log_normal(attempt.draw("latency"), config.latency_median_s, config.latency_sigma)
        if config.prefill_tokens_per_s:
            # A time table rather than a lock: late timers then do not add up over thousands of prefills.
            self._prefill_free_at = max(ends_at, self._prefill_free_at)
            self._prefill_free_at += (prompt.tokens - prompt.cached_tokens) / config.prefill_tokens_per_s
            ends_at = self._prefill_free_at
        if config.decode_tokens_per_s:
            ends_at += output_tokens / config.decode_tokens_per_s
        if ends_at > now:
            await asyncio.sleep(ends_at - time.monotonic())

    def busy_slot_s(self) -> float:
        """Seconds that slots were held, summed over slots, up to now."""
        self._count(0)
        return self._busy_slot_s

    def _count(self, change: int) -> None:
        now = time.monotonic()
        self._busy_slot_s += self._active * (now - self._changed_at)
        self._changed_at = now
        self._active += change


def _log_normal(draw: random.Random, median: float, sigma: float) -> float:
    return median * exp(sigma * draw.gauss(0.0, 1.0)) if median else 0.0


def _prompt_tokens(content: str) -> int:
    """Estimated tokens of a message; the part that calls for one document share is counted once."""
    document, close, task = content.rpartition(DOCUMENT_CLOSE)
    return _shared_tokens(document + close) + estimate_tokens(task) if close else _shared_tokens(content)
