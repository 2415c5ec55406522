"""Which replica a call goes to, and when: rendezvous hashing, priority gates, health.

All calls of one document go to one replica, whose prefix cache then holds the document. For each document that ends another
is begun, as many as fill the slots and as the cache has room for. Among the calls of documents under way that wait, the
oldest document goes first, and its later stages before its earlier ones. A replica with room and nothing to do takes over a
document that was not begun elsewhere.

Everything here runs on the runtime's event loop; nothing is locked.
"""

import asyncio
import itertools
import logging
import time
from collections import OrderedDict
from hashlib import blake2b
from typing import TypeVar

from transforms.errors import TransientError
from transforms.inference.client.chat import Length
from transforms.inference.scheduling.replica import Line, Replica, Slot, Waiting

# How often a replica that is down is asked again.
PROBE_INTERVAL_S = 1.0
# For so long after a probe was answered, a 5xx is held to be the fault of the request that got it.
VOUCHED_S = 60.0
# Documents whose age and replica are remembered; one in flight for longer than this many others
# have come and gone is finished.
REMEMBERED_DOCUMENTS = 65_536

_LOGGER = logging.getLogger(__name__)
_Value = TypeVar("_Value", int, str)


def rendezvous_order(document_id: str, urls: tuple[str, ...]) -> list[str]:
    """The replicas in this document's own order of preference.

    Highest-random-weight hashing: a replica added or lost moves only its own share of documents.
    """
    return sorted(urls, key=lambda url: blake2b(f"{url}\0{document_id}".encode(), digest_size=8).digest(), reverse=True)


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
        length: Length | None = None,
    ) -> Slot:
        """Wait for a slot for a call of this document. The caller gives it back with `release`.

        `avoid` is a replica that has just said "later": another with room is better. By its `length` a document that was
        not begun waits until there is room for it. Raises Outage where every replica
        has been down for `outage_timeout_s` seconds.
        """
        priority = (_remember(self._age, document_id, next(self._arrival)), -stage_rank)
        while True:
            replica = self._choose(document_id, urls, avoid)
            if replica is None:
                await self._await_revival(urls, outage_timeout_s)
                continue
            fresh = document_id not in self._home
            at_once = replica.has_room and not replica.line and not replica.keeps_apart
            if at_once and (not fresh or (replica.wants_another() and replica.admits(length))):
                return self._begin(document_id, replica, length)
            waiting = Waiting(document_id, priority, urls, fresh, length)
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
        while replica.has_room and not replica.down and (waiting := self._next(replica)) is not None:
            waiting.future.set_result(self._begin(waiting.document_id, replica, waiting.length))

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

    def _begin(self, document_id: str, replica: Replica, length: Length | None) -> Slot:
        home = self._home.get(document_id)
        if home is None or not self.replicas[home].down:
            # From a replica that is down a document is only away: it goes back when that is there again.
            self._home.pop(document_id, None)
            _remember(self._home, document_id, replica.endpoint.url)
        return replica.take(document_id, length)

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

    def _next(self, replica: Replica) -> Waiting | None:
        if replica.keeps_apart:
            if (waiting := self._of_begun(replica)) is not None:
                return waiting
            if wait_s := replica.kept_s():
                asyncio.get_running_loop().call_later(wait_s, self.fill, replica)
                return None
        waiting = self._pop(replica) or self._steal_for(replica)
        if waiting is None and replica.line.fresh and not replica.looks_again:
            # The last documents that ended may be all that it waits for, and nothing tells that they have.
            replica.looks_again = True
            asyncio.get_running_loop().call_later(replica.room.between_calls_s, self._look_again, replica)
        return waiting

    def _look_again(self, replica: Replica) -> None:
        replica.looks_again = False
        self.fill(replica)

    def _pop(self, replica: Replica) -> Waiting | None:
        line = replica.line
        while line:
            waiting = line.pop(replica.keeps_apart or replica.wants_another(), lambda waiting: replica.admits(waiting.length))
            if waiting is None:
                return None
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
            if stolen := line.steal(lambda waiting: self._may_go(waiting, idle)):
                return stolen
        return None

    def _may_go(self, waiting: Waiting, idle: Replica) -> bool:
        return idle.endpoint.url in waiting.urls and not waiting.future.done() and idle.admits(waiting.length)

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
