"""Taskset for verifiers and prime-rl: `PYTHONPATH=EXPORT vf-eval webscale_qa`, or `id = "webscale_qa"` under [env.taskset].

The rows lie beside this file. Where the judge fails the reward raises: verifiers marks the rollout as failed, and prime-rl does
not learn from it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import verifiers.v1 as vf

from transforms.reward_with_judge import Judge, areward_with_judge

__all__ = ["QATaskset"]

JUDGE = Judge.from_environment()
HERE = Path(__file__).resolve().parent


class QAData(vf.TaskData):
    """A question with its stored answer."""

    answer: str
    answer_type: str
    aliases: tuple[str, ...] = ()
    domain: str = ""
    pass_rate: float | None = None
    question: str = ""


class QATask(vf.Task[QAData]):
    """One turn: the model answers once."""

    @property
    def key(self) -> str:
        """The pair's id, the same in every run."""
        return self.data.id or self.hash

    @vf.stop
    async def single_turn(self, trace: vf.Trace) -> bool:
        """Whether the model has answered."""
        return trace.num_turns >= 1

    @vf.reward(weight=1.0)
    async def correct(self, trace: vf.Trace) -> float:
        """1.0 if the final answer is the stored one, else 0.0.

        Raises:
            RuntimeError: the judge was asked and has no verdict.
        """
        row = self.data
        score = await areward_with_judge(trace.last_reply or "", row.answer, row.answer_type, row.aliases, row.question, JUDGE)
        if score is None:
            raise RuntimeError("the judge has no verdict on this response")
        return score


class QAConfig(vf.TasksetConfig):
    """Which split to load, and which pass rates, where they were measured (prime-rl mixes by difficulty).

    `order` is that of the file, or by pass rate from easy to hard; what was not measured comes last. prime-rl's standard sampler
    keeps it.
    """

    split: Literal["train", "validation"] = "train"
    min_pass_rate: float = 0.0
    max_pass_rate: float = 1.0
    order: Literal["file", "easy_first"] = "file"


class QATaskset(vf.Taskset[QATask, QAConfig]):
    """The rows of a split."""

    def load(self) -> Iterator[QATask]:
        """A task a row, in the order that was asked for; in that of the file rows are read as they are taken."""
        tasks = self._in_file()
        return iter(sorted(tasks, key=_hardness)) if self.config.order == "easy_first" else tasks

    def _in_file(self) -> Iterator[QATask]:
        with open(HERE / f"{self.config.split}.jsonl", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                info = row["info"]
                rate = info["pass_rate"]
                if rate is None or self.config.min_pass_rate <= rate <= self.config.max_pass_rate:
                    yield QATask(
                        QAData(
                            id=info["id"],
                            prompt=row["question"],
                            system_prompt=row["system_prompt"] or None,
                            answer=row["answer"],
                            answer_type=info["answer_type"],
                            aliases=tuple(info["aliases"]),
                            domain=info["domain"],
                            pass_rate=rate,
                            question=info.get("question", ""),
                        ),
                        self.config.task,
                    )


def _hardness(task: QATask) -> float:
    return 2.0 if task.data.pass_rate is None else 1.0 - task.data.pass_rate
