"""The process-wide runtime: one event loop thread, through which every stage and thread asks its models.

No Beam here. A stage submits a `Call` and is given an `Answer`; in between the runtime routes, waits for a slot, retries,
asks again for a malformed reply, and remembers. It never raises for one call's sake: an `Answer` carries the error.
"""

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from transforms.errors import FatalError, ReplyInvalid
from transforms.inference.client.capabilities import forget_capabilities
from transforms.inference.client.endpoint import Endpoint, forget_keys
from transforms.inference.client.reply_schema import parse_reply
from transforms.inference.config import ModelConfig
from transforms.inference.journal.replies import Replies
from transforms.inference.scheduling.budget import Admission, Limits
from transforms.inference.scheduling.concurrency import MAX_LIMIT, Limiter, initial_limit
from transforms.inference.scheduling.embedding_batches import Embedder, EmbeddingAnswer, EmbeddingCall
from transforms.inference.scheduling.min_yield import Yields
from transforms.inference.scheduling.replica import Replica
from transforms.inference.scheduling.retries import Answer, Attempt, Batch, Call, Figures
from transforms.inference.scheduling.retry_odds import RetryOdds
from transforms.inference.scheduling.room import FIRST_ROOM, Room
from transforms.inference.scheduling.router import Router
from transforms.records import Usage
from transforms.text import estimate_tokens, stable_hash

_Call = TypeVar("_Call", Call, EmbeddingCall)
_Answer = TypeVar("_Answer", Answer, EmbeddingAnswer)


class Stopped(FatalError):
    """The run was asked to stop; what is in flight is dropped."""


@dataclass
class Snapshot(Figures):
    """The figures of a runtime at one moment, with what is under way; `down` are the endpoints that do not answer."""

    in_flight: int = 0
    waiting: int = 0
    down: tuple[str, ...] = ()


class Bundle:
    """Stands for one running bundle of a stage; whoever holds it, holds a share of the backlog."""


class Bundles:
    """How many bundles of a stage run in this process at once, so that they can share one backlog.

    Weakly held: a bundle that failed gives its share back when its token goes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[str, weakref.WeakSet[Bundle]] = {}

    def enter(self, stage: str) -> Bundle:
        bundle = Bundle()
        with self._lock:
            self._active.setdefault(stage, weakref.WeakSet()).add(bundle)
        return bundle

    def share(self, stage: str, backlog: int) -> int:
        """Elements that one bundle may have in flight, at least 1."""
        with self._lock:
            return max(1, backlog // max(1, len(self._active.get(stage, ()))))


class Runtime:
    """Owns the loop thread, the endpoints and the memory of replies. One per process: `get_runtime`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._router = Router()
        self._replies = Replies(self._fail)
        self._asking: dict[str, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopped = False
        self._figures = Figures()
        self._odds = RetryOdds()
        self._embedder = Embedder(self._spawn, self._ask_batch, self._replies)
        self.fatal: FatalError | None = None
        self.admission: Admission | None = None
        self.yields = Yields()
        self.listeners: list[Callable[[Call, Answer], None]] = []  # told of every answer, on the loop's thread
        self.bundles = Bundles()
        self._thread = threading.Thread(target=self._loop.run_forever, name="model-calls", daemon=True)
        self._thread.start()

    def submit(self, call: Call) -> None:
        """Start a call from any thread; its answer is delivered from the loop's thread."""
        self._loop.call_soon_threadsafe(self._spawn, self._run(call))

    def embed(self, call: EmbeddingCall) -> None:
        """Ask for the vectors of some texts, from any thread; the answer is delivered from the loop's thread."""
        self._loop.call_soon_threadsafe(self._spawn, self._run_embedding(call))

    def stop(self) -> None:
        """End all calls in flight with `Stopped`, and all that come after; from any thread."""
        self.fail(Stopped("the run was stopped"))

    def fail(self, error: FatalError) -> None:
        """End all calls in flight with this error, and all that come after; from any thread."""
        self._loop.call_soon_threadsafe(self._fail, error)

    def close(self) -> None:
        """Stop, close every connection, end the thread, and make every reply durable.

        Raises FatalError where the journal cannot be written; what it says is lost to a later run.
        """
        self.stop()
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._replies.close()

    def snapshot(self) -> Snapshot:
        """Live figures; from any thread."""
        replicas = list(self._router.replicas.values())
        figures = vars(self._figures) | {"latencies": [*self._figures.latencies]}
        in_flight = sum(replica.in_flight for replica in replicas)
        down = tuple(replica.endpoint.url for replica in replicas if replica.down)
        return Snapshot(**figures, in_flight=in_flight, waiting=self._router.waiting(), down=down)

    @property
    def waiting(self) -> int:
        """How many calls wait for a slot."""
        return self._router.waiting()

    @property
    def throttled(self) -> bool:
        """Whether more calls wait at an endpoint's wish, or for one that is down, than are being worked on."""
        waiting = self._figures.held_back + self._router.stranded
        return waiting > sum(replica.in_flight for replica in list(self._router.replicas.values()))

    def limit(self, limits: Limits) -> Admission:
        """Begin no more documents than the limits ask for; it also wants to be told the stages' results."""
        self.admission = Admission(limits, self._loop, self._idle)
        return self.admission

    def _idle(self) -> bool:
        """Whether nothing is on the wire, and nothing waits to be."""
        now = self.snapshot()
        return not (now.held_back or now.waiting or now.in_flight or self._router.stranded)

    def recall(self, key: str, text: str) -> None:
        """Remember a reply that was paid for earlier."""
        self._loop.call_soon_threadsafe(self._replies.remember, key, text)

    def flush(self) -> None:
        """Make every reply so far durable."""
        self._replies.flush()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _fail(self, error: FatalError) -> None:
        self.fatal = self.fatal or error
        if not self._stopped:
            self._stopped = True
            for task in self._tasks:
                task.cancel()

    async def _close(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._router.close()

    async def _run(self, call: Call) -> None:
        answer = await self._safely(self._answer, call, lambda error: Answer(call, None, error, Usage()))
        if self.admission is not None:
            self.admission.paid(call.request.stage, answer.usage)
        for listen in self.listeners:
            listen(call, answer)
        call.deliver(answer)

    async def _run_embedding(self, call: EmbeddingCall) -> None:
        answer = await self._safely(self._embedder.embed, call, lambda error: EmbeddingAnswer((), error))
        self._figures.replayed += answer.replayed
        call.deliver(answer)

    async def _safely(
        self, ask: Callable[[_Call], Awaitable[_Answer]], call: _Call, failed: Callable[[Exception], _Answer]
    ) -> _Answer:
        """What becomes of a question, whatever happens: a bundle waits for it."""
        try:
            self._check_going_on()
            answer = await ask(call)
        except asyncio.CancelledError:
            # The error that ended the run is told with each call, because a worker's log is far away.
            answer = failed(self.fatal or Stopped("the run was stopped"))
        except Exception as error:  # a bug must reach the bundle that waits, or the run hangs
            answer = failed(error)
        if isinstance(answer.error, FatalError):
            self.fatal = self.fatal or answer.error
        return answer

    async def _ask_batch(self, batch: Batch) -> Answer:
        self._check_going_on()
        self._ensure_replicas(batch.request.config)
        return await Attempt(batch, self._router, self._figures, odds=self._odds).run()

    def _check_going_on(self) -> None:
        if self._stopped and self.fatal is not None:
            raise self.fatal

    def _check_allowed(self) -> None:
        """Look before a request is sent whether the run is to ask any more. Raises NotStarted."""
        self.yields.check()
        if self.admission is not None:
            self.admission.check()

    async def _answer(self, call: Call) -> Answer:
        key = call.request.key()
        if (answer := self._replayed(call, self._replies.recall(key))) is not None:
            return answer
        if key in self._asking:
            # The same question is on its way already, from a bundle that ran twice: wait for that one.
            await asyncio.wait([self._asking[key]])
            return await self._answer(call)
        done = self._asking[key] = self._loop.create_future()
        try:
            journalled = await self._replies.look_up(call.request.config.journal, key)
            if (answer := self._replayed(call, journalled)) is not None:
                return answer
            self._ensure_replicas(call.request.config)
            admission = self.admission
            if admission is not None and call.request.stage == admission.first:
                tokens = sum(estimate_tokens(message["content"]) for message in call.request.messages)
                await admission.begin(call.request.document_id, tokens)
            if admission is not None and call.request.stage == admission.last:
                await admission.finish(element_of(call))
            attempt = Attempt(call, self._router, self._figures, self._check_allowed, self._odds)
            answer = await attempt.run()
            if attempt.completion is not None:
                self._replies.keep(call.request, key, attempt.completion)
            return answer
        finally:
            del self._asking[key]
            done.set_result(None)

    def _replayed(self, call: Call, text: str | None) -> Answer | None:
        """The answer from a reply that was paid for earlier, if there is one and it still fits the reply type."""
        if text is None:
            return None
        try:
            reply = parse_reply(text, call.reply_type, call.choices)
        except ReplyInvalid:
            return None
        self._figures.replayed += 1
        if self.admission is not None and call.request.stage == self.admission.first:
            self.admission.replayed(call.request.document_id)
        if self.admission is not None and call.request.stage == self.admission.last:
            self.admission.finish_replayed(element_of(call))
        return Answer(call, reply, None, Usage(), replayed=True)

    def _ensure_replicas(self, config: ModelConfig) -> None:
        for url in config.endpoints:
            if url not in self._router.replicas:
                replica = self._router.replicas[url] = replica_of(Endpoint(url), config)
                self._spawn(self._ask_slots(replica, config.api_key))

    async def _ask_slots(self, replica: Replica, api_key: str) -> None:
        """Begin with what a server says that it works on at once, and that it holds; where it does not say, with a burst."""
        slots, room = await asyncio.gather(replica.endpoint.slots(api_key), replica.endpoint.room(api_key))
        replica.told(slots)
        if room is not None:
            replica.room.told(room // replica.processes)
        self._router.fill(replica)


def element_of(call: Call) -> str:
    """What stands for the element that a call is about; calls of several models about one have the same messages."""
    return stable_hash(call.request.document_id, *(message["content"] for message in call.request.messages))


def replica_of(endpoint: Endpoint, config: ModelConfig) -> Replica:
    """An endpoint as the router sees it at first: nothing is known of it."""
    ceiling = max(1, (config.concurrency or MAX_LIMIT) // config.processes)
    limiter = Limiter(ceiling, config.request_timeout_s, initial_limit(config.processes))
    room = Room(FIRST_ROOM / config.processes)  # a share to begin with; each learns what the others leave
    return Replica(endpoint, limiter, config.processes, asked=True, room=room)


_runtime: Runtime | None = None
_runtime_lock = threading.Lock()


def get_runtime() -> Runtime:
    """The runtime of this process, made at first use."""
    global _runtime
    with _runtime_lock:
        if _runtime is None:
            _runtime = Runtime()
        return _runtime


def peek_runtime() -> Runtime | None:
    """The runtime of this process if there is one."""
    return _runtime


def close_runtime() -> None:
    """Close the runtime of this process, if there is one; the next use makes a new one. Raises as `Runtime.close`."""
    global _runtime
    with _runtime_lock:
        runtime, _runtime = _runtime, None
    forget_capabilities()
    forget_keys()
    if runtime is not None:
        runtime.close()
