"""One endpoint as the router sees it: its gate, the calls that wait for it, its health.

Everything here runs on the runtime's event loop; nothing is locked.
"""

import asyncio
import heapq
import itertools
import math
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field

from transforms.inference.client.chat import Length
from transforms.inference.client.endpoint import Endpoint
from transforms.inference.scheduling.concurrency import Limiter
from transforms.inference.scheduling.room import Room

# Failures in a row after which a replica counts as down.
FAILURES_TO_OPEN = 3
# After so long without a failure the next one begins a new row: what failed an hour ago says nothing about now.
FORGET_FAILURES_S = 60.0
# How long a slot is kept for the next call of its document: a share of the last one, and at most.
KEPT_SHARE, KEPT_MOST_S = 0.05, 0.25

# Documents under way are kept to what fills the slots with calls of theirs: to less while other calls wait, so that all of them
# fit in the cache. How many calls a document has at a time is averaged over so many. A new document for each that ends keeps
# them in all stages; begun in waves they would all be read at once, and then none for a while.
MORE_DOCUMENTS, MOST_DOCUMENTS, CALLS_AVERAGED = 0.9, 1.0, 2000

_Entry = tuple[tuple[int, int], int, "Waiting"]  # priority, arrival


@dataclass(eq=False, slots=True)
class Waiting:
    """A call in line at a replica. `fresh`: its document was not begun anywhere."""

    document_id: str
    priority: tuple[int, int]
    urls: tuple[str, ...]
    fresh: bool
    length: Length | None = None
    future: "asyncio.Future[Slot]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Line:
    """The calls that wait at a replica: those of documents not begun, and the others, each by priority."""

    def __init__(self) -> None:
        self.fresh: list[_Entry] = []
        self._begun: list[_Entry] = []
        self._arrivals = itertools.count()
        self._documents: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.fresh) + len(self._begun)

    def __iter__(self) -> Iterator[Waiting]:
        return (entry[2] for entry in itertools.chain(self.fresh, self._begun))

    def __contains__(self, document_id: str) -> bool:
        return document_id in self._documents

    def add(self, waiting: Waiting) -> None:
        self._documents[waiting.document_id] += 1
        heapq.heappush(self.fresh if waiting.fresh else self._begun, (waiting.priority, next(self._arrivals), waiting))

    @property
    def begun(self) -> int:
        """How many calls wait of documents that were begun."""
        return len(self._begun)

    def pop(self, fresh_first: bool, admits: Callable[[Waiting], bool]) -> Waiting | None:
        """Take out the next call: of a document not begun if that is wanted and there is room, else of another."""
        if self.fresh and fresh_first and admits(self.fresh[0][2]):
            return self._without(heapq.heappop(self.fresh))
        return self._without(heapq.heappop(self._begun)) if self._begun else None

    def _without(self, entry: _Entry) -> Waiting:
        waiting = entry[2]
        self._documents[waiting.document_id] -= 1
        if not self._documents[waiting.document_id]:
            del self._documents[waiting.document_id]
        return waiting

    def pop_begun(self, passed_over: Container[str]) -> Waiting | None:
        """Take out the next call of a document that was begun and is not to be passed over, if there is one."""
        kept: list[_Entry] = []
        while self._begun and self._begun[0][2].document_id in passed_over:
            kept.append(heapq.heappop(self._begun))
        found = self._without(heapq.heappop(self._begun)) if self._begun else None
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
        return self._without(stolen)


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
    room: Room = field(default_factory=Room)
    on_wire: Counter[str] = field(default_factory=Counter)  # requests of each document
    looks_again: bool = False  # whether it is going to, once documents between two calls may be held to have ended
    _documents_a_call: float = 1.0
    _kept_until: dict[str, float] = field(default_factory=dict)
    _trials: int = 0
    _failed_at: float = 0.0
    _vouched_until: float = 0.0
    _failed_documents: set[str] = field(default_factory=set)

    @property
    def has_room(self) -> bool:
        if self.on_trial:
            return self._trials < 1
        return self.in_flight < (1 if self.asked else self.limiter.most)

    def admits(self, length: Length | None) -> bool:
        """Whether a document that was not begun may be, beside those under way."""
        if length is None or self.keeps_apart:
            return True
        return self.room.admits(length, self.line.__contains__, time.monotonic())

    def wants_another(self) -> bool:
        """Whether fewer documents are under way than it takes to fill the slots; a few less will do while other calls wait."""
        under_way = self.room.documents(self.line.__contains__, time.monotonic())
        calls = self.in_flight + self.line.begun
        if not calls:
            return True
        self._documents_a_call += (under_way / calls - self._documents_a_call) / CALLS_AVERAGED
        spare = MORE_DOCUMENTS if self.line.begun else MOST_DOCUMENTS
        return under_way < math.ceil(spare * self._documents_a_call * self.limiter.limit)

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

    def take(self, document_id: str, length: Length | None = None) -> "Slot":
        """Give out a slot."""
        self.room.begin(document_id, length)
        self.in_flight += 1
        self._trials += self.on_trial
        self.on_wire[document_id] += 1
        self._kept_until.pop(document_id, None)
        return Slot(self, self.spell, document_id, time.monotonic())

    def give_back(self, slot: "Slot") -> None:
        self.in_flight -= 1
        self.on_wire[slot.document_id] -= 1
        now = time.monotonic()
        self.room.ended(slot.document_id, now, now - slot.taken_at)
        self.room.let_go(self.line.__contains__, now)
        if not self.on_wire[slot.document_id]:
            del self.on_wire[slot.document_id]
            if self.keeps_apart:
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
