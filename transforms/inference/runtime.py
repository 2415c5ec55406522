"""The process-wide runtime: one event loop thread, through which every stage and thread asks its models.

No Beam here. A stage submits a `Call` and gets an `Answer` in a queue of its own; in between the
runtime routes, waits for a slot, retries, asks again for a malformed reply, and remembers. It never
raises for one call's sake: an `Answer` carries the error. Only `FatalError` stops a run.
"""

import asyncio
import random
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pydantic import BaseModel

from transforms.errors import ElementError, FatalError, ReplyInvalid, ReplyTruncated, TransientError
from transforms.inference.endpoint import (
    Completion,
    ConnectionLost,
    CutCompletion,
    EmptyCompletion,
    Endpoint,
    ModelConfig,
    Refused,
    Request,
)
from transforms.inference.journal import Journal, open_journal
from transforms.inference.keys import resolve_key
from transforms.inference.limiter import MAX_LIMIT, Limiter
from transforms.inference.router import Outage, Replica, Router
from transforms.inference.schema import parse_reply
from transforms.records import Usage

# Exponential back-off with full jitter: half a second, doubled each time, at most 30 s.
BACK_OFF_FIRST_S = 0.5
BACK_OFF_MOST_S = 30.0
# A server that asks for more than this is obeyed up to here, or a typing error in a header would
# stop a run for a day.
RETRY_AFTER_MOST_S = 300.0
# A re-ask of the same prompt at temperature 0 would only bring the same malformed reply again.
REASK_TEMPERATURE = 0.5
# Replies kept in memory so that a retried bundle pays nothing; about 1 kB each.
REMEMBERED_REPLIES = 20_000
# One server that gives the same 500 this often to one call means this call.
SAME_500S = 3


class Stopped(FatalError):
    """The run was asked to stop; what is in flight is dropped."""


@dataclass(frozen=True, slots=True)
class Call:
    """One question on its way: the request, how to read its reply, and where the answer goes."""

    request: Request
    reply_type: type[BaseModel]
    stage_rank: int
    deliver: Callable[["Answer"], None]
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call: a reply or an error, and what it cost.

    `faults` names each failed try by cause; `replayed` says that the reply was remembered and
    nothing was asked.
    """

    call: Call
    reply: BaseModel | None
    error: Exception | None
    usage: Usage
    faults: tuple[str, ...] = ()
    replayed: bool = False


@dataclass
class Snapshot:
    """Live figures for a progress line. Read without a lock: each is one whole number."""

    in_flight: int = 0
    waiting: int = 0
    answered: int = 0
    replayed: int = 0
    tokens: int = 0
    down: list[str] = field(default_factory=list)


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
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._figures = Snapshot()
        self.fatal: FatalError | None = None
        self.bundles = Bundles()
        self.held_back = 0  # calls that wait because an endpoint asked them to, or failed
        self._thread = threading.Thread(target=self._loop.run_forever, name="model-calls", daemon=True)
        self._thread.start()

    def submit(self, call: Call) -> None:
        """Start a call from any thread; its answer is delivered from the loop's thread."""
        self._loop.call_soon_threadsafe(self._start, call)

    def ask(self, call: Call, timeout_s: float) -> Answer:
        """Ask and wait. Raises TimeoutError."""
        return asyncio.run_coroutine_threadsafe(self._answer(call), self._loop).result(timeout_s)

    def stop(self) -> None:
        """End all calls in flight with `Stopped`, and all that come after; from any thread."""
        self._loop.call_soon_threadsafe(self._stop)

    def close(self) -> None:
        """Stop, close every connection and end the thread."""
        self.stop()
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def snapshot(self) -> Snapshot:
        replicas = list(self._router.replicas.values())
        return replace(
            self._figures,
            in_flight=sum(replica.in_flight for replica in replicas),
            waiting=self._router.waiting(),
            down=[replica.endpoint.url for replica in replicas if replica.down],
        )

    @property
    def throttled(self) -> bool:
        """Whether more calls wait at an endpoint's wish than are being worked on."""
        return self.held_back > sum(replica.in_flight for replica in self._router.replicas.values())

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

    def _start(self, call: Call) -> None:
        task = self._loop.create_task(self._run(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
            answer = Answer(call, None, Stopped("the run was stopped"), Usage())
        except Exception as error:  # a bug must reach the bundle that waits, or the run hangs
            answer = Answer(call, None, error, Usage())
        if isinstance(answer.error, FatalError) and self.fatal is None:
            self.fatal = answer.error
        call.deliver(answer)

    async def _answer(self, call: Call) -> Answer:
        if self._stopped:
            return Answer(call, None, Stopped("the run was stopped"), Usage())
        key = call.request.key()
        remembered = self._memory.get(key)
        if remembered is not None:
            answer = self._read(call, remembered, Usage(), replayed=True)
            if answer is not None:
                self._figures.replayed += 1
                return answer
        if key in self._asking:
            # The same question is on its way already, from a bundle that ran twice: wait for that one.
            await asyncio.wait([self._asking[key]])
            return await self._answer(call)
        self._ensure_replicas(call.request.config)
        done = self._asking[key] = self._loop.create_future()
        try:
            return await _Attempt(self, call, key).run()
        finally:
            del self._asking[key]
            done.set_result(None)

    def _read(self, call: Call, text: str, usage: Usage, replayed: bool) -> Answer | None:
        try:
            return Answer(call, parse_reply(text, call.reply_type, call.choices), None, usage, replayed=replayed)
        except ReplyInvalid:
            return None  # remembered by an older version of the reply type: ask again

    def _remember(self, key: str, text: str) -> None:
        self._memory[key] = text
        if len(self._memory) > REMEMBERED_REPLIES:
            self._memory.popitem(last=False)

    def _keep(self, call: Call, key: str, completion: Completion) -> None:
        self._remember(key, completion.text)
        folder = call.request.config.journal
        if folder:
            self.journal(folder).append(call.request, key, completion)

    def _ensure_replicas(self, config: ModelConfig) -> None:
        for url in config.endpoints:
            if url not in self._router.replicas:
                ceiling = max(1, (config.concurrency or MAX_LIMIT) // config.processes)
                endpoint = Endpoint(url, partial(resolve_key, config.api_key), config.request_timeout_s)
                self._router.add(Replica(endpoint, Limiter(ceiling)))


class _Attempt:
    """One call until it has an answer: tries, waits, re-asks. Keeps the bill while it goes on."""

    def __init__(self, runtime: Runtime, call: Call, key: str) -> None:
        self._runtime = runtime
        self._call = call
        self._key = key
        self._router = runtime._router
        self._faults: list[str] = []
        self._prompt_tokens = self._cached_tokens = self._completion_tokens = 0
        self._queued_s = self._first_try_s = 0.0
        self._started = time.monotonic()
        self._tries = 0
        self._endpoint_failing = False
        # Jitter decides when, never what, so it need not be the same in two runs.
        self._random = random.Random()

    async def run(self) -> Answer:
        config = self._call.request.config
        transient = reasks = waits = 0
        held_since: float | None = None
        temperature: float | None = None
        max_tokens: int | None = None
        while True:
            try:
                completion = await self._once(temperature, max_tokens)
                reply = parse_reply(completion.text, self._call.reply_type, self._call.choices)
            except (ReplyInvalid, ReplyTruncated) as error:
                self._faults.append(type(error).__mro__[1].__name__ if isinstance(error, _CARRIERS) else type(error).__name__)
                reasks += 1
                if reasks > config.max_reasks:
                    return self._failed(plain(error))
                temperature = max(config.temperature, REASK_TEMPERATURE)
                if isinstance(error, ReplyTruncated):
                    max_tokens = 2 * config.max_tokens
            except ElementError as error:
                return self._failed(error)
            except FatalError as error:
                return self._failed(error)
            except Outage as error:
                self._faults.append("Outage")
                return self._failed(error)
            except TransientError as error:
                self._faults.append(f"http_{error.status}" if isinstance(error, Refused) else type(error).__name__)
                if self._endpoint_failing or overload(error):
                    # "Later" and "nobody there" say nothing about this call, so they cost no attempt;
                    # waiting has a bound of its own.
                    waits += 1
                    held_since = held_since or time.monotonic()
                    if time.monotonic() - held_since > config.outage_timeout_s:
                        return self._failed(error)
                    await self._pause(error, waits)
                    continue
                transient += 1
                same = self._faults[-SAME_500S:] == ["http_500"] * SAME_500S
                if transient >= config.max_attempts or same:
                    return self._failed(error)
                await self._pause(error, transient)
            else:
                self._runtime._figures.answered += 1
                self._runtime._keep(self._call, self._key, completion)
                return Answer(self._call, reply, None, self._usage(), tuple(self._faults))

    async def _once(self, temperature: float | None, max_tokens: int | None) -> Completion:
        """One try: wait for a slot, ask, tell router and limiter how it went."""
        request, router = self._call.request, self._router
        asked = time.monotonic()
        replica = await router.acquire(
            request.document_id, self._call.stage_rank, request.config.endpoints, request.config.outage_timeout_s
        )
        started = time.monotonic()
        ticket = replica.limiter.begin(request.stage, replica.in_flight - 1)
        self._queued_s += started - asked
        self._tries += 1
        try:
            completion = await replica.endpoint.ask(request, temperature, max_tokens)
        except (CutCompletion, EmptyCompletion) as error:
            self._pay(error.completion)
            router.succeeded(replica)
            raise
        except TransientError as error:
            self._blame(replica, error)
            raise
        else:
            now = time.monotonic()
            replica.limiter.completed(ticket, now, now - started)
        finally:
            if self._tries == 1:
                self._first_try_s = time.monotonic() - started
            # After `completed` a ticket counts no more, and dropping it changes nothing.
            replica.limiter.dropped(ticket)
            router.release(replica)
        self._pay(completion)
        router.succeeded(replica)
        return completion

    def _blame(self, replica: Replica, error: TransientError) -> None:
        """Tell limiter and router what a failed try says about the replica."""
        no_connection = isinstance(error, ConnectionLost)
        if overload(error) or not isinstance(error, (Refused, ConnectionLost)):
            replica.limiter.refused(time.monotonic())
        if not overload(error):
            self._router.failed(replica, self._call.request.document_id, no_connection)
        self._endpoint_failing = no_connection or (not overload(error) and replica.failing)

    def _pay(self, completion: Completion) -> None:
        self._prompt_tokens += completion.prompt_tokens
        self._cached_tokens += completion.cached_tokens
        self._completion_tokens += completion.completion_tokens
        self._runtime._figures.tokens += completion.prompt_tokens + completion.completion_tokens

    async def _pause(self, error: TransientError, tries: int) -> None:
        wait = back_off_s(tries, self._random)
        if error.retry_after_s is not None:
            # Everybody told the same number must not come back at the same moment.
            wait = min(error.retry_after_s, RETRY_AFTER_MOST_S) + self._random.uniform(0, BACK_OFF_FIRST_S)
        self._runtime.held_back += 1
        try:
            await asyncio.sleep(wait)
        finally:
            self._runtime.held_back -= 1

    def _failed(self, error: Exception) -> Answer:
        return Answer(self._call, None, error, self._usage(), tuple(self._faults))

    def _usage(self) -> Usage:
        return Usage(
            self._prompt_tokens,
            self._cached_tokens,
            self._completion_tokens,
            self._tries,
            time.monotonic() - self._started,
            self._first_try_s,
            self._queued_s,
        )


_CARRIERS = (CutCompletion, EmptyCompletion)


def plain(error: ElementError) -> ElementError:
    """The error as its public class: the carriers of a bill are an affair of this floor."""
    if isinstance(error, _CARRIERS):
        return type(error).__mro__[1](str(error), error.reply)
    return error


def overload(error: TransientError) -> bool:
    """Whether the endpoint asks for less load."""
    return isinstance(error, Refused) and error.overload


def back_off_s(tries: int, jitter: random.Random) -> float:
    """Seconds before try number `tries` + 1: full jitter over an exponentially growing span."""
    return jitter.uniform(0.0, min(BACK_OFF_MOST_S, BACK_OFF_FIRST_S * 2.0 ** (tries - 1)))


_runtime: Runtime | None = None
_runtime_lock = threading.Lock()


def get_runtime() -> Runtime:
    """The runtime of this process, made at first use."""
    global _runtime
    with _runtime_lock:
        if _runtime is None:
            _runtime = Runtime()
        return _runtime


def close_runtime() -> None:
    """Close the runtime of this process, if there is one; the next use makes a new one."""
    global _runtime
    with _runtime_lock:
        if _runtime is not None:
            _runtime.close()
            _runtime = None
