"""Judge: the reward of a model that compares a response with the stored answer, for answers no rule can compare.

    messages = judge_messages(question, response, ground_truth)   # send these to any chat endpoint
    score = judge_reward(reply_text)                              # 1.0 or 0.0

Source: Webscale-RL, arXiv:2510.06499, where the reward is whether the response's answer matches the
ground truth, as a model judges it. The response is cut to its answer, delimited, and made inert.
"""

import json
import re
from collections.abc import Iterator
from string import Template
from typing import Any

from prompts.load import load_prompt
from transforms.reward.final_answer import without_thinking
from transforms.text import neutralise

_MAX_QUESTION_CHARS = 4000
_MAX_REFERENCE_CHARS = 1000
_MAX_REPLY_CHARS = 20_000
# The tags of this prompt that `neutralise` does not know.
_TAG = re.compile(r"<(?=\s*/?\s*(?:question|reference|response|task)\b)", re.IGNORECASE)
_MAX_OBJECTS = 50


def judge_messages(question: str, response: str, ground_truth: str) -> list[dict[str, str]]:
    """The chat messages that ask a model whether a response's final answer agrees with the stored one.

    Thinking is left out, and what the response says cannot close its tags. A response without an
    answer should get 0.0 without asking: its text here is empty.
    """
    prompt = load_prompt("reward_judge")
    task = Template(prompt.task).substitute(
        question=_inert(question[:_MAX_QUESTION_CHARS]),
        reference=_inert(ground_truth[:_MAX_REFERENCE_CHARS]),
        response=_inert(without_thinking(response)),
    )
    return [{"role": "system", "content": prompt.instructions}, {"role": "user", "content": task}]


def judge_reward(reply: str) -> float:
    """Read the judge's reply: 1.0 if its one verdict is that the answers agree, else 0.0. Never raises.

    A reply that is no verdict, or holds two that differ, gives 0.0: a judge that was talked into
    quoting a verdict before giving its own has given none.
    """
    return float(isinstance(reply, str) and set(_verdicts(reply[-_MAX_REPLY_CHARS:])) == {True})


def _verdicts(reply: str) -> Iterator[bool]:
    """What every JSON object in a reply says under "correct"; one that says it twice agrees to nothing."""
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
            yield len(said) == 1 and said[0] is True


def _inert(text: str) -> str:
    return _TAG.sub(lambda match: match[0] + "\u200b", neutralise(text))
