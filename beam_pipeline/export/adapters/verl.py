"""Reward for verl: `reward.custom_reward_function.path=.../reward.py` (`custom_reward_function.path` in older ones)."""

from collections.abc import Mapping
from typing import Any

from transforms.reward.score import reward


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Mapping[str, Any] | None = None, **_: Any
) -> float:
    """1.0 if the response's final answer is the stored one, else 0.0.

    `extra_info` is that of the row: it has the answer's type and aliases.
    """
    row = extra_info or {}
    return reward(solution_str, ground_truth, row.get("answer_type"), row.get("aliases"))
