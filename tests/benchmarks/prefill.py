"""What an endpoint has to read: prompt tokens that its prefix cache did not hold, with one replica and with four."""

import json
from pathlib import Path

from tests.benchmarks.measure import measure, pipeline
from transforms.text import estimate_tokens

SLOTS = 64
REPLICAS = 4
# A server that works by tokens: one prefill at a time, a decode speed for each sequence.
TOKEN_SERVER = {
    "slots": SLOTS,
    "prefill_tokens_per_s": 60_000.0,
    "decode_tokens_per_s": 60.0,
    "output_tokens_median": 40.0,
    "output_tokens_sigma": 0.5,
    "cache_tokens": 400_000,
}
# For the comparison of replicas the client must have CPU left: few slots, and fewer documents.
SMALL_SERVER = {**TOKEN_SERVER, "slots": 8}
FEWER = 200


def prefill(documents: Path, folder: Path) -> None:
    """Print uncached tokens a document, and what four replicas bring."""
    texts = [json.loads(line)["text"] for line in documents.read_text("utf-8").splitlines()]
    own = sum(map(estimate_tokens, texts)) / len(texts)
    run = measure("one replica", pipeline(documents, folder / "output"), TOKEN_SERVER)
    summary = json.loads((folder / "output" / "summary.json").read_text("utf-8"))
    asked = summary["tokens"]["filter"]["calls"]
    calls = run.requests / asked
    uncached = run.uncached_tokens / asked
    bound = 1.05 * own + 150 * calls
    print(
        f"\nprefill, {SLOTS} slots, cache of {TOKEN_SERVER['cache_tokens']:,} tokens, {asked} documents, {calls:.1f} calls each"
    )
    print(
        f"uncached prompt tokens a document: {uncached:,.0f} = its own text {own:,.0f} + {(uncached - own) / calls:,.0f} a call"
    )
    print(f"bound of 1.05 x text + 150 a call: {bound:,.0f}    hit rate {run.cached_share:.3f}", flush=True)

    replicas(documents, folder)


def replicas(documents: Path, folder: Path) -> None:
    """Print documents a second and hit rates with one replica and with four."""
    fewer = folder / "fewer.jsonl"
    fewer.write_text("".join(documents.read_text("utf-8").splitlines(keepends=True)[:FEWER]), "utf-8")
    command = pipeline(fewer, folder / "output")
    one = measure("one replica", command, SMALL_SERVER)
    four = measure("four replicas", command, SMALL_SERVER, replicas=REPLICAS)
    print(f"\nreplicas of {SMALL_SERVER['slots']} slots, {FEWER} documents")
    print(f"{one.active_s:.1f} s with one, {four.active_s:.1f} s with four: ratio {one.active_s / four.active_s:.2f}", end="    ")
    print(f"hit rate {one.cached_share:.3f} with one, {four.cached_share:.3f} with four", end="    ")
    print(f"replies by replica {', '.join(map(str, four.shares))}", flush=True)
