"""The embedded endpoint: its protocol, its simulation of a loaded or failing server, its life as a child process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.demo_endpoint.gpu_simulation import PrefixCache, Simulation, SimulationConfig
from beam_pipeline.demo_endpoint.replies import cut
from beam_pipeline.demo_endpoint.server import EndpointConfig, main, parse_flags
from prompts.load import load_prompts
from tests.places import ROOT
from transforms.records import DEMO_MODEL as MODEL
from transforms.text import estimate_tokens

DOCUMENT = "The Harrow Bridge was opened in 1923. Its steel arch has a span of 214 metres over the River Tamble. " * 12
FILTER_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "filter",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"qualified": {"type": "boolean"}, "reason": {"type": "string"}},
            "required": ["qualified", "reason"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[DemoEndpoint]:
    with DemoEndpoint.start() as started:
        yield started


def messages(stage: str = "filter", document: str = DOCUMENT) -> list[dict[str, str]]:
    return load_prompts().messages(stage, document, {})


def post(url: str, body: Any, key: str = "", path: str = "/chat/completions", timeout: float = 100) -> tuple[int, Any, Any]:
    """Status, decoded body and headers of one request."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=timeout) as response:
            return response.status, json.load(response), response.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers


def chat(endpoint: DemoEndpoint, sent: list[dict[str, str]] | None = None, **options: Any) -> tuple[int, Any, Any]:
    return post(endpoint.url, {"model": MODEL, "messages": sent or messages(), **options})


async def chat_all(url: str, documents: list[str]) -> list[tuple[int, str]]:
    """Status and text of a filter request for each document, all sent at once."""

    async def one(session: aiohttp.ClientSession, document: str) -> tuple[int, str]:
        body = {"model": MODEL, "messages": messages("filter", document), "response_format": FILTER_SCHEMA}
        async with session.post(f"{url}/chat/completions", json=body) as response:
            reply = await response.json()
            return response.status, reply["choices"][0]["message"]["content"] if response.status == 200 else ""

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        return await asyncio.gather(*(one(session, document) for document in documents))


# --- protocol


def test_it_says_which_model_it_has_and_that_it_is_rules(endpoint: DemoEndpoint) -> None:
    status, body, _ = post(endpoint.url, None, path="/models")
    assert status == 200
    assert [(model["id"], model["owned_by"]) for model in body["data"]] == [("demo-rules", "rule-based demo")]
    assert post(endpoint.url.removesuffix("/v1"), None, path="/health")[0] == 200


def test_a_schema_gives_pure_json_and_counted_usage(endpoint: DemoEndpoint) -> None:
    status, body, _ = chat(endpoint, response_format=FILTER_SCHEMA)
    text = body["choices"][0]["message"]["content"]
    assert (status, json.loads(text)) == (200, {"qualified": True, "reason": "ok"})
    assert body["choices"][0]["finish_reason"] == "stop"
    usage = body["usage"]
    assert usage["prompt_tokens"] == sum(estimate_tokens(message["content"]) for message in messages())
    assert usage["completion_tokens"] == estimate_tokens(text)
    assert usage["prompt_tokens_details"] == {"cached_tokens": 0}


def test_json_object_is_pure_json_and_no_format_is_fenced_after_prose(endpoint: DemoEndpoint) -> None:
    pure = chat(endpoint, response_format={"type": "json_object"})[1]["choices"][0]["message"]["content"]
    fenced = chat(endpoint)[1]["choices"][0]["message"]["content"]
    assert json.loads(pure)["qualified"] is True
    assert not fenced.startswith("{")
    assert json.loads(fenced.split("```json\n")[1].split("\n```")[0]) == json.loads(pure)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_token_limit_cuts_the_reply(endpoint: DemoEndpoint, name: str) -> None:
    _, body, _ = chat(endpoint, **{name: 5})
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] <= 5


def test_a_reply_of_exactly_the_limit_is_not_cut() -> None:
    assert cut("one two three", 3) == "one two three"
    assert estimate_tokens(cut("one two three", 2)) <= 2


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        pytest.param(b"{not json", 400, "not JSON", id="broken-json"),
        pytest.param([1], 400, "the body", id="not-an-object"),
        pytest.param({"model": MODEL}, 400, "messages", id="no-messages"),
        pytest.param({"model": MODEL, "messages": [{"role": "user"}]}, 400, "content", id="no-content"),
        pytest.param({"model": MODEL, "messages": messages(), "max_tokens": -1}, 400, "max_tokens", id="negative-limit"),
        pytest.param({"model": MODEL, "messages": messages(), "response_format": {"type": "xml"}}, 400, "response", id="format"),
        pytest.param({"model": MODEL, "messages": messages(), "stream": True}, 400, "stream", id="stream"),
        pytest.param({"model": "gpt", "messages": messages()}, 404, MODEL, id="unknown-model"),
    ],
)  # fmt: skip
def test_a_bad_request_gets_an_openai_error(endpoint: DemoEndpoint, body: Any, status: int, says: str) -> None:
    found, reply, _ = post(endpoint.url, body)
    assert found == status
    assert says in reply["error"]["message"]
    assert set(reply["error"]) == {"message", "type", "param", "code"}


def test_a_wrong_key_is_refused_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_KEY_OF_THIS_TEST", "sesame-7731")
    with DemoEndpoint.start(api_key_env="DEMO_KEY_OF_THIS_TEST") as locked:
        body = {"model": MODEL, "messages": messages()}
        for key in ("", "wrong"):
            status, reply, _ = post(locked.url, body, key)
            assert status == 401
            assert "sesame-7731" not in json.dumps(reply)
        assert post(locked.url, None, path="/models")[0] == 401
        assert post(locked.url, body, "sesame-7731")[0] == 200


def test_another_question_gets_a_short_answer_in_the_form_it_asks_for(endpoint: DemoEndpoint) -> None:
    question = [{"role": "user", "content": 'Are you ready? Reply with the JSON object {"ready": true}.'}]
    schema = {
        "type": "object",
        "properties": {"ready": {"const": True}},
        "required": ["ready"],
    }
    strict = chat(endpoint, question, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})
    loose = chat(endpoint, question, response_format={"type": "json_object"})
    assert json.loads(strict[1]["choices"][0]["message"]["content"]) == {"ready": True}
    assert json.loads(loose[1]["choices"][0]["message"]["content"]) == {"ready": True}
    assert chat(endpoint, [{"role": "user", "content": "Say OK."}])[1]["choices"][0]["message"]["content"] == "OK"


def test_a_document_of_megabytes_is_accepted(endpoint: DemoEndpoint) -> None:
    status, body, _ = chat(endpoint, messages("filter", "A long story about ships. " * 200_000))
    assert status == 200
    assert body["usage"]["prompt_tokens"] > 500_000


def test_a_seed_makes_another_request_and_another_guess(endpoint: DemoEndpoint) -> None:
    prompts = load_prompts(stages=("pass_rate",))
    asked = prompts.messages("pass_rate", "", {"question": "In which year was the Harrow Bridge opened?"})
    before = endpoint.stats()["repeats"]

    def guess(**more: Any) -> str:
        status, body, _ = post(
            endpoint.url, {"model": MODEL, "messages": asked, "response_format": {"type": "json_object"}, **more}
        )
        assert status == 200
        return str(json.loads(body["choices"][0]["message"]["content"])["answer"])

    assert len({guess(seed=seed) for seed in range(12)}) > 1
    assert endpoint.stats()["repeats"] == before
    assert guess(seed=3) == guess(seed=3)
    assert endpoint.stats()["repeats"] == before + 2
    assert post(endpoint.url, {"model": MODEL, "messages": asked, "seed": "x"})[0] == 400


# --- simulation


def test_slots_are_kept_and_their_busy_time_is_counted() -> None:
    with DemoEndpoint.start(slots=2, latency_median_s=0.1) as slow:
        began = time.monotonic()
        replies = asyncio.run(chat_all(slow.url, [f"{DOCUMENT} {number}" for number in range(8)]))
        took, stats = time.monotonic() - began, slow.stats()
    assert {status for status, _ in replies} == {200}
    span = stats["last_reply_at"] - stats["first_request_at"]
    assert stats["busy_slot_s"] >= 0.99 * 8 * 0.1
    assert stats["busy_slot_s"] / 2 <= 1.01 * span
    assert span <= took
    assert (stats["requests"], stats["replies"], stats["in_flight"], stats["peak_in_flight"]) == (8, 8, 0, 8)
    assert stats["repeats"] == 0


def test_cached_prefixes_are_reported_and_cost_no_prefill() -> None:
    with DemoEndpoint.start(cache_tokens=100_000, prefill_tokens_per_s=2000) as caching:
        timings, cached, prompts = [], [], []
        for stage in ("filter", "classify"):
            began = time.monotonic()
            usage = chat(caching, messages(stage))[1]["usage"]
            timings.append(time.monotonic() - began)
            cached.append(usage["prompt_tokens_details"]["cached_tokens"])
            prompts.append(usage["prompt_tokens"])
        assert caching.stats()["cached_tokens"] == cached[1]
    assert cached[0] == 0
    assert cached[1] % 16 == 0
    behind = estimate_tokens(messages("classify")[1]["content"].partition("</document>")[2])
    assert usage["prompt_tokens"] - behind - 16 <= cached[1] < usage["prompt_tokens"]  # all but what stands behind the document
    assert timings[0] >= prompts[0] / 2000
    assert timings[1] < timings[0]


def test_the_prefix_cache_knows_beginnings_only_and_forgets_the_oldest() -> None:
    cache = PrefixCache(tokens=4 * 16)
    first, second = "a" * 128, "b" * 128
    assert cache.read(first) == 0
    assert cache.read(first + second) == pytest.approx(0.5)
    assert cache.read("x" + first) == 0  # shifted by one letter: no block is the same
    assert cache.read(second) == 0
    assert cache.read(first + second) < 0.5  # pushed out by what came since


FAULTY = {"fault_429": 0.2, "fault_500": 0.2, "fault_malformed": 0.2, "fault_truncated": 0.2}


def test_faults_depend_on_the_request_and_its_attempt_alone() -> None:
    documents = [f"{DOCUMENT} {number}" for number in range(12)]

    def outcomes(order: list[str]) -> dict[tuple[str, int], tuple[int, str]]:
        with DemoEndpoint.start(**FAULTY) as faulty:
            rounds = [asyncio.run(chat_all(faulty.url, order)) for _ in range(3)]
        return {(doc, n): reply for n, replies in enumerate(rounds) for doc, reply in zip(order, replies, strict=True)}

    found = outcomes(documents)
    assert found == outcomes(documents[::-1])
    assert {status for status, _ in found.values()} == {200, 429, 500}
    good = {document for (document, _), (_, text) in found.items() if text == '{"qualified": true, "reason": "ok"}'}
    assert len(good) > 3  # a retry can succeed


@pytest.mark.parametrize(
    ("fault", "status", "finish_reason"),
    [("429", 429, ""), ("500", 500, ""), ("malformed", 200, "stop"), ("truncated", 200, "length")],
)
def test_each_fault_looks_as_servers_make_it_look(fault: str, status: int, finish_reason: str) -> None:
    with DemoEndpoint.start(**{f"fault_{fault}": 1.0}, retry_after_s=1.5) as faulty:
        found, body, headers = chat(faulty, response_format=FILTER_SCHEMA)
        assert faulty.stats()["faults"] == {fault: 1}
    assert found == status
    assert headers.get("Retry-After") == ("1.5" if fault == "429" else None)
    if status == 200:
        assert body["choices"][0]["finish_reason"] == finish_reason
        with pytest.raises(ValueError):
            json.loads(body["choices"][0]["message"]["content"])


def test_a_hanging_request_is_given_up_by_its_client_and_holds_no_slot(until: Callable[..., None]) -> None:
    with DemoEndpoint.start(fault_hang=1.0, slots=1) as hanging:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                post(hanging.url, {"model": MODEL, "messages": messages()}, timeout=0.3)
        until(lambda: not hanging.stats()["in_flight"])
        stats = hanging.stats()
    assert stats["faults"] == {"hang": 2}
    assert stats["in_flight"] == 0


def test_service_times_and_lengths_are_drawn_from_the_request() -> None:
    simulation = Simulation(SimulationConfig(output_tokens_median=100, output_tokens_sigma=0.5))
    again = Simulation(SimulationConfig(output_tokens_median=100, output_tokens_sigma=0.5))
    drawn = [simulation.output_tokens(simulation.admit(messages("filter", str(n))), 9, 10_000) for n in range(200)]
    assert drawn == [again.output_tokens(again.admit(messages("filter", str(n))), 9, 10_000) for n in range(200)]
    assert sorted(drawn)[100] == pytest.approx(100, rel=0.2)
    assert len(set(drawn)) > 50
    assert simulation.output_tokens(simulation.admit(messages()), 9, 10) <= 10


# --- command line and child process


def test_every_option_is_a_flag() -> None:
    flags = ["--slots=3", "--latency_median_s=0.25", "--fault_500=0.1", "--api_key_env=NAME", "--exit_with_parent"]
    given = EndpointConfig(slots=3, latency_median_s=0.25, fault_500=0.1, api_key_env="NAME", exit_with_parent=True)
    assert parse_flags(flags) == given
    assert parse_flags([]) == EndpointConfig()


def test_an_endpoint_that_cannot_start_says_why_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--api_key_env", "NO_SUCH_VARIABLE_IS_SET"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "error: --api_key_env: the environment variable NO_SUCH_VARIABLE_IS_SET is not set\n"


@pytest.mark.parametrize("flags", [["--slots", "-1"], ["--slots", "many"], ["--fault_429", "0.7", "--fault_500", "0.7"]])
def test_a_wrong_option_stops_with_status_2(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse_flags(flags)
    assert stopped.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_child_that_cannot_start_is_an_error_here() -> None:
    with pytest.raises(RuntimeError, match="exit status 2"):
        DemoEndpoint.start(api_key_env="NO_SUCH_VARIABLE_IS_SET")


def test_the_command_line_announces_its_url_and_stops_on_a_signal() -> None:
    command = [sys.executable, "-m", "beam_pipeline.demo_endpoint", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(100) == 0
    assert line.startswith("listening on http://127.0.0.1:")
    assert line.endswith("/v1")


def test_stopping_twice_is_harmless() -> None:
    started = DemoEndpoint.start()
    started.stop()
    started.stop()
    with pytest.raises(urllib.error.URLError):
        post(started.url, None, path="/models")


def test_it_ends_with_the_process_that_started_it(until: Callable[..., None]) -> None:
    program = (
        "import os, signal; from beam_pipeline.demo_endpoint.child_process import DemoEndpoint;"
        "print(DemoEndpoint.start().url, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ)
    url = parent.stdout.strip()
    assert url.startswith("http://127.0.0.1:")

    def gone() -> bool:
        try:
            post(url, None, path="/models")
        except OSError:
            return True
        return False

    until(gone)


def test_starting_does_not_load_beam() -> None:
    check = "import sys, beam_pipeline.demo_endpoint; sys.exit('apache_beam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT).returncode == 0
