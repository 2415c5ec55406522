"""Reward for TRL: `GRPOTrainer(..., reward_funcs=answer_reward)`.

TRL hands over every column of the dataset by its name, a value for each completion. A judge that fails gives None: TRL, from 1.6
on, leaves such a completion out of the advantages. The metric `judge_failed` is their share.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

from transforms.reward_with_judge import Judge, rewards_with_judge

JUDGE = Judge.from_environment()


def answer_reward(
    completions: Sequence[Any],
    answer: Sequence[str],
    answer_type: Sequence[str],
    aliases: Sequence[Iterable[str]],
    question: Sequence[str] | None = None,
    log_metric: Callable[[str, float], None] | None = None,
    **_: Any,
) -> list[float | None]:
    """1.0 for each completion whose final answer is the stored one, else 0.0; None where the judge was asked and failed.

    A completion is a text, or the messages that a conversational prompt was answered with.
    """
    asked = question or repeat("", len(completions))
    calls = zip(map(said, completions), answer, answer_type, aliases, asked, strict=True)
    scores = rewards_with_judge(calls, JUDGE)
    if JUDGE and log_metric and scores:
        log_metric("judge_failed", scores.count(None) / len(scores))
    return scores


def said(completion: Any) -> str:
    """What the model said: the text, or that of its last message."""
    if isinstance(completion, str):
        return completion
    messages = [message for message in completion if message.get("role", "assistant") == "assistant"]
    content = messages[-1].get("content") if messages else ""
    if isinstance(content, list):  # in parts, as processors for several media have it
        content = "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
