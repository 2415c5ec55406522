"""The runtime against a real HTTP server whose replies are scripted."""

import json
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import pytest

from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint
from transforms.errors import FatalError, ReplyInvalid, ReplyTruncated, RequestRefused, TransientError
from transforms.filter import FilterReply
from transforms.inference.client import endpoint as endpoint_module
from transforms.inference.client.chat import Request
from transforms.inference.client.error_classes import ContextOverflow, Refused
from transforms.inference.client.reply_schema import reply_schema
from transforms.inference.config import ModelConfig
from transforms.inference.runtime import Runtime, Stopped
from transforms.inference.scheduling.retries import Answer, Call
from transforms.inference.scheduling.router import Outage

GOOD = {"qualified": True, "reason": "ok"}


pytestmark = pytest.mark.usefixtures("quick_back_off")

Serve = Callable[..., ScriptedEndpoint]


def call(*endpoints: ScriptedEndpoint, document_id: str = "d", text: str = "text", **settings: Any) -> Call:
    config = ModelConfig(tuple(endpoint.url for endpoint in endpoints), "m", **{"request_timeout_s": 50.0, **settings})
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": f"{text}\n\nTask: filter"}]
    request = Request("filter", document_id, messages, reply_schema(FilterReply), config)
    return Call(request, FilterReply, 0, lambda _: None)


def ask(runtime: Runtime, asked: Call) -> Answer:
    answers: SimpleQueue[Answer] = SimpleQueue()
    runtime.submit(replace(asked, deliver=answers.put))
    return answers.get(timeout=100)


def test_a_good_reply_comes_back_with_what_it_cost(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: GOOD)
    answer = ask(runtime, call(endpoint))
    assert answer.reply == FilterReply(qualified=True, reason="ok")
    assert (answer.usage.prompt_tokens, answer.usage.cached_tokens, answer.usage.completion_tokens) == (100, 40, 10)
    assert answer.usage.attempts == 1
    body = endpoint.asked[0].body
    assert body["max_tokens"] == 512
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["reason", "qualified"]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_a_status_that_may_pass_is_tried_again(runtime: Runtime, serve: Serve, status: int) -> None:
    endpoint = serve(lambda asked: GOOD if asked.repeat else Reply(status=status))
    answer = ask(runtime, call(endpoint))
    assert answer.error is None
    assert answer.faults == (f"http_{status}",)
    assert answer.usage.attempts == 2


@pytest.mark.parametrize("status", [408, 500, 504])
def test_the_budget_of_tries_ends_in_the_last_error(runtime: Runtime, serve: Serve, status: int) -> None:
    endpoint = serve(lambda _: Reply(status=status))
    answer = ask(runtime, call(endpoint, max_attempts=3))
    assert isinstance(answer.error, Refused)
    assert answer.error.status == status
    assert len(endpoint.asked) == 3


def test_being_told_later_costs_no_try_but_has_a_bound(runtime: Runtime, serve: Serve) -> None:
    patient = serve(lambda asked: GOOD if asked.repeat >= 12 else Reply(status=429))
    assert ask(runtime, call(patient, max_attempts=2)).error is None
    never = serve(lambda _: Reply(status=429))
    answer = ask(runtime, call(never, text="another text", outage_timeout_s=0.2))
    assert isinstance(answer.error, Refused)


BUSY = {"error": {"message": "Upstream error: Service temporarily overloaded", "code": 502}}


@pytest.mark.parametrize(
    "later", [Reply(raw=BUSY), Reply(status=502), Reply(status=500, raw=BUSY)], ids=["in 200", "502", "busy 500"]
)
def test_a_server_that_has_answered_nobody_is_waited_for_in_whatever_words(runtime: Runtime, serve: Serve, later: Reply) -> None:
    endpoint = serve(lambda asked: GOOD if asked.repeat >= 8 else later)
    answer = ask(runtime, call(endpoint, max_attempts=2))
    assert answer.error is None and answer.usage.attempts == 9
    never = serve(lambda _: later)
    assert isinstance(ask(runtime, call(never, text="another text", outage_timeout_s=0.2)).error, Refused)


def test_a_document_that_alone_gets_a_502_has_its_tries_and_no_more(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: Reply(status=502) if "at fault" in str(asked.body) else GOOD)
    assert ask(runtime, call(endpoint, text="fine")).error is None
    began = time.monotonic()
    answer = ask(runtime, call(endpoint, text="at fault", max_attempts=3))
    assert isinstance(answer.error, Refused) and answer.usage.attempts == 3
    assert time.monotonic() - began < 30


def test_a_filter_that_refuses_the_first_question_by_chance_is_asked_again(runtime: Runtime, serve: Serve) -> None:
    said = {"error": {"message": "The response was filtered", "code": "content_filter"}}
    endpoint = serve(lambda asked: GOOD if asked.repeat else Reply(status=400, raw=said))
    answer = ask(runtime, call(endpoint))
    assert answer.error is None and answer.faults == ("RequestRefused",)
    assert endpoint.asked[0].body == endpoint.asked[1].body, "a filter says nothing about the fields of a request"


def test_a_model_that_refuses_everything_stops_the_run(runtime: Runtime, serve: Serve) -> None:
    said = {"choices": [{"message": {"content": None, "refusal": "I'm sorry."}, "finish_reason": "stop"}]}
    endpoint = serve(lambda _: Reply(raw=said))
    errors = [ask(runtime, call(endpoint, text=f"text {number}", max_reasks=0)).error for number in range(64)]
    assert isinstance(errors[62], ReplyInvalid)
    assert isinstance(errors[63], FatalError) and "answered none of 64 questions: the model refuses: I'm sorry." in str(
        errors[63]
    )


def test_retry_after_is_obeyed(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: GOOD if asked.repeat else Reply(status=429, headers={"Retry-After": "0.4"}))
    answer = ask(runtime, call(endpoint))
    assert answer.usage.latency_s - answer.usage.first_try_s >= 0.4


def test_a_hung_request_is_given_up_and_asked_again(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: GOOD if asked.repeat else Reply(delay_s=3600))
    answer = ask(runtime, call(endpoint, request_timeout_s=1.0))
    assert answer.error is None
    assert answer.faults == ("TimedOut",)


def test_a_malformed_reply_is_asked_again_as_a_fresh_sample(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: GOOD if asked.body["temperature"] else "no json")
    answer = ask(runtime, call(endpoint))
    assert answer.error is None
    assert answer.faults == ("ReplyInvalid/no_json",)
    assert answer.usage.prompt_tokens == 200, "the malformed reply was paid for too"


def test_a_reply_that_stays_malformed_is_kept_with_the_error(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: "no json")
    answer = ask(runtime, call(endpoint, max_reasks=2))
    assert type(answer.error) is ReplyInvalid
    assert answer.error.reply == "no json"
    assert len(endpoint.asked) == 3


def test_a_cut_reply_is_asked_again_with_more_room(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: GOOD if asked.body["max_tokens"] > 512 else Reply('{"qualif', finish_reason="length"))
    answer = ask(runtime, call(endpoint))
    assert answer.error is None
    assert answer.faults == ("ReplyTruncated",)


def test_a_reply_that_stays_cut_says_so(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: Reply('{"qualif', finish_reason="length"))
    answer = ask(runtime, call(endpoint))
    assert type(answer.error) is ReplyTruncated
    assert answer.error.reply == '{"qualif'


def test_an_answer_without_content_is_invalid(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: Reply(None))
    assert type(ask(runtime, call(endpoint, max_reasks=0)).error) is ReplyInvalid


def test_a_body_that_is_no_completion_is_tried_again(runtime: Runtime, serve: Serve) -> None:
    broken = iter([Reply(raw="<html>gateway</html>"), Reply(raw={"choices": []}), Reply(raw={"choices": None})])
    endpoint = serve(lambda _: next(broken, None) or GOOD)
    assert ask(runtime, call(endpoint)).error is None


def test_a_refused_request_is_this_element_s_own_affair(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: Reply(status=400) if "bad" in asked.text else GOOD)
    assert ask(runtime, call(endpoint)).error is None
    answer = ask(runtime, call(endpoint, text="bad"))
    assert type(answer.error) is RequestRefused
    assert str(answer.error) == "HTTP 400: scripted 400"


def test_a_content_filter_is_a_refusal(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: Reply("", finish_reason="content_filter"))
    assert type(ask(runtime, call(endpoint)).error) is RequestRefused


@pytest.mark.parametrize(
    "error",
    [
        {"message": "This model's maximum context length is 8192 tokens", "type": "BadRequestError", "code": 400},
        {"message": "too long", "type": "exceed_context_size_error", "code": 400},
        {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"},
        {"message": "The input (9000 tokens) is longer than the model's context length (8192 tokens).", "code": 400},
    ],
    ids=["vllm", "llama-server", "openai", "sglang"],
)
def test_a_prompt_too_long_is_recognised(runtime: Runtime, serve: Serve, error: dict[str, Any]) -> None:
    endpoint = serve(lambda _: Reply(status=400, raw={"error": error}))
    assert type(ask(runtime, call(endpoint)).error) is ContextOverflow
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_call_can_survive_stops_the_run(runtime: Runtime, serve: Serve, status: int) -> None:
    endpoint = serve(lambda _: Reply(status=status, raw={"detail": "no such thing"}))
    answer = ask(runtime, call(endpoint))
    assert isinstance(answer.error, FatalError)
    assert "no such thing" in str(answer.error)


def _takes(structure: str) -> Callable[[Asked], Any]:
    def script(asked: Asked) -> Any:
        given = asked.body.get("response_format", {}).get("type", "plain")
        if given not in (structure, "plain"):
            return Reply(status=400)
        if given != "json_schema":
            assert "fits this JSON schema" in asked.text
        return GOOD

    return script


@pytest.mark.parametrize(("structure", "refusals"), [("json_object", 1), ("plain", 2)])
def test_what_a_server_refuses_is_learnt_once(runtime: Runtime, serve: Serve, structure: str, refusals: int) -> None:
    endpoint = serve(_takes(structure))
    for number in range(5):
        assert ask(runtime, call(endpoint, document_id=f"d{number}", text=f"text {number}")).error is None
    assert len(endpoint.asked) == 5 + refusals


def test_an_unknown_parameter_is_dropped_once(runtime: Runtime, serve: Serve) -> None:
    def script(asked: Asked) -> Any:
        if "chat_template_kwargs" in asked.body:
            return Reply(status=422, raw={"detail": [{"loc": ["body", "chat_template_kwargs"], "msg": "unknown"}]})
        return GOOD

    endpoint = serve(script)
    extra = '{"chat_template_kwargs": {"enable_thinking": false}}'
    for number in range(3):
        assert ask(runtime, call(endpoint, text=f"text {number}", extra_body=extra)).error is None
    assert len(endpoint.asked) == 4
    assert endpoint.asked[-1].body["response_format"]["type"] == "json_schema"


def test_a_server_that_says_500_to_a_schema_is_stepped_down(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: Reply(status=500) if "json_schema" in str(asked.body.get("response_format")) else GOOD)
    answers = [ask(runtime, call(endpoint, text=f"text {number}")) for number in range(3)]
    assert answers[-1].error is None
    assert len(endpoint.asked) <= 7


def test_a_refusal_at_the_start_degrades_nothing(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: Reply(status=400) if "bad" in asked.text else GOOD)
    assert type(ask(runtime, call(endpoint, text="bad")).error) is RequestRefused
    assert ask(runtime, call(endpoint)).error is None
    assert endpoint.asked[-1].body["response_format"]["type"] == "json_schema"


def test_what_one_model_refuses_is_not_learnt_for_another(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: _takes("json_object")(asked) if asked.body["model"] == "m" else GOOD)
    other = call(endpoint)
    other = replace(other, request=replace(other.request, config=replace(other.request.config, model="other")))
    for asked in (call(endpoint), other):
        assert ask(runtime, asked).error is None
    assert [asked.body["response_format"]["type"] for asked in endpoint.asked] == ["json_schema", "json_object", "json_schema"]


def test_models_behind_one_url_have_their_own_keys_and_times(
    runtime: Runtime, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_ONE", "sk-sentinel-one")
    monkeypatch.setenv("KEY_TWO", "sk-sentinel-two")
    endpoint = serve(lambda asked: Reply('{"qualified": true, "reason": "ok"}', delay_s=1.5 if "slow" in asked.text else 0))
    hurried = call(endpoint, text="one", api_key="env:KEY_ONE", request_timeout_s=1.0)
    patient = call(endpoint, text="slow two", api_key="env:KEY_TWO")
    assert [ask(runtime, asked).faults for asked in (hurried, patient)] == [(), ()]
    assert [asked.headers["Authorization"][-3:] for asked in endpoint.asked] == ["one", "two"]


@pytest.mark.parametrize("status", [200, 400, 401, 404, 422, 429, 502])
def test_a_gateway_that_repeats_the_key_does_not_spread_it(
    runtime: Runtime, serve: Serve, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    def script(asked: Asked) -> Reply:
        said = f"no access with {asked.headers['Authorization']}"
        return Reply(said, status=status, raw=None if status == 200 else {"error": {"message": said}})

    monkeypatch.setenv("REPEATED", "sk-sentinel-0123456789")
    endpoint = serve(script)
    answer = ask(runtime, call(endpoint, api_key="env:REPEATED", max_attempts=2, max_reasks=1, outage_timeout_s=0.1))
    assert answer.error is not None
    shown = "".join(traceback.format_exception(answer.error)) + getattr(answer.error, "reply", "")
    assert "no access with Bearer [key]" in shown
    assert "sentinel" not in shown


def test_a_remembered_reply_is_not_asked_for_again(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: GOOD)
    first, second = ask(runtime, call(endpoint)), ask(runtime, call(endpoint))
    assert first.reply == second.reply
    assert second.replayed
    assert second.usage.prompt_tokens == 0
    assert len(endpoint.asked) == 1


def test_the_same_question_twice_at_the_same_time_is_asked_once(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: Reply('{"qualified": true, "reason": "ok"}', delay_s=0.2))
    answers: SimpleQueue[Answer] = SimpleQueue()
    for _ in range(5):
        runtime.submit(replace(call(endpoint), deliver=answers.put))
    found = [answers.get(timeout=50) for _ in range(5)]
    assert all(answer.error is None for answer in found)
    assert len(endpoint.asked) == 1


def test_a_remembered_reply_that_no_longer_fits_is_asked_for_again(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: GOOD)
    asked = call(endpoint)
    runtime.recall(asked.request.key(), '{"an older": "reply"}')
    answer = ask(runtime, asked)
    assert answer.reply == FilterReply(qualified=True, reason="ok")
    assert not answer.replayed


def test_a_ceiling_holds(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: Reply('{"qualified": true, "reason": "ok"}', delay_s=0.02))
    answers: SimpleQueue[Answer] = SimpleQueue()
    for number in range(40):
        runtime.submit(replace(call(endpoint, document_id=f"d{number}", text=f"{number}", concurrency=4), deliver=answers.put))
    for _ in range(40):
        answers.get(timeout=50)
    assert endpoint.most_in_flight == 4


def test_processes_share_the_ceiling(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: Reply('{"qualified": true, "reason": "ok"}', delay_s=0.02))
    answers: SimpleQueue[Answer] = SimpleQueue()
    for number in range(20):
        asked = call(endpoint, document_id=f"d{number}", text=f"{number}", concurrency=8, processes=4)
        runtime.submit(replace(asked, deliver=answers.put))
    for _ in range(20):
        answers.get(timeout=50)
    assert endpoint.most_in_flight == 2


def test_a_dead_replica_s_documents_go_to_the_next(runtime: Runtime, serve: Serve) -> None:
    dead, alive = serve(lambda _: GOOD), serve(lambda _: GOOD)
    dead.close()
    for number in range(10):
        assert ask(runtime, call(dead, alive, document_id=f"d{number}", text=f"{number}")).error is None
    assert len(alive.asked) == 10


def test_an_endpoint_that_comes_back_loses_nothing(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: GOOD)
    endpoint.close()
    answers: SimpleQueue[Answer] = SimpleQueue()
    for number in range(10):
        runtime.submit(replace(call(endpoint, document_id=f"d{number}", text=f"{number}", max_attempts=1), deliver=answers.put))
    time.sleep(0.5)
    again = serve(lambda _: GOOD, port=endpoint.port)
    assert all(answers.get(timeout=100).error is None for _ in range(10))
    assert len(again.asked) == 10


def test_an_endpoint_that_stays_away_is_given_up_in_time(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda _: GOOD)
    endpoint.close()
    answer = ask(runtime, call(endpoint, outage_timeout_s=0.3))
    assert isinstance(answer.error, TransientError)
    assert isinstance(ask(runtime, call(endpoint, document_id="e", outage_timeout_s=0.3)).error, (Outage, TransientError))


def test_stopping_answers_everything_in_flight(runtime: Runtime, serve: Serve, until: Callable[..., None]) -> None:
    endpoint = serve(lambda _: Reply("{}", delay_s=3600))
    answers: SimpleQueue[Answer] = SimpleQueue()
    for number in range(3):
        runtime.submit(replace(call(endpoint, document_id=f"d{number}", text=f"{number}"), deliver=answers.put))
    until(lambda: len(endpoint.asked) == 3)
    runtime.stop()
    assert all(isinstance(answers.get(timeout=50).error, Stopped) for _ in range(3))


def test_a_rotated_key_is_picked_up(runtime: Runtime, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTATING", "old")
    endpoint = serve(lambda asked: GOOD if asked.headers["Authorization"] == "Bearer new" else Reply(status=401))
    monkeypatch.setenv("ROTATING", "new")
    assert ask(runtime, call(endpoint, api_key="env:ROTATING")).error is None
    stale = serve(lambda asked: GOOD if asked.headers["Authorization"] == "Bearer newer" else Reply(status=401))
    asked = call(stale, text="another text", api_key="env:ROTATING")
    assert isinstance(ask(runtime, asked).error, FatalError)
    monkeypatch.setenv("ROTATING", "newer")
    assert ask(runtime, asked).error is None


def test_a_key_rotated_with_many_calls_in_flight_stops_none_of_them(
    runtime: Runtime, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(asked: Asked) -> Any:
        if asked.headers["Authorization"] == "Bearer sk-sentinel-new":
            return GOOD
        monkeypatch.setenv("ROTATING", "sk-sentinel-new")
        return Reply(status=401, delay_s=len(endpoint.asked) * 0.01)

    monkeypatch.setenv("ROTATING", "sk-sentinel-old")
    endpoint = serve(script)
    answers: SimpleQueue[Answer] = SimpleQueue()
    for number in range(16):
        asked = call(endpoint, document_id=f"d{number}", text=f"{number}", api_key="env:ROTATING")
        runtime.submit(replace(asked, deliver=answers.put))
    assert [answers.get(timeout=100).error for _ in range(16)] == [None] * 16


def test_a_401_of_a_key_that_has_worked_is_waited_for(runtime: Runtime, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKED", "sk-1")
    lost = [1, 2, 3]  # which calls find the account service away
    endpoint = serve(lambda _: Reply(status=401) if len(endpoint.asked) - 1 in lost else GOOD)
    assert ask(runtime, call(endpoint, text="first", api_key="env:WORKED")).error is None
    answer = ask(runtime, call(endpoint, text="second", api_key="env:WORKED"))
    assert (answer.error, set(answer.faults)) == (None, {"http_401"})


def test_a_401_of_a_key_that_has_worked_stops_the_run_when_it_lasts(
    runtime: Runtime, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKED", "sk-1")
    monkeypatch.setattr(endpoint_module, "KEY_GRACE_S", 0.2)
    endpoint = serve(lambda _: Reply(status=401) if len(endpoint.asked) > 1 else GOOD)
    assert ask(runtime, call(endpoint, text="first", api_key="env:WORKED")).error is None
    answer = ask(runtime, call(endpoint, text="second", api_key="env:WORKED", outage_timeout_s=60.0))
    assert isinstance(answer.error, FatalError)
    assert "401" in str(answer.error)
    assert len(endpoint.asked) > endpoint_module.KEY_REFUSALS


def test_a_few_poisonous_prompts_are_no_outage(runtime: Runtime, serve: Serve) -> None:
    """With nothing else left to ask, every answer is a failure; a question of one word shows whose."""
    endpoint = serve(lambda asked: Reply(status=500) if "poison" in asked.text else GOOD)
    answers: SimpleQueue[Answer] = SimpleQueue()
    texts = [f"good {number}" for number in range(4)] + [f"poison {number}" for number in range(8)]
    for number, text in enumerate(texts):
        one = call(endpoint, document_id=f"d{number}", text=text, outage_timeout_s=60.0)
        runtime.submit(replace(one, deliver=answers.put))
    found = [answers.get(timeout=100) for _ in texts]
    errors = Counter(type(answer.error).__name__ for answer in found)
    assert errors == {"NoneType": 4, "Refused": 8}
    assert all(answer.error is None for answer in found if "good" in answer.call.request.messages[-1]["content"])


@pytest.mark.parametrize("retry_after", ["3600", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_server_makes_a_call_wait_longer_than_an_outage(runtime: Runtime, serve: Serve, retry_after: str) -> None:
    endpoint = serve(lambda asked: GOOD if asked.repeat else Reply(status=429, headers={"retry-after": retry_after}))
    answer = ask(runtime, call(endpoint, outage_timeout_s=1.0))
    assert answer.error is None
    assert answer.usage.latency_s >= 0.9, "it did not wait at all"


def test_half_of_a_surrogate_pair_in_a_reply_is_no_reply(runtime: Runtime, serve: Serve) -> None:
    """It can be written in JSON and not in UTF-8, so nothing behind could write it."""
    bad = {"choices": [{"message": {"content": "\ud800"}}]}
    inside = json.dumps({"qualified": True, "reason": "ok", "note": "\ud800"})
    for first in (Reply(raw=json.dumps(bad)), Reply(inside.replace('"ok"', '"\\ud800"'))):
        endpoint = serve(lambda asked, first=first: GOOD if asked.repeat else first)
        answer = ask(runtime, call(endpoint, text=str(first)))
        assert answer.error is None or isinstance(answer.error, ReplyInvalid)
        str(getattr(answer.error, "reply", "")).encode("utf-8")
