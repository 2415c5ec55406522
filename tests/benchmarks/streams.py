"""How busy a stream keeps an endpoint while more waits to be read: a folder that is full at the start, a queue that is.

On the in-process runner of batches, which watches a folder, and on that of streams, which reads Pub/Sub (here the fake of
the tests); on Prism and on Flink, where `make engines` has fetched them.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.benchmarks.engines import SLOTS, engines_folder
from tests.benchmarks.measure import Command, Measured, any_pipeline, client, measure, server
from tests.benchmarks.saturation import print_table
from tests.fakes.pubsub_fake import PubSubFake
from tests.fakes.pubsub_service import Channel
from tests.system.engines.cluster import FlinkCluster

FILES = 20
WINDOW_S = 5
QUEUE = "in-process, Pub/Sub"


def streams(documents: Path, folder: Path, repeat: int) -> None:
    """Print how busy each way of streaming and the bare clients keep the slots, and the ratios to the better client."""
    lines = documents.read_text("utf-8").splitlines(keepends=True)
    bare = {
        "bare, all documents at once": client("bare_client", documents),
        "bare, 1.5 documents a slot": client("bare_client", documents, "--documents_in_flight", str(SLOTS * 3 // 2)),
    }
    rounds: list[dict[str, Measured]] = []
    with _folder_ways(_filled(folder / "incoming", lines), folder) as commands:
        for number in range(repeat):
            measured = {name: measure(name, command, server(SLOTS), documents=len(lines)) for name, command in commands.items()}
            measured[QUEUE] = _from_queue(lines, folder / f"queue-{number}")
            measured |= {name: measure(name, command, server(SLOTS)) for name, command in bare.items()}
            rounds.append(measured)
    print(f"\nstreams, {SLOTS} slots, {len(lines)} documents waiting, medians of {repeat}")
    print_table([[measured[name] for measured in rounds] for name in rounds[0]])
    for name in (name for name in rounds[0] if name not in bare):
        ratios = [measured[name].busy / max(measured[other].busy for other in bare) for measured in rounds]
        print(
            f"{name}: slots busy from first request to last, to the better bare client {statistics.median(ratios):.3f}",
            flush=True,
        )


def _filled(folder: Path, lines: list[str]) -> str:
    """A folder with documents in files that nobody writes any more; returns the glob of them."""
    folder.mkdir()
    size = max(1, len(lines) // FILES)
    for number, start in enumerate(range(0, len(lines), size)):
        path = folder / f"part-{number:03}.jsonl"
        path.write_text("".join(lines[start : start + size]), "utf-8")
        os.utime(path, (time.time() - 60, time.time() - 60))
    return f"{folder}/*.jsonl"


@contextmanager
def _folder_ways(pattern: str, folder: Path) -> Iterator[dict[str, Command]]:
    """The commands that watch a folder, by the engine's name; each ends by itself once it has seen what is there."""

    def command(*flags: str) -> Command:
        watch = ("--streaming", f"--input={pattern}", "--watch_interval_s=1", "--watch_until_s=1")
        return any_pipeline(folder / "output", *watch, *flags)

    ways = {"in-process, folder": command()}
    try:
        engines = engines_folder()
    except SystemExit as missing:
        print(f"Prism and Flink are left out: {missing}")
        yield ways
        return
    with FlinkCluster(engines, folder / "flink-streams", 2) as cluster:
        ways["Prism, folder"] = command("--runner=PrismRunner", f"--prism_location={engines / 'prism'}")
        ways["Flink, folder, 2 task managers"] = command(*cluster.flags("--worker_processes=2"))
        yield ways


def _from_queue(lines: list[str], output: Path) -> Measured:
    """Read documents from a subscription that holds them all."""
    with PubSubFake() as fake, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", fake.host)
        with Channel("projects/test-project", "documents") as channel:
            for published in [channel.publisher.publish(channel.topic, line.encode()) for line in lines]:
                published.result(60)
            source = f"--input_subscription={channel.subscription}"
            command = any_pipeline(output, "--streaming", source, f"--window_s={WINDOW_S}")
            return measure(QUEUE, command, server(SLOTS), done=_counted(output, len(lines)), documents=len(lines))


def _counted(output: Path, documents: int) -> Callable[[], bool]:
    """Whether windows that are closed hold all documents."""

    def counted() -> bool:
        rows = (line for path in output.glob("summaries/*.jsonl") for line in path.read_text("utf-8").splitlines())
        return sum(json.loads(row)["documents"]["read"] for row in rows) >= documents

    return counted
