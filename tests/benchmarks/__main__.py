"""The benchmarks.

    make bench                                            # saturation at 64 slots, 300 documents
    make bench BENCH_ARGS="all --slots 16 64 256 --documents 600 --repeat 3 --run_inference"

Sections: saturation, prefill, faults, memory, throughput, shuffle. Throughput needs no endpoint: it is what the rules cost on
one core. Shuffle counts the bytes that enter each grouping.

Not among "all": matrix (documents of all lengths, in real time: hours, or --cells and --caps), simulate (the same cells with the
scheduler alone, in simulated time), pool and laptop (64 replicas, and a server of 60 tokens a second, so too). And only with
what `make engines` fetches: engines (saturation on Prism and Flink), streams (saturation of streams that have fallen behind;
without engines those of one process), task_managers (what a second one brings), lost_worker (what losing one costs).

The endpoint is the embedded one in a process of its own, simulating a GPU server; every client gets a fresh
one. "busy" is the share of its slots that worked between its first request and its last reply, as the server
counts it.
"""

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.corpus import write_documents
from tests.benchmarks.engines import engines, lost_worker, task_managers
from tests.benchmarks.faults import faults
from tests.benchmarks.matrix import CACHES, CAPS, SLOTS, TOKENS, matrix, simulate, simulate_laptop, simulate_pool
from tests.benchmarks.memory import memory
from tests.benchmarks.prefill import prefill
from tests.benchmarks.saturation import saturation
from tests.benchmarks.shuffle import shuffle
from tests.benchmarks.streams import streams
from tests.benchmarks.throughput import throughput

ALL = ("saturation", "prefill", "faults", "memory", "throughput", "shuffle")
SECTIONS = (*ALL, "matrix", "simulate", "pool", "laptop", "engines", "streams", "task_managers", "lost_worker")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", default=["saturation"], help=f"all, or some of {', '.join(SECTIONS)}")
    parser.add_argument("--slots", type=int, nargs="+", default=[64])
    parser.add_argument("--documents", type=int, default=300, help="300; of matrix, 0 is ten a slot")
    parser.add_argument("--input", type=Path, help="shuffle: JSONL to read in place of the made documents")
    parser.add_argument("--memory_documents", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--run_inference", action="store_true", help="also measure Beam's RunInference, once (slow)")
    parser.add_argument(
        "--cells", nargs="+", default=[], metavar="TOKENS/CACHE/SLOTS", help="of matrix and simulate (all of them)"
    )
    parser.add_argument("--caps", type=float, nargs="+", default=CAPS, help="documents a slot of the bare clients of matrix")
    options = parser.parse_args()
    every = [(tokens, cache, slots) for tokens in (*TOKENS, 0) for cache in CACHES for slots in SLOTS]
    cells = [
        (int(tokens), int(cache), int(slots)) for tokens, cache, slots in (cell.split("/") for cell in options.cells)
    ] or every
    sections = ALL if "all" in options.sections else tuple(options.sections)
    if unknown := set(sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        documents = write_documents(folder / "documents.jsonl", options.documents)
        for section in sections:
            if section == "saturation":
                for slots in options.slots:
                    saturation(documents, folder, slots, options.repeat, options.run_inference)
            elif section == "prefill":
                prefill(documents, folder, options.repeat)
            elif section == "faults":
                faults(documents, folder, options.repeat)
            elif section == "memory":
                memory(folder, options.memory_documents)
            elif section == "shuffle":
                shuffle(options.input or documents, folder)
            elif section == "matrix":
                matrix(folder, [cell for cell in cells if cell[0]], options.documents, options.repeat, options.caps)
            elif section == "simulate":
                simulate(cells)
            elif section == "pool":
                simulate_pool(replicas=64, slots=64, tokens=700, cache=400_000)
            elif section == "laptop":
                simulate_laptop(20)
            elif section == "engines":
                engines(documents, folder, options.repeat)
            elif section == "streams":
                streams(documents, folder, options.repeat)
            elif section == "task_managers":
                task_managers(documents, folder, options.repeat)
            elif section == "lost_worker":
                lost_worker(documents, folder)
            else:
                throughput(options.repeat)


if __name__ == "__main__":
    main()
