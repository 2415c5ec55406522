import asyncio
import contextlib
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint
from transforms.errors import ElementError, FatalError, ReplyTruncated, RequestRefused, TransientError
from transforms.inference.client import api_keys as keys
from transforms.inference.client import endpoint as endpoint_module
from transforms.inference.client.chat import Completion, Request
from transforms.inference.client.endpoint import Endpoint, within
from transforms.inference.client.error_classes import ContextOverflow, KeyRefused, TimedOut
from transforms.inference.client.reply_body import decode_body
from transforms.inference.config import ModelConfig

GOOD = {"qualified": True}
KEY = "sk-sentinel-0123456789"
Serve = Callable[..., ScriptedEndpoint]


def using(url: str, use: Callable[[Endpoint], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        endpoint = Endpoint(url)
        try:
            return await use(endpoint)
        finally:
            await endpoint.close()

    return asyncio.run(run())


def ask(url: str, text: str = "text", **settings: Any) -> Completion:
    return using(url, lambda endpoint: endpoint.ask(question(text, **settings)))


def question(text: str = "text", model: str = "m", **settings: Any) -> Request:
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": text}]
    config = ModelConfig(("unused",), model, **{"request_timeout_s": 50.0, **settings})
    return Request("filter", "d", messages, {"type": "object"}, config)


@contextlib.asynccontextmanager
async def raw_server(*pieces: bytes, pause_s: float = 0.0, repeat_last: bool = False) -> AsyncIterator[str]:
    """A server that answers every connection with these bytes, piece by piece, and then keeps it open."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(pause_s)
            while repeat_last:
                writer.write(pieces[-1])
                await writer.drain()
                await asyncio.sleep(pause_s)
            await asyncio.sleep(60)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize("pieces", [(HEAD, b" "), (b"HTTP/1.1 200 OK\r\n", b"X-Wait: 1\r\n")], ids=["body", "headers"])
def test_a_reply_that_dribbles_is_given_up_in_time(pieces: tuple[bytes, ...]) -> None:
    async def run() -> None:
        async with raw_server(*pieces, pause_s=0.05, repeat_last=True) as url:
            endpoint = Endpoint(url)
            for send in (endpoint.ask(question(request_timeout_s=0.4)), endpoint.models("env:UNSET", 0.4)):
                with pytest.raises(TimedOut, match=r"no reply within 0\.4 s"):
                    await send
            await endpoint.close()

    asyncio.run(run())


def test_each_request_has_its_own_time(serve: Serve) -> None:
    server = serve(lambda asked: Reply('{"qualified": true}', delay_s=2.0 if "slow" in asked.text else 0))

    async def use(endpoint: Endpoint) -> list[Any]:
        asked = [question("slow", request_timeout_s=1.0), question("slow"), question("quick", request_timeout_s=1.0)]
        return await asyncio.gather(*(endpoint.ask(each) for each in asked), return_exceptions=True)

    hurried, patient, quick = using(server.url, use)
    assert isinstance(hurried, TimedOut)
    assert isinstance(patient, Completion)
    assert isinstance(quick, Completion)


@pytest.mark.parametrize("steps", range(6))
def test_a_cancellation_that_comes_together_with_the_reply_is_not_lost(steps: int) -> None:
    async def run() -> bool:
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def send() -> str:
            return await reply

        call = asyncio.ensure_future(within(5.0, send()))
        await asyncio.sleep(0.01)
        reply.set_result("reply")
        for _ in range(steps):
            await asyncio.sleep(0)
        if not call.cancel():
            return call.result() == "reply"
        await asyncio.wait([call])
        return call.cancelled()

    assert asyncio.run(run())


def test_any_answer_means_alive(serve: Serve) -> None:
    assert using(serve(lambda _: GOOD).url, lambda endpoint: endpoint.alive())

    async def run(answer: bytes) -> bool:
        async with raw_server(answer) as url:
            endpoint = Endpoint(url)
            alive = await endpoint.alive()
            await endpoint.close()
            return alive

    for status in (b"401 Unauthorized", b"404 Not Found", b"500 Internal Server Error", b"503 Service Unavailable"):
        assert asyncio.run(run(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"))
    # The body may never come: the head is an answer.
    assert asyncio.run(run(HEAD))
    assert asyncio.run(run(b"HTTP/1.1 302 Found\r\nLocation: /v1/models\r\nContent-Length: 0\r\n\r\n"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://no such host/v1", "nonsense", "http://name.invalid/v1"])
def test_no_answer_means_not_alive_and_never_raises(url: str) -> None:
    assert using(url, lambda endpoint: endpoint.alive()) is False


@pytest.mark.parametrize("pieces", [(), (b"no HTTP at all\r\n\r\n",)], ids=["silence", "nonsense"])
def test_a_port_that_does_not_answer_is_not_alive(monkeypatch: pytest.MonkeyPatch, pieces: tuple[bytes, ...]) -> None:
    assert endpoint_module.ALIVE_TIMEOUT_S <= 5
    monkeypatch.setattr(endpoint_module, "ALIVE_TIMEOUT_S", 0.2)

    async def run() -> bool:
        async with raw_server(*pieces) as url:
            endpoint = Endpoint(url)
            alive = await endpoint.alive()
            await endpoint.close()
            return alive

    assert asyncio.run(run()) is False


def test_alive_needs_no_key(serve: Serve) -> None:
    def unreadable(source: str) -> str:
        raise AssertionError(source)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "resolve_key", unreadable)
        assert using(serve(lambda _: GOOD).url, lambda endpoint: endpoint.alive())


def test_the_models_that_an_endpoint_lists(serve: Serve) -> None:
    server = serve(lambda _: GOOD, models=("large", "small"))
    assert using(server.url, lambda endpoint: endpoint.models("env:UNSET")) == ["large", "small"]


def test_one_endpoint_is_asked_with_several_keys(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_ONE", "sk-sentinel-one")
    monkeypatch.setenv("KEY_TWO", "sk-sentinel-two")
    server = serve(lambda _: GOOD)

    async def use(endpoint: Endpoint) -> None:
        for source in ("env:KEY_ONE", "env:KEY_TWO", "env:UNSET", "env:KEY_ONE"):
            await endpoint.ask(question(api_key=source, session_header="X-Session"))

    using(server.url, use)
    sent = [asked.headers["Authorization"].removeprefix("Bearer ") for asked in server.asked]
    assert sent == ["sk-sentinel-one", "sk-sentinel-two", "none", "sk-sentinel-one"]
    assert server.asked[0].headers["x-session"] == "d"


def test_a_key_rotated_with_many_requests_in_flight_stops_none_of_them(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    valid, readings = ["old"], Counter[str]()

    def read(source: str) -> str:
        readings[source] += 1
        time.sleep(0.05)
        return "sk-sentinel-" + ("old" if readings[source] == 1 else "new")

    def script(asked: Asked) -> Any:
        good = asked.headers["Authorization"] == f"Bearer sk-sentinel-{valid[0]}"
        # Refusals come one after the other, so that most come after the key has been read anew.
        return Reply('{"qualified": true}' if good else "", status=200 if good else 401, delay_s=len(server.asked) % 16 * 0.01)

    server = serve(script)
    monkeypatch.setattr(keys, "resolve_key", read)

    async def use(endpoint: Endpoint) -> list[Completion]:
        await endpoint.ask(question("before"))
        valid[0] = "new"
        return await asyncio.gather(*(endpoint.ask(question(f"{number}")) for number in range(16)))

    assert len(using(server.url, use)) == 16
    assert list(readings.values()) == [2]
    assert Counter(asked.headers["Authorization"][-3:] for asked in server.asked) == {"old": 17, "new": 16}


def test_a_wrong_key_is_refused_with_one_request_and_without_being_shown(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    server = serve(lambda asked: Reply(status=401, raw={"error": f"bad {asked.headers['Authorization']}"}))
    with pytest.raises(KeyRefused, match=r"HTTP 401: bad Bearer \[key\]") as caught:
        ask(server.url, api_key="env:A_KEY")
    assert len(server.asked) == 1
    assert caught.value.status == 401


def echo(asked: Asked) -> str:
    return f"no access with {asked.headers['Authorization']}"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 503])
@pytest.mark.parametrize(
    "shape",
    [
        lambda asked: {"error": {"message": echo(asked), "code": None}},
        lambda asked: {"error": echo(asked)},
        lambda asked: {"detail": [{"loc": ["header"], "input": echo(asked)}]},
        lambda asked: {"headers": dict(asked.headers)},
        lambda asked: f"<html>{echo(asked)}</html>",
        lambda asked: {"error": {"message": "x" * 480 + f" {asked.headers['Authorization']}"}},
    ],
    ids=["message", "error", "detail", "headers", "html", "cut"],
)
def test_no_error_holds_the_key(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, status: int, shape: Callable[[Asked], Any]
) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    server = serve(lambda asked: Reply(status=status, raw=shape(asked)))
    with pytest.raises((ElementError, TransientError, FatalError)) as caught:
        ask(server.url, api_key="env:A_KEY")
    shown = "".join(traceback.format_exception(caught.value))  # with all that it came from
    assert "sentinel" not in shown + repr(caught.value)


@pytest.mark.parametrize("finish_reason", ["stop", "length", "content_filter"])
def test_no_reply_holds_the_key(serve: Serve, monkeypatch: pytest.MonkeyPatch, finish_reason: str) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    server = serve(lambda asked: Reply(echo(asked), finish_reason=finish_reason))
    try:
        text = ask(server.url, api_key="env:A_KEY").text
    except (RequestRefused, ReplyTruncated) as error:
        text = error.reply
    assert text == "no access with Bearer [key]"


def test_a_stand_in_for_a_key_is_a_word_like_others(serve: Serve) -> None:
    server = serve(lambda _: Reply(status=400, raw={"error": {"message": "none of this"}}))
    with pytest.raises(RequestRefused, match="none of this"):
        ask(server.url)


def test_a_server_that_writes_nan_is_understood() -> None:
    assert str(decode_body(b'{"embedding": [NaN, 1.0]}')) == "{'embedding': [nan, 1.0]}"
    for broken in (b"<html>", b"", b"[" * 100_000):
        with pytest.raises(ValueError):
            decode_body(broken)


@pytest.mark.parametrize(
    ("document_id", "sent"),
    [
        ("warc/2024-10#3", "warc/2024-10#3"),
        ("\u00e4rzte-1", "%C3%A4rzte-1"),
        ("a\nb", "a%0Ab"),
        (" lead", "%20lead"),
        ("x" * 70_000, None),
    ],
)
def test_any_document_id_can_be_a_session_key(serve: Serve, document_id: str, sent: str | None) -> None:
    server = serve(lambda _: GOOD)
    request = replace(question(session_header="x-session-id"), document_id=document_id)
    using(server.url, lambda endpoint: endpoint.ask(request))
    got = server.asked[0].headers["x-session-id"]
    assert got == sent if sent else 0 < len(got) <= 200


ODD_REPLIES = [
    {"choices": [{"message": {"content": 5}}]},
    {"choices": [{"message": {"content": [{"type": "text"}]}}]},
    {"choices": [{"message": {"content": [5]}}]},
    {"choices": [{"message": None}]},
    {"choices": []},
    {"error": {"message": "200, and yet"}},
    [],
    "null",
    "<html>",
    "",
]


@pytest.mark.parametrize("body", ODD_REPLIES)
@pytest.mark.parametrize("key", ["", KEY])
def test_an_odd_body_is_an_error_of_the_endpoint_and_not_of_the_program(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, body: Any, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    server = serve(lambda _: Reply(raw=body))
    with pytest.raises((TransientError, ElementError)):
        ask(server.url)


def test_content_in_parts_is_text(serve: Serve) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": "b"}]
    server = serve(lambda _: Reply(raw={"choices": [{"message": {"content": parts}}]}))
    assert ask(server.url).text == "ab"


@pytest.mark.parametrize(("status", "kind"), [(403, RequestRefused), (404, TransientError)])
def test_a_model_that_answered_before_is_not_given_up_for_one_refusal(serve: Serve, status: int, kind: type) -> None:
    """A moderated prompt, or pods that are being replaced; but for good, many in a row stop the run."""
    server = serve(lambda asked: Reply(status=status) if "flagged" in asked.text else GOOD)

    async def scenario(endpoint: Endpoint) -> None:
        with pytest.raises(FatalError):
            await endpoint.ask(question("flagged before anything was answered"))
        await endpoint.ask(question("good"))
        for _ in range(endpoint_module.REFUSALS_TO_STOP - 1):
            with pytest.raises(kind):
                await endpoint.ask(question("flagged"))
        await endpoint.ask(question("good"))
        for _ in range(endpoint_module.REFUSALS_TO_STOP):
            with pytest.raises(kind):
                await endpoint.ask(question("flagged"))
        with pytest.raises(FatalError):
            await endpoint.ask(question("flagged"))

    using(server.url, scenario)


@pytest.mark.parametrize(
    "refusal",
    [Reply(status=402), Reply(status=429, raw={"error": {"message": "no credit", "code": "insufficient_quota"}})],
)
def test_no_money_left_stops_the_run(serve: Serve, refusal: Reply) -> None:
    server = serve(lambda _: refusal)
    with pytest.raises(FatalError):
        ask(server.url)


def test_refusals_in_a_row_without_end_stop_the_run(serve: Serve) -> None:
    """An account that is suspended says so with a 400: the corpus must not become dead letters for it."""
    server = serve(lambda asked: Reply(status=400) if "refused" in asked.text else GOOD)

    async def scenario(endpoint: Endpoint) -> None:
        await endpoint.ask(question("good"))
        for _ in range(endpoint_module.REFUSALS_TO_STOP):
            with pytest.raises(RequestRefused):
                await endpoint.ask(question("refused"))
        with pytest.raises(FatalError, match="in a row, the last one because: HTTP 400"):
            await endpoint.ask(question("refused"))

    using(server.url, scenario)


def test_prompts_that_are_too_long_never_stop_the_run(serve: Serve) -> None:
    server = serve(lambda _: Reply(status=413))

    async def scenario(endpoint: Endpoint) -> None:
        for _ in range(endpoint_module.REFUSALS_TO_STOP + 2):
            with pytest.raises(ContextOverflow):
                await endpoint.ask(question("long"))

    using(server.url, scenario)


@pytest.mark.parametrize(
    ("reply", "works"),
    [
        (GOOD, True),
        (Reply(status=400), True),
        (Reply(status=500), False),
        (Reply(status=503), False),
        (Reply(raw="<html>"), False),
    ],
)
def test_a_question_of_one_word_says_whether_the_model_works(serve: Serve, reply: Any, works: bool) -> None:
    server = serve(lambda asked: reply if asked.text == "Say ok." else GOOD)

    async def scenario(endpoint: Endpoint) -> None:
        await endpoint.ask(question())
        assert await endpoint.works() is works
        assert server.asked[-1].body["max_tokens"] == 1

    using(server.url, scenario)
