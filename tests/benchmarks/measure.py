"""Running a client against a fresh simulated server, and taking both sides' figures."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import STOPPED
from tests.places import ROOT

# 2 cores serve client and server alike, so a reply takes long enough for the client not to be what
# is measured: at 256 slots a median of 1.5 s means some 140 calls a second, at 64 slots 0.4 s as many,
# at 16 slots 0.2 s half of that.
LATENCY_MEDIAN_S = {16: 0.2, 64: 0.4, 256: 1.5}
LATENCY_SIGMA = 0.6
CACHE_TOKENS = 400_000

Command = Callable[[list[str]], Sequence[str]]


@dataclass(frozen=True)
class Measured:
    """One client's run, as the servers and the operating system saw it.

    Times in seconds. `wall_s` includes the client's start-up, `active_s` is first request to last
    reply, `cpu_s` the client's CPU time within it; `busy` the share of slots at work in it.
    """

    name: str
    documents: int
    busy: float
    active_s: float
    wall_s: float
    cpu_s: float
    requests: int
    repeats: int
    pairs: int
    peak: int
    prompt_tokens: int
    cached_tokens: int
    shares: tuple[int, ...]

    @property
    def cpu_per_1000(self) -> float:
        return 1000 * self.cpu_s / max(1, self.requests)

    @property
    def cached_share(self) -> float:
        return self.cached_tokens / max(1, self.prompt_tokens)

    @property
    def uncached_per_document(self) -> float:
        """Prompt tokens that the prefix cache did not hold; every document is asked about."""
        return self.uncached_tokens / self.documents

    @property
    def uncached_tokens(self) -> int:
        return self.prompt_tokens - self.cached_tokens


def server(slots: int, **more: Any) -> dict[str, Any]:
    """Settings of a simulated server with log-normal replies and a prefix cache."""
    median = LATENCY_MEDIAN_S.get(slots, 0.4 if slots < 200 else 1.5)
    return {
        "slots": slots,
        "latency_median_s": median,
        "latency_sigma": LATENCY_SIGMA,
        "cache_tokens": CACHE_TOKENS,
        **more,
    }


def pipeline(documents: Path, output: Path, *more: str) -> Command:
    """The pipeline's command line; near duplicates stay in, so that all clients have the same work."""
    return any_pipeline(output, "--input", str(documents), *more)


def any_pipeline(output: Path, *more: str) -> Command:
    """The same, whatever it reads."""
    command = [sys.executable, "-W", "ignore", "-m", "beam_pipeline", "--output", str(output)]
    command += ["--overwrite", "--delete_journal", "--near_duplicates", "0", "--report", "false", *more]
    return lambda urls: [*command, *(argument for url in urls for argument in ("--endpoint", url))]


def client(module: str, documents: Path, *more: str) -> Command:
    """A client of the benchmarks' own."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", "--input", str(documents), *more]
    return lambda urls: [*command, "--endpoint", urls[0]]


def measure(
    name: str,
    command: Command,
    settings: dict[str, Any],
    replicas: int = 1,
    done: Callable[[], bool] | None = None,
    documents: int = 0,
) -> Measured:
    """Run one client against fresh servers. A client prints its result as JSON, the pipeline leaves a summary.

    What never ends by itself is told to when it is `done`. `documents` are how many there are where no file says so.
    """
    endpoints = [DemoEndpoint.start(**settings) for _ in range(replicas)]
    try:
        arguments = list(command([endpoint.url for endpoint in endpoints]))
        began = time.monotonic()
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        meter = _CpuMeter(process.pid, endpoints[0])
        if done is not None:
            while not done() and process.poll() is None:
                time.sleep(_CpuMeter.INTERVAL_S)
            process.terminate()
        output, errors = process.communicate()
        wall = time.monotonic() - began
        meter.join()
        if process.returncode != (0 if done is None else STOPPED):
            raise SystemExit(f"{name} failed:\n{output}\n{errors}")
        stats = [endpoint.stats() for endpoint in endpoints]
    finally:
        for endpoint in endpoints:
            endpoint.stop()
    active = max(row["last_reply_at"] for row in stats) - min(row["first_request_at"] for row in stats)

    def total(figure: str) -> Any:
        return sum(row[figure] for row in stats)

    return Measured(
        name=name,
        documents=documents or _documents(arguments),
        busy=total("busy_slot_s") / (settings["slots"] * replicas * active) if settings.get("slots") else 0.0,
        active_s=active,
        wall_s=wall,
        cpu_s=meter.active_cpu_s,
        requests=total("requests"),
        repeats=total("repeats"),
        pairs=_pairs(arguments, output),
        peak=total("peak_in_flight"),
        prompt_tokens=total("prompt_tokens"),
        cached_tokens=total("cached_tokens"),
        shares=tuple(row["replies"] for row in stats),
    )


def _documents(arguments: list[str]) -> int:
    with Path(arguments[arguments.index("--input") + 1]).open(encoding="utf-8") as file:
        return sum(1 for _ in file)


def _pairs(arguments: list[str], printed: str) -> int:
    if "beam_pipeline" not in arguments:
        return int(json.loads(printed)["accepted"])
    output = Path(arguments[arguments.index("--output") + 1])
    return int(json.loads((output / "summary.json").read_text("utf-8"))["pairs"])


class _CpuMeter(threading.Thread):
    """Samples a process's CPU time from the server's first reply to its last."""

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
        replies = 0
        while (cpu := cpu_seconds(self._pid)) is not None:
            stats = self._endpoint.stats()
            if stats["first_request_at"] and self._first is None:
                self._first = cpu
            if stats["replies"] != replies:
                replies, self._last = stats["replies"], cpu
            time.sleep(self.INTERVAL_S)


def _status(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command's name; None once the process has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields


def cpu_seconds(pid: int) -> float | None:
    """User and system time of a process; None once it has ended."""
    fields = _status(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else None


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process in MiB; None once it has ended."""
    fields = _status(pid)
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if fields else None


def median(runs: Sequence[Measured], figure: str) -> float:
    return statistics.median(getattr(run, figure) for run in runs)
