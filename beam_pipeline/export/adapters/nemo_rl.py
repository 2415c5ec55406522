"""Environment for NeMo-RL, named webscale_qa in its configuration.

    PYTHONPATH=EXPORT uv run python -m webscale_qa_environment examples/run_grpo.py --config grpo.yaml

registers it and runs the script. A run of your own calls `register()` before it makes environments.

NeMo-RL can leave no response out: one on which the judge fails gets 0.0. The judge logs that it failed, and the metric
`judge_failed` has how often it did since the environment was made.
"""

import json
import runpy
import sys
from typing import Any

import ray
import torch
from nemo_rl.distributed.ray_actor_environment_registry import ACTOR_ENVIRONMENT_REGISTRY
from nemo_rl.distributed.virtual_cluster import PY_EXECUTABLES
from nemo_rl.environments.interfaces import EnvironmentInterface, EnvironmentReturn
from nemo_rl.environments.utils import register_env

from transforms.reward_with_judge import Call, Judge, rewards_with_judge

JUDGE = Judge.from_environment()
NAME = "webscale_qa"
ACTOR = "webscale_qa_environment.QAEnvironment"


def to_score(message_log: list[dict[str, Any]], ground_truth: str) -> Call:
    """What the assistant said, and what the export's JSON text knows of the answer."""
    truth = json.loads(ground_truth)
    said = "".join(str(message["content"]) for message in message_log if message["role"] == "assistant")
    return said, truth["answer"], truth["answer_type"], truth["aliases"], truth.get("question", "")


@ray.remote(max_restarts=-1, max_task_retries=-1)
class QAEnvironment(EnvironmentInterface):
    """One turn: the question is asked, the answer scored, the episode over."""

    def __init__(self, cfg: dict[str, Any]) -> None:
        self.cfg = cfg

    def step(
        self, message_log_batch: list[list[dict[str, Any]]], metadata: list[dict[str, Any]], *_: Any, **__: Any
    ) -> EnvironmentReturn:
        """Score each conversation against the `ground_truth` of its metadata: 1.0 for the stored answer, else 0.0."""
        calls = [to_score(log, row["ground_truth"]) for log, row in zip(message_log_batch, metadata, strict=True)]
        scores = [score or 0.0 for score in rewards_with_judge(calls, JUDGE)]
        said = [{"role": "environment", "content": f"Environment: {'correct' if right else 'incorrect'}"} for right in scores]
        rewards = torch.tensor(scores, dtype=torch.float32)
        return EnvironmentReturn(
            observations=said,
            metadata=metadata,
            next_stop_strings=[None] * len(scores),
            rewards=rewards,
            terminateds=torch.ones_like(rewards),
            answers=None,
        )

    def global_post_process_and_metrics(self, batch: Any) -> tuple[Any, dict[str, float]]:
        """Share of right answers; a response that was cut off counts as wrong."""
        rewards = batch["rewards"] * batch["is_end"]
        return batch, {
            "accuracy": rewards.mean().item(),
            "fraction_of_samples_properly_ended": batch["is_end"].float().mean().item(),
            **({"judge_failed": float(JUDGE.counts["failed"])} if JUDGE else {}),
        }


def register() -> None:
    """Tell NeMo-RL of the environment, and that its own Python runs it."""
    register_env(NAME, ACTOR)
    ACTOR_ENVIRONMENT_REGISTRY[ACTOR] = PY_EXECUTABLES.SYSTEM


if __name__ == "__main__":
    register()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
