"""What faults cost: the same documents with and without them; the accepted set must be the same."""

import json
from pathlib import Path

from tests.benchmarks.measure import measure, pipeline, server

SLOTS = 64
FAULTS = {"fault_429": 0.05, "fault_500": 0.02, "fault_malformed": 0.03, "fault_truncated": 0.02, "fault_hang": 0.005}
# A hung request is noticed by the clock alone; about three times the longest of these replies.
REQUEST_TIMEOUT_S = 6


def faults(documents: Path, folder: Path) -> None:
    """Print wall times, and whether the accepted ids are the same."""
    command = pipeline(documents, folder / "output", "--request_timeout_s", str(REQUEST_TIMEOUT_S))
    clean = measure("clean", command, server(SLOTS))
    expected = _ids(folder / "output")
    faulty = measure("faulty", command, server(SLOTS, **FAULTS))
    found = _ids(folder / "output")
    summary = json.loads((folder / "output" / "summary.json").read_text("utf-8"))
    rates = ", ".join(f"{name.removeprefix('fault_')} {share}" for name, share in FAULTS.items())
    print(f"\nfaults per attempt: {rates}; timeout {REQUEST_TIMEOUT_S} s")
    print(
        f"wall {faulty.wall_s:.1f} s against {clean.wall_s:.1f} s clean: ratio {faulty.wall_s / clean.wall_s:.2f}    "
        f"accepted the same: {found == expected} ({len(found)})    dead letters {summary['documents']['dead_lettered']}",
        flush=True,
    )


def _ids(output: Path) -> set[str]:
    lines = (line for path in output.glob("qa/*.jsonl") for line in path.read_text("utf-8").splitlines())
    return {json.loads(line)["id"] for line in lines}
