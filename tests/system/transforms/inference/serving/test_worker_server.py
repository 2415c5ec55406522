"""A worker serves the model itself: the server is started, watched, shared, started again, and given up with a reason.

The server is a real child process that speaks the API, the embedded endpoint, started by the same command line, ended
with its parent and watched as vLLM would be.
"""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import DebugOptions, GoogleCloudOptions, WorkerOptions

from beam_pipeline.engines.gpu_workers import prepare_serving
from beam_pipeline.main import main
from beam_pipeline.options.command_line import parse
from beam_pipeline.options.endpoint import SERVE_COMMAND
from beam_pipeline.options.model_settings import stage_models
from beam_pipeline.options.values import OptionError
from tests.places import ROOT, SAMPLE
from transforms.inference.config import ServeConfig
from transforms.inference.serving import die_with_parent
from transforms.inference.serving import server_process as model_server_module
from transforms.inference.serving import worker_server as serve
from transforms.inference.serving.server_process import ModelServer

SERVER = f"{sys.executable} -m beam_pipeline.demo_endpoint --port {{port}}"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A free port, at which a run's own server listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number = int(found.getsockname()[1])
    monkeypatch.setattr("beam_pipeline.options.endpoint.SERVE_PORT", number)
    return number


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(serve, "LOOK_S", 0.1)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield
    serve.stop_serving()


def config(port: int, command: str = SERVER) -> ServeConfig:
    return ServeConfig("demo-rules", command, port, start_timeout_s=150)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=50).status == 200)
    return False


def serving(port: int) -> set[int]:
    """The processes that serve on a port, what ends them with their parents left out."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"beam_pipeline.demo_endpoint" in words and str(port).encode() in words and b"-I" not in words:
                found.add(int(entry.name))
    return found


# The child process


def test_nothing_of_a_server_is_left_when_its_starter_is_gone(tmp_path: Path, until: Callable[..., Any]) -> None:
    """Neither when the starter closes the pipe nor when it is killed, and not the processes that the server has started."""
    note = tmp_path / "pids"
    grandchild = f"sh -c 'sleep 600 & echo $$ $! >{note}; wait'"
    command = [sys.executable, "-I", die_with_parent.__file__, "sh", "-c", grandchild]
    starter = f"import subprocess, sys, time\nsubprocess.Popen({command!r}, stdin=subprocess.PIPE)\ntime.sleep(600)\n"
    process = subprocess.Popen([sys.executable, "-c", starter])
    until(lambda: note.exists() and len(note.read_text().split()) == 2)
    pids = [int(word) for word in note.read_text().split()]
    process.kill()
    process.wait()
    until(lambda: not any(running(pid) for pid in pids))


def running(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("sh -c 'exit 7'", 7, ""),
        ("sh -c 'kill -9 $$'", 137, ""),
        ("no-such-server", die_with_parent.NOT_FOUND, "cannot start no-such-server: No such file or directory\n"),
    ],
)
def test_the_status_of_a_command_is_passed_on(command: str, status: int, said: str) -> None:
    words = [sys.executable, "-I", str(die_with_parent.__file__), *shlex.split(command)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.wait(100) == status
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.read() == said
    process.stdin.close()
    process.stdout.close()


def test_a_server_is_started_and_started_again_when_it_dies(port: int, until: Callable[..., Any]) -> None:
    server = ModelServer(config(port))
    try:
        until(lambda: not server.ensure() and answers(port))
        (first,) = serving(port)
        assert server.ensure() == ""
        assert serving(port) == {first}
        os.kill(first, signal.SIGKILL)
        until(lambda: not server.ensure() and serving(port) - {first} and answers(port))
    finally:
        server.stop()
    assert not serving(port) and not answers(port)


HANGS = """
import http.server, sys, time
class Hangs(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Hangs.asked += 1
        if Hangs.asked > 3:
            time.sleep(600)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Hangs).serve_forever()
"""


def test_a_server_that_hangs_is_ended_and_started_again(
    port: int, tmp_path: Path, until: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(model_server_module, "HUNG_S", 0.5)
    monkeypatch.setattr(model_server_module, "LIST_TIMEOUT_S", 0.3)
    caplog.set_level("INFO")
    (tmp_path / "hangs.py").write_text(HANGS)
    server = ModelServer(config(port, f"{sys.executable} {tmp_path}/hangs.py {{port}}"))
    try:
        until(lambda: not server.ensure() and caplog.text.count("The model server answers") == 2)
    finally:
        server.stop()
    assert "has not answered for" in caplog.text


@pytest.mark.parametrize(
    ("command", "failure"),
    [
        ("sh -c 'echo loading; echo CUDA out of memory; exit 3'", "does not start (3 times, exit status 3): CUDA out of memory"),
        ("sleep 60", "does not start (3 times, exit status 143): no answer within 0.1 s"),
        ("no-such-server --port {port}", "the model server: cannot start no-such-server: No such file or directory"),
    ],
)
def test_a_server_that_cannot_be_started_is_given_up_with_its_last_words(
    port: int, command: str, failure: str, until: Callable[..., Any]
) -> None:
    server = ModelServer(ServeConfig("m", command, port, start_timeout_s=0.1 if command == "sleep 60" else 60))
    until(server.ensure)
    assert failure in server.ensure()
    server.stop()


def test_words_of_the_command_hold_what_they_say(port: int) -> None:
    words = ServeConfig("/models/my model", SERVE_COMMAND + " --max-model-len 16384", port, 1).arguments
    assert words[:3] == ["vllm", "serve", "/models/my model"]
    assert words[words.index("--port") + 1] == str(port)
    assert json.loads(words[words.index("--structured-outputs-config") + 1]) == {
        "backend": "guidance",
        "disable_any_whitespace": True,
    }
    assert words[-2:] == ["--max-model-len", "16384"]


# One server for all processes of a machine


HOLD = """
import sys
from transforms.inference.serving import worker_server as serve
from transforms.inference.config import ServeConfig
serve.LOOK_S = 0.2
find = serve.Keeper._server

def tell(keeper):
    print("looks", flush=True)
    return find(keeper)

serve.Keeper._server = tell
serve.keep_serving(ServeConfig("demo-rules", sys.argv[1], int(sys.argv[2]), 150))
sys.stdin.read()
"""


@pytest.mark.integration
def test_processes_share_one_server_and_the_next_takes_over_from_a_dead_one(port: int, until: Callable[..., Any]) -> None:
    def worker() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", HOLD, SERVER, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    workers = [worker()]
    try:
        until(lambda: answers(port))
        (served_by,) = serving(port)
        workers.append(worker())
        for _ in range(3):  # it has looked twice, and would have started one of its own
            assert workers[1].stdout.readline() == b"looks\n"
        assert serving(port) == {served_by}
        workers[0].kill()  # the holder: its server goes with it
        until(lambda: serving(port) - {served_by} and answers(port))
        assert len(serving(port)) == 1
    finally:
        for process in workers:
            process.kill()
            process.communicate()
    until(lambda: not serving(port))


# A whole run


def few_documents(folder: Path, number: int) -> Path:
    path = folder / "documents.jsonl"
    path.write_text("\n".join(SAMPLE.read_text("utf-8").splitlines()[:number]) + "\n", "utf-8")
    return path


def rows(folder: Path) -> set[str]:
    return {json.loads(line)["id"] for path in (folder / "qa").iterdir() for line in path.read_text("utf-8").splitlines()}


@pytest.mark.integration
def test_a_run_on_its_own_server_loses_nothing_when_that_dies(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str], until: Callable[..., Any]
) -> None:
    documents = few_documents(tmp_path, 10)
    usual = ["--input", str(documents), "--output"]
    assert main([*usual, str(tmp_path / "plain"), "--demo"]) == 0
    capsys.readouterr()
    killed = []

    def kill_half_way() -> None:
        def half_way() -> bool:
            with contextlib.suppress(OSError):
                stats = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/stats", timeout=50))
                return bool(stats["replies"] >= 12)
            return False

        until(half_way)
        for pid in serving(port):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    killer = threading.Thread(target=kill_half_way)
    killer.start()
    served = ["--serve_model", "demo-rules", "--serve_command", SERVER]
    code = main([*usual, str(tmp_path / "served"), *served, "--serve_args", "--slots 2 --latency_median_s 0.05"])
    killer.join()
    assert code == 0, capsys.readouterr().err
    assert killed
    assert rows(tmp_path / "served") == rows(tmp_path / "plain") != set()
    assert not list((tmp_path / "served" / "dead_letters").glob("*.jsonl")) or not any(
        path.read_text() for path in (tmp_path / "served" / "dead_letters").iterdir()
    )
    assert not serving(port), "the server ends with the run"


def test_a_run_whose_server_cannot_start_ends_with_the_reason(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "sh -c 'echo No module named vllm >&2; exit 1' {port}"
    served = ["--serve_model", "m", "--serve_command", command]
    assert main(["--input", str(few_documents(tmp_path, 2)), "--output", str(tmp_path / "out"), *served]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    (error,) = errors
    assert "the model server does not start (3 times, exit status 1): No module named vllm" in error


# Options and jobs

NEEDED = ["--input", "gs://b/in.jsonl", "--output", "gs://b/out"]
DATAFLOW = ["--runner", "DataflowRunner", "--sdk_container_image", "image", "--serve_model", "Qwen/Qwen3-8B"]


def prepared(*arguments: str) -> tuple[GoogleCloudOptions, DebugOptions, WorkerOptions]:
    found, options = parse([*NEEDED, *arguments])
    prepare_serving(options, found)
    cloud, debug, worker = (options.view_as(kind) for kind in (GoogleCloudOptions, DebugOptions, WorkerOptions))
    return cloud, debug, worker


def test_a_job_gets_workers_that_can_serve() -> None:
    cloud, debug, worker = prepared(*DATAFLOW)
    assert cloud.dataflow_service_options == ["worker_accelerator=type:nvidia-l4;count:1;install-nvidia-driver"]
    assert debug.experiments == ["no_use_multiple_sdk_containers"]
    assert (worker.machine_type, worker.disk_size_gb) == ("g2-standard-8", 200)


def test_what_a_user_says_of_workers_stands() -> None:
    own = "worker_accelerator=type:nvidia-h200;count:8;install-nvidia-driver"
    cloud, debug, worker = prepared(
        *(*DATAFLOW, "--dataflow_service_options", own, "--machine_type", "a3-ultragpu-8g", "--disk_size_gb", "500"),
        *("--experiments", "use_multiple_sdk_containers", "--dataflow_service_options", "enable_prime"),
    )
    assert cloud.dataflow_service_options == [own, "enable_prime"]
    assert "no_use_multiple_sdk_containers" not in debug.experiments
    assert (worker.machine_type, worker.disk_size_gb) == ("a3-ultragpu-8g", 500)


def test_a_machine_carries_the_gpus_that_a_user_said_in_dataflows_words() -> None:
    own = "worker_accelerator=type:nvidia-h100-80gb;count:2;install-nvidia-driver"
    cloud, _, worker = prepared(*DATAFLOW, "--dataflow_service_options", own)
    assert cloud.dataflow_service_options == [own]
    assert worker.machine_type == "a3-highgpu-2g"


@pytest.mark.parametrize(
    ("accelerator", "machine"),
    [("nvidia-l4:4", "g2-standard-48"), ("nvidia-tesla-t4", "n1-standard-8"), ("nvidia-h100-80gb:8", "a3-highgpu-8g")],
)
def test_the_machine_carries_the_gpus(accelerator: str, machine: str) -> None:
    cloud, _, worker = prepared(*DATAFLOW, "--serve_accelerator", accelerator)
    kind, _, count = accelerator.partition(":")
    assert worker.machine_type == machine
    assert cloud.dataflow_service_options == [f"worker_accelerator=type:{kind};count:{count or 1};install-nvidia-driver"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--serve_accelerator", "nvidia-l4:3"], "a machine has 1, 2, 4, 8 of them"),
        (["--machine_type", "n1-standard-4"], "--machine_type n1-standard-4 carries no nvidia-l4"),
        (["--serve_accelerator", "nvidia-b200"], "give its --machine_type as well"),
        (["--sdk_container_image", ""], "needs --sdk_container_image with the server in it"),
    ],
)
def test_workers_that_cannot_serve_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        prepared(*DATAFLOW, *arguments)


def test_a_command_that_is_not_here_is_refused_before_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--serve_model", "m", "--serve_command", "no-such-server {port}"]
    assert main(["--input", str(few_documents(tmp_path, 1)), "--output", str(tmp_path / "out"), *given]) == 2
    assert capsys.readouterr().err.startswith("error: --serve_command: there is no no-such-server here")


def test_stages_ask_the_workers_or_an_endpoint_of_their_own() -> None:
    found = parse([*NEEDED, "--serve_model", "m", "--verify_endpoint", "http://judge/v1"])[0]
    models = stage_models(found)
    assert (models["filter"].endpoints, models["filter"].model) == (("http://127.0.0.1:8000/v1",), "m")
    assert models["filter"].serve == found.serve and models["filter"].outage_timeout_s == 1800
    assert (models["verify"].endpoints, models["verify"].serve, models["verify"].outage_timeout_s) == (
        ("http://judge/v1",),
        None,
        600,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--serve_model m --endpoint http://a/v1", "--endpoint and --serve_model both say"),
        ("--serve_model m --model n", "--model and --serve_model both say"),
        ("--serve_model m --verify_model n", "stage verify asks the model 'n', and the workers serve only 'm'"),
        ("--serve_args x", "--serve_args needs --serve_model"),
        ("--serve_model m --serve_command vllm", "--serve_command must hold {port}"),
        ("--serve_model m --serve_args '", "--serve_args: no closing quotation"),
        ("--serve_model m --serve_args=--api-key=secret-word", "--serve_args must not hold a key"),
        ("--serve_model m --serve_accelerator L4", "must be a type of GPU"),
    ],
)
def test_options_that_cannot_be_meant(arguments: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse([*NEEDED, *arguments.split(" ")])
    assert message in str(caught.value) and "secret-word" not in str(caught.value)
