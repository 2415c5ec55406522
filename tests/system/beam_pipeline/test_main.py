"""What the command line refuses, and how: one clear line, exit 2, soon, and nothing touched."""

import base64
import bz2
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import FAILED, OK, STOPPED, UNUSABLE
from beam_pipeline.main import _said_once, main
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.pipeline import build
from beam_pipeline.plan import make_plan
from beam_pipeline.run import progress as progress_module
from beam_pipeline.run.paid import Paid
from beam_pipeline.run.progress import Watch, progress_line
from tests.fakes.scripted_endpoint import Answer
from tests.places import SAMPLE
from transforms.inference.journal import replies as replies_module
from transforms.inference.journal import writer as journal_module
from transforms.inference.journal.writer import ObjectJournal
from transforms.inference.runtime import close_runtime, peek_runtime
from transforms.records import DEMO_MODEL
from transforms.screen import ScreenDocuments


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run, expect a refusal, and return its one line."""
    assert main(list(arguments)) == UNUSABLE
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.strip().splitlines()
    assert len(lines) == 1, printed.err
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.fixture
def usual(tmp_path: Path) -> list[str]:
    return ["--input", str(SAMPLE), "--output", str(tmp_path / "out")]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_unknown_option(capsys: pytest.CaptureFixture[str], usual: list[str]) -> None:
    assert "--max_personas" in refused(capsys, *usual, "--max_persona=2")


def test_input_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "no file matches" in refused(capsys, "--demo", "--input", str(tmp_path / "*.jsonl"), "--output", str(tmp_path / "out"))


def test_output_that_exists_is_left_alone(capsys: pytest.CaptureFixture[str], usual: list[str], tmp_path: Path) -> None:
    kept = tmp_path / "out" / "qa" / "qa-00000-of-00001.jsonl"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}\n")
    line = refused(capsys, *usual, "--demo")
    assert "--overwrite" in line
    assert "--resume" in line
    assert kept.read_text() == "{}\n"


def test_input_that_the_run_would_overwrite(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    earlier = tmp_path / "out" / "rejected" / "rejected-00000-of-00001.jsonl"
    earlier.parent.mkdir(parents=True)
    earlier.write_text('{"text": "worth another look"}\n')
    line = refused(capsys, "--demo", "--input", str(earlier), "--output", str(tmp_path / "out"), "--overwrite")
    assert "is part of the output folder" in line
    assert earlier.exists()


def test_a_dead_port(capsys: pytest.CaptureFixture[str], usual: list[str]) -> None:
    line = refused(capsys, *usual, "--endpoint", f"http://127.0.0.1:{closed_port()}/v1", "--model", "m")
    assert "cannot reach the endpoint" in line


@pytest.fixture
def earlier(tmp_path: Path) -> dict[Path, bytes]:
    """What an earlier run left in the output folder: files and what is in them."""
    names = (
        "qa/qa-00000-of-00001.jsonl",
        "rejected/rejected-00000-of-00001.jsonl",
        "journal/vm-1-0a1b2c3d.jsonl",
        "summary.json",
    )
    left = {tmp_path / "out" / name: name.encode() for name in names} | {tmp_path / "out" / "options.yaml": b"output: out"}
    for path, content in left.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return left


def files_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--max_document_tokens=99"],
        ["--max_document_tokens=50", "--min_document_tokens=50"],
        ["--resume"],
        ["--input={folder}/none.jsonl"],
        ["--domains={folder}/none.yaml"],
        ["--domains={folder}/bad.yaml"],
        ["--exemplars={folder}/math.jsonl"],
        ["--endpoint=http://127.0.0.1:{port}/v1", "--model=m"],
        ["--endpoint=http://127.0.0.1:{port}/v1"],
        ["--runner=DataflowRunner"],
    ],
    ids=[
        *("length", "lengths", "contradiction", "input", "domains missing", "domains bad", "exemplars bad"),
        *("dead port", "dead port and no model", "runner"),
    ],
)
def test_a_run_that_cannot_start_does_not_delete_an_earlier_one(
    arguments: list[str], capsys: pytest.CaptureFixture[str], usual: list[str], tmp_path: Path, earlier: dict[Path, bytes]
) -> None:
    (tmp_path / "bad.yaml").write_text("- slug: only\n")
    (tmp_path / "math.jsonl").write_text('{"persona": "x"}\n')
    given = [argument.format(folder=tmp_path, port=closed_port()) for argument in arguments]
    demo = [] if given[0].startswith("--endpoint") else ["--demo"]
    refused(capsys, *usual, "--overwrite", *demo, *given)
    assert files_below(tmp_path / "out") == earlier


def test_a_graph_that_cannot_be_built_does_not_delete_an_earlier_run(
    capsys: pytest.CaptureFixture[str],
    usual: list[str],
    tmp_path: Path,
    earlier: dict[Path, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def expand(*_: object) -> None:
        raise ValueError("no such\n  thing")

    monkeypatch.setattr(ScreenDocuments, "expand", expand)
    assert refused(capsys, *usual, "--demo", "--overwrite") == "error: no such thing"
    assert files_below(tmp_path / "out") == earlier


def test_a_refused_key_is_named_and_not_shown(
    capsys: pytest.CaptureFixture[str], usual: list[str], serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sentinel-of-a-key")
    endpoint = serve(lambda _: Answer(status=401))
    line = refused(capsys, *usual, "--endpoint", endpoint.url, "--model", "m", "--api_key_env", "MY_KEY")
    assert "refuses the API key in the environment variable MY_KEY" in line
    assert "sentinel" not in line


def test_a_key_that_is_not_set(
    capsys: pytest.CaptureFixture[str], usual: list[str], serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    endpoint = serve(lambda _: Answer(status=401))
    assert "OPENAI_API_KEY is not set" in refused(capsys, *usual, "--endpoint", endpoint.url, "--model", "m")


def test_an_unknown_model(capsys: pytest.CaptureFixture[str], usual: list[str], serve: Any) -> None:
    endpoint = serve(lambda _: Answer(status=404), models=("small", "large"))
    line = refused(capsys, *usual, "--endpoint", endpoint.url, "--model", "huge")
    assert "does not serve the model 'huge'; it serves large, small" in line


def test_a_model_that_refuses_the_simplest_question(capsys: pytest.CaptureFixture[str], usual: list[str], serve: Any) -> None:
    endpoint = serve(lambda _: Answer(status=400, raw={"error": {"message": "account suspended"}}))
    line = refused(capsys, *usual, "--endpoint", endpoint.url, "--model", "m")
    assert "refuses the simplest question to the model m: HTTP 400: account suspended" in line


def test_an_empty_endpoint_is_no_embedded_one(capsys: pytest.CaptureFixture[str], usual: list[str]) -> None:
    assert "--endpoint: must not be empty" in refused(capsys, *usual, "--endpoint", "")


def test_an_output_that_cannot_be(capsys: pytest.CaptureFixture[str], usual: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = refused(capsys, *usual, "--demo", "--output", str(tmp_path / "file" / "sub"))
    assert "cannot be used for output: Not a directory" in line


def test_several_models_and_none_named(capsys: pytest.CaptureFixture[str], usual: list[str], serve: Any) -> None:
    endpoint = serve(lambda _: {"ready": True}, models=("small", "large"))
    assert "choose one with --model: large, small" in refused(capsys, *usual, "--endpoint", endpoint.url)


def test_a_bank_that_is_none(capsys: pytest.CaptureFixture[str], usual: list[str], tmp_path: Path) -> None:
    bank = tmp_path / "math.jsonl"
    bank.write_text('{"persona": "x"}\n')
    assert f"{bank}:1" in refused(capsys, *usual, "--demo", "--exemplars", str(bank))


@pytest.mark.integration
def test_a_wrong_key_found_during_the_run_stops_it(capsys: pytest.CaptureFixture[str], usual: list[str], serve: Any) -> None:
    endpoint = serve(lambda asked: Answer(status=403) if "Task:" in asked.text else {"ready": True})
    assert main([*usual, "--endpoint", endpoint.url, "--model", "m"]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: HTTP 403")
    assert "--resume" in error


@pytest.mark.integration
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_resume_goes_on(stop: signal.Signals, tmp_path: Path, serve: Any, until: Any) -> None:
    slow = serve(lambda asked: Answer('{"qualified": true, "reason": "ok"}', delay_s=0.2 if "Task:" in asked.text else 0))
    output = tmp_path / "out"
    arguments = ["--input", str(SAMPLE), "--output", str(output), "--endpoint", slow.url, "--model", "m", "--concurrency", "2"]
    process = subprocess.Popen([sys.executable, "-m", "beam_pipeline", *arguments], stderr=subprocess.PIPE, text=True)
    until(lambda: len(slow.asked) >= 6)
    os.kill(process.pid, stop)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == STOPPED, errors
    assert "go on with --resume" in errors
    assert "Traceback" not in errors
    assert not list(output.glob("qa/qa-*"))
    paid = [json.loads(line) for path in output.glob("journal/*.jsonl") for line in path.read_text().splitlines()]
    assert len(paid) >= 3
    assert main([*arguments, "--resume"]) != UNUSABLE


# --- one process, several runs


def replies(output: Path) -> int:
    return sum(len(path.read_bytes().splitlines()) for path in output.glob("journal/*.jsonl"))


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals are written as to an object store, and never for the time that has passed."""
    monkeypatch.setattr(journal_module, "FLUSH_S", 600.0)
    monkeypatch.setattr(replies_module, "open_journal", lambda folder: ObjectJournal(folder, "me"))


@pytest.mark.integration
def test_a_run_after_a_fatal_error_in_the_same_process(usual: list[str], serve: Any, tmp_path: Path, object_store: None) -> None:
    """The replies before the error are kept, and the second run is not stopped by it."""
    answered = []

    def reply(asked: Any) -> Any:
        if "Task:" not in asked.text:
            return {"ready": True}
        answered.append(asked)
        return Answer(status=402, delay_s=0.3) if len(answered) > 5 else {"qualified": False, "reason": "ok"}

    endpoint = serve(reply)
    given = ["--endpoint", endpoint.url, "--model", "m", "--concurrency", "1"]
    assert main([*usual, *given]) == FAILED
    assert peek_runtime() is None
    assert replies(tmp_path / "out") == 5
    assert main([*usual, "--demo", "--overwrite"]) == OK
    assert peek_runtime() is None


@pytest.mark.integration
def test_a_run_after_ctrl_c_in_the_same_process(
    capsys: pytest.CaptureFixture[str], usual: list[str], serve: Any, tmp_path: Path, object_store: None
) -> None:
    answered = []

    def reply(asked: Any) -> Any:
        if "Task:" not in asked.text:
            return {"ready": True}
        answered.append(asked)
        if len(answered) == 8:
            os.kill(os.getpid(), signal.SIGINT)
        return Answer('{"qualified": false, "reason": "ok"}', delay_s=0.0 if len(answered) < 8 else 2.0)

    endpoint = serve(reply)
    given = ["--endpoint", endpoint.url, "--model", "m", "--concurrency", "1"]
    assert main([*usual, *given]) == STOPPED
    assert peek_runtime() is None
    assert "go on with --resume" in capsys.readouterr().err
    assert replies(tmp_path / "out") == 7
    assert main([*usual, "--demo", "--resume"]) == OK


@pytest.mark.integration
def test_replies_that_cannot_be_kept_are_told(
    capsys: pytest.CaptureFixture[str], usual: list[str], serve: Any, object_store: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the store is away")

    monkeypatch.setattr(journal_module, "_write_object", fail)
    monkeypatch.setattr(journal_module, "BACK_OFF_FIRST_S", 0.01)
    endpoint = serve(lambda asked: {"qualified": False, "reason": "ok"} if "Task:" in asked.text else {"ready": True})
    assert main([*usual, "--endpoint", endpoint.url, "--model", "m"]) == FAILED
    assert peek_runtime() is None
    errors = capsys.readouterr().err.strip().splitlines()
    assert "replies that were paid for cannot be written to" in errors[-1]
    assert "Traceback" not in "".join(errors)


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_is_shown_how_far_a_run_is(monkeypatch: pytest.MonkeyPatch, usual: list[str]) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert main([*usual, "--demo"]) == OK
    assert " tokens/s" in terminal.getvalue() and terminal.getvalue().endswith("\r\x1b[K")


def test_looking_makes_no_runtime(capsys: pytest.CaptureFixture[str], usual: list[str]) -> None:
    close_runtime()
    record = logging.LogRecord("apache_beam.x", logging.ERROR, "", 1, "m", None, None)
    assert _said_once(record)
    with progress_line(io.StringIO(), Watch(PipelineConfig(input=["a"], output="o"), Paid())):
        time.sleep(1.2 * progress_module.INTERVAL_S)
    refused(capsys, *usual, "--exemplars", "none.jsonl")
    assert peek_runtime() is None


def unpacked_graph(pipeline: beam.Pipeline) -> bytes:
    """Everything that a submitted graph holds, Beam's compressed pickles unpacked."""
    graph = pipeline.to_runner_api()
    parts = [graph.SerializeToString()]
    for transform in graph.components.transforms.values():
        if transform.spec.urn == "beam:transform:pardo:v1":
            payload = beam_runner_api_pb2.ParDoPayload.FromString(transform.spec.payload)
            parts.append(bz2.decompress(base64.b64decode(payload.do_fn.payload)))
    return b"".join(parts)


def test_no_secret_is_in_the_graph(monkeypatch: pytest.MonkeyPatch, config: Any) -> None:
    monkeypatch.setenv("SENTINEL_KEY", "sentinel-5f2d-of-a-key")
    chosen = config(endpoint=["http://localhost:1/v1"], model="a-model-by-name", api_key_env="SENTINEL_KEY")
    pipeline = beam.Pipeline()
    build(pipeline, make_plan(chosen))
    graph = unpacked_graph(pipeline)
    assert b"a-model-by-name" in graph
    assert b"SENTINEL_KEY" in graph
    assert b"sentinel-5f2d" not in graph


@pytest.mark.integration
@pytest.mark.parametrize("good", [True, False])
def test_no_secret_is_written_anywhere(good: bool, tmp_path: Path, serve: Any) -> None:
    secret = "sentinel-5f2d-of-a-key"
    output = tmp_path / "out"
    with ExitStack() as stack:
        if good:
            endpoint = stack.enter_context(DemoEndpoint.start())
            model = DEMO_MODEL
        else:
            endpoint = serve(lambda asked: "not json" if "Task:" in asked.text else {"ready": True})
            model = "m"
        command = [
            *(sys.executable, "-m", "beam_pipeline", "--input", str(SAMPLE), "--output", str(output), "--endpoint", endpoint.url),
            *("--model", model, "--api_key_env", "SENTINEL_KEY", "--log_level", "debug", "--max_reasks", "0"),
        ]
        done = subprocess.run(command, env={**os.environ, "SENTINEL_KEY": secret}, capture_output=True, text=True, timeout=150)
        assert good or endpoint.asked[-1].headers["Authorization"] == f"Bearer {secret}"
    assert secret not in done.stdout + done.stderr
    assert "DEBUG" in done.stderr
    written = [path for path in output.rglob("*") if path.is_file()]
    kinds = {path.relative_to(output).parts[0] for path in written}
    assert {"options.yaml", "summary.json", *(("qa", "journal") if good else ("dead_letters",))} <= kinds
    assert all(secret.encode() not in path.read_bytes() for path in written)


def test_the_help_fits_and_names_every_group(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help-all"])
    assert ended.value.code == OK
    assert "--endpoint" in capsys.readouterr().out
