"""Two optimisation steps of TRL's GRPOTrainer on an export, on a CPU: `python trl_steps.py EXPORT`.

The model is a random one of 2 layers, the tokenizer knows bytes only; both are made here, nothing is downloaded. A random model
is never right, so beside the export's reward as it is there is one that first puts the stored answer into every second
completion: half of its scores must be 1, and the steps have something to learn from.
"""

import json
import sys
import tempfile

import torch
from datasets import load_dataset
from tokens import byte_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM
from trl import GRPOConfig, GRPOTrainer

EXPORT = sys.argv[1]
sys.path.append(EXPORT)
from reward import answer_reward  # noqa: E402


def half_told(completions, answer, **columns):
    """The export's reward, after every second completion was told the answer."""
    told = [
        [{"role": "assistant", "content": f"\\boxed{{{truth}}}"}] if number % 2 else said
        for number, (said, truth) in enumerate(zip(completions, answer, strict=True))
    ]
    return answer_reward(completions=told, answer=answer, **columns)


def main() -> None:
    torch.manual_seed(0)
    dataset = load_dataset(EXPORT)
    tokenizer = byte_tokenizer()
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    tokens = {"vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    model = LlamaForCausalLM(LlamaConfig(**sizes, **tokens, bos_token_id=None, max_position_embeddings=4096))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    with tempfile.TemporaryDirectory() as folder:
        trainer = GRPOTrainer(
            model=model,
            processing_class=tokenizer,
            reward_funcs=[answer_reward, half_told],
            train_dataset=dataset["train"],
            args=GRPOConfig(
                output_dir=folder,
                max_steps=2,
                per_device_train_batch_size=4,
                num_generations=4,
                max_completion_length=12,
                learning_rate=1e-3,
                logging_steps=1,
                use_cpu=True,
                bf16=False,
                report_to="none",
                save_strategy="no",
                disable_tqdm=True,
            ),
        )
        trainer.train()
    logs = [entry for entry in trainer.state.log_history if "rewards/answer_reward/mean" in entry]
    moved = sum(not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))
    print(
        json.dumps(
            {
                "splits": dataset.num_rows,
                "steps": trainer.state.global_step,
                "answer_reward": [entry["rewards/answer_reward/mean"] for entry in logs],
                "half_told": [entry["rewards/half_told/mean"] for entry in logs],
                "grad_norm": [round(float(entry["grad_norm"]), 4) for entry in logs],
                "parameters_moved": f"{moved} of {len(before)}",
            }
        )
    )


if __name__ == "__main__":
    main()
