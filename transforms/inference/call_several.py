"""AskSeveral: one question to several models, or to one model several times, and what they say together.

All models are asked at once. The calls of an element stay together in the process that began them: there is no grouping,
so stages before and after stay fused, in batch and in streaming.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam

from transforms.inference.call import CallFn, CallModel
from transforms.inference.config import ModelConfig
from transforms.inference.recall import document_id

# At temperature 0 every sample would be the same one.
SAMPLE_TEMPERATURE = 0.7


def spread(models: Sequence[ModelConfig], asked: int) -> tuple[ModelConfig, ...]:
    """Each model in turn, `asked` in all. Where one comes again, it is asked for another sample.

    A sample is told apart by its seed, so that no gateway's cache gives the same answer to all of them, and in the journal.
    The first is asked as a single call would be: a run that asks for more samples pays for the new ones only.
    """
    turns = (divmod(number, len(models)) for number in range(asked))
    return tuple(models[place] if turn == 0 else _sample(models[place], turn) for turn, place in turns)


def _sample(model: ModelConfig, number: int) -> ModelConfig:
    body = json.loads(model.extra_body or "{}")
    body["seed"] = int(body.get("seed") or 0) + number
    return replace(model, extra_body=json.dumps(body, sort_keys=True), temperature=model.temperature or SAMPLE_TEMPERATURE)


@dataclass
class AskSeveral(CallModel):
    """Asks `model` and all `others`, if any, once for each element, and turns what they said into records.

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
        # Asked of one model about a document it is the same step as `CallModel`'s: a running job knows steps by name.
        kind = _SeveralFn if self.others or self.route is not document_id else CallFn
        return kind(self, self.apply, self.others, self.route)


class _SeveralFn(CallFn):
    several = True
