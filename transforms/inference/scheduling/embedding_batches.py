"""Batches: the texts of many elements in one embedding request, and each vector back to whom it belongs.

What has waited long enough, or is enough for a request, goes out. The same text is on its way once, however many
elements have it. What an endpoint will not take together is asked for in halves, so that one text which is too long, or
which a model chokes on, costs itself only. Everything here runs on the runtime's event loop; nothing is locked.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from transforms.errors import ElementError, RequestRefused
from transforms.inference.client.chat import Completion
from transforms.inference.client.embeddings import EmbeddingRequest, Embeddings, Vector, embedding_key, unpack_vector
from transforms.inference.config import EmbeddingConfig
from transforms.inference.journal.replies import Replies
from transforms.inference.scheduling.retries import Answer, Batch
from transforms.text import estimate_tokens

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EmbeddingCall:
    """The texts of one element on their way to their vectors, which the journal keeps under `document_id`."""

    stage: str
    document_id: str
    texts: tuple[str, ...]
    config: EmbeddingConfig
    stage_rank: int
    deliver: Callable[["EmbeddingAnswer"], None]


@dataclass(frozen=True, slots=True)
class EmbeddingAnswer:
    """What became of the texts of one element: a vector for each, or an error.

    Every request of a batch is told to one of its elements. `replayed` counts the texts that were remembered.
    """

    vectors: tuple[Vector, ...]
    error: Exception | None
    requests: tuple[Answer, ...] = ()
    replayed: int = 0


@dataclass(eq=False)
class _Text:
    """A text on its way. `vector` or `error` is set when `done` is."""

    text: str
    key: str
    call: EmbeddingCall
    done: asyncio.Event = field(default_factory=asyncio.Event)
    vector: Vector | None = None
    error: Exception | None = None
    requests: list[Answer] = field(default_factory=list)
    replayed: bool = False


@dataclass
class _Line:
    """Texts that wait for others to share a request, and what is known of the model that they wait for.

    `most` is how many it takes in a request, `width` how many numbers its vectors have, 0 before the first one.
    """

    most: int
    width: int
    texts: list[_Text] = field(default_factory=list)
    tokens: int = 0
    timer: asyncio.TimerHandle | None = None


class Embedder:
    """Turns texts into vectors, many in a request.

    `spawn` runs a coroutine as a task of the runtime; `ask` sends a batch through gate, retries and all, and never raises
    for its sake.
    """

    def __init__(
        self,
        spawn: Callable[[Coroutine[Any, Any, Any]], object],
        ask: Callable[[Batch], Awaitable[Answer]],
        replies: Replies,
    ) -> None:
        self._spawn = spawn
        self._ask = ask
        self._replies = replies
        self._lines: dict[EmbeddingConfig, _Line] = {}
        self._on_their_way: dict[str, _Text] = {}

    async def embed(self, call: EmbeddingCall) -> EmbeddingAnswer:
        """The vectors of an element's texts. Raises nothing for one element's sake."""
        texts = [self._text(text, call) for text in call.texts]
        for text in texts:
            await text.done.wait()
        mine = [text for text in dict.fromkeys(texts) if text.call is call]
        return EmbeddingAnswer(
            tuple(text.vector for text in texts if text.vector is not None),
            next((text.error for text in texts if text.error is not None), None),
            tuple(request for text in mine for request in text.requests),
            sum(text.replayed for text in mine),
        )

    def _text(self, text: str, call: EmbeddingCall) -> _Text:
        """A text with its vector, or on its way to it; somebody else's if that is on its way already."""
        key = embedding_key(text, call.config)
        found = _Text(call.config.prefix + text, key, call)
        if (vector := self._vector(self._replies.recall(key), call.config)) is not None:
            found.vector, found.replayed = vector, True
            found.done.set()
            return found
        if key in self._on_their_way:
            return self._on_their_way[key]
        self._on_their_way[key] = found
        self._spawn(self._recall(found))
        return found

    async def _recall(self, text: _Text) -> None:
        """Take a vector from the journal, or have it asked for."""
        try:
            packed = await self._replies.look_up(text.call.config.model.journal, text.key)
            vector = self._vector(packed, text.call.config)
        except Exception as error:  # a bug, as below
            self._fail([text], error)
            return
        if vector is None:
            self._stand_in_line(text)
        else:
            self._arrived(text, vector, replayed=True)

    def _vector(self, text: str | None, config: EmbeddingConfig) -> Vector | None:
        """A vector that was paid for earlier, if it is one and as wide as this model's."""
        vector = unpack_vector(text) if text else None
        width = self._line(config).width
        return None if vector is None or (width and len(vector) != width) else vector

    def _line(self, config: EmbeddingConfig) -> _Line:
        if config not in self._lines:
            self._lines[config] = _Line(config.batch_texts, config.dimensions)
        return self._lines[config]

    def _stand_in_line(self, text: _Text) -> None:
        config, tokens = text.call.config, estimate_tokens(text.text)
        line = self._line(config)
        if line.texts and line.tokens + tokens > config.batch_tokens:
            self._send_line(line)
        if not line.texts:
            line.timer = asyncio.get_running_loop().call_later(config.batch_wait_s, self._send_line, line)
        line.texts.append(text)
        line.tokens += tokens
        if len(line.texts) >= line.most or line.tokens >= config.batch_tokens:
            self._send_line(line)

    def _send_line(self, line: _Line) -> None:
        assert line.timer is not None
        line.timer.cancel()
        texts, line.texts, line.tokens = line.texts, [], 0
        for start in range(0, len(texts), line.most):  # which may have become less while they waited
            self._spawn(self._send(texts[start : start + line.most]))

    async def _send(self, batch: list[_Text]) -> bool:
        """Ask for the vectors of a batch until each text has one or an error; whether one request was enough."""
        try:
            return await self._answer(batch)
        except Exception as error:  # a bug must reach the bundles that wait, or the run hangs
            self._fail(batch, error)
            return False

    async def _answer(self, batch: list[_Text]) -> bool:
        call, single = batch[0].call, len(batch) == 1
        config = call.config
        # The same texts bring the same vectors: only a text that is alone is asked for again.
        model = config.model if single else replace(config.model, max_reasks=0)
        texts = tuple(text.text for text in batch)
        request = EmbeddingRequest(call.stage, call.document_id, texts, model, config.dimensions, self._line(config).width)
        answer = await self._ask(Batch(request, call.stage_rank))
        batch[0].requests.append(answer)
        if answer.error is not None:
            # Fewer texts might be answered: some servers say 500 to one text that is too long.
            halves = isinstance(answer.error, ElementError) or getattr(answer.error, "status", 0) == 500
            if halves and not single:
                return await self._send_halves(batch, answer.error)
            self._fail(batch, answer.error)
            return False
        embeddings: Embeddings = answer.reply
        self._line(config).width = self._line(config).width or embeddings.width
        useless = []
        for text, packed in zip(batch, embeddings.vectors, strict=True):
            if packed is None:
                useless.append(text)
            else:
                origin = replace(request, stage=text.call.stage, document_id=text.call.document_id)
                self._replies.keep(origin, text.key, Completion(packed))
                self._arrived(text, unpack_vector(packed))
        if useless:
            await self._send(useless)  # fewer than before: a reply without any vector is an error
        return not useless

    async def _send_halves(self, batch: list[_Text], error: Exception) -> bool:
        middle, config = (len(batch) + 1) // 2, batch[0].call.config
        whole = await asyncio.gather(self._send(batch[:middle]), self._send(batch[middle:]))
        # Where it refused more, and nothing was wrong with any of the texts, that is what it takes.
        if all(whole) and isinstance(error, RequestRefused) and middle < self._line(config).most:
            self._line(config).most = middle
            _LOGGER.warning("Model %s: %d texts in a request from now on, because of %s", config.model.model, middle, error)
        return False

    def _fail(self, batch: list[_Text], error: Exception) -> None:
        for text in batch:
            if not text.done.is_set():
                text.error = error
                self._arrived(text)

    def _arrived(self, text: _Text, vector: Vector | None = None, replayed: bool = False) -> None:
        del self._on_their_way[text.key]
        text.vector, text.replayed = vector, replayed
        text.done.set()
