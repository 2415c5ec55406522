"""How busy the pipeline keeps an endpoint, against bare asyncio clients, in one run.

    make bench                                  # 300 documents, 64 slots
    make bench BENCH_ARGS="--slots 16 64 256 --documents 600 --repeat 3"

The endpoint is the embedded one, in a process of its own, simulating a GPU server. Every client gets
a fresh one. "busy" is the share of its slots that were working between its first request and its
last reply, as the server counts it; "ratio" is that of the pipeline over the better bare client's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beam_pipeline.demo_endpoint import DemoEndpoint
from tests.benchmarks.corpus import write_documents

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Measured:
    """One client's run, as the server and the operating system saw it.

    Times in seconds. `wall_s` includes the client's start-up, `active_s` is first request to last
    reply, `cpu_s` the client's CPU time within it.
    """

    name: str
    busy: float
    active_s: float
    wall_s: float
    cpu_s: float
    requests: int
    pairs: int
    peak: int
    cached_share: float

    @property
    def cpu_per_1000(self) -> float:
        return 1000 * self.cpu_s / max(1, self.requests)


def measure(name: str, command: Callable[[str], Sequence[str]], pairs: Callable[[str], int], server: dict[str, Any]) -> Measured:
    """Run one client against a fresh server and take both sides' figures."""
    with DemoEndpoint.start(**server) as endpoint:
        began = time.monotonic()
        process = subprocess.Popen(command(endpoint.url), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        meter = _CpuMeter(process.pid, endpoint)
        output, errors = process.communicate()
        wall = time.monotonic() - began
        meter.join()
        if process.returncode:
            raise SystemExit(f"{name} failed:\n{output}\n{errors}")
        stats = endpoint.stats()
    active = stats["last_reply_at"] - stats["first_request_at"]
    return Measured(
        name=name,
        busy=stats["busy_slot_s"] / (server["slots"] * active),
        active_s=active,
        wall_s=wall,
        cpu_s=meter.active_cpu_s,
        requests=stats["requests"],
        pairs=pairs(output),
        peak=stats["peak_in_flight"],
        cached_share=stats["cached_tokens"] / max(1, stats["prompt_tokens"]),
    )


class _CpuMeter(threading.Thread):
    """Samples a process's CPU time from the server's first request on."""

    INTERVAL_S = 0.25

    def __init__(self, pid: int, endpoint: DemoEndpoint) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._endpoint = endpoint
        self._first: float | None = None
        self._last = 0.0
        self.start()

    @property
    def active_cpu_s(self) -> float:
        return self._last - (self._first or 0.0)

    def run(self) -> None:
        requests = 0
        while True:
            cpu = self._cpu()
            if cpu is None:
                return
            served = self._endpoint.stats()["replies"]
            if served and self._first is None:
                self._first = cpu
            if served != requests:
                requests, self._last = served, cpu
            time.sleep(self.INTERVAL_S)

    def _cpu(self) -> float | None:
        try:
            fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        if fields[0] == "Z":
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(documents: Path, slots: int, options: argparse.Namespace, folder: Path) -> list[Measured]:
    """The pipeline and two bare clients, one after the other."""
    server = {
        "slots": slots,
        "latency_median_s": options.latency_median_s or (0.4 if slots < 200 else 1.5),
        "latency_sigma": options.latency_sigma,
        "cache_tokens": options.cache_tokens,
    }
    output = folder / "output"

    def pipeline(url: str) -> list[str]:
        command = [sys.executable, "-m", "beam_pipeline", "--input", str(documents), "--output", str(output), "--overwrite"]
        return [*command, "--endpoint", url, "--progress", "off", "--near_duplicates", "0"]

    def bare(in_flight: int) -> Callable[[str], list[str]]:
        return lambda url: [
            *(sys.executable, "-m", "tests.benchmarks.bare_client", "--endpoint", url, "--input", str(documents)),
            *("--documents_in_flight", str(in_flight)),
        ]

    def pairs(_: str) -> int:
        return int(json.loads((output / "summary.json").read_text())["pairs"])

    def accepted(printed: str) -> int:
        return int(json.loads(printed)["accepted"])

    return [
        measure("pipeline", pipeline, pairs, server),
        measure("bare, all documents at once", bare(0), accepted, server),
        measure("bare, 1.5 documents a slot", bare(max(1, slots * 3 // 2)), accepted, server),
    ]


def report(slots: int, runs: list[list[Measured]]) -> float:
    """Print the medians of all repeats; returns the pipeline's ratio to the better bare client."""
    print(f"\n{slots} slots, {len(runs)} run(s), medians")
    print(
        f"{'':30}{'busy':>8}{'active s':>10}{'wall s':>8}{'requests':>10}{'pairs':>8}{'peak':>6}{'cached':>8}{'CPU s/1000':>12}"
    )
    for rows in zip(*runs, strict=True):
        median = {key: statistics.median(getattr(row, key) for row in rows) for key in FIGURES}
        print(
            f"{rows[0].name:30}{median['busy']:>8.3f}{median['active_s']:>10.1f}{median['wall_s']:>8.1f}{median['requests']:>10.0f}"
            f"{median['pairs']:>8.0f}{median['peak']:>6.0f}{median['cached_share']:>8.1%}{median['cpu_per_1000']:>12.2f}"
        )
    ratio = statistics.median(rows[0].busy / max(row.busy for row in rows[1:]) for rows in runs)
    wall = statistics.median(min(row.active_s for row in rows[1:]) / rows[0].wall_s for rows in runs)
    print(f"ratio, first request to last: {ratio:.3f}    with the pipeline's start-up counted: {wall:.3f}", flush=True)
    return ratio


FIGURES = ("busy", "active_s", "wall_s", "requests", "pairs", "peak", "cached_share", "cpu_per_1000")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, nargs="+", default=[64])
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--latency_median_s", type=float, default=0.0, help="default: 0.4, and 1.5 from 200 slots on")
    parser.add_argument("--latency_sigma", type=float, default=0.6)
    parser.add_argument("--cache_tokens", type=int, default=400_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        documents = write_documents(Path(folder) / "documents.jsonl", options.documents)
        for slots in options.slots:
            runs = [compare(documents, slots, options, Path(folder)) for _ in range(options.repeat)]
            report(slots, runs)


if __name__ == "__main__":
    main()
