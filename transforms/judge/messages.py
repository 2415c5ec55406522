"""What a judge is asked, and what its reply says.

    messages = judge_messages(question, response, ground_truth)   # send these to any chat endpoint
    verdict = judge_verdict(reply_text)                           # True, False, or None for no verdict

Source: Webscale-RL, arXiv:2510.06499, where the reward is whether the response's answer matches the
ground truth, as a model judges it. The response is cut to its answer, delimited, and made inert.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from string import Template
from typing import Any

from prompts.prompt_file import PromptParts, prompt_parts, prompt_text
from transforms.reward.final_answer import without_thinking
from transforms.text import neutralise

REPLY_FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "reward_judge",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"final_answer": {"type": "string"}, "correct": {"type": "boolean"}},
            "required": ["final_answer", "correct"],
            "additionalProperties": False,
        },
    },
}
"""The reply that the prompt asks for, as `response_format` of a request."""

_MAX_QUESTION_CHARS = 4000
_MAX_REFERENCE_CHARS = 1000
_MAX_REPLY_CHARS = 20_000
# The tags of this prompt that `neutralise` does not know.
_TAG = re.compile(r"<(?=\s*(?:/\s*)?(?:question|reference|response|task)\b)", re.IGNORECASE)
_MAX_OBJECTS = 50


def judge_messages(question: str, response: str, ground_truth: str) -> list[dict[str, str]]:
    """The chat messages that ask a model whether a response's final answer agrees with the stored one.

    Thinking is left out, and what the response says cannot close its tags. A response without an
    answer should get 0.0 without asking: its text here is empty.
    """
    prompt = _prompt()
    task = Template(prompt.task).substitute(
        question=_inert(question[:_MAX_QUESTION_CHARS]),
        reference=_inert(ground_truth[:_MAX_REFERENCE_CHARS]),
        response=_inert(without_thinking(response)),
    )
    return [{"role": "system", "content": prompt.instructions}, {"role": "user", "content": task}]


def judge_verdict(reply: str) -> bool | None:
    """Read the judge's reply: whether the answers agree; None if it holds no verdict. Never raises.

    Verdicts that differ are False: a judge that was talked into quoting one before giving its own
    does not agree.
    """
    verdicts = set(_verdicts(reply[-_MAX_REPLY_CHARS:])) if isinstance(reply, str) else set()
    return None if verdicts <= {None} else verdicts == {True}


@cache
def _prompt() -> PromptParts:
    return prompt_parts(prompt_text("reward_judge"))


def _verdicts(reply: str) -> Iterator[bool | None]:
    """What every JSON object in a reply says under "correct": None where that is no verdict, False where it is said twice."""
    said: list[Any] = []

    def take(pairs: list[tuple[str, Any]]) -> None:
        said.extend(value for key, value in pairs if key == "correct")

    decoder = json.JSONDecoder(object_pairs_hook=take)
    position = 0
    for _ in range(_MAX_OBJECTS):
        position = reply.find("{", position)
        if position < 0:
            break
        said.clear()
        try:
            _, position = decoder.raw_decode(reply, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        if said:
            clear = all(isinstance(value, bool) for value in said)
            yield said == [True] if clear else None


def _inert(text: str) -> str:
    return _TAG.sub(lambda match: match[0] + "\u200b", neutralise(text))
