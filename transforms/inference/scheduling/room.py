"""How many documents an endpoint can hold, learnt from what it had to read again.

All calls of a document begin with the same text, and a server that still has that in its prefix cache need not read it anew. A
cache that is full drops what was used longest ago. So the room that a document needs is counted as such a cache counts: the
tokens of all that was sent since its last call. Where a later call finds its document there (`cached_tokens`), the cache holds
at least so much; where it does not, less. The distance that tells the two apart best is the room.

A document is begun when there is room for it beside those under way. At first the room is taken for small, and grows with
what is found there; a server that says how much it holds is believed. Where replies say nothing of caches, or the distance
tells nothing (a router in front that spreads calls by itself), the room has no bound.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from transforms.inference.client.chat import Length

# A card that holds a 32B model besides has room for some 160,000 tokens; less is taken until more was found.
FIRST_ROOM = 64_000
# Found so far out, there may be somewhat more; where it was once too much, a tenth.
GROWTH, CAREFUL_GROWTH = 1.15, 1.1
# Share of a document that is found in the cache, from which on it is there, and up to which it is not.
THERE, GONE = 0.7, 0.3
# Of English, until replies have said how many; the mean of so many of them.
TOKENS_PER_CHARACTER, LEARNT_OVER = 0.25, 32
# What is shorter says nothing: instructions and blocks of 16 tokens blur it.
SHORTEST = 200
# Verdicts that are remembered of each kind, and misses that are needed before they count.
REMEMBERED, MISSES_THAT_COUNT = 64, 4
# A distance tells something if it sorts the verdicts with fewer errors than this share of the rarer kind.
WRONG_AT_MOST = 0.5
# A miss is forgotten after so long: servers grow, and others who shared the cache leave.
FORGET_S = 300.0
# Later calls after which a server that has never named a cached token is held not to tell.
SILENT = 24
# Steps by which distances are counted, as a share of the room; as many of them are kept as are this many rooms.
STEP, ROOMS_KEPT = 1 / 48, 4
# Between two calls of a document more is sent than the documents under way: others that end meanwhile, what stands behind them
# and what is written. How much more, as nearly all calls have it.
FAR, FARS_REMEMBERED = 0.96, 256
# A document between two of its calls is still under way for a share of what a call takes, and within these bounds.
BETWEEN_CALLS, BETWEEN_LEAST_S, BETWEEN_MOST_S, TIMES_AVERAGED = 0.25, 0.02, 0.5, 32


@dataclass(eq=False)
class _Step:
    """What was sent in one stretch of time: the documents whose last call was in it, and all tokens."""

    tokens: float = 0.0
    documents: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """A call on the wire, and how far behind the earlier call of its document it comes, in tokens; None for the first."""

    document_id: str
    length: Length
    distance: float | None


class Room:
    """The room of one endpoint. Use from one thread; `now` is monotonic seconds."""

    def __init__(self, first: float = FIRST_ROOM) -> None:
        self.tokens = first
        self._steps: deque[_Step] = deque([_Step()])
        self._step_of: dict[str, _Step] = {}
        self._on_wire: dict[str, int] = {}
        self._under_way: dict[str, float] = {}  # tokens of each
        self._taken = 0.0  # by all of these
        self._leaving: deque[tuple[float, str]] = deque()  # those that had no call on the wire at this time
        self._call_s = 0.0  # what a call takes
        self._spread = 1.0
        self._spreads: deque[float] = deque(maxlen=FARS_REMEMBERED)
        self._hits: deque[float] = deque(maxlen=REMEMBERED)
        self._misses: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)  # when, and distance
        self._later = 0
        self._told = False
        self._silent = True
        self._per_character = TOKENS_PER_CHARACTER

    @property
    def unbounded(self) -> bool:
        return math.isinf(self.tokens)

    def told(self, tokens: int) -> None:
        """The server says how much it holds."""
        self.tokens, self._told = float(tokens), True

    def admits(self, length: Length, waits: Callable[[str], bool], now: float) -> bool:
        """Whether there is room for a new document beside those under way: on the wire, or that `waits` for it."""
        self.let_go(waits, now)
        if self.unbounded or not self._under_way:
            return True
        return self._spread * (self._taken + length.document * self._per_character) <= self.tokens

    def documents(self, waits: Callable[[str], bool], now: float) -> int:
        """How many documents are under way."""
        self.let_go(waits, now)
        return len(self._under_way)

    @property
    def between_calls_s(self) -> float:
        """For how long a document is waited for that has no call on the wire."""
        return min(BETWEEN_MOST_S, max(BETWEEN_LEAST_S, BETWEEN_CALLS * self._call_s))

    def let_go(self, waits: Callable[[str], bool], now: float) -> None:
        """Forget the documents whose last call ended a while ago."""
        while self._leaving and now - self._leaving[0][0] >= self.between_calls_s:
            _, document_id = self._leaving.popleft()
            if document_id in self._on_wire or document_id not in self._under_way:
                continue
            if waits(document_id):
                self._leaving.append((now, document_id))
            else:
                self._taken -= self._under_way.pop(document_id)
        if not self._under_way:
            self._taken = 0.0  # what rounding left

    def begin(self, document_id: str, length: Length | None) -> None:
        """A call is going to be sent: of a document of this length, or of one that shares nothing with other calls."""
        self._on_wire[document_id] = self._on_wire.get(document_id, 0) + 1
        if document_id not in self._under_way:
            self._under_way[document_id] = length.document * self._per_character if length else 0.0
            self._taken += self._under_way[document_id]

    def sent(self, document_id: str, length: Length) -> Sent:
        """A call that was begun goes out."""
        step = self._step_of.get(document_id)
        distance = self._behind(step, document_id) if step is not None else None
        behind = length.whole - length.instructions - length.document
        self._touch(document_id, length.document * self._per_character, behind * self._per_character)
        if distance is not None and self._taken:
            self._spreads.append(distance / self._taken)
            self._spread = max(1.0, sorted(self._spreads)[int(FAR * len(self._spreads))])
        return Sent(document_id, length, distance)

    def ended(self, document_id: str, now: float, took_s: float) -> None:
        """A call is no longer on the wire after so many seconds, however it went."""
        self._call_s += (took_s - self._call_s) / TIMES_AVERAGED
        left = self._on_wire.get(document_id, 0) - 1
        if left > 0:
            self._on_wire[document_id] = left
            return
        self._on_wire.pop(document_id, None)
        self._leaving.append((now, document_id))

    def replied(self, sent: Sent, prompt_tokens: int, cached_tokens: int, written: int, now: float) -> None:
        """What the server had of the prompt in its cache, and how much it wrote, which takes room as well."""
        self._steps[-1].tokens += written
        self._silent = self._silent and not cached_tokens
        if not prompt_tokens:
            return
        per_character = prompt_tokens / max(1, sent.length.whole)
        self._per_character += (per_character - self._per_character) / LEARNT_OVER
        document_tokens = per_character * sent.length.document
        if sent.distance is None or document_tokens < SHORTEST:
            return
        self._later += 1
        if self._silent:
            if self._later >= SILENT:
                self.tokens = math.inf
            return
        found = (cached_tokens - per_character * sent.length.instructions) / document_tokens
        if found >= THERE:
            self._there(sent.distance, now)
        elif found <= GONE:
            self._misses.append((now, sent.distance))
            self._learn(now)

    def _there(self, distance: float, now: float) -> None:
        self._hits.append(distance)
        if self.unbounded:
            return
        while self._misses and now - self._misses[0][0] > FORGET_S:
            self._misses.popleft()
        growth = CAREFUL_GROWTH if self._misses or self._told else GROWTH
        if len(self._misses) < MISSES_THAT_COUNT:
            self.tokens = max(self.tokens, growth * distance)
        elif distance > self.tokens:
            self._learn(now)

    def _learn(self, now: float) -> None:
        """Take the distance that tells hits from misses with the fewest errors."""
        misses = [distance for _, distance in self._misses]
        if len(misses) < MISSES_THAT_COUNT:
            return
        bound, wrong = best_bound(self._hits, misses)
        if wrong <= WRONG_AT_MOST * min(len(misses), max(len(self._hits), MISSES_THAT_COUNT)):
            self.tokens = max(bound, 1.0)
        else:
            self.tokens = math.inf

    def _touch(self, document_id: str, document_tokens: float, more: float) -> None:
        """Make a document the one that was used last."""
        step = self._step_of.get(document_id)
        if step is not None:
            step.tokens -= step.documents.pop(document_id)
        newest = self._steps[-1]
        if newest.tokens > STEP * (self.tokens if not self.unbounded else FIRST_ROOM):
            newest = _Step()
            self._steps.append(newest)
            while len(self._steps) > ROOMS_KEPT / STEP:
                for forgotten in self._steps.popleft().documents:
                    del self._step_of[forgotten]
        newest.documents[document_id] = document_tokens
        newest.tokens += document_tokens + max(0.0, more)
        self._step_of[document_id] = newest

    def _behind(self, step: _Step, document_id: str) -> float:
        """The tokens that were sent after a document's last call."""
        behind = 0.0
        for newer in reversed(self._steps):
            if newer is step:
                return behind + (step.tokens - step.documents[document_id]) / 2
            behind += newer.tokens
        raise AssertionError("a document's step is one of those kept")


def best_bound(hits: Iterable[float], misses: Iterable[float]) -> tuple[float, int]:
    """The bound below which most hits lie and above which most misses, and how many lie on the wrong side."""
    points = sorted([(distance, 1) for distance in hits] + [(distance, -1) for distance in misses])
    wrong = sum(kind > 0 for _, kind in points)  # all hits are above a bound of nothing
    best, bound = wrong, 0.0
    for number, (distance, kind) in enumerate(points):
        wrong -= kind
        if wrong < best:
            after = points[number + 1][0] if number + 1 < len(points) else distance
            best, bound = wrong, (distance + after) / 2
    return bound, best
