"""Rows of stored rollouts as records: who asked what, what was said, what is stored as right, what it was paid."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from beam_pipeline.reverify.conversations import asked, responses_in
from beam_pipeline.reverify.forms import Form, found_in, value_of
from transforms.text import stable_hash

_ANSWERS = ("answer", "ground_truth", "target")
_YES, _NO = ("true", "yes", "y", "1"), ("false", "no", "n", "0", "")


class NoRollout(ValueError):
    """A row is no rollout; the message says why."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """A response to a question, with the answer that it is graded by."""

    where: str  # "file:line", and "#2" for the second response of a row
    question_id: str  # of the row; without one a hash of question and answer
    question: str
    response: str
    answer: str
    answer_type: str | None = None
    aliases: tuple[str, ...] = ()
    old_reward: float | None = None
    accepted: bool | None = None  # what a person said of it, where the rows say that


class Stored(NamedTuple):
    """What a row stores as right."""

    answer: str
    answer_type: str | None = None
    aliases: tuple[str, ...] = ()
    question: str = ""  # where a label says it


def rollouts_of(where: str, row: Mapping[str, Any], form: Form) -> Iterator[Rollout]:
    """The rollouts of a row, one for each response.

    Raises:
        NoRollout: it holds none that could be graded.
    """
    stored = stored_of(row, form)
    question = stored.question or asked(value_of(row, form.question))
    responses = _responses(row, form)
    # NeMo Gym marks a reward that measures nothing, because the environment failed.
    reward = None if row.get("mask_sample") is True else value_of(row, form.reward)
    rewards = _one_each(reward, len(responses), "rewards")
    accepted = _one_each(value_of(row, form.accepted), len(responses), "values of --accepted")
    given_id = value_of(row, form.id)
    known = isinstance(given_id, (str, int)) and not isinstance(given_id, bool) and str(given_id).strip()
    question_id = str(given_id) if known else stable_hash("question", question, stored.answer)
    for number, (response, paid, view) in enumerate(zip(responses, rewards, accepted, strict=True), 1):
        place = where if len(responses) == 1 else f"{where}#{number}"
        told = (stored.answer, stored.answer_type, stored.aliases)
        yield Rollout(place, question_id, question, response, *told, _reward(paid), _view(view))


def stored_of(row: Mapping[str, Any], form: Form) -> Stored:
    """The stored answer of a row, with its type and its other spellings; a label may hold all three.

    Raises:
        NoRollout: there is no answer, or it is no text.
    """
    value = value_of(row, form.answer)
    stored = _stored(value)
    if stored is None or not stored.answer.strip():
        raise NoRollout("no stored answer" if value is None or stored else "the stored answer is no text")
    answer_type, aliases = value_of(row, form.type), value_of(row, form.aliases)
    return Stored(
        stored.answer,
        answer_type if isinstance(answer_type, str) and answer_type else stored.answer_type,
        tuple(dict.fromkeys((*stored.aliases, *_texts(aliases)))),
        stored.question,
    )


def _stored(value: Any) -> Stored | None:
    if isinstance(value, str) and value.lstrip().startswith("{"):  # a label of ours, or an answer in braces
        return _label(_parsed(value)) or Stored(value)
    if isinstance(value, Mapping):
        return _label(value)
    answer, *others = _texts(value) or [""]
    return Stored(answer, None, tuple(others)) if answer else Stored(value) if isinstance(value, str) else None


def _label(value: Any) -> Stored | None:
    if not isinstance(value, Mapping):
        return None
    answer, *others = _texts(value_of(value, _ANSWERS)) or [""]
    if not answer:
        return None
    answer_type, question = (_text(value.get(name)) for name in ("answer_type", "question"))
    return Stored(answer, answer_type or None, (*others, *_texts(value.get("aliases"))), question)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _texts(value: Any) -> list[str]:
    """The texts of a value, one or a list; a number counts as its text."""
    values = value if isinstance(value, list) else [value]
    return [text for text in map(_text, values) if text.strip()]


def _text(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _responses(row: Mapping[str, Any], form: Form) -> list[str]:
    name, value = found_in(row, form.response)
    if name == "query":  # the prompt and what was said to it
        prompt = row.get("prompt")
        if not isinstance(value, str) or not isinstance(prompt, str) or not value.startswith(prompt):
            raise NoRollout("the query does not begin with its prompt")
        value = value[len(prompt) :]
    texts = responses_in(value) if value is not None else []
    found = [text for text in texts if text is not None]
    if not found or len(found) < len(texts):
        raise NoRollout("a response is no text" if texts else "no response")
    return found


def _one_each(value: Any, number: int, what: str) -> list[Any]:
    values = value if isinstance(value, list) else [value] * number if value is None or number == 1 else [value]
    if len(values) != number:
        raise NoRollout(f"{number} responses and {len(values)} {what}")
    return values


def _reward(value: Any) -> float | None:
    try:
        reward = float(value) if isinstance(value, (int, float, str)) else math.nan
    except (ValueError, OverflowError):
        return None
    return reward if math.isfinite(reward) else None


def _view(value: Any) -> bool | None:
    if isinstance(value, (bool, int, float)):
        return value > 0
    said = value.strip().lower() if isinstance(value, str) else None
    return True if said in _YES else False if said in _NO else None
