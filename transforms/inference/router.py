"""Which replica a call goes to, and when: rendezvous hashing, priority gates, health.

All calls of one document go to one replica, whose prefix cache then holds the document. Among the
calls waiting for a replica the oldest document goes first, and its later stages before its
earlier ones: documents are finished before new ones are begun, so that few prefixes are alive at
a time. A replica with room and nothing to do takes over a document that another has not begun.

Everything here runs on the runtime's event loop; nothing is locked.
"""

import asyncio
import heapq
import itertools
import time
from collections import OrderedDict
from hashlib import blake2b

from transforms.errors import TransientError
from transforms.inference.endpoint import Endpoint
from transforms.inference.limiter import Limiter

# Failures in a row after which a replica counts as down, and how often a down one is asked again.
FAILURES_TO_OPEN = 3
PROBE_INTERVAL_S = 1.0
# Documents whose replica is remembered; a document in flight for longer than this many others have
# come and gone is finished.
REMEMBERED_DOCUMENTS = 65_536


def rendezvous_order(document_id: str, urls: tuple[str, ...]) -> list[str]:
    """The replicas in this document's own order of preference.

    Highest-random-weight hashing: a replica added or lost moves only its own share of documents.
    """
    return sorted(urls, key=lambda url: blake2b(f"{url}\0{document_id}".encode(), digest_size=8).digest(), reverse=True)


class Waiting:
    """A call in line at a replica."""

    __slots__ = ("document_id", "future", "priority", "urls")

    def __init__(
        self, document_id: str, priority: tuple[int, int], urls: tuple[str, ...], future: "asyncio.Future[Replica]"
    ) -> None:
        self.document_id = document_id
        self.priority = priority
        self.urls = urls
        self.future = future


class Replica:
    """One endpoint with its gate, limiter and health."""

    def __init__(self, endpoint: Endpoint, limiter: Limiter) -> None:
        self.endpoint = endpoint
        self.limiter = limiter
        self.in_flight = 0
        self.failures = 0
        self.down = False
        self.on_trial = False  # answered a probe after having been down; one call shows whether it works
        self._failed_documents: set[str] = set()
        self.line: list[tuple[tuple[int, int], int, Waiting]] = []

    @property
    def has_room(self) -> bool:
        return self.in_flight < (1 if self.on_trial else int(self.limiter.limit))

    @property
    def failing(self) -> bool:
        """Whether it has only failed of late, so that a failed call says nothing about the call."""
        return self.down or self.on_trial or (self.failures >= FAILURES_TO_OPEN and len(self._failed_documents) > 1)

    def note_success(self) -> None:
        self.failures, self.on_trial = 0, False
        self._failed_documents.clear()

    def note_failure(self, document_id: str, no_connection: bool) -> bool:
        """Count a failure; True when it must be taken for down.

        An answer of 5xx counts only when it is not always the same document that gets it: one
        poisonous prompt must not take a replica out of service.
        """
        self.failures += 1
        self._failed_documents.add(document_id)
        many = no_connection or len(self._failed_documents) > 1
        return not self.down and (self.on_trial or (self.failures >= FAILURES_TO_OPEN and many))


class Router:
    """Hands out the slots of all replicas of a process."""

    def __init__(self) -> None:
        self.replicas: dict[str, Replica] = {}
        self._arrival = itertools.count()
        self._sequence: OrderedDict[str, int] = OrderedDict()  # document -> age
        self._home: OrderedDict[str, str] = OrderedDict()  # document -> replica that took it over
        self._probes: set[asyncio.Task[None]] = set()
        self._revived = asyncio.Event()

    def add(self, replica: Replica) -> None:
        self.replicas[replica.endpoint.url] = replica

    async def acquire(self, document_id: str, stage_rank: int, urls: tuple[str, ...], outage_timeout_s: float) -> Replica:
        """Wait for a slot for a call of this document. The caller gives it back with `release`.

        Raises:
            TransientError: every replica has been down for `outage_timeout_s` seconds.
        """
        deadline = time.monotonic() + outage_timeout_s
        priority = (self._age(document_id), -stage_rank)
        while True:
            replica = self._choose(document_id, urls)
            if replica is None:
                await self._await_revival(deadline, urls)
                continue
            if replica.has_room and not replica.line:
                replica.in_flight += 1
                return replica
            waiting = Waiting(document_id, priority, urls, asyncio.get_running_loop().create_future())
            heapq.heappush(replica.line, (waiting.priority, next(self._arrival), waiting))
            self._offer_to_idle(waiting, replica)
            try:
                return await waiting.future
            except asyncio.CancelledError:
                if waiting.future.done() and not waiting.future.cancelled() and not waiting.future.exception():
                    self.release(waiting.future.result())
                raise
            except _ReplicaDown:
                continue

    def release(self, replica: Replica) -> None:
        """Give a slot back, and let whoever is next have it."""
        replica.in_flight -= 1
        self.fill(replica)

    def fill(self, replica: Replica) -> None:
        """Hand out the free slots of a replica: to its own line, then to documents not begun elsewhere."""
        while replica.has_room and not replica.down:
            waiting = self._pop(replica) or self._steal_for(replica)
            if waiting is None:
                return
            replica.in_flight += 1
            waiting.future.set_result(replica)

    def succeeded(self, replica: Replica) -> None:
        replica.note_success()

    def failed(self, replica: Replica, document_id: str, no_connection: bool) -> None:
        """A failure of the replica itself (no connection, 5xx, no reply): enough in a row and it is down."""
        if not replica.note_failure(document_id, no_connection):
            return
        replica.down, replica.on_trial = True, False
        line, replica.line = replica.line, []
        for _, _, waiting in line:
            if not waiting.future.done():
                waiting.future.set_exception(_ReplicaDown())
        task = asyncio.get_running_loop().create_task(self._probe(replica))
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)

    async def close(self) -> None:
        """End the probes and close every connection."""
        for probe in self._probes:
            probe.cancel()
        await asyncio.gather(*self._probes, return_exceptions=True)
        for replica in self.replicas.values():
            await replica.endpoint.close()

    def waiting(self) -> int:
        """Calls in line at all replicas."""
        return sum(len(replica.line) for replica in self.replicas.values())

    def _choose(self, document_id: str, urls: tuple[str, ...]) -> Replica | None:
        home = self._home.get(document_id)
        if home in urls and not self.replicas[home].down:
            return self.replicas[home]
        for url in rendezvous_order(document_id, urls) if len(urls) > 1 else urls:
            if not self.replicas[url].down:
                return self.replicas[url]
        return None

    def _age(self, document_id: str) -> int:
        age = self._sequence.get(document_id)
        if age is None:
            age = self._sequence[document_id] = next(self._arrival)
            if len(self._sequence) > REMEMBERED_DOCUMENTS:
                self._sequence.popitem(last=False)
        return age

    def _pop(self, replica: Replica) -> Waiting | None:
        while replica.line:
            waiting = heapq.heappop(replica.line)[2]
            if not waiting.future.done():
                return waiting
        return None

    def _steal_for(self, idle: Replica) -> Waiting | None:
        """Take over the youngest document that waits at the longest line and was not begun there."""
        if len(self.replicas) == 1:
            return None
        victim = max((r for r in self.replicas.values() if r is not idle), key=lambda r: len(r.line))
        candidates = [
            entry
            for entry in victim.line
            if entry[2].priority[1] == 0 and idle.endpoint.url in entry[2].urls and not entry[2].future.done()
        ]
        if not candidates:
            return None
        entry = max(candidates)
        victim.line.remove(entry)
        heapq.heapify(victim.line)
        self._move(entry[2].document_id, idle)
        return entry[2]

    def _offer_to_idle(self, waiting: Waiting, at: Replica) -> None:
        """A new document in a full replica's line may start at once where another has room."""
        if waiting.priority[1] != 0:
            return
        for url in rendezvous_order(waiting.document_id, waiting.urls):
            replica = self.replicas[url]
            if replica is not at and replica.has_room and not replica.line and not replica.down:
                self.fill(replica)
                return

    def _move(self, document_id: str, replica: Replica) -> None:
        self._home[document_id] = replica.endpoint.url
        if len(self._home) > REMEMBERED_DOCUMENTS:
            self._home.popitem(last=False)

    async def _probe(self, replica: Replica) -> None:
        await asyncio.sleep(PROBE_INTERVAL_S)
        while not await replica.endpoint.alive():
            await asyncio.sleep(PROBE_INTERVAL_S)
        replica.down, replica.on_trial = False, True
        # A fresh event each time: whoever waits for another pool's replica must not wake for ever.
        revived, self._revived = self._revived, asyncio.Event()
        revived.set()

    async def _await_revival(self, deadline: float, urls: tuple[str, ...]) -> None:
        try:
            await asyncio.wait_for(self._revived.wait(), max(0.0, deadline - time.monotonic()))
        except asyncio.TimeoutError:
            raise Outage(f"no replica answers: {', '.join(urls)}") from None


class Outage(TransientError):
    """Every replica stayed down for as long as the run is willing to wait."""


class _ReplicaDown(Exception):
    """The replica that a call waited for went down; choose again."""
