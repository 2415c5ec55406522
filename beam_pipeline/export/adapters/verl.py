"""Reward for verl: `reward.custom_reward_function.path=.../reward.py` (`custom_reward_function.path` in older ones).

With a judge it is a coroutine, which verl's reward loop awaits. verl can leave no response out: one on which the judge fails gets
0.0, and 1.0 as `judge_failed`, which verl keeps beside the score.
"""

from collections.abc import Callable, Mapping
from typing import Any

from transforms.reward_with_judge import Judge, areward_with_judge, reward_with_judge

JUDGE = Judge.from_environment()


def score_by_rules(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Mapping[str, Any] | None = None, **_: Any
) -> float:
    """1.0 if the response's final answer is the stored one, else 0.0.

    `extra_info` is that of the row: it has the answer's type, its aliases, and the question.
    """
    return reward_with_judge(solution_str, ground_truth, *_about(extra_info)) or 0.0


async def score_with_judge(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Mapping[str, Any] | None = None, **_: Any
) -> dict[str, float]:
    """The same, where a judge is asked about what the rules cannot tell."""
    score = await areward_with_judge(solution_str, ground_truth, *_about(extra_info), judge=JUDGE)
    return {"score": score or 0.0, "acc": score or 0.0, "judge_failed": float(score is None)}


compute_score: Callable[..., Any] = score_with_judge if JUDGE else score_by_rules


def _about(extra_info: Mapping[str, Any] | None) -> tuple[Any, Any, Any]:
    row = extra_info or {}
    return row.get("answer_type"), row.get("aliases"), row.get("question") or ""
