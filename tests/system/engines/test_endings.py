"""How runs end on engines when something is wrong: one line, an exit code, and nothing left running."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.exit_codes import FAILED, OK, STOPPED
from tests.fakes.scripted_endpoint import Answer
from tests.places import ROOT, SAMPLE
from tests.system.engines.cluster import FlinkCluster
from tests.system.engines.conftest import Ran, finish

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]


BOTH = pytest.mark.parametrize("flags", ["prism", "flink"], indirect=True)
PRISM_AND_LATER_FLINK = pytest.mark.parametrize("flags", ["prism", pytest.param("flink", marks=pytest.mark.slow)], indirect=True)


@pytest.fixture
def flags(request: pytest.FixtureRequest, engines: Path) -> list[str]:
    """The options of one engine."""
    if request.param == "prism":
        return ["--runner=PrismRunner", f"--prism_location={engines / 'prism'}"]
    cluster: FlinkCluster = request.getfixturevalue("flink")
    return cluster.flags()


def last_line(ran: Ran) -> str:
    assert "Traceback" not in ran.errors, ran.errors
    return ran.errors.strip().splitlines()[-1]


@BOTH
def test_a_key_refused_in_the_middle_is_told_in_one_line(
    flags: list[str], serve: Any, launch: Callable[..., Any], tmp_path: Path
) -> None:
    endpoint = serve(lambda asked: Answer(status=403) if "Task:" in asked.text else {"ready": True})
    output = tmp_path / "out"
    given = ("--input", str(SAMPLE), "--endpoint", endpoint.url, "--model", "m")
    ran = finish(launch(output, *given, *flags), output)
    assert ran.code == FAILED
    assert last_line(ran).startswith("error: HTTP 403")
    assert last_line(ran).endswith("mend it and go on with --resume")
    assert len(ran.errors.strip().splitlines()) == 1, ran.errors


@PRISM_AND_LATER_FLINK
def test_ctrl_c_stops_the_job_and_resume_goes_on(
    flags: list[str], serve: Any, launch: Callable[..., Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    answered = '{"qualified": false, "reason": "not_informative"}'
    slow = serve(lambda asked: Answer(answered, delay_s=0.3 if "Task:" in asked.text else 0))
    output = tmp_path / "out"
    given = ("--input", str(SAMPLE), "--endpoint", slow.url, "--model", "m", "--concurrency", "2", "--worker_processes", "2")
    process = launch(output, *given, *flags)
    ends_at = time.monotonic() + 120
    while len(slow.asked) < 6 and time.monotonic() < ends_at:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    asked_at = time.monotonic()
    ran = finish(process, output)
    assert ran.code == STOPPED, ran.errors
    assert time.monotonic() - asked_at < 30
    assert "go on with --resume" in last_line(ran)
    if "flink" in request.node.name:
        request.getfixturevalue("flink").wait_for_state("CANCELED")
    seen = len(slow.asked)
    time.sleep(2)
    assert len(slow.asked) == seen, "workers go on asking for a run that was stopped"
    paid = sum(len(path.read_bytes().splitlines()) for path in (output / "journal").glob("*.jsonl"))
    assert paid >= 3
    resumed = finish(launch(output, *given, *flags, "--resume"), output)
    assert resumed.code == FAILED, resumed.errors  # nothing is accepted by that model
    assert resumed.summary["balanced"]
    assert resumed.summary["tokens"]["total"]["replayed"] == paid


def test_a_worker_that_cannot_start_is_told(flink: FlinkCluster, launch: Callable[..., Any], tmp_path: Path) -> None:
    output = tmp_path / "out"
    ran = finish(launch(output, "--demo", "--input", str(SAMPLE), *flink.flags(command=str(tmp_path / "no-such-worker"))), output)
    assert ran.code == FAILED
    assert last_line(ran).startswith("error: ")
    assert "No such file or directory" in last_line(ran)


@PRISM_AND_LATER_FLINK
def test_relative_paths_are_seen_from_the_folder_of_the_command(
    flags: list[str], launch: Callable[..., Any], tmp_path: Path
) -> None:
    """A worker has another working directory."""
    output = Path(os.path.relpath(tmp_path / "out", ROOT))
    ran = finish(launch(output, "--demo", "--input", str(SAMPLE.relative_to(ROOT)), *flags), tmp_path / "out")
    assert ran.code == OK, ran.errors
    assert ran.summary["balanced"]
    assert len(ran.rows("qa")) == ran.summary["pairs"] > 25
    assert json.loads(SAMPLE.read_text("utf-8").splitlines()[0])["id"] in {
        row["document_id"] for kind in ("qa", "rejected") for row in ran.rows(kind)
    }
