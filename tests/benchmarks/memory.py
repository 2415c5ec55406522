"""Memory over ten thousand documents: of the runtime by itself, and of the pipeline on the local runner."""

import argparse
import itertools
import json
import queue
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from prompts.load import load_prompts
from tests.benchmarks.corpus import write_documents
from tests.benchmarks.measure import pipeline, resident_mb
from tests.places import ROOT
from transforms.filter import FilterReply
from transforms.inference.client.chat import Request
from transforms.inference.client.reply_schema import reply_schema
from transforms.inference.config import ModelConfig
from transforms.inference.runtime import get_runtime
from transforms.inference.scheduling.retries import Answer, Call
from transforms.records import DEMO_MODEL

BACKLOG = 512
POINTS = 10


def memory(folder: Path, documents: int) -> None:
    """Print both curves, in MiB at ten points of equal distance."""
    path = write_documents(folder / "many.jsonl", documents)
    commands: dict[str, Any] = {
        "runtime alone, 4 calls a document": lambda urls: [
            *(sys.executable, "-m", "tests.benchmarks.memory", "--input", str(path), "--endpoint", urls[0])
        ],
        "pipeline on the local runner": pipeline(path, folder / "output"),
    }
    print(f"\nmemory over {documents:,} documents, MiB at ten points of the run")
    for name, command in commands.items():
        with DemoEndpoint.start() as endpoint:
            process = subprocess.Popen(command([endpoint.url]), cwd=ROOT, stdout=subprocess.DEVNULL)
            curve = []
            while (size := resident_mb(process.pid)) is not None:
                curve.append(size)
                time.sleep(0.5)
            if process.wait():
                raise SystemExit(f"{name} ended with exit code {process.returncode}")
        step = max(1, len(curve) // POINTS)
        print(f"{name:36}" + "".join(f"{size:7.0f}" for size in curve[step - 1 :: step][:POINTS]), flush=True)


def drive(path: Path, url: str) -> None:
    """Ask four questions a document through the runtime, without Beam."""
    runtime, prompts, schema = get_runtime(), load_prompts(), reply_schema(FilterReply)
    config = ModelConfig((url,), DEMO_MODEL)
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    in_flight = 0
    with path.open(encoding="utf-8") as file:
        for line, number in itertools.product(file, range(4)):
            row = json.loads(line)
            messages = prompts.messages("filter", row["text"], {})
            request = Request("filter", row["id"], messages, schema, config, str(number))
            runtime.submit(Call(request, FilterReply, 0, answers.put))
            in_flight += 1
            while in_flight >= BACKLOG:
                answers.get()
                in_flight -= 1
    for _ in range(in_flight):
        answers.get()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--endpoint", required=True)
    options = parser.parse_args()
    drive(options.input, options.endpoint)
