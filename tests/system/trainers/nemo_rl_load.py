"""NeMo-RL's own dataset, processor and environment on an export: `python nemo_rl_load.py EXPORT`."""

import json
import sys

from nemo_rl.data.datasets.response_datasets.response_dataset import ResponseDataset
from nemo_rl.data.interfaces import TaskDataSpec
from nemo_rl.data.processors import math_hf_data_processor
from tokens import byte_tokenizer

EXPORT = sys.argv[1]
sys.path.append(EXPORT)
rows = ResponseDataset(f"{EXPORT}/train.jsonl").dataset
spec = TaskDataSpec("qa", system_prompt_file=f"{EXPORT}/system_prompt.txt")
made = [math_hf_data_processor(rows[number], spec, byte_tokenizer(), 2048, number) for number in range(4)]

import webscale_qa_environment as ours  # noqa: E402
from nemo_rl.environments.utils import ENV_REGISTRY  # noqa: E402

ours.register()
environment = ours.QAEnvironment.__ray_metadata__.modified_class({})


def scores(said: str) -> list[float]:
    """What the environment makes of one answer to each of the first rows."""
    truths = [row["extra_env_info"] for row in made]
    answers = [said.replace("TRUTH", json.loads(truth["ground_truth"])["answer"]) for truth in truths]
    logs = [[*row["message_log"], {"role": "assistant", "content": answer}] for row, answer in zip(made, answers, strict=True)]
    return environment.step(logs, truths).rewards.tolist()


report = {
    "rows": len(rows),
    "prompt": made[0]["message_log"][0]["content"][:120],
    "registered": ENV_REGISTRY["webscale_qa"],
    "right": scores("So it is \\boxed{TRUTH}."),
    "wrong": scores("\\boxed{none of these}"),
}
print(json.dumps(report))
