"""What an endpoint has to read: prompt tokens that its prefix cache did not hold, with one replica and with four."""

import json
import statistics
from pathlib import Path

from tests.benchmarks.corpus import write_documents
from tests.benchmarks.measure import measure, median, pipeline
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
# For the comparison of replicas the client must have CPU left: few slots. And so many documents that neither the
# last stragglers nor the first burst, which is more than a small server's cache holds, are much of the run.
SMALL_SERVER = {**TOKEN_SERVER, "slots": 8, "decode_tokens_per_s": 240.0}
REPLICA_DOCUMENTS = 1200


def prefill(documents: Path, folder: Path, repeat: int) -> None:
    """Print uncached tokens a document, and what four replicas bring."""
    texts = [json.loads(line)["text"] for line in documents.read_text("utf-8").splitlines()]
    own = sum(map(estimate_tokens, texts)) / len(texts)
    runs = [measure("one replica", pipeline(documents, folder / "output"), TOKEN_SERVER) for _ in range(repeat)]
    calls = median(runs, "requests") / len(texts)
    uncached = median(runs, "uncached_per_document")
    print(
        f"\nprefill, {SLOTS} slots, cache of {TOKEN_SERVER['cache_tokens']:,} tokens, {len(texts)} documents, "
        f"{calls:.1f} calls each, medians of {repeat}"
    )
    print(
        f"uncached prompt tokens a document: {uncached:,.0f} = its own text {own:,.0f} + {(uncached - own) / calls:,.0f} a call"
    )
    bound = 1.05 * own + 150 * calls
    print(f"bound of 1.05 x text + 150 a call: {bound:,.0f}    hit rate {median(runs, 'cached_share'):.3f}", flush=True)

    replicas(folder, repeat)


def replicas(folder: Path, repeat: int) -> None:
    """Print documents a second and hit rates with one replica and with four."""
    command = pipeline(write_documents(folder / "replicas.jsonl", REPLICA_DOCUMENTS), folder / "output")
    pairs = [
        (measure("one replica", command, SMALL_SERVER), measure("four replicas", command, SMALL_SERVER, replicas=REPLICAS))
        for _ in range(repeat)
    ]
    one, four = [runs[0] for runs in pairs], [runs[1] for runs in pairs]
    ratio = statistics.median(alone.active_s / together.active_s for alone, together in pairs)
    print(f"\nreplicas of {SMALL_SERVER['slots']} slots, {one[0].documents:,} documents, medians of {repeat}")
    print(f"{median(one, 'active_s'):.1f} s with one, {median(four, 'active_s'):.1f} s with four: ratio {ratio:.2f}", end="    ")
    rates = median(one, "cached_share"), median(four, "cached_share")
    print(f"hit rate {rates[0]:.3f} with one, {rates[1]:.3f} with four", end="    ")
    print(f"replies by replica {', '.join(map(str, four[-1].shares))}", flush=True)
