"""One call until it has an answer: tries, waits between them, fresh samples, and the bill."""

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from transforms.errors import ElementError, FatalError, ReplyInvalid, ReplyTruncated, RequestRefused, TransientError
from transforms.inference.client.chat import Completion, Request
from transforms.inference.client.embeddings import EmbeddingRequest, Embeddings
from transforms.inference.client.endpoint import Endpoint
from transforms.inference.client.error_classes import ConnectionLost, ContextOverflow, TimedOut
from transforms.inference.client.reply_schema import parse_reply
from transforms.inference.scheduling.replica import Replica, Slot
from transforms.inference.scheduling.retry_odds import TIMES_MORE, RetryOdds
from transforms.inference.scheduling.router import Outage, Router
from transforms.records import TOKENS, Usage

# Exponential back-off with full jitter: half a second, doubled each time, at most 30 s.
BACK_OFF_FIRST_S = 0.5
BACK_OFF_MOST_S = 30.0
MOST_DOUBLINGS = 16  # long past the most; a float of many more has no value
# Of one that answers others meanwhile: it refuses by chance, or by the load, which the limiter sees to.
BACK_OFF_ANSWERED_S = 2.0
# A server that asks for more than this is obeyed up to here, or a typing error in a header would
# stop a run for a day.
RETRY_AFTER_MOST_S = 300.0
# A re-ask of the same prompt at temperature 0 would only bring the same malformed reply again.
REASK_TEMPERATURE = 0.5
# One server that gives the same 500 this often to one call means this call.
SAME_500S = 3
# The endpoint works, and says that it was asked too much; it asks for less load.
TOO_MANY = 429
OVERLOAD = (TOO_MANY, 503, 529)
# "Later", in the words of gateways, inference services (424) and Cloudflare; 401 of a key that has worked, and 403 of a
# guard that is no word on the key.
LATER = frozenset((*OVERLOAD, 401, 403, 424, 425, *range(520, 524), *range(525, 528), 530))
# A filter that refuses a prompt is asked again so often whatever came of others; some judge by chance.
FILTERED_AGAIN = 3
# What a gateway says when nobody is behind it. Of a server that has answered nobody yet it means "later" as well, and for so
# long of one that has answered nobody lately: a question that alone fails so has this time and no more.
GATEWAY = 502
BURST_S = 60.0
# Latencies are counted in bins that grow by a fifth, from a millisecond to a quarter of an hour.
LATENCY_FLOOR_S, LATENCY_STEP, LATENCY_BINS = 0.001, 1.2, 76


@dataclass(frozen=True, slots=True)
class Call:
    """One question on its way: the request, how to read its reply, and where the answer goes."""

    request: Request
    reply_type: type[BaseModel]
    stage_rank: int
    deliver: Callable[["Answer"], None]
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def ask(self, endpoint: Endpoint, temperature: float | None, max_tokens: int | None) -> Awaitable[Completion]:
        """Send it once; the two may differ from the configured ones for a fresh sample."""
        return endpoint.ask(self.request, temperature, max_tokens)

    def read(self, paid: Completion) -> BaseModel:
        """What the answer says. Raises ReplyInvalid."""
        return parse_reply(paid.text, self.reply_type, self.choices)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some texts as one question to an endpoint."""

    request: EmbeddingRequest
    stage_rank: int

    def ask(self, endpoint: Endpoint, temperature: float | None, max_tokens: int | None) -> Awaitable[Embeddings]:
        return endpoint.embed(self.request)

    def read(self, paid: Embeddings) -> Embeddings:
        return paid


Question = Call | Batch


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a question: a reply or an error, and what it cost.

    `faults` names each failed try by cause; `replayed` says that the reply was remembered and nothing was asked.
    """

    call: Question
    reply: Any
    error: Exception | None
    usage: Usage
    faults: tuple[str, ...] = ()
    replayed: bool = False


@dataclass
class Figures:
    """What all calls of a process add up to; read without a lock, since each is one whole number.

    `held_back` are the calls that wait because an endpoint asked them to, or failed; `latencies` are by `latency_bin`.
    """

    answered: int = 0
    replayed: int = 0
    tokens: int = 0
    held_back: int = 0
    latencies: list[int] = field(default_factory=lambda: [0] * LATENCY_BINS)


def latency_bin(seconds: float) -> int:
    """The number of the bin that a latency is counted in."""
    above = math.log(max(seconds, LATENCY_FLOOR_S) / LATENCY_FLOOR_S, LATENCY_STEP)
    return min(int(above), LATENCY_BINS - 1)


class Attempt:
    """One question until it has an answer: tries, waits, re-asks. Keeps the bill while it goes on."""

    def __init__(
        self,
        call: Question,
        router: Router,
        figures: Figures,
        check: Callable[[], None] | None = None,
        odds: RetryOdds | None = None,
    ) -> None:
        self._check = check  # raises what keeps a request from being sent
        self._odds = RetryOdds() if odds is None else odds
        self._asks = call.request.config.model, call.request.stage
        self._before = ""  # the fault of the try before
        self._refusals = 0
        self.completion: Any = None  # the good one, once there is one
        self._call = call
        self._config = call.request.config
        self._router = router
        self._figures = figures
        self._faults: list[str] = []
        self._tokens: Counter[str] = Counter()
        self._queued_s = self._first_try_s = 0.0
        self._started = time.monotonic()
        self._tries = self._transient = self._reasks = self._waits = 0
        self._told_later_since: float | None = None
        self._replica: Replica | None = None  # where the last try went
        self._avoid: Replica | None = None
        self._temperature: float | None = None
        self._max_tokens: int | None = None

    async def run(self) -> Answer:
        while True:
            try:
                completion = await self._once()
                reply = self._call.read(completion)
            except (ReplyInvalid, ReplyTruncated) as error:
                if not self._ask_afresh(error):
                    return self._ended(error=error)
            except RequestRefused as error:
                if not self._ask_refused(error):
                    return self._ended(error=error)
            except Outage as error:
                self._faults.append("Outage")
                return self._ended(error=error)
            except (ElementError, FatalError) as error:
                return self._ended(error=error)
            except TransientError as error:
                wait = self._wait_before_retry(error)
                if wait is None:
                    return self._ended(error=error)
                self._figures.held_back += 1
                try:
                    await asyncio.sleep(wait)
                finally:
                    self._figures.held_back -= 1
            else:
                self._figures.answered += 1
                self._note("")
                self.completion = completion
                return self._ended(reply)

    async def _once(self) -> Any:
        """One try: wait for a slot, ask, tell router and limiter how it went."""
        request, router = self._call.request, self._router
        asked = time.monotonic()
        slot = await router.acquire(
            *(request.document_id, self._call.stage_rank, self._config.endpoints, self._config.outage_timeout_s),
            *(self._avoid, request.length),
        )
        if self._check is not None:
            try:
                self._check()
            except BaseException:
                router.release(slot)
                raise
        replica = self._replica = slot.replica
        started = time.monotonic()
        ticket = replica.limiter.begin(request.stage, replica.in_flight - 1)
        sent = replica.room.sent(request.document_id, request.length) if request.length else None
        self._queued_s += started - asked
        self._tries += 1
        try:
            completion = await self._call.ask(replica.endpoint, self._temperature, self._max_tokens)
        except TransientError as error:
            self._blame(slot, error, time.monotonic() - started)
            raise
        except ElementError as error:
            if error.paid is not None:
                self._pay(error.paid)
            router.succeeded(slot)  # refusing one request is an answer
            raise
        else:
            now = time.monotonic()
            known = sent is not None and sent.distance is not None
            replica.limiter.completed(ticket, now, now - started, completion.completion_tokens if known else 0)
            self._figures.latencies[latency_bin(now - started)] += 1
            if sent is not None:
                replica.room.replied(sent, completion.prompt_tokens, completion.cached_tokens, completion.completion_tokens, now)
        finally:
            if self._tries == 1:
                self._first_try_s = time.monotonic() - started
            replica.limiter.ended(ticket)
            router.release(slot)
        self._pay(completion)
        router.succeeded(slot)
        self._odds.good(replica.endpoint.url, time.monotonic())
        return completion

    def _blame(self, slot: Slot, error: TransientError, latency_s: float) -> None:
        """Tell limiter and router what a failed try says about the replica."""
        limiter, now = slot.replica.limiter, time.monotonic()
        if error.status in OVERLOAD:
            limiter.refused(now)
        elif isinstance(error, TimedOut):
            limiter.timed_out(now, latency_s)
        # 429 says "not so much", from a server that works; anything else in a row says that it does not.
        # So does an overload of one that answers others.
        refused_some = error.status in OVERLOAD and self._odds.answers(slot.replica.endpoint.url, now)
        if error.status != TOO_MANY and not refused_some:
            self._router.failed(slot, self._call.request.document_id, isinstance(error, ConnectionLost))

    def _ask_afresh(self, error: ElementError) -> bool:
        """Set up a fresh sample after a malformed or cut reply; False when the budget is spent."""
        name = type(error).__name__
        self._note(name)
        self._faults.append(f"{name}/{error.cause}" if isinstance(error, ReplyInvalid) else name)
        self._told_later_since = None
        self._reasks += 1
        self._temperature = max(self._config.temperature, REASK_TEMPERATURE)
        if isinstance(error, ReplyTruncated):
            self._max_tokens = 2 * self._config.max_tokens
        return self._goes_on(self._reasks, self._config.max_reasks, name)

    def _ask_refused(self, error: RequestRefused) -> bool:
        """Whether a refusal may be asked once more: it costs nothing, and gateways refuse for reasons of their own.

        Not one that was paid for, as of a filter that has read a reply, nor one of what may be wrong with all requests.
        """
        self._faults.append(type(error).__name__)
        if error.paid is not None or isinstance(error, ContextOverflow):
            return False
        if not error.filtered and not self._odds.works(*self._asks):
            return False
        self._note("RequestRefused")
        self._refusals += 1
        most = TIMES_MORE * self._config.max_reasks
        # Refusals are here before answers are: those of the first moments say little of what asking again brings.
        if error.filtered and self._refusals <= FILTERED_AGAIN:
            return True
        return self._refusals <= most and self._odds.worth(*self._asks, "RequestRefused")

    def _note(self, fault: str) -> None:
        """Learn from the end of a try what one after such a fault brings; "" where it was good."""
        if self._before:
            self._odds.tried_again(*self._asks, self._before, good=not fault)
        if not fault:
            self._odds.answered(*self._asks)
        self._before = fault

    def _goes_on(self, failed: int, budget: int, fault: str) -> bool:
        """Whether a question that failed so often is asked again: within its budget, or while such faults mostly pass."""
        return failed <= budget or (failed <= TIMES_MORE * budget and self._odds.worth(*self._asks, fault))

    def _wait_before_retry(self, error: TransientError) -> float | None:
        """Seconds to wait before the next try; None when there is to be none."""
        replica, now, left_s = self._replica, time.monotonic(), RETRY_AFTER_MOST_S
        assert replica is not None
        fault = f"http_{error.status}" if error.status else type(error).__name__
        self._faults.append(fault)
        url, most_s = replica.endpoint.url, self._config.outage_timeout_s
        later = error.status in LATER
        if not later and (error.busy or error.status == GATEWAY) and not self._odds.answers(url, now):
            later, most_s = True, min(most_s, BURST_S) if self._odds.has_answered(url) else most_s
        self._avoid = replica if later else None
        if later or isinstance(error, ConnectionLost) or replica.failing:
            # "Later" and "nobody there" say nothing about this call, so they cost no attempt. They
            # have a bound of their own: since when this call was told so, or the replica fails.
            self._told_later_since = self._told_later_since or now
            # A server that says "later" works: how long others of its answers failed does not count.
            since = self._told_later_since if error.status == TOO_MANY else replica.failing_since or self._told_later_since
            left_s = most_s - (now - since)
            if left_s < 0:
                return None
            self._waits += 1
            tries = self._waits if later else 1
        else:
            self._told_later_since = None
            self._transient += 1
            self._note(fault)
            tries = self._transient
            same = self._faults[-SAME_500S:] == ["http_500"] * SAME_500S
            budget = self._transient - 1 if same else self._config.max_attempts - 1
            if not self._goes_on(self._transient, min(budget, self._config.max_attempts - 1), fault):
                return None
        wait = back_off_s(tries)
        if later and self._odds.answers(replica.endpoint.url, now):
            wait = min(wait, random.uniform(0, BACK_OFF_ANSWERED_S))
        if error.retry_after_s is None or self._router.has_other(replica, self._config.endpoints):
            return wait
        # Everybody told the same number must not come back at the same moment.
        return min(error.retry_after_s, RETRY_AFTER_MOST_S, left_s) + random.uniform(0, BACK_OFF_FIRST_S)

    def _pay(self, completion: Any) -> None:
        self._tokens.update({name: getattr(completion, name) for name in TOKENS})
        self._figures.tokens += completion.prompt_tokens + completion.completion_tokens

    def _ended(self, reply: Any = None, error: Exception | None = None) -> Answer:
        usage = Usage(
            attempts=self._tries,
            latency_s=time.monotonic() - self._started,
            first_try_s=self._first_try_s,
            queued_s=self._queued_s,
            **self._tokens,
        )
        return Answer(self._call, reply, error, usage, tuple(self._faults))


def back_off_s(tries: int, uniform: Callable[[float, float], float] = random.uniform) -> float:
    """Seconds before try number `tries` + 1: full jitter over an exponentially growing span.

    Jitter decides when, never what, so it need not be the same in two runs.
    """
    return uniform(0.0, min(BACK_OFF_MOST_S, BACK_OFF_FIRST_S * 2.0 ** min(tries - 1, MOST_DOUBLINGS)))
