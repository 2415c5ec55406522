"""Admission of documents: begins them only as long as a goal or a budget asks for more, so that a run ends near it.

No Beam here. The runtime asks before it begins a document and before every request is sent; the stages say what
became of what they were given (`outcome.WATCHERS`). Documents are held back while what is under way is likely to be
enough. Once the goal is reached, what is held back is answered with `NotStarted`, and what is under way is finished, but
for the last stage: that is never given so much at once that the goal could be overrun by more than `MOST_OVER`, however
wrong the forecast was. A budget ends what is under way as well: when all is spent, nothing is sent.

What is under way is foretold stage by stage; over whole documents it would mislead, because those end first that come
to nothing. Before a stage has judged anything, all is assumed to pass it, so that a small goal is not overrun.
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transforms.errors import NotStarted
from transforms.records import TOKENS, DeadLetter, Document, PersonaTask, QAPair, Rejection, Usage, VerifiedQA, task_of
from transforms.text import stable_hash

TARGET, COST = "target_accepted", "max_cost"
# What comes behind the model block (near duplicates, benchmarks) takes some pairs out again, and a goal is rather
# overrun than missed.
MARGIN = 0.02
MOST_OVER = 0.08
# How often to look whether anything goes on at all: an engine that runs one stage after another would wait with the
# first for documents that wait for the second.
LOOK_S = 0.5
# How much more than likely is put by for what is under way: prefixes may be cached less often than before.
RESERVE = 1.2
# Tokens of a reply before one has come.
ASSUMED_REPLY = 200


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the model block: what is assumed of it before it has judged anything.

    `passes` is how many elements come of one, `calls` how many requests it takes.
    """

    stage: str
    passes: float = 1.0
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: at so many accepted pairs, or when so much is spent; 0 for neither.

    `steps` are the stages of the model block in order, the first two about documents, the others about tasks. `price`
    says what tokens (by the names in `TOKENS`) and seconds cost. `key` is the same for pairs that count as one.
    """

    steps: Sequence[Step]
    price: Callable[[Mapping[str, int], float], float]
    key: Callable[[VerifiedQA], str]
    target: int = 0
    max_cost: float = 0.0


@dataclass
class _Seen:
    """What was seen of a stage: elements it came to an end with, what came of them, what its calls cost, how many wait for it."""

    step: Step
    ended: int = 0
    passed: int = 0
    waiting: int = 0
    paid: float = 0.0

    def rate(self) -> float:
        return (self.passed + self._weight * self.step.passes) / (self.ended + self._weight)

    def cost(self, assumed: float) -> float:
        return (self.paid + self._weight * self.step.calls * assumed) / (self.ended + self._weight)

    @property
    def _weight(self) -> float:
        """How much is assumed: short replies come first, and they tend to say no, so while many wait little is known."""
        return 1 + self.waiting / 2


class Admission:
    """Decides whether another document is begun. Documents are begun on the runtime's loop; results come from any thread."""

    def __init__(self, limits: Limits, loop: asyncio.AbstractEventLoop, idle: Callable[[], bool]) -> None:
        self._limits = limits
        self._loop = loop
        self._idle = idle
        self.first = limits.steps[0].stage  # the one that is asked first about a document
        self.last = limits.steps[-1].stage  # behind it a pair counts
        self._goal = math.ceil(limits.target * (1 + MARGIN))
        self._most = max(self._goal, math.floor(limits.target * (1 + MOST_OVER)))
        self._given: dict[str, asyncio.Future[None] | None] = {}  # by element of the last stage; None: needs no leave
        self._at_gate: deque[asyncio.Future[None]] = deque()
        self._let_through = 0  # elements of the last stage of which nobody has said yet what came of them
        self._lock = threading.RLock()
        self._held: deque[tuple[str, float, asyncio.Future[None]]] = deque()
        self._places = {step.stage: place for place, step in enumerate(limits.steps)}
        self._seen = [_Seen(step) for step in limits.steps]
        self._open: dict[str, int] = {}  # by document or task: the step that it waits for
        self._questions: set[str] = set()
        self._paid = self._assumed = 0.0
        self._began = time.monotonic()
        self._looking = self._was_still = False
        self._results = self._results_before = 0
        self.stopped = ""
        """Which limit has kept something from being begun; "" while none has."""

    @property
    def counted(self) -> int:
        """Accepted pairs so far, equal questions once."""
        return len(self._questions)

    @property
    def spent(self) -> float:
        """What was paid so far."""
        return self._paid + self._price(Usage(), time.monotonic() - self._began)

    async def begin(self, document_id: str, prompt_tokens: int) -> None:
        """Wait until a document may be begun, whose first prompt has about so many tokens.

        Raises NotStarted where it may not be any more.
        """
        allowed: asyncio.Future[None] = self._loop.create_future()
        assumed = self._price(Usage(prompt_tokens=prompt_tokens, completion_tokens=ASSUMED_REPLY))
        self._assumed = self._assumed or assumed
        self._held.append((document_id, assumed, allowed))
        self._let_go()
        await allowed

    async def finish(self, element: str) -> None:
        """Wait until the last stage may be asked about an element, by a name of its own; several may ask about one.

        Raises NotStarted where the goal was reached meanwhile.
        """
        if not self._limits.target:
            return
        if element not in self._given:
            self._given[element] = gate = self._loop.create_future()
            self._at_gate.append(gate)
            self._let_go()
        if (allowed := self._given[element]) is not None:
            await asyncio.shield(allowed)
            self._given[element] = None  # a whole run's futures would be held otherwise

    def finish_replayed(self, element: str) -> None:
        """The last stage's reply about an element was paid for earlier."""
        if self._limits.target and element not in self._given:
            self._given[element] = None
            with self._lock:
                self._let_through += 1

    def replayed(self, document_id: str) -> None:
        """A document is under way that nobody asked for leave, because its first reply was paid for earlier."""
        with self._lock:
            self._move(document_id, 0)

    def check(self) -> None:
        """Look before a request is sent whether there is money left for it. Raises NotStarted where all is spent."""
        if self._limits.max_cost and self.spent >= self._limits.max_cost:
            self.stopped = self.stopped or COST
            raise NotStarted(f"--{COST} {self._limits.max_cost:g} is spent")

    def paid(self, stage: str, usage: Usage) -> None:
        """A call of a stage was paid, now or by an earlier start of the run."""
        money = self._price(usage)
        with self._lock:
            self._paid += money
            if stage in self._places:
                self._seen[self._places[stage]].paid += money

    def saw(self, stage: str, result: Any) -> None:
        """A stage has given a result; call from any thread."""
        place = self._places.get(stage)
        if place is None:
            return
        with self._lock:
            self._results += 1
            seen = self._seen[place]
            if place + 1 == len(self._seen):
                self._let_through = max(0, self._let_through - 1)
            match result:
                case PersonaTask():
                    seen.ended += self._move(result.document.id, None)  # the first of a document's
                    seen.passed += 1
                    self._move(result.id, place + 1)
                case Document() | QAPair() | VerifiedQA():
                    seen.ended += 1
                    seen.passed += 1
                    last = place + 1 == len(self._seen)
                    self._move((task_of(result) or result).id, None if last else place + 1)
                    if last and isinstance(result, VerifiedQA):
                        self._questions.add(stable_hash(self._limits.key(result)))
                case Rejection() | DeadLetter():
                    seen.ended += 1
                    self._move(result.task_id or result.document_id, None)
        if self._held or self._at_gate:
            self._loop.call_soon_threadsafe(self._let_go)

    def _move(self, name: str, place: int | None) -> bool:
        """Note for which step something waits, None for none any more; returns whether it was under way."""
        before = self._open.pop(name, None)
        if before is not None:
            self._seen[before].waiting -= 1
        if place is not None:
            self._open[name] = place
            self._seen[place].waiting += 1
        return before is not None

    def _price(self, usage: Usage, seconds: float = 0.0) -> float:
        tokens = {name: getattr(usage, name) for name in TOKENS}
        return self._limits.price(tokens, seconds)

    def _let_go(self) -> None:
        """Begin what may be begun, in the order in which it came; on the loop."""
        self._open_gate()
        while self._held:
            document_id, assumed, allowed = self._held[0]
            if not allowed.done():  # done: the run was interrupted meanwhile
                with self._lock:
                    decision = self._decide(assumed)
                    if decision:
                        self._move(document_id, 0)
                if decision is None:
                    break
                if decision:
                    allowed.set_result(None)
                else:
                    allowed.set_exception(NotStarted(f"--{self.stopped} was reached"))
            self._held.popleft()
        if (self._held or self._at_gate) and not self._looking:
            self._looking = True
            self._loop.call_later(LOOK_S, self._look)

    def _open_gate(self) -> None:
        """Give the last stage what cannot overrun the goal by much, should all of it pass."""
        while self._at_gate:
            gate = self._at_gate[0]
            if not gate.done():
                with self._lock:
                    reached = self.counted >= self._goal
                    if not reached and self.counted + self._let_through >= self._most:
                        break
                    self._let_through += not reached
                if reached:
                    self.stopped = self.stopped or TARGET
                    gate.set_exception(NotStarted(f"--{TARGET} was reached"))
                    gate.exception()  # somebody may have given up waiting for it
                else:
                    gate.set_result(None)
            self._at_gate.popleft()

    def _look(self) -> None:
        """Where nothing goes on any more, nothing is under way that could be waited for."""
        still = self._idle() and self._results == self._results_before
        if still and self._was_still:
            with self._lock:
                self._open.clear()
                self._let_through = 0
                for seen in self._seen:
                    seen.waiting = 0
        self._looking, self._was_still, self._results_before = False, still, self._results
        self._let_go()

    def _decide(self, assumed: float) -> bool | None:
        """Whether the next document is begun (True), never begun (False), or has to wait (None)."""
        limits = self._limits
        if not self.stopped:
            if limits.target and self.counted >= self._goal:
                self.stopped = TARGET
            elif limits.max_cost and self.spent >= limits.max_cost:
                self.stopped = COST
        if self.stopped:
            return False
        if limits.target and self.counted + self._expected() >= self._goal:
            return None if self._open else True
        # What is begun is to be finished; that costs a little more than likely.
        under_way = sum(seen.waiting * cost for seen, cost in zip(self._seen, self._costs(self._assumed), strict=True))
        if limits.max_cost and self.spent + RESERVE * under_way + self._costs(assumed)[0] > limits.max_cost:
            if self._open:
                return None
            self.stopped = COST
            return False
        return True

    def _expected(self) -> float:
        """Pairs that what is under way will bring, a little less than likely: a goal is rather overrun than missed."""
        likely, share = 0.0, 1.0
        for seen in reversed(self._seen):
            share = seen.rate() * share
            likely += seen.waiting * share
        return likely - math.sqrt(likely) / 2

    def _costs(self, assumed: float) -> list[float]:
        """What it costs, from each step on, to finish what waits for it."""
        costs: list[float] = []
        for seen in reversed(self._seen):
            costs.insert(0, seen.cost(assumed) + (seen.rate() * costs[0] if costs else 0.0))
        return costs
