"""How long a reply is waited for, with seconds for minutes."""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterator
from itertools import count, repeat
from typing import Any

import pytest

from transforms.inference.client import patience as patience_module
from transforms.inference.client.error_classes import TimedOut
from transforms.inference.client.patience import ENOUGH, Patience


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 60))


async def silent(_: float) -> object:
    return None


async def reply_after(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "reply"


async def outcomes(waiting: list[Awaitable[str]]) -> list[Any]:
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_a_request_in_a_line_is_waited_for_while_the_server_answers_others() -> None:
    async def scenario() -> None:
        patience = Patience(silent)
        # One after the other, each well within the time-out, and all of them together twice as long.
        waiting = [patience.reply(reply_after(0.4 * place), 1000, 2.0) for place in range(1, 11)]
        assert await outcomes(waiting) == ["reply"] * 10

    run(scenario())


def test_a_silent_server_is_given_up_after_the_time_out() -> None:
    async def scenario() -> None:
        found = await outcomes([Patience(silent).reply(reply_after(30), 1000, 0.3) for _ in range(3)])
        assert all(isinstance(each, TimedOut) for each in found)

    run(scenario())


@pytest.mark.parametrize(("looks", "after_s", "comes"), [(count(), 1.5, True), (repeat(7), 30, False)], ids=["goes on", "stands"])
def test_a_server_that_says_that_it_goes_on_is_waited_for(looks: Iterator[int], after_s: float, comes: bool) -> None:
    async def look(_: float) -> object:
        return next(looks)

    async def scenario() -> None:
        found = await outcomes([Patience(look).reply(reply_after(after_s), 1000, 0.3)])
        assert (found == ["reply"]) == comes

    run(scenario())


def test_what_many_later_requests_have_overtaken_is_given_up_before_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience_module, "SHORTEST_S", 0.2)

    async def scenario() -> None:
        patience = Patience(silent)
        hung = asyncio.ensure_future(patience.reply(reply_after(60), 1000, 60.0))
        long = asyncio.ensure_future(patience.reply(reply_after(1.2), 400_000, 60.0))  # by its length it may take as long
        while not hung.done():
            await asyncio.gather(*(patience.reply(reply_after(0.02), 1000, 60.0) for _ in range(ENOUGH)))
        with pytest.raises(TimedOut):
            await hung
        assert await long == "reply"

    run(scenario())


def test_a_cancelled_call_is_cancelled_at_the_server_too() -> None:
    async def scenario() -> None:
        sent = asyncio.get_running_loop().create_task(reply_after(60))
        waiting = asyncio.ensure_future(Patience(silent).reply(sent, 1000, 60.0))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert sent.cancelled()

    run(scenario())
