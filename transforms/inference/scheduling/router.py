"""Which replica a call goes to, and when: rendezvous hashing, priority gates, health.

All calls of one document go to one replica, whose prefix cache then holds the document. Among the calls waiting for a
replica the oldest document goes first, and its later stages before its earlier ones, so that few prefixes are alive at
a time. Near the end of the work the last documents are begun before others are finished, or they would be left alone
with their chain of calls. A replica with room and nothing to do takes over a document that was not begun elsewhere.

Everything here runs on the runtime's event loop; nothing is locked.
"""

import asyncio
import heapq
import itertools
import logging
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeVar

from transforms.errors import TransientError
from transforms.inference.client.endpoint import Endpoint
from transforms.inference.scheduling.concurrency import Limiter

# Failures in a row after which a replica counts as down, and how often a down one is asked again.
FAILURES_TO_OPEN = 3
PROBE_INTERVAL_S = 1.0
# For so long after a probe was answered, a 5xx is held to be the fault of the request that got it.
VOUCHED_S = 60.0
# After so long without a failure the next one begins a new row: what failed an hour ago says nothing about now.
FORGET_FAILURES_S = 60.0
# Documents whose age and replica are remembered; one in flight for longer than this many others
# have come and gone is finished.
REMEMBERED_DOCUMENTS = 65_536

# Documents not begun, as a share of the limit and at most, from which on the end counts as near; with
# more work to come a backlog holds more. 600 documents on 256 slots: 0.79 of them busy instead of 0.72. A
# share of 1 made a document be read twice as often: too many prefixes for the cache.
END_IS_NEAR, END_IS_NEAR_MOST = 0.6, 256

# How long a slot is kept for the next call of its document: a share of the last one, and at most.
KEPT_SHARE, KEPT_MOST_S = 0.05, 0.25

_LOGGER = logging.getLogger(__name__)
_Value = TypeVar("_Value", int, str)
_Entry = tuple[tuple[int, int], int, "Waiting"]  # priority, arrival


def rendezvous_order(document_id: str, urls: tuple[str, ...]) -> list[str]:
    """The replicas in this document's own order of preference.

    Highest-random-weight hashing: a replica added or lost moves only its own share of documents.
    """
    return sorted(urls, key=lambda url: blake2b(f"{url}\0{document_id}".encode(), digest_size=8).digest(), reverse=True)


@dataclass(eq=False, slots=True)
class Waiting:
    """A call in line at a replica. `fresh`: its document was not begun anywhere."""

    document_id: str
    priority: tuple[int, int]
    urls: tuple[str, ...]
    fresh: bool
    future: "asyncio.Future[Slot]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Line:
    """The calls that wait at a replica: those of documents not begun, and the others, each by priority."""

    def __init__(self) -> None:
        self.fresh: list[_Entry] = []
        self._begun: list[_Entry] = []
        self._arrivals = itertools.count()

    def __len__(self) -> int:
        return len(self.fresh) + len(self._begun)

    def __iter__(self) -> Iterator[Waiting]:
        return (entry[2] for entry in itertools.chain(self.fresh, self._begun))

    def add(self, waiting: Waiting) -> None:
        heapq.heappush(self.fresh if waiting.fresh else self._begun, (waiting.priority, next(self._arrivals), waiting))

    def pop(self, end_is_near: bool) -> Waiting:
        """Take out the next call; there must be one."""
        if self.fresh and (end_is_near or not self._begun or self.fresh[0] < self._begun[0]):
            return heapq.heappop(self.fresh)[2]
        return heapq.heappop(self._begun)[2]

    def pop_begun(self, passed_over: Container[str]) -> Waiting | None:
        """Take out the next call of a document that was begun and is not to be passed over, if there is one."""
        kept: list[_Entry] = []
        while self._begun and self._begun[0][2].document_id in passed_over:
            kept.append(heapq.heappop(self._begun))
        found = heapq.heappop(self._begun)[2] if self._begun else None
        for entry in kept:
            heapq.heappush(self._begun, entry)
        return found

    def steal(self, may_move: Callable[[Waiting], bool]) -> Waiting | None:
        """Take out the youngest of the documents not begun that may move."""
        stealable = [entry for entry in self.fresh if may_move(entry[2])]
        if not stealable:
            return None
        stolen = max(stealable)
        self.fresh.remove(stolen)
        heapq.heapify(self.fresh)
        return stolen[2]


@dataclass(eq=False)
class Replica:
    """One endpoint with its gate, limiter and health.

    Where it `keeps_apart` what its slots have read, no slot can use what another has (llama.cpp): a document has one call at a
    time there, and its slot is kept free for a moment between two of them.

    A replica that keeps failing is down: probed, and then on trial, when one call at a time shows whether it works
    again. `spell` counts those changes: a call begun in an earlier spell says nothing about this one.
    """

    endpoint: Endpoint
    limiter: Limiter
    processes: int = 1  # that share what it works on
    in_flight: int = 0
    keeps_apart: bool = False
    asked: bool = False  # how much it works on at once: until it has said so, or not, one call at a time
    down: bool = False
    on_trial: bool = False
    spell: int = 0
    failures: int = 0
    failing_since: float | None = None
    line: Line = field(default_factory=Line)
    on_wire: Counter[str] = field(default_factory=Counter)  # requests of each document
    _kept_until: dict[str, float] = field(default_factory=dict)
    _trials: int = 0
    _failed_at: float = 0.0
    _vouched_until: float = 0.0
    _failed_documents: set[str] = field(default_factory=set)

    @property
    def has_room(self) -> bool:
        if self.on_trial:
            return self._trials < 1
        return self.in_flight < (1 if self.asked else int(self.limiter.limit))

    @property
    def failing(self) -> bool:
        """Whether it has only failed of late, so that a failed call says nothing about the call."""
        return self.down or self.on_trial or (self.failures >= FAILURES_TO_OPEN and len(self._failed_documents) > 1)

    def told(self, slots: int | None) -> None:
        """It has said how much it works on at once, or that it does not say."""
        self.asked = False
        if slots is not None:
            self.limiter.told(math.ceil(slots / self.processes))
            self.keeps_apart = True  # only llama.cpp says so, whose slots share nothing

    def take(self, document_id: str) -> "Slot":
        """Give out a slot."""
        self.in_flight += 1
        self._trials += self.on_trial
        self.on_wire[document_id] += 1
        self._kept_until.pop(document_id, None)
        return Slot(self, self.spell, document_id, time.monotonic())

    def give_back(self, slot: "Slot") -> None:
        self.in_flight -= 1
        self.on_wire[slot.document_id] -= 1
        if not self.on_wire[slot.document_id]:
            del self.on_wire[slot.document_id]
            if self.keeps_apart:
                now = time.monotonic()
                self._kept_until[slot.document_id] = now + min(KEPT_SHARE * (now - slot.taken_at), KEPT_MOST_S)
        if self.on_trial and slot.spell == self.spell:
            self._trials -= 1

    def kept_s(self) -> float:
        """For how long all slots that are free are kept for the documents that had them; 0 where one is for anybody."""
        now = time.monotonic()
        self._kept_until = {document: until for document, until in self._kept_until.items() if until > now}
        free = int(self.limiter.limit) - self.in_flight
        return min(self._kept_until.values()) - now if self._kept_until and free <= len(self._kept_until) else 0.0

    def note_success(self, slot: "Slot") -> bool:
        """A call ended well; True when that ends a trial."""
        if slot.spell != self.spell:
            return False
        ended, self.on_trial = self.on_trial, False
        self._forget_failures()
        return ended

    def note_failure(self, slot: "Slot", document_id: str, no_connection: bool, now: float) -> bool:
        """Count a failure; True when the replica must be taken for down.

        An answer of 5xx counts only when it is not always the same document that gets it: one
        poisonous prompt must not take a replica out of service. Nor does it count soon after the replica has
        answered a probe: a few poisonous prompts, with nothing else left to ask, look like an outage until then.
        """
        if slot.spell != self.spell or self.down:
            return False
        if not no_connection and now < self._vouched_until:
            self.on_trial = False
            return False
        if not self.on_trial and now - self._failed_at > FORGET_FAILURES_S:
            self._forget_failures()
        self._failed_at = now
        self.failures += 1
        self.failing_since = self.failing_since or now
        self._failed_documents.add(document_id)
        many = no_connection or len(self._failed_documents) > 1
        return self.on_trial or (self.failures >= FAILURES_TO_OPEN and many)

    def _forget_failures(self) -> None:
        self.failures, self.failing_since = 0, None
        self._failed_documents.clear()

    def close(self) -> None:
        """Out of service."""
        self.down, self.on_trial = True, False
        self.spell += 1

    def try_again(self, vouched_until: float) -> None:
        """It answers probes again; let one call show."""
        self.down, self.on_trial, self._trials = False, True, 0
        self._vouched_until = vouched_until
        if vouched_until:
            self._forget_failures()
        self.spell += 1


@dataclass(frozen=True, slots=True)
class Slot:
    """A place at a replica, held while a request is on the wire."""

    replica: Replica
    spell: int
    document_id: str
    taken_at: float


class Router:
    """Hands out the slots of all replicas of a process."""

    def __init__(self) -> None:
        self.replicas: dict[str, Replica] = {}
        self._arrival = itertools.count()
        self._age: OrderedDict[str, int] = OrderedDict()
        self._home: OrderedDict[str, str] = OrderedDict()  # where a document was begun
        self._probes: set[asyncio.Task[None]] = set()
        self._revived = asyncio.Event()
        self.stranded = 0  # calls that wait while every replica of theirs is down

    async def acquire(
        self,
        document_id: str,
        stage_rank: int,
        urls: tuple[str, ...],
        outage_timeout_s: float,
        avoid: Replica | None = None,
    ) -> Slot:
        """Wait for a slot for a call of this document. The caller gives it back with `release`.

        `avoid` is a replica that has just said "later": another with room is better. Raises Outage where every replica
        has been down for `outage_timeout_s` seconds.
        """
        priority = (_remember(self._age, document_id, next(self._arrival)), -stage_rank)
        while True:
            replica = self._choose(document_id, urls, avoid)
            if replica is None:
                await self._await_revival(urls, outage_timeout_s)
                continue
            if replica.has_room and not replica.line and not replica.keeps_apart:
                return self._begin(document_id, replica)
            waiting = Waiting(document_id, priority, urls, fresh=document_id not in self._home)
            self._stand_in_line(waiting, replica)
            try:
                return await waiting.future
            except asyncio.CancelledError:
                if waiting.future.done() and not waiting.future.cancelled() and not waiting.future.exception():
                    self.release(waiting.future.result())
                raise
            except _ReplicaDown:
                continue

    def release(self, slot: Slot) -> None:
        """Give a slot back, and let whoever is next have it."""
        slot.replica.give_back(slot)
        self.fill(slot.replica)

    def fill(self, replica: Replica) -> None:
        """Hand out the free slots of a replica: to its own line, then to documents not begun elsewhere."""
        while replica.has_room and not replica.down:
            waiting = self._of_begun(replica) if replica.keeps_apart else None
            if waiting is None and replica.keeps_apart and (wait_s := replica.kept_s()):
                if replica.line:
                    asyncio.get_running_loop().call_later(wait_s, self.fill, replica)
                return
            waiting = waiting or self._pop(replica) or self._steal_for(replica)
            if waiting is None:
                return
            waiting.future.set_result(self._begin(waiting.document_id, replica))

    def succeeded(self, slot: Slot) -> None:
        """A call ended well: its replica works."""
        if slot.replica.note_success(slot):
            _LOGGER.warning("%s works again.", slot.replica.endpoint.url)
            self.fill(slot.replica)

    def failed(self, slot: Slot, document_id: str, no_connection: bool) -> None:
        """A failure of the replica itself (no connection, 5xx, no reply): enough in a row and it is down."""
        replica = slot.replica
        if not replica.note_failure(slot, document_id, no_connection, time.monotonic()):
            return
        if not replica.on_trial:
            _LOGGER.warning("%s keeps failing; its documents go elsewhere, or wait, until it answers.", replica.endpoint.url)
        replica.close()
        line, replica.line = replica.line, Line()
        for waiting in line:
            if not waiting.future.done():
                waiting.future.set_exception(_ReplicaDown())
        task = asyncio.get_running_loop().create_task(self._probe(replica, vouch=not no_connection))
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)

    def has_other(self, replica: Replica, urls: tuple[str, ...]) -> bool:
        """Whether another replica of a pool is in service."""
        return any(not self.replicas[url].down for url in urls if url != replica.endpoint.url)

    async def close(self) -> None:
        """End the probes and close every connection."""
        for probe in self._probes:
            probe.cancel()
        await asyncio.gather(*self._probes, return_exceptions=True)
        for replica in self.replicas.values():
            await replica.endpoint.close()

    def waiting(self) -> int:
        """Calls in line at all replicas; from any thread."""
        return sum(len(replica.line) for replica in list(self.replicas.values()))

    def _choose(self, document_id: str, urls: tuple[str, ...], avoid: Replica | None) -> Replica | None:
        """The replica that a document was begun at, else the first of its order, that is in service."""
        if len(urls) == 1:
            replica = self.replicas[urls[0]]
            return None if replica.down else replica
        home = self._home.get(document_id)
        order = rendezvous_order(document_id, urls)
        if home in urls:
            order.sort(key=lambda url: url != home)
        usable = [replica for replica in map(self.replicas.__getitem__, order) if not replica.down]
        if avoid is not None:
            usable.sort(key=lambda replica: replica is avoid or not replica.has_room)
        return usable[0] if usable else None

    def _begin(self, document_id: str, replica: Replica) -> Slot:
        home = self._home.get(document_id)
        if home is None or not self.replicas[home].down:
            # From a replica that is down a document is only away: it goes back when that is there again.
            self._home.pop(document_id, None)
            _remember(self._home, document_id, replica.endpoint.url)
        return replica.take(document_id)

    def _stand_in_line(self, waiting: Waiting, replica: Replica) -> None:
        replica.line.add(waiting)
        if replica.keeps_apart:
            self.fill(replica)
        if not waiting.fresh or waiting.future.done():
            return
        for url in rendezvous_order(waiting.document_id, waiting.urls):
            idle = self.replicas[url]
            if idle is not replica and idle.has_room and not idle.line and not idle.down:
                self.fill(idle)
                return

    def _pop(self, replica: Replica) -> Waiting | None:
        line = replica.line
        while line:
            near = len(line.fresh) <= min(END_IS_NEAR_MOST, END_IS_NEAR * replica.limiter.limit)
            waiting = line.pop(end_is_near=near or replica.keeps_apart)
            if waiting.fresh and replica.keeps_apart and waiting.document_id in replica.on_wire:
                waiting.fresh = False  # another call of its document came first
                line.add(waiting)
            elif not waiting.future.done():
                return waiting
        return None

    def _of_begun(self, replica: Replica) -> Waiting | None:
        """The next call of a document that was begun there and has none on the wire."""
        while (waiting := replica.line.pop_begun(replica.on_wire)) is not None and waiting.future.done():
            pass
        return waiting

    def _steal_for(self, idle: Replica) -> Waiting | None:
        """Take over the youngest document that was not begun, from the longest line that has one."""
        # One that has only just been asked how much it works on will have room for them itself.
        others = (replica for replica in self.replicas.values() if replica is not idle and not replica.asked)
        lines = [replica.line for replica in others if replica.line.fresh]
        for line in sorted(lines, key=len, reverse=True):
            if stolen := line.steal(lambda waiting: idle.endpoint.url in waiting.urls and not waiting.future.done()):
                return stolen
        return None

    async def _probe(self, replica: Replica, vouch: bool) -> None:
        """Ask until there is an answer: any at all where nobody was there, to a question where answers were failures."""
        await asyncio.sleep(PROBE_INTERVAL_S)
        while not (await replica.endpoint.alive() and (not vouch or await replica.endpoint.works())):
            await asyncio.sleep(PROBE_INTERVAL_S)
        replica.told(await replica.endpoint.slots())
        replica.try_again(time.monotonic() + VOUCHED_S if vouch else 0.0)
        # A fresh event each time: whoever waits for another pool's replica must not wake for ever.
        revived, self._revived = self._revived, asyncio.Event()
        revived.set()
        self.fill(replica)

    async def _await_revival(self, urls: tuple[str, ...], outage_timeout_s: float) -> None:
        """Wait for a replica to come back. The clock runs from when the last one went, not from this call."""
        began = max(self.replicas[url].failing_since or 0.0 for url in urls)
        # Not `wait_for`, which before Python 3.12 loses a cancellation that comes together with the event.
        revived = asyncio.ensure_future(self._revived.wait())
        self.stranded += 1
        try:
            await asyncio.wait([revived], timeout=max(0.0, began + outage_timeout_s - time.monotonic()))
            if not revived.done():
                raise Outage(f"no replica answers: {', '.join(urls)}")
        finally:
            self.stranded -= 1
            revived.cancel()


def _remember(memory: OrderedDict[str, _Value], document_id: str, value: _Value) -> _Value:
    """What is remembered of a document, this value if nothing is; the oldest memory goes."""
    found = memory.setdefault(document_id, value)
    if len(memory) > REMEMBERED_DOCUMENTS:
        memory.popitem(last=False)
    return found


class Outage(TransientError):
    """Every replica stayed down for as long as the run is willing to wait."""


class _ReplicaDown(Exception):
    """The replica that a call waited for went down; choose again."""
