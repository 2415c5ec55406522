"""The pipeline beside bare clients, over lengths of documents, sizes of the prefix cache and numbers of slots.

The server works by tokens: it reads one prompt after the other, and writes replies side by side. The bare clients make the same
calls with the same prompts and hold so many documents in flight for each slot; the best of them is what the pipeline is
compared with. `simulate` does the same with the scheduler alone and in simulated time: every cell in minutes.
"""

import random
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.corpus import write_documents
from tests.benchmarks.measure import Measured, client, measure, median, pipeline
from tests.benchmarks.prefill import TOKEN_SERVER
from tests.benchmarks.simulated_time import TASKS, Load, bare, scheduled

TOKENS = (350, 700, 2_500, 8_000)
CACHES = (100_000, 150_000, 400_000)
SLOTS = (4, 16, 64, 256)
CAPS = (0.5, 1.0, 1.5, 2.0)
# Shorter than this a run is mostly its beginning and its end.
DOCUMENTS_A_SLOT = 10
SPREAD = 0.4  # sigma of the logarithm of lengths
SEED = 20_260_101
READS_TOKENS_PER_S, WRITES_TOKENS_PER_S = 20_000.0, 60.0
WORDS_A_TOKEN = 0.75

# A model of 1.5 billion parameters on two cores, as llama.cpp serves it.
LAPTOP_SLOTS, LAPTOP_CACHE, LAPTOP_READS, LAPTOP_WRITES = 4, 32_768, 60.0, 15.0
LAPTOP_CONCURRENCY = (2, 4, 8)

Cell = tuple[int, int, int]  # mean tokens of a document, tokens that the cache holds, slots


def matrix(folder: Path, cells: Iterable[Cell], documents: int, repeat: int, caps: Sequence[float] = CAPS) -> None:
    """Print documents a second and uncached tokens a document of each client in each cell, medians of `repeat` runs."""
    for tokens, cache, slots in cells:
        count = documents or DOCUMENTS_A_SLOT * slots
        path = write_documents(folder / f"documents-{tokens}.jsonl", count, round(tokens * WORDS_A_TOKEN))
        simulated = _server(slots, cache)
        commands = {
            f"bare {cap:g}": client("bare_client", path, "--documents_in_flight", str(round(cap * slots))) for cap in caps
        }
        commands["pipeline"] = pipeline(path, folder / "output", "--max_document_tokens", "100000")
        runs = {name: [measure(name, command, simulated) for _ in range(repeat)] for name, command in commands.items()}
        own = runs.pop("pipeline")
        best = max(runs.values(), key=_rate)
        calls = median(own, "requests") / median(best, "requests")
        print(
            f"{count} documents of {tokens:,} tokens, cache {cache:,}, {slots} slots: "
            + "  ".join(f"{name} {_rate(rows):.2f}/s {median(rows, 'uncached_per_document'):,.0f}" for name, rows in runs.items())
            + f"  pipeline {_rate(own):.2f}/s {median(own, 'uncached_per_document'):,.0f}"
            + f"  ratio {_rate(own) / _rate(best):.3f}, by calls {calls * _rate(own) / _rate(best):.3f}",
            flush=True,
        )


def _server(slots: int, cache: int) -> dict[str, Any]:
    return {
        **TOKEN_SERVER,
        "slots": slots,
        "cache_tokens": cache,
        "prefill_tokens_per_s": READS_TOKENS_PER_S,
        "decode_tokens_per_s": WRITES_TOKENS_PER_S,
        "output_tokens_median": 60.0,
    }


def _rate(runs: Sequence[Measured]) -> float:
    return statistics.median(run.documents / run.active_s for run in runs)


def lengths(count: int, tokens: int) -> list[int]:
    """Tokens of so many documents; of 0 as the mean, a mix of all."""
    rng = random.Random(SEED)
    means = [tokens] if tokens else list(TOKENS)
    return [max(64, round(rng.choice(means) * rng.lognormvariate(-SPREAD * SPREAD / 2, SPREAD))) for _ in range(count)]


def simulate(cells: Iterable[Cell]) -> None:
    """Print the same of the scheduler alone, in simulated time."""
    calls = 2 + 2 * TASKS
    titles = "tokens cache slots bare/s uncached wait_s ours/s uncached wait_s bound ratio middle".split()
    print("".join(f"{title:>10}" for title in titles))
    for tokens, cache, slots in cells:
        began = time.process_time()
        documents = lengths(DOCUMENTS_A_SLOT * slots, tokens)
        load = Load(documents, slots, cache, 1, READS_TOKENS_PER_S, WRITES_TOKENS_PER_S)
        best = max((bare(load, cap) for cap in CAPS), key=lambda outcome: outcome.rate)
        own = scheduled(load)
        bound = 1.05 * statistics.fmean(documents) + 150 * calls
        print(
            f"{tokens or 'mix':>10}{cache:>10,}{slots:>10}{best.rate:>10.2f}{best.uncached:>10,.0f}{best.first_token_s:>10.2f}"
            f"{own.rate:>10.2f}{own.uncached:>10,.0f}{own.first_token_s:>10.2f}{bound:>10,.0f}"
            f"{own.rate / best.rate:>10.3f}{own.middle_rate / best.middle_rate:>10.3f}   {time.process_time() - began:.0f} s",
            flush=True,
        )


def simulate_pool(replicas: int, slots: int, tokens: int, cache: int) -> None:
    """Print how much a pool of replicas does to one of them, in simulated time, from one process and with one scheduler."""
    documents = lengths(3 * slots * replicas, tokens)
    one = scheduled(Load(documents[: 3 * slots], slots, cache, 1, READS_TOKENS_PER_S, WRITES_TOKENS_PER_S))
    pool = scheduled(Load(documents, slots, cache, replicas, READS_TOKENS_PER_S, WRITES_TOKENS_PER_S))
    print(
        f"{replicas} replicas of {slots} slots, {len(documents):,} documents of {tokens} tokens: {pool.rate:.1f} documents/s, "
        f"{pool.rate / (replicas * one.rate):.2f} of {replicas} times one; "
        f"slots busy {pool.busy_slot_s / pool.seconds / slots / replicas:.2f}; "
        f"uncached {pool.uncached:,.0f} and {one.uncached:,.0f}",
        flush=True,
    )


def simulate_laptop(documents: int, tokens: Sequence[int] = (500, 1_500)) -> None:
    """Print how long a few documents take on a slow server that tells its slots, left alone and with `--concurrency`."""
    for mean in tokens:
        load = Load(lengths(documents, mean), LAPTOP_SLOTS, LAPTOP_CACHE, 1, LAPTOP_READS, LAPTOP_WRITES)
        own = scheduled(load, told=LAPTOP_SLOTS)
        runs = {most: scheduled(load, most, LAPTOP_SLOTS) for most in LAPTOP_CONCURRENCY}
        print(
            f"{documents} documents of {mean} tokens, {LAPTOP_SLOTS} slots, {LAPTOP_READS:.0f} and {LAPTOP_WRITES:.0f} tokens/s: "
            f"{own.seconds:,.0f} s, {own.uncached:,.0f} uncached tokens a document; "
            + ", ".join(f"--concurrency {most} {run.seconds:,.0f} s" for most, run in runs.items())
            + f"; {own.seconds / min(run.seconds for run in runs.values()):.2f} of the best of them",
            flush=True,
        )
