"""Reward for TRL: `GRPOTrainer(..., reward_funcs=answer_reward)`.

TRL hands over every column of the dataset by its name, a value for each completion.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from transforms.reward.score import reward


def answer_reward(
    completions: Sequence[Any],
    answer: Sequence[str],
    answer_type: Sequence[str],
    aliases: Sequence[Iterable[str]],
    **_: Any,
) -> list[float]:
    """1.0 for each completion whose final answer is the stored one, else 0.0.

    A completion is a text, or the messages that a conversational prompt was answered with.
    """
    rows = zip(completions, answer, answer_type, aliases, strict=True)
    return [reward(said(completion), truth, kind, others) for completion, truth, kind, others in rows]


def said(completion: Any) -> str:
    """What the model said: the text, or that of its last message."""
    if isinstance(completion, str):
        return completion
    messages = [message for message in completion if message.get("role", "assistant") == "assistant"]
    content = messages[-1].get("content") if messages else ""
    if isinstance(content, list):  # in parts, as processors for several media have it
        content = "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
