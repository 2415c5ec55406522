"""What a model accepts of all that we would like to send: found out with the request at hand, remembered when it helped.

Servers differ in the structured output that they enforce and in the parameters that they know. What one
refuses is asked for with less, step by step; the most that was ever accepted is what the next request of
that stage goes out with.
"""

import asyncio
import json
import logging
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from transforms.errors import RequestRefused, TransientError
from transforms.inference.client.chat import Request
from transforms.inference.client.error_classes import ContextOverflow, Refused, TimedOut

_LOGGER = logging.getLogger(__name__)

# After so many 500s from a model that never accepted anything, a parameter may be what it means:
# some servers say 500 to one that they do not know.
EARLY_500S = 2

# Sends a body once: what was answered, and the key that it was asked with.
Post = Callable[[dict[str, Any]], Awaitable[tuple[Any, str]]]


class Structure(IntEnum):
    """How much of a reply schema a server takes, from most to least."""

    JSON_SCHEMA = 2
    JSON_OBJECT = 1
    PLAIN = 0


# Body keys that a server may not know and that the work can do without, dropped in this order.
OPTIONAL_PARAMETERS = ("chat_template_kwargs", "reasoning_effort", "seed", "temperature", "max_tokens")
# What stands in for one of them where it is refused by name; without either a reply would have no bound.
STAND_INS = {"max_tokens": "max_completion_tokens"}


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server takes of all that we would like to send."""

    structure: Structure = Structure.JSON_SCHEMA
    dropped: frozenset[str] = frozenset()

    def without(self, *parameters: str) -> "Abilities":
        return replace(self, dropped=self.dropped.union(parameters))

    def exceed(self, other: "Abilities") -> bool:
        return (self.structure, -len(self.dropped)) > (other.structure, -len(other.dropped))

    def given_up(self) -> list[str]:
        """What is not sent, for people."""
        structures = {Structure.JSON_OBJECT: ["json_schema (json_object instead)"], Structure.PLAIN: ["response_format"]}
        return structures.get(self.structure, []) + sorted(self.dropped)


EVERYTHING = Abilities()

# What a model at a URL was found to accept from any stage of this process: where another begins.
_FOUND: dict[tuple[str, str], Abilities] = {}


def forget_abilities() -> None:
    """Begin anew, as another run in this process must."""
    _FOUND.clear()


@dataclass
class Learnt:
    """What a model was found to accept from one stage.

    What a stage sends (its schema, its parameters) is what a server refuses, so that one stage's
    success says nothing about another's.
    """

    accepted: Abilities | None = None
    early_500s: int = 0  # before anything was accepted
    trials: int = 0  # requests that went out with less because of them
    stepped_down: bool = False  # whether less was tried because this stage was refused more
    doubtful: bool = False  # less was accepted after 500s, which may have had any cause: ask for everything once more
    stepping_down: asyncio.Lock = field(default_factory=asyncio.Lock)

    def to_send(self, parameters: list[str], with_schema: bool, found: Abilities = EVERYTHING) -> Abilities:
        """What the next request goes out with; `found` is what another stage's request was accepted with."""
        if self.accepted is None:
            if found != EVERYTHING:
                return found
            if self.early_500s < EARLY_500S:
                return EVERYTHING
            trials = [*steps_down(EVERYTHING, parameters, with_schema), EVERYTHING]
            self.trials += 1
            return trials[(self.trials - 1) % len(trials)]
        if self.doubtful:
            self.doubtful = False
            return EVERYTHING
        return self.accepted

    def accept(self, sent: Abilities) -> None:
        """Note that a request with these was answered. The most that was ever accepted counts."""
        if self.accepted is None:
            self.doubtful = sent != EVERYTHING and (self.early_500s > 0 or not self.stepped_down)
            self.accepted = sent
        elif sent.exceed(self.accepted):
            self.accepted = sent


def steps_down(start: Abilities, parameters: list[str], with_schema: bool) -> list[Abilities]:
    """What to try in place of `start`, in this order: less structure, fewer parameters, neither."""
    structures = [Structure(level) for level in range(start.structure - 1, -1, -1)] if with_schema else []
    kept = [name for name in parameters if name not in start.dropped and name not in STAND_INS]
    steps = [replace(start, structure=structure) for structure in structures]
    steps += [start.without(*kept[: count + 1]) for count in range(len(kept))]
    if structures and kept:
        steps.append(replace(start, structure=Structure.PLAIN).without(*kept))
    return steps


class Negotiation:
    """Sends the requests to one endpoint with what each model accepts, and learns what that is."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._learnt: defaultdict[tuple[str, str, str], Learnt] = defaultdict(Learnt)
        self._told: set[tuple[str, str]] = set()

    async def send(self, request: Request, body: dict[str, Any], post: Post) -> tuple[Any, str]:
        """Send a full body, or what the model accepts of it: the answer, and the key that it was asked with.

        Raises as `post` does.
        """
        learnt = self._learnt[request.config.model, request.stage, request.config.extra_body]
        found = _FOUND.get((self._url, request.config.model), EVERYTHING)
        sent = learnt.to_send(optional_parameters(body), request.schema is not None, found)
        try:
            return await _try(request, body, post, learnt, sent)
        except (RequestRefused, TransientError) as refusal:
            if not may_mean_a_parameter(refusal):
                # A request with more in it than was accepted yet has not shown whether that works too.
                learnt.doubtful |= learnt.accepted is not None and sent.exceed(learnt.accepted)
                raise
            return await self._after_refusal(request, body, post, learnt, sent, refusal)

    async def _after_refusal(
        self, request: Request, body: dict[str, Any], post: Post, learnt: Learnt, sent: Abilities, refusal: Exception
    ) -> tuple[Any, str]:
        """Send a refused request again with what the model accepts, which may have to be found out first."""
        if learnt.accepted is None:
            if isinstance(refusal, Refused):
                learnt.early_500s += 1
                raise refusal
            asked = time.monotonic()
            # The others that were refused at the same time wait for what the first one finds.
            async with learnt.stepping_down:
                if learnt.accepted is None:
                    if (waited_s := time.monotonic() - asked) > request.config.request_timeout_s:
                        raise TimedOut(f"no reply within {waited_s:.0f} s")
                    return await self._step_down(request, body, post, learnt, sent, refusal)
        if learnt.accepted == sent:
            raise refusal  # it is about this very request
        self._tell(request, learnt.accepted, refusal)
        return await _try(request, body, post, learnt, learnt.accepted)

    async def _step_down(
        self, request: Request, body: dict[str, Any], post: Post, learnt: Learnt, sent: Abilities, refusal: Exception
    ) -> tuple[Any, str]:
        """Send with less and less until it is accepted, and remember what was.

        Raises:
            RequestRefused: the first refusal, because nothing helped; nothing is remembered.
        """
        parameters, with_schema = optional_parameters(body), request.schema is not None
        tried, base, latest = [EVERYTHING, sent], EVERYTHING, refusal
        steps = steps_down(base, parameters, with_schema)
        learnt.stepped_down = True
        while True:
            # A parameter that the server names is the first thing to leave out.
            named = next((name for name in parameters if name not in base.dropped and names(latest, name)), None)
            if named:
                base = base.without(named)
                steps = [base, *steps_down(base, parameters, with_schema)]
            step = next((step for step in steps if step not in tried), None)
            if step is None:
                raise refusal
            tried.append(step)
            try:
                answer = await _try(request, body, post, learnt, step)
            except (RequestRefused, Refused) as again:
                if isinstance(again, Refused) and again.status != 500:
                    raise
                latest = again
                continue
            if learnt.accepted == step:
                _FOUND[self._url, request.config.model] = step
                self._tell(request, step, refusal)
            return answer

    def _tell(self, request: Request, accepted: Abilities, refusal: Exception) -> None:
        """Log what a model does not get from now on, and why: each thing once."""
        for thing in accepted.given_up():
            if (request.config.model, thing) not in self._told:
                self._told.add((request.config.model, thing))
                _LOGGER.warning(
                    "%s, model %s: asked without %s from now on, because of %s", self._url, request.config.model, thing, refusal
                )


async def _try(request: Request, body: dict[str, Any], post: Post, learnt: Learnt, abilities: Abilities) -> tuple[Any, str]:
    """Send with these abilities, and note that they were accepted if the answer has the shape of one."""
    answer = await post(reduced_body(request, body, abilities))
    if isinstance(answer[0], dict) and answer[0].get("choices"):
        learnt.accept(abilities)
    return answer


def optional_parameters(body: Mapping[str, Any]) -> list[str]:
    """What a body has of `OPTIONAL_PARAMETERS`, in their order."""
    return [name for name in OPTIONAL_PARAMETERS if name in body]


def may_mean_a_parameter(refusal: Exception) -> bool:
    """Whether a request with less in it may be accepted."""
    if isinstance(refusal, Refused):
        return refusal.status == 500
    return isinstance(refusal, RequestRefused) and not isinstance(refusal, ContextOverflow)


def names(refusal: Exception, parameter: str) -> bool:
    return re.search(rf"\b{parameter}\b", str(refusal)) is not None


def reduced_body(request: Request, body: dict[str, Any], abilities: Abilities) -> dict[str, Any]:
    """The body without what the server does not take, and the schema in the form that it takes."""
    reduced = {name: value for name, value in body.items() if name not in abilities.dropped}
    reduced |= {STAND_INS[name]: body[name] for name in abilities.dropped if name in STAND_INS and name in body}
    if request.schema is None:
        return reduced
    if abilities.structure == Structure.JSON_SCHEMA:
        schema = {"name": request.stage, "strict": True, "schema": request.schema}
        reduced["response_format"] = {"type": "json_schema", "json_schema": schema}
        return reduced
    reduced["messages"] = with_schema_in_prompt(request.messages, request.schema)
    if abilities.structure == Structure.JSON_OBJECT:
        reduced["response_format"] = {"type": "json_object"}
    return reduced


def with_schema_in_prompt(messages: list[dict[str, str]], schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Say the schema in words, at the very end so that the shared prefix stays the same."""
    *before, last = messages
    note = f"\n\nReply with one JSON object that fits this JSON schema:\n{json.dumps(schema)}"
    return [*before, {**last, "content": last["content"] + note}]
