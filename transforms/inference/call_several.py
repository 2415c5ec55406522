"""AskSeveral: one question to several models, or to one model several times, and what they say together.

`CallModel` makes one call for an element; this makes one call of each of its models, all at once, and
goes on when the last has answered or failed. The calls of an element stay together in the process
that began them: no grouping, so stages before and after stay fused, in batch and in streaming.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam
from pydantic import BaseModel

from prompts.load import PromptSet
from transforms.errors import stops_the_run
from transforms.flow.outcome import count, tag_and_count
from transforms.inference.call import CallFn, CallModel, unanswered
from transforms.inference.config import ModelConfig
from transforms.inference.recall import document_id
from transforms.inference.scheduling.retries import Answer, Call
from transforms.records import Item, Stamp

# At temperature 0 every sample would be the same one.
SAMPLE_TEMPERATURE = 0.7


class Opinion(NamedTuple):
    """What one of the models replied, and which it was: its stamp, and its number among those asked, from 1."""

    reply: Any
    stamp: Stamp
    number: int = 1


def spread(models: Sequence[ModelConfig], asked: int) -> tuple[ModelConfig, ...]:
    """Each model in turn, `asked` in all. Where one comes again, it is asked for another sample.

    A sample is told apart by its seed: on the wire, so that no gateway's cache gives the same answer
    to all of them, and in the journal's key. The first of a model is asked as a single call would be,
    so that a run that asks for more samples than the one before pays for the new ones only.
    """
    turns = (divmod(number, len(models)) for number in range(asked))
    return tuple(models[place] if turn == 0 else _sample(models[place], turn) for turn, place in turns)


def _sample(model: ModelConfig, number: int) -> ModelConfig:
    body = json.loads(model.extra_body or "{}")
    body["seed"] = int(body.get("seed") or 0) + number
    return replace(model, extra_body=json.dumps(body, sort_keys=True), temperature=model.temperature or SAMPLE_TEMPERATURE)


@dataclass
class AskSeveral(CallModel):
    """Asks `model` and all `others` once for each element, and turns what they said into records.

    `apply` is called with the element and the opinions of those that answered, in the order of the
    models. It yields nothing if they are too few to go by: then, and if nobody answered, the element
    is a dead letter, and a replay asks only those that failed.

    Attributes:
        others: the models besides `model`, see `spread`.
        route: element -> the id by which its calls are routed and kept in the journal.
    """

    apply: Callable[..., Iterator[Any]]
    others: tuple[ModelConfig, ...] = ()
    route: Callable[[Any], str] = document_id

    def asking(self) -> beam.DoFn:
        return _SeveralFn(self)


def ask_models(
    stage: str,
    variables: Callable[..., Mapping[str, str]],
    reply_type: type[BaseModel],
    apply: Callable[[Any, list[Opinion]], Iterator[Any]],
    passed_type: type,
    model: ModelConfig,
    prompts: PromptSet,
    others: tuple[ModelConfig, ...] = (),
) -> CallModel:
    """The transform that asks `model`, and `others` if there are any; `apply` takes opinions either way."""
    if others:
        return AskSeveral(stage, variables, reply_type, apply, passed_type, model, prompts, others=others)
    return CallModel(stage, variables, reply_type, partial(_apply_one, apply), passed_type, model, prompts)


def _apply_one(apply: Callable[[Any, list[Opinion]], Iterator[Any]], element: Any, reply: Any, stamp: Stamp) -> Iterator[Any]:
    return apply(element, [Opinion(reply, stamp)])


class _SeveralFn(CallFn):
    """All calls of an element count as one question, which is answered when the last of them is."""

    def __init__(self, spec: AskSeveral) -> None:
        super().__init__(spec)
        self._models = (spec.model, *spec.others)
        self.backlog = max(1, self.backlog // len(self._models))
        self._route = spec.route
        self._apply: Callable[..., Iterator[Any]] = spec.apply

    def setup(self) -> None:
        super().setup()
        self._stamps = [replace(self._stamp, model=model.model) for model in self._models]

    def _ask(self, element: Item, side: tuple[Any, ...], deliver: Callable[[Any], None]) -> None:
        answers: dict[int, Answer] = {}

        def put(index: int, answer: Answer) -> None:
            """Hand all answers on when the last has come; called by the loop's thread alone."""
            answers[index] = answer
            if len(answers) == len(self._models):
                deliver([answers[index] for index in sorted(answers)])

        question = self._request(element, side, self._route(element))
        for index, model in enumerate(self._models):
            request = replace(question, config=model)
            self._runtime.submit(Call(request, self._reply_type, self._rank, partial(put, index), self._choices))

    def _results(self, element: Item, answer: Any) -> Iterator[Any]:
        answers: list[Answer] = answer
        for one in answers:
            self._metrics.record(one)
        yield from tag_and_count(self._stage, self._decide(element, answers))

    def _decide(self, element: Item, answers: list[Answer]) -> Iterator[Any]:
        opinions, failed = [], []
        for number, (said, stamp) in enumerate(zip(answers, self._stamps, strict=True), 1):
            if said.error is None:
                opinions.append(Opinion(said.reply, stamp, number))
            elif stops_the_run(said.error):
                raise said.error
            else:
                failed.append((said.error, said.usage.attempts, stamp))
                count(self._stage, f"unanswered/{type(said.error).__name__}")
        results = list(self._apply(element, opinions)) if opinions else []
        assert results or failed, f"{self._stage} came to nothing although everybody answered"
        yield from results
        if not results:
            error, attempts, stamp = failed[0]
            yield unanswered(element, error, attempts, stamp)
