"""One OpenAI-compatible endpoint: sends a request once, and gives its reply or an error sorted by consequence.

No Beam here. Retrying, waiting and routing belong to the runtime.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
import openai

from transforms.errors import ElementError, FatalError, ReplyInvalid, RequestRefused, TransientError
from transforms.inference.client.api_keys import NO_KEY, Key, without_key
from transforms.inference.client.capabilities import Negotiation
from transforms.inference.client.chat import BYTES_BESIDE, Completion, Request, full_body, most_bytes
from transforms.inference.client.completion import read_completion
from transforms.inference.client.embeddings import EmbeddingRequest, Embeddings, embedding_body, read_embeddings
from transforms.inference.client.error_classes import (
    ConnectionLost,
    ContextOverflow,
    KeyRefused,
    NotThere,
    Refused,
    TimedOut,
    classify,
    sort_refusal,
    told_error,
)
from transforms.inference.client.error_words import is_page, plain_words, told_status
from transforms.inference.client.http_pool import make_client
from transforms.inference.client.patience import Patience
from transforms.inference.client.proxies import shown_proxy
from transforms.inference.client.redirects import MOST_REDIRECTS, PERMANENT, redirected
from transforms.inference.client.reply_body import UNICODE, charset_of, decode_body
from transforms.inference.client.self_report import told_parameters, told_progress, told_room, told_slots
from transforms.inference.client.silent_cuts import CutWatch
from transforms.inference.config import ModelConfig
from transforms.said import said_name
from transforms.text import stable_hash

T = TypeVar("T")

# An endpoint that works lists its models at once, and says anything at all within moments.
LIST_TIMEOUT_S = 30.0
ALIVE_TIMEOUT_S = 5.0
# llama.cpp says at once how many slots it has, and between two batches of prompts what it does.
SLOTS_TIMEOUT_S, LOOK_TIMEOUT_S = 2.5, 60.0
# Keys tried for one request: the one at hand, and what takes its place while keys are rotated.
KEYS_A_REQUEST = 3
# Characters that a header may hold as they are, and how many: a server takes some 8 kB of headers.
SESSION_SAFE, SESSION_VALUE_MOST = "/:#?&=+,;@!$'()*[]", 200
# More than a batch of odd prompts, and than all that is tried to find out what a model accepts.
REFUSALS_TO_STOP = 64
# A key that was taken is refused for so long, and so often, before it is the key: gateways that lose their own
# account service say 401 to everybody.
KEY_GRACE_S, KEY_REFUSALS = 60.0, 8
CHAT = "/chat/completions"
# A vector of 16,384 numbers in digits.
BYTES_A_VECTOR = 400_000

_LOGGER = logging.getLogger(__name__)

# Base URLs and sources of keys for which a question was answered in this process, by whichever client.
_TAKEN: set[tuple[str, str]] = set()


class Endpoint:
    """A client for one base URL, whichever models and keys it is asked with. Use from one event loop only.

    Keys are read at the first request and again after a 401. No error or reply of an endpoint holds its key.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._most_bytes = BYTES_BESIDE
        self._http = make_client(url=url, most_bytes=lambda: self._most_bytes)
        # The key of each request goes with it; a client cannot be made without one.
        self._client = openai.AsyncOpenAI(
            base_url=url, api_key=NO_KEY, max_retries=0, timeout=self._http.timeout, http_client=self._http
        )
        self._keys: dict[str, Key] = {}
        self._negotiation = Negotiation(url)
        self._refusals: dict[tuple[str, str], int] = {}  # of each model and key, in a row
        self._answered: set[tuple[str, str]] = set()  # models and keys that have answered
        self._last: tuple[str, ModelConfig] | None = None  # what was asked last
        self._patience = Patience(self._progress)
        self._moved: dict[str, str] = {}  # where what was asked at a path is for good, and what was said of it
        self._told: set[str] = set()
        self._key_refused: dict[str, tuple[float, int]] = {}  # since when, and how often in a row
        self._cuts = CutWatch(url)
        self._unwilling: dict[str, int] = {}  # how often a model that has said nothing else has refused to answer
        self._written: set[str] = set()  # models that have answered anything

    async def close(self) -> None:
        await self._client.close()

    async def models(self, api_key: str, timeout_s: float = LIST_TIMEOUT_S) -> list[str]:
        """Names of the models that the endpoint lists, to the holder of the key from that source. Raises as `ask` does."""
        names = (row.get("id", row.get("name")) for row in await self._model_rows(api_key, timeout_s))
        return [str(name) for name in names if isinstance(name, (str, int)) and not isinstance(name, bool)]

    async def parameters(self, model: str, api_key: str, timeout_s: float = LIST_TIMEOUT_S) -> float | None:
        """How many parameters a model has, where the list of models says so. Never raises."""
        try:
            return told_parameters(model, await self._model_rows(api_key, timeout_s))
        except Exception:  # as for `alive`
            return None

    async def _model_rows(self, api_key: str, timeout_s: float) -> list[dict[str, Any]]:
        data, _ = await within(timeout_s, self._send(api_key, "/models"))
        rows = data
        if isinstance(data, dict):
            rows = next((data[name] for name in ("data", "models") if data.get(name)), None)
        rows = rows if isinstance(rows, list) else []
        return [{"id": row} if isinstance(row, str) else row for row in rows if isinstance(row, (dict, str))]

    async def alive(self) -> bool:
        """Whether the endpoint answers at all within `ALIVE_TIMEOUT_S`; what it answers does not matter. Never raises."""
        try:
            return await within(ALIVE_TIMEOUT_S, self._answers())
        except Exception:  # a probe that fails for any reason has not found an endpoint
            return False

    async def works(self) -> bool:
        """Whether a question of one word, to the model that was asked last, is answered or refused for a reason. Never raises.

        A gateway lists its models while the model behind it is gone.
        """
        if self._last is None:
            return True
        path, config = self._last
        question: dict[str, Any] = {"input": ["ok"]}
        if path == CHAT:
            question = {"messages": [{"role": "user", "content": "Say ok."}], "max_tokens": 1}
        timeout_s = min(ALIVE_TIMEOUT_S, config.request_timeout_s)
        try:
            await within(timeout_s, self._send(config.api_key, path, {"model": config.model, **question}))
        except (ElementError, FatalError):
            return True  # it was understood
        except Exception:  # as for `alive`
            return False
        return True

    async def _answers(self) -> bool:
        async with self._http.stream("GET", f"{self.url.rstrip('/')}/models", follow_redirects=False):
            return True

    async def ask(self, request: Request, temperature: float | None = None, max_tokens: int | None = None) -> Completion:
        """Send one request once, stepping down to what the model accepts where it refuses more.

        Raises TransientError, RequestRefused, ReplyInvalid, ReplyTruncated or FatalError.
        """
        body = full_body(request, temperature, max_tokens)
        self._most_bytes = max(self._most_bytes, most_bytes(max_tokens or request.config.max_tokens))
        data, key = await self._negotiation.send(request, body, lambda reduced: self._post(CHAT, request, reduced))
        try:
            completion = read_completion(data, key)
        except ElementError as error:
            if error.paid is not None:
                self._cuts.look(request, error.paid.prompt_tokens)
            self._count_unwilling(request.config.model, error)
            raise
        self._written.add(request.config.model)
        self._cuts.look(request, completion.prompt_tokens)
        return completion

    def _count_unwilling(self, model: str, error: ElementError) -> None:
        """Raise FatalError where a model has refused so many questions, and answered none: each is paid for."""
        if not isinstance(error, ReplyInvalid) or error.cause != "refused":
            return
        self._unwilling[model] = self._unwilling.get(model, 0) + 1
        if model not in self._written and self._unwilling[model] >= REFUSALS_TO_STOP:
            raise FatalError(f"{self.url}: {said_name(model)} answered none of {REFUSALS_TO_STOP} questions: {error}")

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        """Ask for the vectors of some texts, once. Raises as `ask` does."""
        self._most_bytes = max(self._most_bytes, BYTES_BESIDE + BYTES_A_VECTOR * len(request.texts))
        data, key = await self._post("/embeddings", request, embedding_body(request))
        return read_embeddings(data, request, key)

    async def _post(self, path: str, request: Request | EmbeddingRequest, body: dict[str, Any]) -> tuple[Any, str]:
        """The body of a reply, and the key that it was asked with.

        Where a model has answered before, a 403 is a verdict on this prompt and a 404 a server that is being replaced
        behind its gateway. So many refusals in a row, of whatever kind, are about all that is asked.
        """
        config = request.config
        asked = config.model, config.api_key
        self._last = path, config
        session = {config.session_header: session_value(request.document_id)} if config.session_header else None
        refused: Exception
        try:
            sending = self._send(config.api_key, path, body, session)
            answer = await self._patience.reply(sending, request.characters, config.request_timeout_s)
        except ContextOverflow:
            raise
        except (KeyRefused, NotThere) as error:
            if isinstance(error, KeyRefused) and error.status == 401:
                raise self._key_refusal(config.api_key, error) from None
            if asked not in self._answered:
                raise
            refused = RequestRefused(str(error)) if isinstance(error, KeyRefused) else Refused(str(error), status=404)
        except RequestRefused as error:
            refused = error
        else:
            self._answered.add(asked)
            _TAKEN.add((self.url, config.api_key))
            self._refusals[asked] = 0
            self._key_refused.pop(config.api_key, None)
            return answer
        self._refusals[asked] = self._refusals.get(asked, 0) + 1
        if self._refusals[asked] > REFUSALS_TO_STOP:
            raise FatalError(f"{self.url} refused {REFUSALS_TO_STOP} requests in a row, the last one because: {refused}")
        raise refused

    def _key_refusal(self, api_key: str, error: KeyRefused) -> Exception:
        """What a 401 means: that the key is wrong, unless it has worked, here or in a preflight, and that passes."""
        # One from a store was waited for already, as long as a rotation takes.
        if (self.url, api_key) not in _TAKEN or api_key.startswith("secret:"):
            return error
        now = time.monotonic()
        since, times = self._key_refused.get(api_key, (now, 0))
        self._key_refused[api_key] = since, times + 1
        lasts = times + 1 >= KEY_REFUSALS and now - since >= KEY_GRACE_S
        return error if lasts else Refused(str(error), status=error.status)

    async def slots(self, api_key: str = "") -> int | None:
        """How many requests the server works on at once, if it says so within moments. Never raises.

        The key is that of the last question if none is named.
        """
        return await told_slots(lambda path: self._fetch(path, SLOTS_TIMEOUT_S, api_key))

    async def room(self, api_key: str = "") -> int | None:
        """How many tokens the server's prefix cache holds, if it says so within moments. Never raises."""
        return await told_room(lambda path: self._fetch(path, SLOTS_TIMEOUT_S, api_key))

    async def _progress(self, timeout_s: float) -> object:
        return await told_progress(lambda path: self._fetch(path, min(timeout_s, LOOK_TIMEOUT_S)))

    async def _fetch(self, path: str, timeout_s: float, api_key: str = "") -> bytes | None:
        """What the server has at a path beside the OpenAI routes; None where it has nothing there, or is not asked so."""
        try:
            if not api_key and self._last is not None:
                api_key = self._last[1].api_key
            url = f"{self.url.rstrip('/').removesuffix('/v1')}{path}"
            sent = await self._key(api_key).get()
            headers = {"Authorization": f"Bearer {sent.value}"}
            response = await within(timeout_s, self._http.get(url, headers=headers, follow_redirects=False))
            return response.content if response.status_code == httpx2.codes.OK else None
        except Exception:  # to know nothing is no reason to stop
            return None

    def _key(self, api_key: str) -> Key:
        if api_key not in self._keys:
            self._keys[api_key] = Key(api_key)
        return self._keys[api_key]

    async def _send(self, api_key: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> tuple[Any, str]:
        """Get what is at a path, or post a body to it: the reply, and the key that it was asked with."""
        key = self._key(api_key)
        sent = await key.get()
        for keys_left in range(KEYS_A_REQUEST - 1, -1, -1):
            problem: Exception
            try:
                response = await self._exchange(path, body, {**(headers or {}), "Authorization": f"Bearer {sent.value}"})
            except openai.OpenAIError as error:
                problem = classify(error, sent.value)
                if isinstance(problem, ConnectionLost) and (proxy := shown_proxy(self.url)):
                    problem = ConnectionLost(f"{problem} (asked by way of {proxy})")
            else:
                try:
                    data = decode_body(response.content, response.headers.get("content-type", ""))
                    self._tell_charset(response.headers.get("content-type", ""))
                except ValueError:
                    page = plain_words(response.text) if is_page(response.text) else _not_json(response.text, sent.value)
                    problem = TransientError(f"{self.url} answered 200 with {page}")
                else:
                    told = told_error(data)
                    if told is None:
                        key.accepted(sent)
                        return data, sent.value
                    problem = sort_refusal(told_status(told), told, response.headers, self.url, sent.value)
            if isinstance(problem, KeyRefused) and problem.status == 401 and keys_left:
                renewed = await key.after_refusal(sent)
                if renewed is not None:
                    sent = renewed
                    continue
            # Outside of the handlers: a traceback shows what an error came from, and that may show the key.
            raise problem
        raise AssertionError("unreachable")

    def _tell_charset(self, content_type: str) -> None:
        """Say once that replies come in a charset that lacks most characters: what it lacks is lost before they arrive."""
        charset = charset_of(content_type)
        if charset and charset not in UNICODE and "charset" not in self._told:
            self._told.add("charset")
            _LOGGER.warning(
                "%s answers in %s: characters that it lacks, such as dashes and curly quotes, are lost; have it answer in UTF-8.",
                self.url,
                said_name(charset),
            )

    async def _exchange(self, path: str, body: Any, headers: Mapping[str, str]) -> httpx2.Response:
        """One request and its response, on the same host wherever that sends it on to. Raises openai.OpenAIError, FatalError."""
        # An untyped request costs 0.5 ms less CPU than `chat.completions.create`, which builds a tree of pydantic
        # objects only to be read once.
        send: Any = self._client.get if body is None else partial(self._client.post, body=body)
        target = self._moved.get(path, path)
        for _ in range(MOST_REDIRECTS):
            try:
                response: httpx2.Response = await send(target, cast_to=httpx2.Response, options={"headers": headers})
                return response
            except openai.APIStatusError as error:
                status, asked = error.status_code, str(error.request.url)
                moved = redirected(asked, status, error.response.headers)
                if moved is None:
                    raise
            target = moved
            if status in PERMANENT:
                self._moved[path] = target
            if target not in self._told:
                self._told.add(target)
                _LOGGER.warning("%s redirects (HTTP %d) to %s, which is asked instead.", asked, status, target)
        raise FatalError(f"{self.url}{path} redirects more than {MOST_REDIRECTS} times, at last to {target}")


def _not_json(text: str, key: str) -> str:
    """What a body that is no JSON is: gateways say in plain words what they refuse."""
    words = " ".join(without_key(text[:2_000], key).split())[:200]
    return f"a body that is not JSON: {words}" if words and words.isprintable() else "a body that is not JSON"


def session_value(document_id: str) -> str:
    """A document's id as the value of a header: percent-encoded where it must be, a hash of it where it is too long."""
    quoted = quote(document_id, safe=SESSION_SAFE)
    return quoted if len(quoted) <= SESSION_VALUE_MOST else stable_hash(document_id)


def forget_keys() -> None:
    """Begin anew, as another run in this process must."""
    _TAKEN.clear()


async def within(timeout_s: float, sending: Awaitable[T]) -> T:
    """The result of `sending`, all of which takes `timeout_s` at most.

    Raises TimedOut. The HTTP client's own bounds each read, and a server that sends a space now and then never meets it.
    `asyncio.wait_for` before Python 3.12 loses a cancellation that comes together with the result.
    """
    task = asyncio.ensure_future(sending)
    try:
        await asyncio.wait([task], timeout=timeout_s)
        if not task.done():
            raise TimedOut(f"no reply within {timeout_s:g} s")
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # seen, should this call have been cancelled meanwhile
