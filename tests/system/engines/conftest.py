"""Fixtures of the engines' tests:

engines      the folder that holds Prism, Flink and the job server; without it a test skips
flink        a cluster of two task managers, shared by the tests of a session
documents    a file of 300 documents
launch       run the command line in a process of its own
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.benchmarks.corpus import write_documents
from tests.places import ROOT
from tests.system.engines.cluster import FlinkCluster

SHARED = ROOT.parent / "shared" / "data" / "documents.jsonl"
DOCUMENTS = 300
RUN_TIMEOUT_S = 280


@pytest.fixture(scope="session")
def engines() -> Path:
    """The folder that `make engines` has filled and names in ENGINES."""
    folder = Path(os.environ.get("ENGINES", "")).resolve()
    if not os.environ.get("ENGINES") or not (folder / "jobserver").is_dir():
        pytest.skip("needs Prism and Flink: `make engines` fetches them (with go, java and mvn) and runs these tests")
    return folder


@pytest.fixture(scope="session")
def flink(engines: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlinkCluster]:
    with FlinkCluster(engines, tmp_path_factory.mktemp("flink")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real documents where they are at hand, else the sample corpus dealt anew."""
    path = tmp_path_factory.mktemp("documents") / "documents.jsonl"
    if not SHARED.exists():
        return write_documents(path, DOCUMENTS)
    path.write_text("".join(SHARED.read_text("utf-8").splitlines(keepends=True)[:DOCUMENTS]), "utf-8")
    return path


class Ran(NamedTuple):
    """A finished run of the command line."""

    code: int
    output: Path
    printed: str
    errors: str

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.output / "summary.json").read_text("utf-8"))
        return summary

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """All rows of one kind that it wrote."""
        paths = sorted((self.output / kind).glob("*.jsonl"))
        return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def launch() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line; what still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(output: Path, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "beam_pipeline", "--output", str(output), *arguments]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(process: subprocess.Popen[str], output: Path) -> Ran:
    """Wait for a run that was launched."""
    printed, errors = process.communicate(timeout=RUN_TIMEOUT_S)
    return Ran(process.returncode, output, printed, errors)
