"""verl's own dataset and reward manager on an export: `python verl_load.py EXPORT`."""

import asyncio
import json
import sys

import numpy as np
import torch
from omegaconf import OmegaConf
from tokens import byte_tokenizer
from verl import DataProto
from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
from verl.trainer.ppo.reward import get_custom_reward_fn
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

EXPORT = sys.argv[1]
tokenizer = byte_tokenizer()
config = OmegaConf.create(
    {"prompt_key": "prompt", "max_prompt_length": 2048, "truncation": "error", "filter_overlong_prompts_workers": 1}
)
dataset = RLHFDataset(f"{EXPORT}/train.parquet", tokenizer, config)
# verl before 0.8 looks at the top, later ones under `reward`.
function = {"custom_reward_function": {"path": f"{EXPORT}/reward.py", "name": "compute_score", "reward_kwargs": {}}}
score = get_custom_reward_fn(OmegaConf.create({**function, "reward": function}))


async def scores(said: str) -> list[float]:
    """What the manager makes of one response to each of the first rows."""
    manager, found = NaiveRewardManager(OmegaConf.create({}), tokenizer, score), []
    for number in range(4):
        batch = collate_fn([dataset[number]])
        row = batch["reward_model"][0]
        ids = torch.tensor([tokenizer(said.replace("TRUTH", row["ground_truth"]))["input_ids"]])
        tensors = {"prompts": ids, "responses": ids, "attention_mask": torch.ones(1, 2 * ids.shape[1], dtype=torch.long)}
        others = {name: value for name, value in batch.items() if isinstance(value, np.ndarray)}
        found.append((await manager.run_single(DataProto.from_dict(tensors, others)))["reward_score"])
    return found


report = {
    "rows": len(dataset),
    "roles": [message["role"] for message in dataset[0]["raw_prompt"]],
    "index": [dataset[number]["index"] for number in range(3)],
    "right": asyncio.run(scores("So it is \\boxed{TRUTH}.")),
    "wrong": asyncio.run(scores("\\boxed{none of these}")),
}
print(json.dumps(report))
