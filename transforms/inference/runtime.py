"""The process-wide runtime: one event loop thread, through which every stage and thread asks its models.

No Beam here. A stage submits a `Call` and gets an `Answer` in a queue of its own; in between the
runtime routes, waits for a slot, retries, asks again for a malformed reply, and remembers. It never
raises for one call's sake: an `Answer` carries the error. Only `FatalError` stops a run.
"""

import asyncio
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from transforms.errors import FatalError, ReplyInvalid
from transforms.inference.client.capabilities import forget_abilities
from transforms.inference.client.chat import Completion, Origin
from transforms.inference.client.endpoint import Endpoint
from transforms.inference.client.reply_schema import parse_reply
from transforms.inference.config import ModelConfig
from transforms.inference.journal.lookup import JournalLookup, Reading
from transforms.inference.journal.writer import Journal, open_journal
from transforms.inference.scheduling.budget import Brake, Limits
from transforms.inference.scheduling.concurrency import MAX_LIMIT, Limiter, initial_limit
from transforms.inference.scheduling.embedding_batches import Batch, Embedder, EmbeddingAnswer, EmbeddingCall
from transforms.inference.scheduling.retries import Answer, Attempt, Call, Figures
from transforms.inference.scheduling.router import Replica, Router
from transforms.records import Usage
from transforms.text import estimate_tokens

__all__ = ["Answer", "Call", "Runtime", "Stopped", "close_runtime", "get_runtime", "peek_runtime"]

# Replies kept in memory so that a retried bundle of some thousand documents pays nothing; about 1 kB each.
REMEMBERED_REPLIES = 20_000


class Stopped(FatalError):
    """The run was asked to stop; what is in flight is dropped."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Live figures for a progress line."""

    in_flight: int
    waiting: int
    held_back: int
    answered: int
    replayed: int
    tokens: int
    down: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """What was answered since the runtime began, its tokens, and how many tries took how long (`attempt.latency_bin`)."""

    answered: int
    tokens: int
    latencies: tuple[int, ...]


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
        self._memory: OrderedDict[str, str] = OrderedDict()
        self._asking: dict[str, asyncio.Future[None]] = {}
        self._journals: dict[str, Journal] = {}
        self._lookups: dict[str, JournalLookup] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopped = False
        self._figures = Figures()
        self._embedder = Embedder(self._spawn, self._ask_batch, self._memory.get, self._look_up, self._keep)
        self.fatal: FatalError | None = None
        self.brake: Brake | None = None
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

    def ask(self, call: Call, timeout_s: float) -> Answer:
        """Ask and wait. Raises TimeoutError."""
        return asyncio.run_coroutine_threadsafe(self._answer(call), self._loop).result(timeout_s)

    def stop(self) -> None:
        """End all calls in flight with `Stopped`, and all that come after; from any thread."""
        self._loop.call_soon_threadsafe(self._stop)

    def fail(self, error: FatalError) -> None:
        """End all calls in flight with this error, and all that come after; from any thread."""
        self._loop.call_soon_threadsafe(self._fail, error)

    def close(self) -> None:
        """Stop, close every connection, end the thread, and make every reply durable.

        Raises:
            FatalError: the journal cannot be written; what it says is lost to a later run.
        """
        self.stop()
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for lookup in self._lookups.values():
            lookup.close()
        errors = []
        for journal in self._journals.values():
            try:
                journal.close()
            except FatalError as error:  # the others' replies are to be kept all the same
                errors.append(error)
        if errors:
            raise errors[0]

    def snapshot(self) -> Snapshot:
        """Live figures; from any thread."""
        replicas, figures = list(self._router.replicas.values()), self._figures
        return Snapshot(
            in_flight=sum(replica.in_flight for replica in replicas),
            waiting=self._router.waiting(),
            held_back=figures.held_back,
            answered=figures.answered,
            replayed=figures.replayed,
            tokens=figures.tokens,
            down=tuple(replica.endpoint.url for replica in replicas if replica.down),
        )

    def totals(self) -> Totals:
        """Figures that only grow; from any thread."""
        return Totals(self._figures.answered, self._figures.tokens, tuple(self._figures.latencies))

    @property
    def waiting(self) -> int:
        """How many calls wait for a slot."""
        return self._router.waiting()

    @property
    def throttled(self) -> bool:
        """Whether more calls wait at an endpoint's wish, or for one that is down, than are being worked on."""
        waiting = self._figures.held_back + self._router.stranded
        return waiting > sum(replica.in_flight for replica in list(self._router.replicas.values()))

    def limit(self, limits: Limits) -> Brake:
        """Begin no more documents than the limits ask for; the brake also wants to be told the stages' results."""
        self.brake = Brake(limits, self._loop, self._idle)
        return self.brake

    def _idle(self) -> bool:
        """Whether nothing is on the wire, and nothing waits to be."""
        return not (
            self._figures.held_back
            or self._router.waiting()
            or self._router.stranded
            or any(replica.in_flight for replica in self._router.replicas.values())
        )

    def recall(self, key: str, text: str) -> None:
        """Remember a reply that was paid for earlier."""
        self._loop.call_soon_threadsafe(self._remember, key, text)

    def journal(self, folder: str) -> Journal:
        """The journal that this process writes in a folder."""
        if folder not in self._journals:
            self._journals[folder] = open_journal(folder)
        return self._journals[folder]

    def flush(self) -> None:
        """Make every reply so far durable."""
        for journal in list(self._journals.values()):
            journal.flush()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _fail(self, error: FatalError) -> None:
        self._note_fatal(error)
        if not self._stopped:
            self._stop()

    def _stop(self) -> None:
        self._stopped = True
        for task in self._tasks:
            task.cancel()

    async def _close(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._router.close()

    async def _run(self, call: Call) -> None:
        try:
            answer = await self._answer(call)
        except asyncio.CancelledError:
            answer = Answer(call, None, self._why_stopped(), Usage())
        except Exception as error:  # a bug must reach the bundle that waits, or the run hangs
            answer = Answer(call, None, error, Usage())
        self._note_fatal(answer.error)
        if self.brake is not None:
            self.brake.paid(call.request.stage, answer.usage)
        for listen in self.listeners:
            listen(call, answer)
        call.deliver(answer)

    async def _run_embedding(self, call: EmbeddingCall) -> None:
        try:
            answer = EmbeddingAnswer((), Stopped("the run was stopped")) if self._stopped else await self._embedder.embed(call)
        except asyncio.CancelledError:
            answer = EmbeddingAnswer((), Stopped("the run was stopped"))
        except Exception as error:  # a bug, as above
            answer = EmbeddingAnswer((), error)
        self._figures.replayed += answer.replayed
        self._note_fatal(answer.error)
        call.deliver(answer)

    def _note_fatal(self, error: Exception | None) -> None:
        if isinstance(error, FatalError) and self.fatal is None:
            self.fatal = error

    async def _ask_batch(self, batch: Batch) -> Answer:
        if self._stopped:
            return Answer(batch, None, Stopped("the run was stopped"), Usage())
        self._ensure_replicas(batch.request.config)
        return await Attempt(batch, self._router, self._figures).run()

    def _why_stopped(self) -> FatalError:
        """What ended the run: an error that is not one call's is told with each, because a worker's log is far away."""
        return self.fatal or Stopped("the run was stopped")

    async def _answer(self, call: Call) -> Answer:
        if self._stopped:
            return Answer(call, None, self._why_stopped(), Usage())
        key = call.request.key()
        if (answer := self._replayed(call, self._recalled(key))) is not None:
            return answer
        if key in self._asking:
            # The same question is on its way already, from a bundle that ran twice: wait for that one.
            await asyncio.wait([self._asking[key]])
            return await self._answer(call)
        done = self._asking[key] = self._loop.create_future()
        try:
            reading = self._look_up(call.request.config.journal, key)
            if reading is not None and (answer := self._replayed(call, await reading())) is not None:
                return answer
            self._ensure_replicas(call.request.config)
            brake = self.brake
            if brake is not None and call.request.stage == brake.first:
                await brake.begin(call.request.document_id, sum(map(_tokens, call.request.messages)))
            attempt = Attempt(call, self._router, self._figures, brake.check if brake else None)
            answer = await attempt.run()
            if attempt.completion is not None:
                self._keep(call.request, key, attempt.completion)
            return answer
        finally:
            del self._asking[key]
            done.set_result(None)

    def _look_up(self, folder: str, key: str) -> Reading | None:
        """How to read what some process of the run has journalled for a key; None if nothing is known."""
        if not folder:
            return None
        lookup = self._lookups.get(folder)
        if lookup is None:
            lookup = self._lookups[folder] = JournalLookup(folder, self._remember)
        return lookup.look_up(key)

    def _replayed(self, call: Call, text: str | None) -> Answer | None:
        """The answer from a reply that was paid for earlier, if there is one and it still fits the reply type."""
        if text is None:
            return None
        try:
            reply = parse_reply(text, call.reply_type, call.choices)
        except ReplyInvalid:
            return None
        self._figures.replayed += 1
        if self.brake is not None and call.request.stage == self.brake.first:
            self.brake.replayed(call.request.document_id)
        return Answer(call, reply, None, Usage(), replayed=True)

    def _recalled(self, key: str) -> str | None:
        """What is remembered under a key, and from now on as if it had come now."""
        text = self._memory.get(key)
        if text is not None:
            self._memory.move_to_end(key)
        return text

    def _remember(self, key: str, text: str) -> None:
        self._memory[key] = text
        if len(self._memory) > REMEMBERED_REPLIES:
            self._memory.popitem(last=False)

    def _keep(self, origin: Origin, key: str, completion: Completion) -> None:
        """Remember a good reply, and write it into the journal."""
        self._remember(key, completion.text)
        folder = origin.config.journal
        if not folder:
            return
        try:
            self.journal(folder).append(origin, key, completion)
        except FatalError as error:
            self._note_fatal(error)
            self._stop()  # whatever else is on its way would be lost as well
            raise

    def _ensure_replicas(self, config: ModelConfig) -> None:
        for url in config.endpoints:
            if url not in self._router.replicas:
                ceiling = max(1, (config.concurrency or MAX_LIMIT) // config.processes)
                initial = initial_limit(config.processes, len(config.endpoints))
                self._router.add(Replica(Endpoint(url), Limiter(ceiling, config.request_timeout_s, initial)))


def _tokens(message: Mapping[str, str]) -> int:
    return estimate_tokens(message["content"])


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
    forget_abilities()
    if runtime is not None:
        runtime.close()
