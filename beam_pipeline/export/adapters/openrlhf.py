"""Reward for OpenRLHF: `--reward.remote_url .../reward.py`, with `--data.label_key label`.

OpenRLHF can leave no response out: one on which the judge fails gets 0.0, and 1.0 as `judge_failed` in the logs.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import torch

from transforms.reward_with_judge import Judge, rewards_with_judge

JUDGE = Judge.from_environment()

# Characters of a prompt's end by which it is found where a tokenizer did not give it back letter by letter.
_TAILS = (400, 100, 30)
# What a chat template closes a turn with, such as <|im_end|>, <|eot_id|>, </s>, <end_of_turn>.
_CLOSING = re.compile(r"(?:\s|<[|\uff5c][^<>]{1,40}[|\uff5c]>|</s>|<eos>|<end_of_turn>|<pad>)+\Z")


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str], **_: Any) -> dict[str, Any]:
    """1.0 for each query whose final answer is that of its label, else 0.0.

    A query is the prompt and what was said to it, special tokens included; a label is the export's JSON text.
    """
    calls = []
    for query, prompt, label in zip(queries, prompts, labels, strict=True):
        truth = json.loads(label)
        calls.append((said(query, prompt), truth["answer"], truth["answer_type"], truth["aliases"], truth.get("question", "")))
    scores = rewards_with_judge(calls, JUDGE)
    rewards = torch.tensor([score or 0.0 for score in scores], dtype=torch.float32)
    failed = torch.tensor([float(score is None) for score in scores], dtype=torch.float32)
    return {"rewards": rewards, "scores": rewards, "extra_logs": {"judge_failed": failed} if JUDGE else {}}


def said(query: str, prompt: str) -> str:
    """What stands behind the prompt, without the tokens that close a turn.

    The prompt may have been cut at its front, or changed a little by the tokenizer.

    Raises:
        ValueError: the query does not hold the prompt's end.
    """
    if query.startswith(prompt):
        return _CLOSING.sub("", query[len(prompt) :])
    for length in _TAILS:
        tail = prompt[-length:]
        if tail and (place := query.find(tail)) >= 0:
            return _CLOSING.sub("", query[place + len(tail) :])
    raise ValueError(f"the query does not hold the end of its prompt, {prompt[-_TAILS[-1] :]!r}: are they of one tokenizer?")
