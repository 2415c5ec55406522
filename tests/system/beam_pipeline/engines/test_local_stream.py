"""Pub/Sub in this process: reading goes on while models are asked, windows wait for answers, and an error ends the run."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct import transform_evaluator
from apache_beam.runners.runner import create_runner

from beam_pipeline.engines.local_stream import FIRST_MESSAGES, LocalStreamRunner, _Puller
from beam_pipeline.engines.runners import is_local, runs_here
from beam_pipeline.exit_codes import FAILED, STOPPED
from beam_pipeline.options.config import STREAM_RUNNER
from tests.fakes.pubsub_fake import PubSubFake
from tests.fakes.pubsub_service import Channel
from tests.fakes.scripted_endpoint import Answer
from tests.places import SAMPLE

TEXT = max((json.loads(line)["text"] for line in SAMPLE.read_text("utf-8").splitlines()), key=len)[:2000]
DELAY_S, WINDOW_S, ROOM = 4.0, 1, 20
NO = '{"qualified": false, "reason": "not_informative"}'
# More than one pull brings, and more than there is room for at once.
DOCUMENTS = FIRST_MESSAGES + 30
pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """A topic with a subscription, on the fake."""
    with PubSubFake(patience_s=1.0) as fake:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", fake.host)
        with Channel("projects/test-project", "documents") as made:
            made.fake = fake  # type: ignore[attr-defined]
            yield made


def publish(channel: Channel, count: int) -> None:
    """Publish documents that differ."""
    rows = [json.dumps({"id": f"d{number}", "text": f"{TEXT}\n\nNote {number}."}).encode() for number in range(count)]
    for published in [channel.publisher.publish(channel.topic, row) for row in rows]:
        published.result(30)


# As `python -m beam_pipeline`, with less room in a stage.
LITTLE_ROOM = """
import sys
from dataclasses import replace
from beam_pipeline.main import main
from beam_pipeline.options.config import PipelineConfig

stage = PipelineConfig.model_of
PipelineConfig.model_of = lambda config, name: replace(stage(config, name), backlog={backlog})
sys.exit(main(sys.argv[1:]))
"""


def start(channel: Channel, output: Path, url: str, *more: str, backlog: int = 512) -> "subprocess.Popen[str]":
    source = ("--streaming", "--input_subscription", channel.subscription, "--output", str(output))
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        LITTLE_ROOM.format(backlog=backlog),
        *source,
        "--endpoint",
        url,
        "--model",
        "m",
        *more,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows(output: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in output.glob(f"{kind}/*.jsonl") for line in path.read_text("utf-8").splitlines()]


def wait_for(what: Callable[[], Any], process: "subprocess.Popen[str]") -> None:
    ends_at = time.monotonic() + 200
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < ends_at, "it did not come about"
        time.sleep(0.1)


def test_it_reads_on_while_models_are_asked_and_windows_wait_for_answers(channel: Channel, serve: Any, tmp_path: Path) -> None:
    """Every answer comes when its window would long be over."""
    slow = serve(lambda asked: Answer(NO, delay_s=DELAY_S) if "Task:" in asked.text else "{}")
    output = tmp_path / "out"
    publish(channel, DOCUMENTS)
    process = start(channel, output, slow.url, "--window_s", str(WINDOW_S), backlog=ROOM + FIRST_MESSAGES)
    try:
        wait_for(lambda: rows(output, "summaries"), process)
        first = len(slow.asked)
        wait_for(lambda: sum(row["documents"]["read"] for row in rows(output, "summaries")) >= DOCUMENTS, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=200)
    finally:
        process.kill()
    assert process.returncode == STOPPED, errors
    assert json.loads((output / "summary.json").read_text("utf-8"))["balanced"]
    assert errors.strip().splitlines()[-1].startswith("stopped: open windows are lost; go on with --resume")
    assert first > FIRST_MESSAGES, "what was pulled first was waited for before anything else was read"
    summaries = rows(output, "summaries")
    assert all(row["balanced"] for row in summaries)
    rejected = rows(output, "rejected")
    assert sorted(row["document_id"] for row in rejected) == sorted(f"d{number}" for number in range(DOCUMENTS))
    assert {row["reason"] for row in rejected} == {"not_informative"}
    assert channel.fake.unacknowledged(channel.subscription) == 0  # type: ignore[attr-defined]


def test_an_error_that_stops_the_run_is_told_once(channel: Channel, serve: Any, tmp_path: Path) -> None:
    refusing = serve(lambda asked: Answer(status=403) if "Task:" in asked.text else "{}")
    publish(channel, 5)
    process = start(channel, tmp_path / "out", refusing.url)
    try:
        _, errors = process.communicate(timeout=200)
    finally:
        process.kill()
    assert process.returncode == FAILED
    [line] = errors.strip().splitlines()
    assert line.startswith("error: HTTP 403")
    assert line.endswith("mend it and go on with --resume --streaming")


class RefusingClient:
    """A subscriber's client that is refused, but for its second pull."""

    def __init__(self) -> None:
        self.pulls = 0
        self.pulled_twice = threading.Event()

    def pull(self, **_: Any) -> Any:
        self.pulls += 1
        if self.pulls == 2:
            self.pulled_twice.set()
            return "messages"
        raise OSError(f"refused {self.pulls}")


def test_a_pull_that_fails_waits_until_the_reader_knows() -> None:
    client, context = RefusingClient(), SimpleNamespace(shutdown_requested=False)
    puller = _Puller(client, "subscription", context)
    try:
        puller.allow(1)
        assert not client.pulled_twice.wait(0.3), "nobody knew of the error yet"
        with pytest.raises(OSError, match="refused 1"):
            puller.pull()
        puller.allow(1)
        assert client.pulled_twice.wait(100)
        assert puller.pull() == "messages"
    finally:
        context.shutdown_requested = True


def test_it_is_the_local_runner_of_streams_and_leaves_beams_own_alone() -> None:
    options = PipelineOptions(["--streaming", f"--runner={STREAM_RUNNER}"])
    assert isinstance(create_runner(STREAM_RUNNER), LocalStreamRunner)
    assert is_local(options) and runs_here(options)
    assert transform_evaluator.TransformEvaluatorRegistry.__module__ == "apache_beam.runners.direct.transform_evaluator"
