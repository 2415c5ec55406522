"""The embedded endpoint: an OpenAI-compatible HTTP server on loopback, with rules for a model.

    python -m beam_pipeline.demo_endpoint --port 8000        # any OpenAI client can talk to it
    with DemoEndpoint.start(slots=64) as endpoint: ...       # the same, as a child process, from Python

Serves `/v1/chat/completions`, `/v1/models`, `/health` and `/stats` (its own figures, as JSON). The
model is in `rules`, the form of its replies in `replies`; how a GPU server would behave under load or
failure can be added by flags, see `gpu_simulation`. Needs no GPU, no key, and nothing outside this machine.
"""

import asyncio
import hmac
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.demo_endpoint import rules as demo_model
from beam_pipeline.demo_endpoint.embeddings import embeddings_reply
from beam_pipeline.demo_endpoint.gpu_simulation import Attempt, Prompt, Simulation, SimulationConfig
from beam_pipeline.demo_endpoint.replies import ChatRequest, RequestError, cut, read_body, reply_text
from transforms.inference.serving.die_with_parent import die_with_parent
from transforms.records import DEMO_MODEL
from transforms.text import estimate_tokens

OWNER = "rule-based demo"
READY = "listening on "
MAX_BODY_BYTES = 64 * 2**20  # aiohttp's default of 1 MiB would refuse a long document


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConfig(SimulationConfig):
    """Every option of the endpoint; a flag of the same name is made from each field."""

    host: str = field(default="127.0.0.1", metadata={"help": "address to listen on"})
    port: int = field(default=0, metadata={"help": "port to listen on (0: any free one)"})
    api_key_env: str = field(default="", metadata={"help": "name of the environment variable with the accepted API key"})
    exit_with_parent: bool = field(default=False, metadata={"help": "stop when standard input is closed"})


def parse_flags(argv: Sequence[str] | None = None) -> EndpointConfig:
    """Parse the command line; exits with status 2 and a message if an option is wrong."""
    parser = CommandParser(
        "demo-endpoint", (__doc__ or "").partition("\n")[0], ("--port 8000", "--port 8000 --latency_median_s 0.4 --slots 64")
    )
    for option in fields(EndpointConfig):
        kind: dict[str, Any] = {"action": "store_true", "help": option.metadata["help"]}
        if not isinstance(option.default, bool):
            said = f"{option.metadata['help']} (default: {option.default!r})"
            kind = {"type": type(option.default), "metavar": option.name.rsplit("_", 1)[-1].upper(), "help": said}
        parser.add_argument(f"--{option.name}", default=option.default, **kind)
    try:
        return EndpointConfig(**vars(parser.parse_args(argv)))
    except ValueError as error:
        parser.error(str(error))


class Server:
    """Handlers of the HTTP server, and the figures that `/stats` shows."""

    def __init__(self, config: EndpointConfig) -> None:
        self.simulation = Simulation(config)
        self._key = os.environ.get(config.api_key_env, "") if config.api_key_env else ""
        if config.api_key_env and not self._key:
            raise ValueError(f"--api_key_env: the environment variable {config.api_key_env} is not set")
        self._figures: Counter[str] = Counter()
        self._in_flight = 0
        self._peak_in_flight = 0
        self._first_request_at: float | None = None
        self._last_reply_at: float | None = None

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self.guard])
        app.add_routes(
            [
                web.post("/v1/chat/completions", self.chat),
                web.post("/v1/embeddings", self.embeddings),
                web.get("/v1/models", self.models),
                web.get("/health", self.health),
                web.get("/stats", self.stats),
            ]
        )
        return app

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def models(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"object": "list", "data": [{"id": DEMO_MODEL, "object": "model", "created": 0, "owned_by": OWNER}]}
        )

    async def stats(self, request: web.Request) -> web.Response:
        """Figures since the start; times are in seconds since the epoch, null before the first request."""
        names = ("requests", "replies", "refused", "prompt_tokens", "cached_tokens", "completion_tokens")
        return web.json_response(
            {
                **{name: self._figures[name] for name in names},
                "in_flight": self._in_flight,
                "peak_in_flight": self._peak_in_flight,
                "busy_slot_s": self.simulation.busy_slot_s(),
                "faults": dict(self.simulation.faults),
                "repeats": self.simulation.repeats,
                "first_request_at": self._first_request_at,
                "last_reply_at": self._last_reply_at,
            }
        )

    async def chat(self, request: web.Request) -> web.Response:
        self._figures["requests"] += 1
        self._in_flight += 1
        self._peak_in_flight = max(self._peak_in_flight, self._in_flight)
        try:
            return await self._complete(read_body(await request.read(), ChatRequest, DEMO_MODEL))
        except RequestError:
            self._figures["refused"] += 1
            raise
        finally:
            self._in_flight -= 1
            self._last_reply_at = time.time()

    async def embeddings(self, request: web.Request) -> web.Response:
        return web.json_response(embeddings_reply(await request.read()))

    async def _complete(self, request: ChatRequest) -> web.Response:
        """Answer a valid request, with whatever delay and fault the simulation has for it."""
        if self._first_request_at is None and demo_model.is_task(request.messages):
            self._first_request_at = time.time()  # a preflight's question is not the work that is timed
        # Another seed makes it another request, as it is to a server that samples.
        seed = [{"role": "seed", "content": str(request.seed)}] if request.seed else []
        attempt = self.simulation.admit([*request.messages, *seed])
        if attempt.fault == "429":
            wait = self.simulation.config.retry_after_s
            refusal = RequestError(429, "too many requests (simulated)", "rate_limit_error")
            return _error(refusal, {"Retry-After": f"{wait:g}"} if wait else None)
        text, finish_reason = self._reply(request, attempt)
        async with self.simulation.slot():
            prompt = self.simulation.read(request.messages)
            output_tokens = self.simulation.output_tokens(attempt, estimate_tokens(text), _limit(request))
            await self.simulation.serve(attempt, prompt, output_tokens)
        if attempt.fault == "500":
            return _error(RequestError(500, "internal error (simulated)", "server_error"))
        if attempt.fault == "hang":
            await asyncio.Event().wait()  # until the client gives up; its slot is already free
        return self._response(attempt, prompt, text, finish_reason, output_tokens)

    def _reply(self, request: ChatRequest, attempt: Attempt) -> tuple[str, str]:
        """The reply's text and its finish_reason, after a content fault and the token limit."""
        text = reply_text(request)
        if attempt.fault == "malformed":
            return f"{text[: max(len(text) // 2, 1)]} ...\nI hope this helps!", "stop"
        if attempt.fault == "truncated":
            return text[: len(text) // 2], "length"
        if estimate_tokens(text) > _limit(request):
            return cut(text, _limit(request)), "length"
        return text, "stop"

    def _response(self, attempt: Attempt, prompt: Prompt, text: str, finish_reason: str, output_tokens: int) -> web.Response:
        self._figures.update(
            replies=1, prompt_tokens=prompt.tokens, cached_tokens=prompt.cached_tokens, completion_tokens=output_tokens
        )
        body = {
            "id": f"chatcmpl-{attempt.key}-{attempt.number}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": DEMO_MODEL,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}],
            "usage": {
                "prompt_tokens": prompt.tokens,
                "completion_tokens": output_tokens,
                "total_tokens": prompt.tokens + output_tokens,
                "prompt_tokens_details": {"cached_tokens": prompt.cached_tokens},
            },
        }
        return web.json_response(body)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse a request to the API without the key, and say what is wrong with another as OpenAI's servers do."""
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._key and request.path.startswith("/v1/") and not hmac.compare_digest(sent.encode(), self._key.encode()):
            return _error(RequestError(401, "the API key is missing or wrong", "authentication_error"))
        try:
            return await handler(request)
        except RequestError as error:
            return _error(error)


def _limit(request: ChatRequest) -> int:
    return request.max_completion_tokens or request.max_tokens or sys.maxsize


def _error(error: RequestError, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(error.body(), status=error.status, headers=headers)


async def serve(config: EndpointConfig) -> None:
    """Run the server until SIGTERM, SIGINT or, with `exit_with_parent`, the end of standard input."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Cancelling handlers of clients that have left frees their slots, as inference servers do.
    runner = web.AppRunner(Server(config).app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, config.host, config.port, backlog=4096)
    await site.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if config.exit_with_parent:
        die_with_parent(lambda: loop.call_soon_threadsafe(stop.set))
    host, port = runner.addresses[0][:2]
    print(f"{READY}http://{host}:{port}/v1", flush=True)
    await stop.wait()
    await runner.cleanup()


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    try:
        asyncio.run(serve(parse_flags(argv)))
    except (ValueError, OSError, OverflowError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
