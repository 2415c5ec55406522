"""Before a run: a server that loads or is busy is waited for, and a model that thinks is named with the flag that helps."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.exit_codes import FAILED
from beam_pipeline.main import main
from beam_pipeline.options.model_settings import stage_models
from beam_pipeline.run import preflight
from beam_pipeline.run.preflight import PreflightError, check_models, run_models
from tests.fakes.scripted_endpoint import Answer, Asked
from tests.places import SAMPLE

Make = Callable[..., Any]
READY = {"ready": True}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "POLL_S", 0.05)
    monkeypatch.setattr(preflight, "TELL_S", 0.2)
    monkeypatch.setattr(preflight, "LIST_TIMEOUT_S", 1.0)


def later(times: int, status: int) -> Callable[[], int]:
    """A server that says so the first times it is asked."""
    left = iter([status] * times)
    return lambda: next(left, 200)


def checked(config: Make, *endpoints: Any, **options: Any) -> list[str]:
    """The lines of the check of a run's models."""
    urls = [endpoint if isinstance(endpoint, str) else endpoint.url for endpoint in endpoints]
    return list(check_models(stage_models(config(endpoint=urls, model="m", **options)).values()))


@pytest.mark.parametrize("status", [503, 429])
def test_a_server_that_loads_or_is_busy_is_waited_for(
    status: int, config: Make, serve: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = serve(lambda _: READY, busy=later(8, status))
    assert checked(config, endpoint) == []
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(f"waiting for {endpoint.url}, 0 s of 120 s (--request_timeout_s): ")
    assert told[0].endswith(f"HTTP {status}: scripted {status}")
    assert len(endpoint.asked) == 1


def test_a_model_that_answers_late_is_waited_for_and_asked_once(
    config: Make, serve: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = serve(lambda _: Answer(json.dumps(READY), delay_s=0.7))
    assert checked(config, endpoint) == []
    told = capsys.readouterr().err.splitlines()
    assert 2 <= len(told) <= 4 and all(line.endswith("no reply yet") for line in told)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("status", [503, 200])
def test_the_wait_ends_with_the_time_of_a_request(status: int, config: Make, serve: Make) -> None:
    endpoint = serve(lambda _: Answer(delay_s=60), busy=lambda: status)
    began = time.monotonic()
    with pytest.raises(PreflightError, match=r"is there but .*; more --request_timeout_s waits longer"):
        checked(config, endpoint, request_timeout_s=0.4)
    assert time.monotonic() - began < 20


def test_the_name_of_the_model_is_waited_for_too(config: Make, serve: Make) -> None:
    endpoint = serve(lambda _: READY, models=("served",), busy=later(3, 503))
    with run_models(stage_models(config(endpoint=[endpoint.url]))) as models:
        assert {model.model for model in models.values()} == {"served"}


def test_other_replicas_need_no_wait(config: Make, serve: Make, capsys: pytest.CaptureFixture[str]) -> None:
    ready, loads = serve(lambda _: READY), serve(lambda _: READY, busy=lambda: 503)
    began = time.monotonic()
    assert checked(config, loads, ready) == []
    with run_models(stage_models(config(endpoint=[loads.url, ready.url]))) as models:
        assert {model.model for model in models.values()} == {"m"}
    assert time.monotonic() - began < 60


def test_nobody_there_is_said_at_once(config: Make, serve: Make) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(PreflightError, match="cannot reach the endpoint"):
        checked(config, f"http://127.0.0.1:{port}/v1")
    assert time.monotonic() - began < 20
    assert checked(config, f"http://127.0.0.1:{port}/v1", serve(lambda _: READY)) == []


def test_workers_elsewhere_are_not_waited_for(config: Make, serve: Make) -> None:
    endpoint = serve(lambda _: READY, busy=lambda: 503)
    models = stage_models(config(endpoint=[endpoint.url], model="m")).values()
    [line] = check_models(models, may_be_away=True)
    assert line.startswith(f"not checked: {endpoint.url} is there but does not list its models: HTTP 503")


def message(content: Any, finish: str = "stop", **fields: Any) -> Answer:
    """A reply whose message has more in it than content."""
    body = Answer(content, finish_reason=finish).body()
    body["choices"][0]["message"] |= fields
    return Answer(raw=body)


THINKING = {
    "tags": message('<think>The user asks whether I am ready.</think>{"ready": true}'),
    "cut in tags": message("<think>The user asks", "length"),
    "the template has the first tag": message('The user asks.\n</think>\n\n{"ready": true}'),
    "reasoning_content": message('{"ready": true}', reasoning_content="The user asks"),
    "reasoning": message(None, reasoning="The user asks"),
    "a part": message([{"type": "thinking", "thinking": []}, {"type": "text", "text": "yes"}]),
    "null and cut": message(None, "length"),
}
ANSWERING = {
    "json": message('{"ready": true}', reasoning_content=None, reasoning=""),
    "an empty thought": message('<think>\n\n</think>\n\n{"ready": true}'),
    "cut": message('{"ready": true, "more": "', "length"),
    "null": message(None),
}


@pytest.mark.parametrize("name", THINKING)
def test_a_model_that_thinks_is_named_with_what_helps(name: str, config: Make, serve: Make) -> None:
    endpoint = serve(lambda _: THINKING[name])
    [line] = checked(config, endpoint, verifier_models=["m"])
    assert line.startswith(f"note: {endpoint.url}: m thinks before it answers")
    assert "give --disable_thinking, or more --max_tokens" in line


@pytest.mark.parametrize("name", ANSWERING)
def test_other_models_are_not(name: str, config: Make, serve: Make) -> None:
    assert checked(config, serve(lambda _: ANSWERING[name])) == []


def test_a_model_that_thinks_although_it_is_asked_not_to(config: Make, serve: Make) -> None:
    def obedient(asked: Asked) -> Any:
        return READY if asked.body.get("chat_template_kwargs") == {"enable_thinking": False} else THINKING["tags"]

    assert checked(config, serve(obedient), disable_thinking=True) == []
    [line] = checked(config, serve(lambda _: THINKING["reasoning"]), disable_thinking=True)
    assert "although --disable_thinking asks it not to; give more --max_tokens" in line


@pytest.mark.integration
def test_a_run_on_a_server_that_loads_starts_when_it_is_ready(
    tmp_path: Path, serve: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:3]), "utf-8")

    def rejecting(asked: Asked) -> Any:
        return {"qualified": False, "reason": "not_informative"} if "Task:" in asked.text else replace(THINKING["tags"])

    endpoint = serve(rejecting, busy=later(4, 503))
    given = ["--input", str(few), "--output", str(tmp_path / "out"), "--endpoint", endpoint.url]
    assert main(given) == FAILED, "nothing was accepted"
    printed = capsys.readouterr()
    assert f"waiting for {endpoint.url}" in printed.err and "m thinks before it answers" in printed.err
    assert json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["reasons"] == {"filter/not_informative": 3}
