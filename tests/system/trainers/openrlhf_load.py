"""OpenRLHF's own loader, dataset and single-turn executor on an export: `python openrlhf_load.py EXPORT`.

Only vLLM is stood in for: it "generates" what it is told to.
"""

import asyncio
import json
import sys
from types import SimpleNamespace

import torch
from openrlhf.datasets.prompts_dataset import PromptDataset
from openrlhf.datasets.utils import blending_datasets
from openrlhf.utils.agent import SingleTurnAgentExecutor
from tokens import byte_tokenizer

EXPORT = sys.argv[1]
tokenizer = byte_tokenizer()
data = SimpleNamespace(input_key="prompt", label_key="label", apply_chat_template=True)
strategy = SimpleNamespace(args=SimpleNamespace(data=data, use_ms=False), print=lambda *_: None, is_rank_0=lambda: False)
rows = blending_datasets(f"{EXPORT}/train.parquet", None, strategy, dataset_split="train")
dataset = PromptDataset(rows, tokenizer, strategy)
executor = SingleTurnAgentExecutor(f"{EXPORT}/reward.py")


class Engine:
    """Answers with one text."""

    def __init__(self, said: str) -> None:
        self.ids = tokenizer(said)["input_ids"] + [tokenizer.eos_token_id]

    async def generate(self, *_, **__):
        return SimpleNamespace(outputs=[SimpleNamespace(token_ids=self.ids, finish_reason="stop", logprobs=None)])


async def score(prompt: str, label: str, said: str):
    sampling = SimpleNamespace(max_tokens=256, logprobs=None)
    done = await executor.execute(prompt, label, sampling, 4096, tokenizer, Engine(said))
    # As the samples generator takes it.
    return torch.tensor([done["reward"]]).tolist(), torch.tensor([done["scores"]])[0].item()


rewards = {"right": [], "wrong": []}
for number in range(4):
    _, prompt, label, _ = dataset[number]
    rewards["right"].append(asyncio.run(score(prompt, label, f"So it is \\boxed{{{json.loads(label)['answer']}}}.")))
    rewards["wrong"].append(asyncio.run(score(prompt, label, "\\boxed{none of these}")))
print(json.dumps({"rows": len(dataset), "prompt": dataset[0][1][:80], "source": dataset[0][0], **rewards}))
