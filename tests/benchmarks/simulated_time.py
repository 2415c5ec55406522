"""The scheduler against simulated servers in simulated time: thousands of slots on one core, the same every time.

Router, limiter and admission are those of a run; the servers are those of the embedded endpoint's simulation. Only the clock
is another one: where all wait, it goes to the next moment at which something happens. So neither this machine's speed nor
what else it does has any part in the figures.
"""

import asyncio
import random
import selectors
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from beam_pipeline.demo_endpoint.gpu_simulation import BLOCK_CHARS, BLOCK_TOKENS, Simulation, SimulationConfig
from transforms.inference.client.chat import Completion, Request
from transforms.inference.config import ModelConfig
from transforms.inference.runtime import replica_of
from transforms.inference.scheduling.retries import Attempt, Figures
from transforms.inference.scheduling.router import Router

# Tokens of a call besides the document: the instructions, which all calls share, and what stands behind it.
INSTRUCTIONS = 1_300
# Rank; tokens behind the document that the calls of a stage share, and each call's own; median of tokens written.
STAGES = {
    "filter": (0, 60, 0, 20.0),
    "classify": (1, 170, 0, 120.0),
    "synthesize": (2, 220, 60, 110.0),
    "verify": (3, 60, 50, 85.0),
}
TASKS = 3
OUTPUT_SIGMA = 0.5
BACKLOG = 512  # documents of which the first stage of a process asks at once


@dataclass(frozen=True)
class Load:
    """What is to be done, and by which servers."""

    documents: Sequence[int]
    """Tokens of each."""
    slots: int
    cache_tokens: int = 400_000
    replicas: int = 1
    prefill_tokens_per_s: float = 20_000.0
    decode_tokens_per_s: float = 60.0
    latency_median_s: float = 0.0
    """Of a server whose replies take as long whatever their length (sigma 0.6)."""


@dataclass
class Outcome:
    """What one client did with a load."""

    seconds: float = 0.0
    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    busy_slot_s: float = 0.0
    documents: int = 0
    ended_at: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)  # of each call, until its first token

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / self.seconds

    @property
    def middle_rate(self) -> float:
        """The same without the first and the last tenth of the documents: neither beginning nor tail."""
        edge = len(self.ended_at) // 10
        first, last = self.ended_at[edge], self.ended_at[-edge - 1]
        return (len(self.ended_at) - 2 * edge - 1) / (last - first)

    @property
    def first_token_s(self) -> float:
        """Median seconds from a call to the first token of its reply."""
        return statistics.median(self.waits_s)

    @property
    def uncached(self) -> float:
        """Prompt tokens a document that no cache held."""
        return (self.prompt_tokens - self.cached_tokens) / self.documents


class _Clock(asyncio.SelectorEventLoop):
    """An event loop whose time goes on only where nothing is ready, and then at once to the next timer."""

    def __init__(self) -> None:
        self.now = 1_000.0
        super().__init__(_NoWait(self))

    def time(self) -> float:
        return self.now


class _NoWait(selectors.SelectSelector):
    def __init__(self, clock: _Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "nothing is left that could happen"
        self._clock.now += max(0.0, timeout)
        return []


class Server:
    """One simulated server behind a URL; also stands for the endpoint that the router knows."""

    def __init__(self, url: str, load: Load) -> None:
        self.url = url
        self.simulation = Simulation(
            SimulationConfig(
                slots=load.slots,
                prefill_tokens_per_s=load.prefill_tokens_per_s,
                decode_tokens_per_s=load.decode_tokens_per_s,
                cache_tokens=load.cache_tokens,
                latency_median_s=load.latency_median_s,
                latency_sigma=0.6,
            )
        )

    async def answer(self, stage: str, document: int, tokens: int, number: int, outcome: Outcome) -> Completion:
        _, shared, own, median = STAGES[stage]
        behind = stage.ljust(4 * shared) + str(number).ljust(4 * own)
        prompt = [{"content": "s" * (4 * INSTRUCTIONS)}, {"content": _text(document, tokens) + behind}]
        attempt = self.simulation.admit([{"role": "user", "content": f"{stage} {document} {number}"}])
        written = round(median * random.Random(f"{stage} {document} {number}").lognormvariate(0.0, OUTPUT_SIGMA))
        sent = time.monotonic()
        async with self.simulation.slot():
            read = self.simulation.read(prompt)
            await self.simulation.serve(attempt, read, written)
        decode = self.simulation.config.decode_tokens_per_s
        outcome.waits_s.append(time.monotonic() - sent - (written / decode if decode else 0.0))
        outcome.calls += 1
        outcome.prompt_tokens += read.tokens
        outcome.cached_tokens += read.cached_tokens
        return Completion("{}", read.tokens, read.cached_tokens, written)

    async def slots(self, api_key: str = "") -> int | None:
        return None

    async def close(self) -> None:
        pass


def _text(document: int, tokens: int) -> str:
    """A document of so many tokens, as the simulation counts them, that begins like no other."""
    block = f"d{document:0>{BLOCK_CHARS - 1}}"
    return block * max(1, tokens // BLOCK_TOKENS)


Ask = Callable[[str, int, int, int], Awaitable[Completion]]


async def _chain(ask: Ask, document: int, tokens: int) -> None:
    """All calls of a document, each as soon as the one before it is answered."""
    await ask("filter", document, tokens, 0)
    await ask("classify", document, tokens, 0)

    async def task(number: int) -> None:
        await ask("synthesize", document, tokens, number)
        await ask("verify", document, tokens, number)

    await asyncio.gather(*(task(number) for number in range(TASKS)))


async def _all(ask: Ask, load: Load, outcome: Outcome, at_once: int) -> None:
    """All documents, so many at once; 0 is all."""
    gate: Any = asyncio.Semaphore(at_once) if at_once else nullcontext()
    began = time.monotonic()

    async def one(document: int, tokens: int) -> None:
        async with gate:
            await _chain(ask, document, tokens)
            outcome.ended_at.append(time.monotonic())

    await asyncio.gather(*(one(number, tokens) for number, tokens in enumerate(load.documents)))
    outcome.seconds = time.monotonic() - began
    outcome.documents = len(load.documents)


def bare(load: Load, documents_a_slot: float) -> Outcome:
    """A client without a scheduler, which has so many documents in flight for each slot; 0 is all."""
    assert load.replicas == 1

    async def run() -> Outcome:
        outcome, server = Outcome(), Server("http://a/v1", load)

        async def ask(stage: str, document: int, tokens: int, number: int) -> Completion:
            return await server.answer(stage, document, tokens, number, outcome)

        await _all(ask, load, outcome, round(documents_a_slot * load.slots))
        outcome.busy_slot_s = server.simulation.busy_slot_s()
        return outcome

    return _in_simulated_time(run)


@dataclass(frozen=True)
class _Call:
    """A question of the simulation, as an `Attempt` asks it."""

    request: Request
    stage_rank: int
    send: Callable[[Any], Awaitable[Completion]]

    def ask(self, endpoint: Any, temperature: float | None, max_tokens: int | None) -> Awaitable[Completion]:
        return self.send(endpoint)

    def read(self, paid: Completion) -> Completion:
        return paid


def scheduled(load: Load, concurrency: int = 0, told: int | None = None) -> Outcome:
    """The scheduler of a run, with every option left alone; or with `--concurrency`. `told` is what the servers say of slots."""

    async def run() -> Outcome:
        outcome, router, figures = Outcome(), Router(), Figures()
        servers = {f"http://{number}/v1": Server(f"http://{number}/v1", load) for number in range(load.replicas)}
        config = ModelConfig(tuple(servers), "m", concurrency=concurrency)
        for url, server in servers.items():
            router.replicas[url] = replica_of(server, config)  # type: ignore[arg-type]
            router.replicas[url].told(told)
        backlog = asyncio.Semaphore(BACKLOG)

        async def ask(stage: str, document: int, tokens: int, number: int) -> Completion:
            rank, shared, own, _ = STAGES[stage]
            messages = [{"role": "system", "content": "s" * (4 * INSTRUCTIONS)}]
            messages += [{"role": "user", "content": "x" * (4 * (tokens + shared + own))}]
            request = Request(stage, f"d{document}", messages, None, config, "", 4 * tokens)
            call = _Call(request, rank, lambda server: server.answer(stage, document, tokens, number, outcome))
            async with backlog if stage == "filter" else nullcontext():
                answer = await Attempt(call, router, figures).run()  # type: ignore[arg-type]
            if answer.error:
                raise answer.error
            return answer.reply  # type: ignore[no-any-return]

        await _all(ask, load, outcome, 0)
        outcome.busy_slot_s = sum(server.simulation.busy_slot_s() for server in servers.values())
        return outcome

    return _in_simulated_time(run)


def _in_simulated_time(run: Callable[[], Awaitable[Outcome]]) -> Outcome:
    clock = _Clock()
    try:
        with patch("time.monotonic", clock.time):
            return clock.run_until_complete(run())
    finally:
        clock.close()
