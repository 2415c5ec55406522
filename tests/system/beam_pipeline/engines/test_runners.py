"""What the command line knows of engines, with none of them here; `tests/engines/` runs them."""

import contextlib
import io
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions, PrismRunnerOptions

from beam_pipeline.engines.runners import (
    KEEP_WORKERS_MS,
    QuietStderr,
    cancel_now,
    failure_text,
    flink_address,
    is_local,
    prepare_engine,
    remote_fatal,
    runs_here,
)
from beam_pipeline.exit_codes import FAILED, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.command_line import parse
from beam_pipeline.options.paths import absolute_paths
from beam_pipeline.run import batch as batch_run
from tests.places import SAMPLE
from transforms.inference.client.error_classes import KeyRefused

# As Flink hands over what a Python worker raised, and what it says of itself.
TRACEBACK = "Traceback (most recent call last):"
BUFFERS = "java.io.IOException: Insufficient number of network buffers"
REFUSED = "HTTP 403: not for you (http://gpu-0:8000/v1)"
REMOTE = f"""Pipeline BeamApp-x failed in state FAILED: java.lang.RuntimeException: Error: Traceback (most recent call last):
  File "apache_beam/runners/common.py", line 1569, in finish_bundle
    raise problem
{KeyRefused.__module__}.KeyRefused: HTTP 403: not for you (http://gpu-0:8000/v1)

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "worker.py", line 310, in _execute
RuntimeError: {KeyRefused.__module__}.KeyRefused: HTTP 403: not for you (http://gpu-0:8000/v1) [while running 'Filter/Ask']

\tat org.apache.beam.runners.fnexecution.control.FnApiControlClient.handle(FnApiControlClient.java:180)
"""


@pytest.fixture
def listener() -> Iterator[str]:
    """An address at which somebody listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("flags", "here", "local"),
    [
        ([], True, True),
        (["--runner=DirectRunner"], True, True),
        (["--runner=PrismRunner"], True, False),
        (["--runner=apache_beam.runners.portability.prism_runner.PrismRunner"], True, False),
        (["--runner=PrismRunner", "--environment_type=PROCESS"], False, False),
        (["--runner=PortableRunner", "--environment_type=LOOPBACK"], True, False),
        (["--runner=PortableRunner", "--environment_type=PROCESS"], False, False),
        (["--runner=DataflowRunner"], False, False),
    ],
    ids=["none", "direct", "prism", "by its module", "prism with processes", "loopback", "flink", "dataflow"],
)
def test_where_the_stages_run(flags: list[str], here: bool, local: bool) -> None:
    _, options = parse(["--input", "in.jsonl", "--output", "out", *flags])
    assert (runs_here(options), is_local(options)) == (here, local)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--runner=PortableRunner"], "--job_endpoint=HOST:PORT"),
        (["--runner=PortableRunner", "--job_endpoint=localhost"], "HOST:PORT is wanted"),
        (["--runner=PortableRunner", "--job_endpoint=127.0.0.1:{free}"], "no job server answers there (Connection refused)"),
        (["--runner=PrismRunner", "--prism_location=/no/such/prism"], "`make engines` builds Prism"),
        (
            ["--runner=PortableRunner", "--job_endpoint={taken}", "--environment_type=PROCESS", "--environment_config={{"],
            "--environment_config={: Expecting property name",
        ),
        (["--runner=PortableRunner", "--job_endpoint={taken}", "--environment_type=TELEPATHY"], "TELEPATHY"),
    ],
    ids=["no job server", "no port", "dead port", "no Prism", "broken JSON", "unknown environment"],
)
def test_an_engine_that_cannot_be_used_is_refused_in_one_line(
    flags: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, listener: str
) -> None:
    with socket.socket() as probe:  # bound, and nobody listens
        probe.bind(("127.0.0.1", 0))
        given = [flag.format(free=probe.getsockname()[1], taken=listener) for flag in flags]
        assert main(["--demo", "--input", str(SAMPLE), "--output", str(tmp_path / "out"), *given]) == UNUSABLE
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert not (tmp_path / "out").exists()


def test_workers_elsewhere_are_kept_and_prism_is_as_quiet_as_the_run(listener: str, tmp_path: Path) -> None:
    flags = ["--runner=PortableRunner", f"--job_endpoint={listener}", "--environment_type=PROCESS"]
    options = PipelineOptions([*flags, '--environment_config={"command": "w"}'])
    prepare_engine(options, "warning")
    assert options.view_as(PortableOptions).environment_cache_millis == KEEP_WORKERS_MS < 2**31
    chosen = PipelineOptions([*flags, '--environment_config={"command": "w"}', "--environment_cache_millis=5000"])
    prepare_engine(chosen, "warning")
    assert int(chosen.view_as(PortableOptions).environment_cache_millis) == 5000
    (tmp_path / "prism").touch()
    options = PipelineOptions(["--runner=PrismRunner", f"--prism_location={tmp_path / 'prism'}"])
    prepare_engine(options, "warning")
    assert options.view_as(PrismRunnerOptions).prism_log_level == "warn"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError(REMOTE), REFUSED),
        (RuntimeError(REMOTE.replace("KeyRefused", "Other")), f"{KeyRefused.__module__}.Other: {REFUSED}"),
        (RuntimeError(f"{BUFFERS}\n\tat x.y"), BUFFERS),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError(" \n"), "RuntimeError"),
        (RuntimeError(f"{TRACEBACK}\n  File 'w.py', line 3"), f"{TRACEBACK} File 'w.py', line 3"),
    ],
    ids=["fatal", "a worker's bug", "the engine's own", "nothing", "white space", "frames alone"],
)
def test_a_failure_in_one_line(error: Exception, text: str) -> None:
    assert failure_text(error) == text


def test_only_what_is_said_in_one_line_is_kept_off_standard_error() -> None:
    stream = io.StringIO()
    quiet = QuietStderr(stream)
    print(REMOTE, file=quiet)  # type: ignore[call-overload]
    print("ValueError: a bug", file=quiet)  # type: ignore[call-overload]
    assert stream.getvalue() == "ValueError: a bug\n"
    assert remote_fatal("ValueError: FatalError: not at the start") is None


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_standard_error_is_back_unless_an_engine_failed_here(monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    real = io.StringIO()
    monkeypatch.setattr(sys, "stderr", real)
    with contextlib.suppress(KeyboardInterrupt), QuietStderr(real, stays=True) as quiet:
        assert sys.stderr is quiet
        if error:
            raise error
    assert sys.stderr is real


def test_what_workers_of_a_failed_job_say_of_their_engine_is_not_shown() -> None:
    stream = io.StringIO()
    quiet = QuietStderr(stream)
    print("Traceback ...\n  grpc._channel._InactiveRpcError: worker_id: 'job-001' not registered in worker pool", file=quiet)  # type: ignore[call-overload]
    print("Exception in thread read_grpc_client_inputs", file=quiet)  # type: ignore[call-overload]
    assert stream.getvalue() == ""


def test_paths_of_workers_elsewhere_are_absolute(
    config: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strict.yaml").write_text("min_words: 5\n")
    given = config(
        input=["a/*.jsonl", "gs://bucket/b.jsonl"], output="out", exemplars=["banks/math.jsonl"], screening="strict.yaml"
    )
    absolute = absolute_paths(given)
    assert absolute.screening == f"{tmp_path}/strict.yaml"
    assert absolute.input == [f"{tmp_path}/a/*.jsonl", "gs://bucket/b.jsonl"]
    assert (absolute.output, absolute.exemplars) == (f"{tmp_path}/out", [f"{tmp_path}/banks/math.jsonl"])
    assert absolute.given().keys() == given.given().keys()


class FlinkApi(ThreadingHTTPServer):
    """The part of Flink's interface that cancelling uses."""

    def __init__(self, jobs: Any) -> None:
        super().__init__(("127.0.0.1", 0), FlinkHandler)
        self.jobs, self.cancelled = jobs, list[str]()
        self.address = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class FlinkHandler(BaseHTTPRequestHandler):
    server: FlinkApi

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"jobs": self.server.jobs}).encode())

    def do_PATCH(self) -> None:
        self.server.cancelled.append(self.path)
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Job:
    """A job as a runner gives it back."""

    _job_id = "BeamApp-me-1_some-uuid"
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


def test_cancelling_tells_flink_of_this_job_alone() -> None:
    jobs = [("a", "BeamApp-me-1", 5), ("b", "BeamApp-me-1", -1), ("c", "BeamApp-other", -1)]
    with FlinkApi([{"jid": jid, "name": name, "end-time": end} for jid, name, end in jobs]) as flink:
        job = Job()
        cancel_now(job, PipelineOptions([f"--flink_master={flink.address}"]))
    assert flink.cancelled == ["/jobs/b?mode=cancel"]
    assert job.cancelled


@pytest.mark.parametrize("jobs", [[{}], {"no": "jobs"}, None])
def test_the_job_server_is_told_also_where_something_else_answers_for_flink(jobs: Any) -> None:
    with FlinkApi(jobs) as other:
        job = Job()
        cancel_now(job, PipelineOptions([f"--flink_master={other.address}"]))
    assert job.cancelled


def test_without_flinks_address_the_job_server_alone_is_told() -> None:
    job = Job()
    assert flink_address(PipelineOptions([])) == flink_address(PipelineOptions(["--flink_master=[local]"])) == ""
    cancel_now(job, PipelineOptions([]))
    assert job.cancelled


@pytest.mark.integration
def test_output_that_workers_wrote_elsewhere_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(batch_run, "SUMMARY_FILE", "summary-of-another-machine.json")
    (tmp_path / "in.jsonl").write_text('{"text": "Loading..."}\n', "utf-8")
    assert main(["--demo", "--input", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out")]) == FAILED
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: the run ended, and ")
    assert "a mounted folder or a bucket" in line
