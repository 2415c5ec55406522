"""Environment for verifiers before 0.4, whose environments have a `load_environment`.

    PYTHONPATH=EXPORT vf-eval webscale_qa_environment -a '{"max_pass_rate": 0.9}'

The rows lie beside this file. These versions can leave no rollout out: one on which the judge fails gets 0.0, and 1.0 as the
metric `judge_failed`.
"""

import json
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import verifiers as vf
from datasets import Dataset

from transforms.reward_with_judge import Judge, areward_with_judge

JUDGE = Judge.from_environment()
HERE = Path(__file__).resolve().parent


def load_environment(min_pass_rate: float = 0.0, max_pass_rate: float = 1.0) -> Any:
    """A single-turn environment: train to learn from and validation, where there is one, to evaluate with.

    The bounds choose by pass rates, where they were measured.
    """
    splits = {
        split: Dataset.from_list(rows)
        for split in ("train", "validation")
        if (rows := list(read_rows(HERE / f"{split}.jsonl", min_pass_rate, max_pass_rate)))
    }
    rubric = vf.Rubric(funcs=[correct, judge_failed], weights=[1.0, 0.0])
    return vf.SingleTurnEnv(dataset=splits.get("train"), eval_dataset=splits.get("validation"), rubric=rubric)


def read_rows(path: Path, min_pass_rate: float, max_pass_rate: float) -> Iterator[dict[str, Any]]:
    """The rows of a split as these versions want them: the prompt as messages, `answer`, `info`, `task`."""
    if not path.exists():
        return
    with open(path, encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            rate = row["info"]["pass_rate"]
            if rate is None or min_pass_rate <= rate <= max_pass_rate:
                told = [{"role": "system", "content": row["system_prompt"]}] if row["system_prompt"] else []
                prompt = [*told, {"role": "user", "content": row["question"]}]
                yield {"prompt": prompt, "answer": row["answer"], "info": row["info"], "task": row["task"]}


async def correct(completion: Sequence[Any], answer: str, info: dict[str, Any], state: MutableMapping[str, Any]) -> float:
    """1.0 if the final answer is the stored one, else 0.0."""
    score = await areward_with_judge(
        said(completion), answer, info["answer_type"], info["aliases"], info.get("question", ""), JUDGE
    )
    state["judge_failed"] = float(score is None)
    return score or 0.0


async def judge_failed(state: MutableMapping[str, Any]) -> float:
    """1.0 if the judge was asked and has no verdict."""
    return float(state.get("judge_failed", 0.0))


def said(completion: Sequence[Any]) -> str:
    """The text of the last message, which is the model's."""
    if isinstance(completion, str):
        return completion
    last = completion[-1] if completion else {}
    content = last.get("content") if isinstance(last, dict) else getattr(last, "content", "")
    if isinstance(content, list):
        content = "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
