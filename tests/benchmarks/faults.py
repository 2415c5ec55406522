"""What faults cost: the same documents with and without them; the accepted set must be the same."""

import json
import statistics
from pathlib import Path

from tests.benchmarks.measure import measure, pipeline, server

SLOTS = 64
FAULTS = {"fault_429": 0.05, "fault_500": 0.02, "fault_malformed": 0.03, "fault_truncated": 0.02, "fault_hang": 0.005}
# A hung request is noticed by the clock alone; about three times the longest of these replies.
REQUEST_TIMEOUT_S = 6


def faults(documents: Path, folder: Path, repeat: int) -> None:
    """Print wall times, and whether the accepted ids are the same."""
    command = pipeline(documents, folder / "output", "--request_timeout_s", str(REQUEST_TIMEOUT_S))
    ratios, clean_s, faulty_s, repeats, same, dead = [], [], [], [], True, 0
    for _ in range(repeat):
        clean = measure("clean", command, server(SLOTS))
        expected = _ids(folder / "output")
        faulty = measure("faulty", command, server(SLOTS, **FAULTS))
        same = same and bool(expected) and _ids(folder / "output") == expected
        dead += json.loads((folder / "output" / "summary.json").read_text("utf-8"))["documents"]["dead_lettered"]
        ratios.append(faulty.wall_s / clean.wall_s)
        clean_s.append(clean.wall_s)
        faulty_s.append(faulty.wall_s)
        repeats.append(faulty.repeats / faulty.requests)
    rates = ", ".join(f"{name.removeprefix('fault_')} {share}" for name, share in FAULTS.items())
    print(f"\nfaults per attempt: {rates}; timeout {REQUEST_TIMEOUT_S} s, {SLOTS} slots, medians of {repeat}")
    print(
        f"wall {statistics.median(faulty_s):.1f} s against {statistics.median(clean_s):.1f} s clean: "
        f"ratio {statistics.median(ratios):.2f}    requests that were repeats {statistics.median(repeats):.1%}    "
        f"accepted the same every time: {same} ({len(expected)})    dead letters {dead}",
        flush=True,
    )
    if not same or dead:
        raise SystemExit("faults must change nothing")


def _ids(output: Path) -> set[str]:
    lines = (line for path in output.glob("qa/*.jsonl") for line in path.read_text("utf-8").splitlines())
    return {json.loads(line)["id"] for line in lines}
