"""The pipeline on engines: how busy an endpoint is kept, what a second task manager brings, what losing one costs.

Needs what `make engines` fetches, in the folder that ENGINES names (.engines).
"""

import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from tests.benchmarks.measure import client, measure, median, pipeline, server
from tests.benchmarks.saturation import print_table
from tests.places import ROOT
from tests.system.engines.cluster import FlinkCluster

SLOTS = 64
# The comparison of one and two task managers: the endpoint has room for both, and calls are few enough (33 a second each)
# that two cores, which also serve the endpoint and Flink, are not what is measured.
CEILING = 16
ROOMY = {"slots": 0, "latency_median_s": 0.4, "latency_sigma": 0.6}
SLOW = {"slots": SLOTS, "latency_median_s": 1.0, "latency_sigma": 0.6}
LOST_TIMEOUT_S = 400.0


def engines_folder() -> Path:
    """Where the engines are.

    Raises:
        SystemExit: they are not there.
    """
    folder = Path(os.environ.get("ENGINES", ROOT / ".engines")).resolve()
    if not (folder / "jobserver").is_dir():
        raise SystemExit(f"{folder}: no engines there; `make engines` fetches them")
    return folder


@contextmanager
def ways(engines: Path, folder: Path) -> Iterator[dict[str, list[str]]]:
    """The options of every engine that is measured, by its name."""
    with FlinkCluster(engines, folder / "flink", 2) as cluster:
        yield {
            "in-process": [],
            "Prism": ["--runner=PrismRunner", f"--prism_location={engines / 'prism'}"],
            "Flink, batch, 2 task managers": cluster.flags("--worker_processes=2"),
        }


def engines(documents: Path, folder: Path, repeat: int) -> None:
    """Print how busy each engine and the bare clients keep the slots, and the engines' ratios to the better client."""
    bare = {
        "bare, all documents at once": client("bare_client", documents),
        "bare, 1.5 documents a slot": client("bare_client", documents, "--documents_in_flight", str(SLOTS * 3 // 2)),
    }
    with ways(engines_folder(), folder) as flags:
        commands = {name: pipeline(documents, folder / "output", *more) for name, more in flags.items()} | bare
        rounds = [{name: measure(name, command, server(SLOTS)) for name, command in commands.items()} for _ in range(repeat)]
    rows = [[measured[name] for measured in rounds] for name in commands]
    print(f"\nengines, {SLOTS} slots, {rows[0][0].documents} documents, medians of {repeat}")
    print_table(rows)
    for name in flags:
        ratios = [measured[name].busy / max(measured[other].busy for other in bare) for measured in rounds]
        print(
            f"{name}: slots busy from first request to last, to the better bare client {statistics.median(ratios):.3f}",
            flush=True,
        )


def task_managers(documents: Path, folder: Path, repeat: int) -> None:
    """Print documents a second with one task manager and with two."""
    runs: dict[int, list[Any]] = {}
    for count in (1, 2):
        with FlinkCluster(engines_folder(), folder / f"flink-{count}", count) as cluster:
            ceiling = (f"--concurrency={CEILING * count}", f"--worker_processes={count}")
            command = pipeline(documents, folder / "output", *cluster.flags(*ceiling, parallelism=count))
            runs[count] = [measure(f"{count} task managers", command, ROOMY) for _ in range(repeat)]
    one, two = (median(runs[count], "active_s") for count in (1, 2))
    number = runs[1][0].documents
    print(f"\ntask managers, {CEILING} requests in flight each, an endpoint with room, {number} documents, medians of {repeat}")
    print(f"{number / one:.2f} documents/s with one, {number / two:.2f} with two: ratio {one / two:.2f}", flush=True)


def lost_worker(documents: Path, folder: Path) -> None:
    """Print what losing a task manager costs."""
    lost = lose_task_manager(documents, folder, engines_folder())
    print(f"\na task manager and its Python worker killed half-way, another started\n{lost.text}", flush=True)


@dataclass(frozen=True)
class Lost:
    """What losing a task manager half-way cost. Numbers of calls; times in seconds.

    `asked_twice` are requests that the endpoint had seen before, of which those `in_flight` at the kill cannot be
    helped; `answered` were answered until then.
    """

    code: int
    errors: str
    summary: dict[str, Any]
    ids: list[str]
    undisturbed_ids: list[str]
    undisturbed_s: float
    seconds: float
    calls: int
    answered: int
    in_flight: int
    asked_twice: int

    @property
    def text(self) -> str:
        same = sorted(self.ids) == sorted(self.undisturbed_ids)
        return (
            f"exit code {self.code}, {self.seconds:.0f} s instead of {self.undisturbed_s:.0f} s; "
            f"accepted the same: {same} ({len(self.ids)}), rows twice: {len(self.ids) - len(set(self.ids))}\n"
            f"calls asked twice {self.asked_twice} of {self.calls}; "
            f"at the kill {self.answered} were answered and {self.in_flight} in flight"
        )


def lose_task_manager(documents: Path, folder: Path, engines: Path) -> Lost:
    """Run undisturbed, then again with one of two task managers killed half-way and another started in its place."""
    with FlinkCluster(engines, folder / "flink-lost", 2) as cluster:
        flags = cluster.flags("--worker_processes=2")
        command = pipeline(documents, folder / "undisturbed", *flags)
        undisturbed = measure("undisturbed", command, SLOW)
        calls = undisturbed.requests - undisturbed.repeats
        command = pipeline(documents, folder / "disturbed", *flags)
        with DemoEndpoint.start(**SLOW) as endpoint:
            began = time.monotonic()
            process = subprocess.Popen(
                command([endpoint.url]), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            while (stats := endpoint.stats())["replies"] < calls / 2 and process.poll() is None:
                time.sleep(0.1)
            cluster.kill("taskmanager-1")
            cluster.add("taskmanager-3")
            try:
                _, errors = process.communicate(timeout=LOST_TIMEOUT_S)
            finally:
                process.kill()
            seconds, last = time.monotonic() - began, endpoint.stats()
    return Lost(
        code=process.returncode,
        errors=errors,
        summary=json.loads((folder / "disturbed" / "summary.json").read_text("utf-8")),
        ids=accepted(folder / "disturbed"),
        undisturbed_ids=accepted(folder / "undisturbed"),
        undisturbed_s=undisturbed.wall_s,
        seconds=seconds,
        calls=calls,
        answered=stats["replies"],
        in_flight=stats["in_flight"],
        asked_twice=last["repeats"],
    )


def accepted(output: Path) -> list[str]:
    """The ids of all accepted pairs, as often as they are there."""
    lines = (line for path in output.glob("qa/*.jsonl") for line in path.read_text("utf-8").splitlines())
    return [json.loads(line)["id"] for line in lines]
