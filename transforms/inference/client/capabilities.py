"""What a model accepts of a request: a refused one is sent again with less, step by step.

Servers differ in the structured output that they enforce and in the fields that they know. The most that was ever
accepted is what the next request of that stage goes out with.
"""

import asyncio
import json
import logging
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from transforms.errors import RequestRefused, TransientError
from transforms.inference.client.chat import Request
from transforms.inference.client.error_classes import ContextOverflow, Refused, TimedOut

_LOGGER = logging.getLogger(__name__)

# After so many 500s from a model that never accepted anything, a field may be what it means:
# some servers say 500 to one that they do not know.
EARLY_500S = 2

SCHEMA, OBJECT = STRUCTURES = ("response_format json_schema", "response_format json_object")
# Fields that a server may not know, in the order in which they are given up; any refusal may mean them.
FIELDS = ("chat_template_kwargs", "reasoning_effort", "seed", "temperature")
# What is sent instead. `max_tokens` goes only where a refusal names it: without either a reply would have no bound.
INSTEAD = {SCHEMA: OBJECT, "max_tokens": "max_completion_tokens"}

# Some chat templates have no place for instructions, and say so in these words: Gemma, Mistral, Llama 2, Gemini's API. They
# go in front of the user's message then.
SYSTEM = "the system role"
_NO_SYSTEM = re.compile(
    r"\bsystem\b.{0,40}\b(role|message|prompt|instruction)|\broles? must alternate|only user\b.{0,40}\broles?\b"
    r"|\brole\b.{0,20}\bsystem\b|developer instruction is not enabled",
    re.IGNORECASE,
)

# Which structures and fields are given up.
GivenUp = frozenset[str]
NOTHING: GivenUp = frozenset()
# An answer, and the key that it was asked with; and what sends a body once for it.
Answer = tuple[Any, str]
Post = Callable[[dict[str, Any]], Awaitable[Answer]]

# What was given up for a model at a URL, by any stage of this process: where another begins.
_FOUND: dict[tuple[str, str], GivenUp] = {}


def forget_capabilities() -> None:
    """Begin anew, as another run in this process must."""
    _FOUND.clear()


def steps_down(start: GivenUp, fields: list[str], with_schema: bool) -> list[GivenUp]:
    """What to give up beyond `start`, in this order: structure, fields, both."""
    structures = [start | {SCHEMA}, start.union(STRUCTURES)] if with_schema else []
    kept = [name for name in FIELDS if name in fields and name not in start]
    fewer = [start.union(kept[: count + 1]) for count in range(len(kept))]
    return [*structures, *fewer, *([structures[-1].union(kept)] if structures and kept else [])]


def sends_more(one: GivenUp, other: GivenUp) -> bool:
    """Whether a request asks for more structure than another, or has more fields."""
    return (len(one.intersection(STRUCTURES)), len(one)) < (len(other.intersection(STRUCTURES)), len(other))


@dataclass
class Learnt:
    """What a model was found to accept from one stage; another's schema and fields are others to refuse."""

    accepted: GivenUp | None = None
    early_500s: int = 0  # before anything was accepted
    trials: int = 0  # requests that went out with less because of them
    stepped_down: bool = False  # whether less was tried because this stage was refused more
    doubtful: bool = False  # less was accepted after 500s, which may have had any cause: ask for everything once more
    stepping_down: asyncio.Lock = field(default_factory=asyncio.Lock)

    def to_give_up(self, steps: Callable[[GivenUp], list[GivenUp]], found: GivenUp) -> GivenUp:
        """What the next request goes out without; `found` is what another stage's request was accepted without."""
        if self.accepted is not None:
            doubtful, self.doubtful = self.doubtful, False
            return NOTHING if doubtful else self.accepted
        if found or self.early_500s < EARLY_500S:
            return found
        trials = [*steps(NOTHING), NOTHING]
        self.trials += 1
        return trials[(self.trials - 1) % len(trials)]

    def accept(self, sent: GivenUp) -> None:
        """Note that a request without these was answered. The most that was ever accepted counts."""
        if self.accepted is None:
            self.doubtful = bool(sent) and (self.early_500s > 0 or not self.stepped_down)
        if self.accepted is None or sends_more(sent, self.accepted):
            self.accepted = sent


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to a model, with more or less in it."""

    request: Request
    body: dict[str, Any]
    post: Post
    learnt: Learnt

    @property
    def fields(self) -> list[str]:
        return [name for name in (*FIELDS, *INSTEAD) if name in self.body]

    def steps(self, start: GivenUp) -> list[GivenUp]:
        return steps_down(start, self.fields, self.request.schema is not None)

    async def ask(self, given_up: GivenUp) -> Answer:
        """Ask without these, and note that this was accepted if the answer has the shape of one."""
        answer = await self.post(reduced_body(self.request, self.body, given_up))
        if isinstance(answer[0], dict) and answer[0].get("choices"):
            self.learnt.accept(given_up)
        return answer

    async def step_down(self, sent: GivenUp, refusal: Exception) -> tuple[Answer, GivenUp | None]:
        """Ask with less and less: the answer, and what is given up from now on for it. Raises `refusal` if nothing helps."""
        self.learnt.stepped_down = True
        tried, base, latest = [NOTHING, sent], NOTHING, refusal
        while True:
            # A field that the server names is the first thing to give up.
            named = [name for name in self.fields if name not in base and re.search(rf"\b{name}\b", str(latest))]
            base = base.union([SYSTEM] if names_system(latest) else named[:1])
            step = next((step for step in (base, *self.steps(base)) if step not in tried), None)
            if step is None:
                raise refusal
            tried.append(step)
            try:
                return await self.ask(step), step if self.learnt.accepted == step else None
            except (RequestRefused, Refused) as again:
                if isinstance(again, Refused) and again.status != 500:
                    raise
                latest = again


class Negotiation:
    """Sends the requests to one endpoint with what each model accepts, and learns what that is."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._learnt: defaultdict[tuple[str, str, str], Learnt] = defaultdict(Learnt)
        self._told: set[tuple[str, str]] = set()

    async def send(self, request: Request, body: dict[str, Any], post: Post) -> Answer:
        """Send a full body, or what the model accepts of it: the answer, and the key that it was asked with.

        Raises as `post` does; where nothing helped, the first refusal.
        """
        model, learnt = request.config.model, self._learnt[request.config.model, request.stage, request.config.extra_body]
        attempt = Attempt(request, body, post, learnt)
        sent = learnt.to_give_up(attempt.steps, _FOUND.get((self._url, model), NOTHING))
        try:
            return await attempt.ask(sent)
        except (RequestRefused, TransientError) as error:
            refusal: Exception = error
        if not may_mean_a_field(refusal):
            # A request with more in it than was accepted yet has not shown whether that works too.
            learnt.doubtful |= learnt.accepted is not None and sends_more(sent, learnt.accepted)
            raise refusal
        if learnt.accepted is None and isinstance(refusal, Refused) and not names_system(refusal):
            learnt.early_500s += 1
            raise refusal
        refused_at = time.monotonic()
        # The others that were refused at the same time wait for what the first one finds.
        async with learnt.stepping_down if learnt.accepted is None else nullcontext():
            if learnt.accepted is None:
                if (waited_s := time.monotonic() - refused_at) > request.config.request_timeout_s:
                    raise TimedOut(f"no reply within {waited_s:.0f} s")
                answer, found = await attempt.step_down(sent, refusal)
                if found is not None:
                    _FOUND[self._url, model] = found
                    self._tell(model, found, refusal)
                return answer
        if learnt.accepted == sent:
            raise refusal  # it is about this very request
        self._tell(model, learnt.accepted, refusal)
        return await attempt.ask(learnt.accepted)

    def _tell(self, model: str, given_up: GivenUp, refusal: Exception) -> None:
        """Log what a model does not get from now on, and why: each thing once."""
        for thing in sorted(given_up - {SCHEMA} if OBJECT in given_up else given_up):
            if (model, thing) not in self._told:
                self._told.add((model, thing))
                instead = f" ({INSTEAD[thing]} instead)" if thing in INSTEAD else ""
                _LOGGER.warning(
                    "%s, model %s: asked without %s%s from now on, because of %s", self._url, model, thing, instead, refusal
                )


def names_system(refusal: Exception) -> bool:
    """Whether a refusal is about the system role."""
    return _NO_SYSTEM.search(str(refusal)) is not None


def folded(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Messages without the system role: what it says stands in front of the first of the others."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    first, *others = [message for message in messages if message["role"] != "system"]
    return [{**first, "content": "\n\n".join([*system, first["content"]])}, *others]


def may_mean_a_field(refusal: Exception) -> bool:
    """Whether a request with less in it may be accepted."""
    if isinstance(refusal, Refused):
        return refusal.status == 500 and not refusal.busy
    return isinstance(refusal, RequestRefused) and not refusal.filtered and not isinstance(refusal, ContextOverflow)


def reduced_body(request: Request, body: dict[str, Any], given_up: GivenUp) -> dict[str, Any]:
    """The body without what is given up, with what is sent instead, and with the schema in the form that is left."""
    reduced = {name: value for name, value in body.items() if name not in given_up}
    reduced |= {INSTEAD[name]: body[name] for name in given_up & body.keys() & INSTEAD.keys()}
    if SYSTEM in given_up:
        reduced["messages"] = folded(request.messages)
    if request.schema is None:
        return reduced
    if SCHEMA not in given_up:
        schema = {"name": request.stage, "strict": True, "schema": request.schema}
        return {**reduced, "response_format": {"type": "json_schema", "json_schema": schema}}
    # At the very end, so that the shared prefix stays the same.
    *before, last = reduced["messages"]
    note = f"\n\nReply with one JSON object that fits this JSON schema:\n{json.dumps(request.schema)}"
    reduced["messages"] = [*before, {**last, "content": last["content"] + note}]
    return reduced if OBJECT in given_up else {**reduced, "response_format": {"type": "json_object"}}
