"""A folder that fills up, on engines: windows close while it is watched, Ctrl-C drains it wherever it is watched, and
the same ids are accepted as of the whole files in process.

A stream keeps the first copy that comes, and which of two comes first is the engines' affair: so the documents
are those of which the batch run took out no copy.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import OK, STOPPED
from tests.fakes.scripted_endpoint import Answer
from tests.system.engines.cluster import FlinkCluster
from tests.system.engines.conftest import DOCUMENTS, SHARED, finish
from tests.system.engines.test_endings import SAMPLE, last_line

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400)]

# What a stream finds by the first that comes, or not at all.
COPIES = {"exact_duplicate", "near_duplicate", "duplicate_question", "near_duplicate_question"}
FILES = 10
PATIENCE_S = 180.0


class Whole(NamedTuple):
    """What a stream is to do: documents, and the ids that the batch run accepted of them."""

    lines: list[str]
    ids: list[str]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[DemoEndpoint]:
    with DemoEndpoint.start() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def wholes() -> dict[str, Whole]:
    """What batches have accepted, by the name of their documents."""
    return {}


def whole_id(row: dict[str, Any]) -> str:
    """The id of the document that a row is of, or whose chunk it is of."""
    return str(row["document_id"]).partition("#")[0]


@pytest.fixture(params=["sample", pytest.param("real", marks=pytest.mark.slow)])
def whole(
    request: pytest.FixtureRequest,
    engines: Path,
    endpoint: DemoEndpoint,
    launch: Callable[..., Any],
    wholes: dict[str, Whole],
    tmp_path: Path,
) -> Whole:
    """The sample documents, or 300 real ones where they are at hand, and what the in-process runner accepts of them."""
    path = SHARED if request.param == "real" else SAMPLE
    if not path.exists():
        pytest.skip("needs real documents, ../shared/data/documents.jsonl")
    if request.param not in wholes:
        output = tmp_path / "whole"
        ran = finish(launch(output, "--input", str(path), "--endpoint", endpoint.url), output)
        assert ran.code == OK, ran.errors
        copies = {whole_id(row) for row in ran.rows("rejected") if row["reason"] in COPIES}
        rows = {json.loads(line)["id"]: line for line in path.read_text("utf-8").splitlines(keepends=True)}
        names = [name for name in rows if name not in copies][:DOCUMENTS]
        ids = sorted(row["id"] for row in ran.rows("qa") if whole_id(row) in set(names))
        wholes[request.param] = Whole([rows[name] for name in names], ids)
    return wholes[request.param]


@pytest.fixture(params=["prism", "flink"])
def flags(request: pytest.FixtureRequest, engines: Path) -> list[str]:
    if request.param == "prism":
        return ["--runner=PrismRunner", f"--prism_location={engines / 'prism'}"]
    cluster: FlinkCluster = request.getfixturevalue("flink")
    return cluster.flags("--worker_processes=2")


def fill(folder: Path, lines: list[str], first: int = 0) -> None:
    """Put documents into a folder as one should: written elsewhere, then moved; `first` is the number of the first file."""
    size = max(1, len(lines) // FILES)
    for number, start in enumerate(range(0, len(lines), size), first):
        written = folder.parent / f"part-{number:03}.jsonl"
        written.write_text("".join(lines[start : start + size]), "utf-8")
        old = time.time() - 60
        os.utime(written, (old, old))
        written.rename(folder / written.name)


def wait_for(what: Callable[[], Any], process: Any, said: str) -> None:
    """Wait until something is so, while a run goes on."""
    ends_at = time.monotonic() + PATIENCE_S
    while not what():
        assert process.poll() is None, f"the run ended: {process.communicate()}"
        assert time.monotonic() < ends_at, said
        time.sleep(0.2)


def watching(folder: Path, *more: str) -> list[str]:
    """The options of a watch that nothing but a signal ends."""
    return ["--streaming", "--input", f"{folder}/*.jsonl", "--watch_interval_s", "1", *more]


def test_a_folder_that_fills_up(
    whole: Whole, flags: list[str], endpoint: DemoEndpoint, launch: Callable[..., Any], tmp_path: Path
) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    half = len(whole.lines) // 2
    fill(folder, whole.lines[:half])
    process = launch(output, *watching(folder, "--window_s", "5", "--endpoint", endpoint.url, *flags))
    wait_for(lambda: list(output.glob("summaries/*.jsonl")), process, "no window closed while the folder was watched")
    fill(folder, whole.lines[half:], len(whole.lines))  # names of their own
    os.kill(process.pid, signal.SIGINT)
    ran = finish(process, output)
    assert ran.code == STOPPED, ran.errors
    assert "counts close" in ran.printed
    assert f"stopped: what was read is in its windows; go on with --resume --streaming --output {output}" == last_line(ran)
    assert not (output / "stop").exists()

    summary = ran.summary
    documents, tasks = summary["documents"], summary["tasks"]
    assert summary["balanced"]
    assert summary["windows"] == len(ran.rows("summaries")) >= 2
    assert documents["read"] == len(whole.lines) == documents["accepted"] + documents["rejected"]
    assert tasks["read"] == tasks["accepted"] + tasks["rejected"]
    assert ran.rows("dead_letters") == []
    assert sum(summary["reasons"].values()) == len(ran.rows("rejected"))
    assert sorted(row["id"] for row in ran.rows("qa")) == whole.ids, "not what a batch accepts"


@pytest.mark.slow
def test_twice_ctrl_c_cancels_the_job(
    engines: Path, flink: FlinkCluster, serve: Any, launch: Callable[..., Any], tmp_path: Path
) -> None:
    slow = serve(lambda asked: Answer('{"qualified": false, "reason": "x"}', delay_s=30 if "Task:" in asked.text else 0))
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    fill(folder, SAMPLE.read_text("utf-8").splitlines(keepends=True))
    process = launch(output, *watching(folder, "--endpoint", slow.url, "--model", "m", *flink.flags("--worker_processes=2")))
    wait_for(lambda: len(slow.asked) > 5, process, "nothing was asked")
    os.kill(process.pid, signal.SIGTERM)
    time.sleep(1)
    os.kill(process.pid, signal.SIGTERM)
    ran = finish(process, output)
    assert ran.code == STOPPED, ran.errors
    assert last_line(ran).startswith(
        "stopped: the job is cancelled; closed windows and paid replies are kept: go on with --resume"
    )
    flink.wait_for_state("CANCELED")
