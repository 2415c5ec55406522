"""A real HTTP server on loopback whose replies a test writes."""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Asked:
    """One request as the server saw it: the body, how often this very body came before, the headers."""

    body: dict[str, Any]
    repeat: int
    headers: Mapping[str, str]

    @property
    def stage(self) -> str:
        """The task that the prompt names."""
        return self.text.rpartition("Task: ")[2].split()[0]

    @property
    def text(self) -> str:
        return str(self.body["messages"][-1]["content"])

    @property
    def texts(self) -> list[str]:
        """The texts of a request for embeddings."""
        return list(self.body["input"])


@dataclass
class Answer:
    """What the server answers. `content` goes into a completion, `raw` replaces the whole body.

    It comes after `delay_s`, or as soon as `until` is true.
    """

    content: str | None = ""
    status: int = 200
    finish_reason: str = "stop"
    headers: dict[str, str] = field(default_factory=dict)
    raw: Any = None
    delay_s: float = 0.0
    until: Callable[[], bool] | None = None
    prompt_tokens: int = 100
    cached_tokens: int = 40
    completion_tokens: int = 10

    def body(self) -> Any:
        if self.raw is not None:
            return self.raw
        if self.status != 200:
            return {"error": {"message": f"scripted {self.status}", "type": "scripted", "code": self.status}}
        usage = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
        }
        choice = {"index": 0, "finish_reason": self.finish_reason, "message": {"role": "assistant", "content": self.content}}
        return {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


Script = Callable[[Asked], Answer | str | dict[str, Any]]


def vectors(texts: Sequence[str], vector: Callable[[str], Any], prompt_tokens: int = 7) -> dict[str, Any]:
    """The body of an embedding reply, to be given as an answer's `raw`."""
    rows = [{"object": "embedding", "index": index, "embedding": vector(text)} for index, text in enumerate(texts)]
    usage = {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens}
    return {"object": "list", "model": "m", "data": rows, "usage": usage}


class ScriptedEndpoint:
    """Serves `script` under `.url` until closed, chat completions and embeddings; `.asked` holds every request in order.

    `busy` is asked before anything else: a status other than 200 answers the request, as of servers that load their model.
    """

    def __init__(
        self, script: Script, models: tuple[str, ...] = ("m",), port: int = 0, busy: Callable[[], int] = lambda: 200
    ) -> None:
        self.asked: list[Asked] = []
        self.most_in_flight = 0
        self._in_flight = 0
        self._script = script
        self._busy = busy
        self._models = models
        self._repeats: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(self._application(), shutdown_timeout=0.1, handler_cancellation=True)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port: int = self._call(self._start(port))
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        if self._thread.is_alive():
            self._call(self._runner.cleanup())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(100)

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_post("/v1/chat/completions", self._complete)
        application.router.add_post("/v1/embeddings", self._complete)
        application.router.add_get("/v1/models", self._list)
        return application

    async def _start(self, port: int) -> int:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _list(self, _: web.Request) -> web.Response:
        if (status := self._busy()) != 200:
            return web.json_response(Answer(status=status).body(), status=status)
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in self._models]})

    async def _wait(self, answer: Answer) -> None:
        if answer.until is None:
            await asyncio.sleep(answer.delay_s)
            return
        ends_at = self._loop.time() + answer.delay_s
        while self._loop.time() < ends_at and not answer.until():
            await asyncio.sleep(0.01)

    async def _complete(self, request: web.Request) -> web.Response:
        raw = await request.text()
        repeat = self._repeats[raw] = self._repeats.get(raw, -1) + 1
        asked = Asked(json.loads(raw), repeat, dict(request.headers))
        self.asked.append(asked)
        status = self._busy()
        answer = self._script(asked) if status == 200 else Answer(status=status)
        if isinstance(answer, dict):
            answer = json.dumps(answer)
        if isinstance(answer, str):
            answer = Answer(answer)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await self._wait(answer)
        finally:
            self._in_flight -= 1
        body = answer.body()
        if isinstance(body, bytes):
            return web.Response(body=body, status=answer.status, headers=answer.headers)
        if isinstance(body, str):
            return web.Response(text=body, status=answer.status, headers=answer.headers)
        return web.json_response(body, status=answer.status, headers=answer.headers)
