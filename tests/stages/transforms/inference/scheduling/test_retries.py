"""What becomes of many calls when an endpoint is slow, sick or half gone."""

import asyncio
import random
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import ScriptedEndpoint
from transforms.filter import FilterReply
from transforms.inference.client.chat import Request
from transforms.inference.client.reply_schema import reply_schema
from transforms.inference.config import ModelConfig
from transforms.inference.runtime import Runtime
from transforms.inference.scheduling.retries import Answer, Call, back_off_s

pytestmark = pytest.mark.usefixtures("quick_back_off")
GOOD = '{"qualified": true, "reason": "ok"}'


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    runtime = Runtime()
    yield runtime
    runtime.close()


def ask_many(runtime: Runtime, endpoints: list[ScriptedEndpoint], count: int, **settings: Any) -> list[Answer]:
    """Ask about `count` documents at once and wait for all answers."""
    config = ModelConfig(tuple(endpoint.url for endpoint in endpoints), "m", **{"request_timeout_s": 5.0, **settings})
    answers: SimpleQueue[Answer] = SimpleQueue()
    for number in range(count):
        messages = [{"role": "system", "content": "s"}, {"role": "user", "content": f"text {number}\n\nTask: filter"}]
        request = Request("filter", f"d{number}", messages, reply_schema(FilterReply), config)
        runtime.submit(Call(request, FilterReply, 0, answers.put))
    return [answers.get(timeout=60) for _ in range(count)]


def test_a_replica_that_always_says_503_costs_no_document(runtime: Runtime, serve: Callable[..., ScriptedEndpoint]) -> None:
    sick, well = serve(lambda _: Reply(status=503)), serve(lambda _: Reply(GOOD, delay_s=0.01))
    answers = ask_many(runtime, [sick, well], 100, outage_timeout_s=5)
    assert all(answer.error is None for answer in answers)
    assert len(well.asked) == 100
    assert len(sick.asked) < 100, "it was asked again and again"


def test_a_replica_over_its_limit_sends_what_is_too_much_to_the_other(
    runtime: Runtime, serve: Callable[..., ScriptedEndpoint]
) -> None:
    full, free = serve(lambda _: Reply(status=429, headers={"Retry-After": "3600"})), serve(lambda _: Reply(GOOD))
    answers = ask_many(runtime, [full, free], 40)
    assert all(answer.error is None for answer in answers)


def test_a_slow_endpoint_is_not_overrun(runtime: Runtime, serve: Callable[..., ScriptedEndpoint]) -> None:
    slots = asyncio.Semaphore(2)

    class Slow(ScriptedEndpoint):
        async def _complete(self, request: Any) -> Any:
            async with slots:
                return await super()._complete(request)

    endpoint = Slow(lambda _: Reply(GOOD, delay_s=0.2))
    try:
        answers = ask_many(runtime, [endpoint], 60, request_timeout_s=3.0)
    finally:
        endpoint.close()
    assert all(answer.error is None for answer in answers)
    assert len(endpoint.asked) < 108, "most of what was asked timed out"


def test_back_off_grows_with_jitter_and_has_an_end() -> None:
    spans = [back_off_s(tries, lambda _, most: most) for tries in range(1, 12)]
    assert spans == sorted(spans)
    assert spans[1] == 2 * spans[0] or spans[1] == spans[-1]
    assert spans[-1] == spans[-2]


def test_500s_by_chance_cost_no_question(runtime: Runtime, serve: Callable[..., ScriptedEndpoint]) -> None:
    """Three of ten calls fail: of 200 questions some five are told the same 500 three times in a row."""
    chance = random.Random(5)
    endpoint = serve(lambda _: Reply(status=500) if chance.random() < 0.3 else Reply(GOOD))
    answers = ask_many(runtime, [endpoint], 200, outage_timeout_s=60.0)
    assert max(len(answer.faults) for answer in answers) >= 3, "no question was unlucky enough"
    assert [answer.error for answer in answers if answer.error] == []


def test_early_bad_luck_ends_no_question(runtime: Runtime, serve: Callable[..., ScriptedEndpoint]) -> None:
    """One passes at its second try, so that 500s come by chance; then two others are told four in a row."""
    endpoint = serve(lambda asked: Reply(status=500) if asked.repeat < (1 if "text 0\n" in asked.text else 4) else Reply(GOOD))
    for count in (1, 3):
        answers = ask_many(runtime, [endpoint], count, outage_timeout_s=60.0)
        assert [answer.error for answer in answers if answer.error] == []
