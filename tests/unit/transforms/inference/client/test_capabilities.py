"""What a server takes: found out with the request at hand, remembered only when it helped."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint
from transforms.errors import RequestRefused, TransientError
from transforms.inference.client.capabilities import NOTHING, OBJECT, SCHEMA, forget_capabilities, steps_down
from transforms.inference.client.chat import Completion, Request
from transforms.inference.client.endpoint import Endpoint
from transforms.inference.client.error_classes import ContextOverflow, Refused
from transforms.inference.config import ModelConfig

GOOD = {"qualified": True}
Serve = Callable[..., ScriptedEndpoint]
Asker = Callable[[Endpoint], Awaitable[Any]]


def request(text: str = "text", stage: str = "filter", model: str = "m", **settings: Any) -> Request:
    config = ModelConfig(("unused",), model, **{"request_timeout_s": 5.0, **settings})
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": text}]
    return Request(stage, "d", messages, {"type": "object"}, config)


def using(server: ScriptedEndpoint, use: Asker) -> Any:
    async def run() -> Any:
        endpoint = Endpoint(server.url)
        try:
            return await use(endpoint)
        finally:
            await endpoint.close()

    return asyncio.run(run())


def ask_in_turn(server: ScriptedEndpoint, *requests: Request) -> list[Completion | Exception]:
    async def use(endpoint: Endpoint) -> list[Completion | Exception]:
        return [(await asyncio.gather(endpoint.ask(each), return_exceptions=True))[0] for each in requests]  # type: ignore[misc]

    return using(server, use)


def ask_at_once(server: ScriptedEndpoint, *requests: Request) -> list[Completion | Exception]:
    async def use(endpoint: Endpoint) -> Any:
        return await asyncio.gather(*(endpoint.ask(each) for each in requests), return_exceptions=True)

    return using(server, use)


def structure(asked: Asked) -> str:
    return str(asked.body.get("response_format", {}).get("type", "plain"))


def structures(server: ScriptedEndpoint) -> list[str]:
    return [structure(asked) for asked in server.asked]


def takes(*accepted: str, status: int = 400) -> Callable[[Asked], Any]:
    return lambda asked: GOOD if structure(asked) in accepted else Reply(status=status)


def completions(answers: Sequence[Completion | Exception]) -> int:
    return sum(isinstance(answer, Completion) for answer in answers)


def test_the_steps_give_up_structure_or_parameters_before_both() -> None:
    assert steps_down(NOTHING, ["seed", "temperature"], with_schema=True) == [
        {SCHEMA},
        {SCHEMA, OBJECT},
        {"seed"},
        {"seed", "temperature"},
        {SCHEMA, OBJECT, "seed", "temperature"},
    ]
    assert steps_down(NOTHING, [], with_schema=False) == []
    assert steps_down(NOTHING, ["seed"], with_schema=False) == [{"seed"}]


def test_a_refusal_of_one_request_teaches_nothing(serve: Serve) -> None:
    server = serve(lambda asked: Reply(status=400) if "bad" in asked.text else GOOD)
    first, *others = ask_in_turn(server, request("bad"), request("a"), request("b"))
    assert isinstance(first, RequestRefused)
    assert completions(others) == 2
    assert structures(server)[-2:] == ["json_schema"] * 2


def test_the_first_refusal_is_the_one_that_is_told(serve: Serve) -> None:
    said = iter(range(100))
    server = serve(lambda _: Reply(status=400, raw={"error": {"message": f"refusal {next(said)}"}}))
    [refusal] = ask_in_turn(server, request())
    assert str(refusal) == "HTTP 400: refusal 0"
    assert len(server.asked) == 5


def test_a_request_that_was_accepted_once_is_not_tried_with_less(serve: Serve) -> None:
    server = serve(lambda asked: Reply(status=400) if "bad" in asked.text else GOOD)
    ask_in_turn(server, request("good"), request("bad"))
    assert len(server.asked) == 2


def test_the_schema_stays_when_a_parameter_that_nobody_named_was_meant(serve: Serve) -> None:
    server = serve(lambda asked: Reply(status=400) if "seed" in asked.body else GOOD)
    answers = ask_in_turn(server, *(request(f"{number}", extra_body='{"seed": 1}') for number in range(3)))
    assert completions(answers) == 3
    assert structures(server)[-2:] == ["json_schema"] * 2
    assert "seed" not in server.asked[-1].body
    assert "temperature" in server.asked[-1].body


def test_a_parameter_named_by_its_field_is_the_first_to_go(serve: Serve) -> None:
    error = {"message": "unsupported value", "type": "invalid_request_error", "param": "temperature"}
    server = serve(lambda asked: Reply(status=400, raw={"error": error}) if "temperature" in asked.body else GOOD)
    assert completions(ask_in_turn(server, request("a"), request("b"))) == 2
    assert structures(server) == ["json_schema"] * 3


def test_two_things_refused_are_both_found(serve: Serve) -> None:
    def script(asked: Asked) -> Any:
        if "seed" in asked.body:
            return Reply(status=422, raw={"detail": [{"loc": ["body", "seed"], "msg": "unknown"}]})
        return GOOD if structure(asked) == "json_object" else Reply(status=400)

    server = serve(script)
    assert completions(ask_in_turn(server, *(request(f"{number}", extra_body='{"seed": 1}') for number in range(2)))) == 2
    assert len(server.asked) == 4


def test_what_one_model_or_stage_takes_says_nothing_about_another(serve: Serve) -> None:
    def script(asked: Asked) -> Any:
        able = asked.body["model"] == "able" and "large schema" not in asked.text
        return GOOD if able or structure(asked) == "json_object" else Reply(status=400)

    server = serve(script)
    able, unable = request("a", model="able"), request("a", model="unable")
    large = request("large schema", stage="synthesize", model="able")
    assert completions(ask_in_turn(server, able, unable, large, able, unable, large)) == 6
    assert structures(server) == [
        "json_schema",
        *("json_schema", "json_object"),
        *("json_schema", "json_object"),
        "json_schema",
        "json_object",
        "json_object",
    ]


def test_requests_at_the_same_time_find_out_once(serve: Serve) -> None:
    def script(asked: Asked) -> Any:
        return Reply("{}", delay_s=0.05) if structure(asked) == "plain" else Reply(status=400, delay_s=0.01)

    server = serve(script)
    assert completions(ask_at_once(server, *(request(f"{number}") for number in range(16)))) == 16
    assert Counter(structures(server)) == {"json_schema": 16, "json_object": 1, "plain": 16}


def test_refused_requests_at_the_same_time_go_down_at_most_once_each(serve: Serve) -> None:
    server = serve(lambda _: Reply(status=400, delay_s=0.001))
    answers = ask_at_once(server, *(request(f"{number}") for number in range(8)))
    assert all(isinstance(answer, RequestRefused) for answer in answers)
    assert len(server.asked) == 8 * 5


def test_one_success_spares_those_in_line_the_way_down(serve: Serve) -> None:
    def script(asked: Asked) -> Any:
        return Reply("{}", delay_s=0.05) if asked.text == "good" else Reply(status=400, delay_s=0.03)

    server = serve(script)
    ask_at_once(server, request("good"), *(request(f"bad {number}") for number in range(8)))
    assert len(server.asked) <= 9 + 4


def test_more_that_was_accepted_meanwhile_counts(serve: Serve) -> None:
    """One 400 of a gateway that hiccups, while the same kind of request is on its way."""
    hiccups = iter([Reply(status=400)])
    server = serve(lambda asked: Reply("{}", delay_s=0.1) if asked.text == "slow" else next(hiccups, None) or GOOD)

    async def use(endpoint: Endpoint) -> None:
        slow = asyncio.ensure_future(endpoint.ask(request("slow")))
        await asyncio.sleep(0.03)
        await endpoint.ask(request("hiccup"))
        await slow
        await endpoint.ask(request("later"))

    using(server, use)
    assert structures(server) == ["json_schema", "json_schema", "json_object", "json_schema"]


def test_a_prompt_too_long_is_no_reason_to_send_less(serve: Serve) -> None:
    error = {"message": "This model's maximum context length is 8192 tokens"}
    server = serve(lambda _: Reply(status=400, raw={"error": error}))
    assert isinstance(ask_in_turn(server, request())[0], ContextOverflow)
    assert len(server.asked) == 1


def test_a_fault_on_the_way_down_is_a_fault(serve: Serve) -> None:
    server = serve(lambda asked: Reply(status=400 if structure(asked) == "json_schema" else 503))
    [fault] = ask_in_turn(server, request())
    assert isinstance(fault, Refused)
    assert fault.status == 503


def test_a_page_that_is_no_completion_proves_nothing(serve: Serve) -> None:
    pages = iter([Reply(raw={"choices": []}), Reply(status=400)])
    server = serve(lambda asked: next(pages, None) or takes("json_object")(asked))
    page, answer = ask_in_turn(server, request("a"), request("b"))
    assert isinstance(page, TransientError)
    assert isinstance(answer, Completion)


def test_a_server_that_says_500_to_a_schema_gets_it_another_way(serve: Serve) -> None:
    server = serve(takes("json_object", status=500))
    answers = ask_in_turn(server, *(request(f"{number}") for number in range(6)))
    assert [isinstance(answer, Refused) for answer in answers] == [True, True, False, False, False, False]
    # Once more with everything, since a 500 may have had any cause.
    assert structures(server) == [*["json_schema"] * 2, "json_object", *["json_schema", "json_object"], *["json_object"] * 2]


def test_a_server_that_was_only_starting_up_gets_everything_again(serve: Serve) -> None:
    starting = iter([Reply(status=500)] * 7)
    server = serve(lambda _: next(starting, None) or GOOD)
    answers = ask_in_turn(server, *(request(f"{number}") for number in range(12)))
    assert completions(answers) == 5
    assert structures(server)[-4:] == ["json_schema"] * 4


def test_the_doubt_about_a_500_outlasts_a_fault(serve: Serve) -> None:
    replies = iter([Reply(status=500), Reply(status=500), Reply("{}"), Reply(status=429), Reply("{}"), Reply("{}")])
    server = serve(lambda _: next(replies))
    ask_in_turn(server, *(request(f"{number}") for number in range(6)))
    assert structures(server) == [*["json_schema"] * 2, "json_object", *["json_schema"] * 3]


def test_a_500_to_what_was_accepted_before_is_a_fault(serve: Serve) -> None:
    replies = iter([GOOD, *[Reply(status=500)] * 4, GOOD])
    server = serve(lambda _: next(replies))
    answers = ask_in_turn(server, *(request(f"{number}") for number in range(6)))
    assert completions(answers) == 2
    assert set(structures(server)) == {"json_schema"}


def test_what_is_given_up_is_logged_once_and_why(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    def script(asked: Asked) -> Any:
        if "seed" in asked.body:
            return Reply(status=400, raw={"error": {"message": f"no seed for {asked.headers['Authorization']}"}})
        return takes("json_object")(asked)

    server = serve(script)
    asked = request(extra_body='{"seed": 1}', api_key="env:LOGGED_KEY")
    with caplog.at_level(logging.WARNING, logger="transforms"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGGED_KEY", "sk-sentinel-123")
        ask_at_once(server, *[asked] * 4, *[replace(asked, stage="verify")] * 4)
    assert len(caplog.messages) == 2
    assert all(f"{server.url}, model m: asked without" in message for message in caplog.messages)
    assert {"json_schema" in message for message in caplog.messages} == {True, False}
    assert "no seed for Bearer [key]" in caplog.text
    assert "sentinel" not in caplog.text


def test_nothing_is_logged_when_nothing_helped(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    ask_in_turn(serve(lambda _: Reply(status=400)), request())
    assert caplog.messages == []


def test_a_parameter_that_has_another_name_by_now_is_sent_under_it(serve: Serve) -> None:
    def script(asked: Asked) -> Any:
        if "max_tokens" in asked.body:
            said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            return Reply(status=400, raw={"error": {"message": said, "param": "max_tokens", "code": "unsupported_parameter"}})
        return GOOD

    server = serve(script)
    assert completions(ask_in_turn(server, request("one"), request("two"))) == 2
    assert [asked.body.get("max_completion_tokens") for asked in server.asked] == [None, 512, 512]
    assert structures(server) == ["json_schema"] * 3


def test_another_stage_begins_with_what_was_found_and_asks_for_everything_once(serve: Serve) -> None:
    server = serve(takes("json_object"))
    forget_capabilities()
    assert completions(ask_in_turn(server, request("one"))) == 1
    before = len(server.asked)
    answers = ask_at_once(server, *(request(f"{number}", stage="verify") for number in range(8)))
    assert completions(answers) == 8
    assert len(server.asked) == before + 8
    assert completions(ask_in_turn(server, *(request(f"more {number}", stage="verify") for number in range(4)))) == 4
    assert len(server.asked) <= before + 8 + 4 + 1
