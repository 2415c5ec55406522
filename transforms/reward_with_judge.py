"""The reward with a judge: rules decide, and a model is asked about what they call unsure.

    judge = Judge("http://localhost:8000/v1", "Qwen/Qwen3-8B")
    reward_with_judge("They were some six hundred men.", "600", "number", question="...", judge=judge)   # 1.0, 0.0 or None

None is no verdict: the judge was asked and failed. A trainer leaves such a response out, or counts it. Without a judge, what is
unsure gets 0.0. Standard library only, as the reward is: exports copy both to trainers.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import Future

from transforms.judge.judge import Judge
from transforms.reward.score import Aliases, grade

__all__ = ["Judge", "areward_with_judge", "reward_with_judge", "rewards_with_judge"]

Call = tuple[str, "str | float", "str | None", Aliases, str]
"""Response, stored answer, its type, its aliases, and the question."""


def reward_with_judge(
    response: str,
    ground_truth: str | float,
    answer_type: str | None = None,
    aliases: Aliases = (),
    question: str = "",
    judge: Judge | None = None,
) -> float | None:
    """Score a response as `transforms.reward.reward` does, and have the judge decide what is unsure. Never raises."""
    return rewards_with_judge([(response, ground_truth, answer_type, aliases, question)], judge)[0]


def rewards_with_judge(calls: Iterable[Call], judge: Judge | None) -> list[float | None]:
    """The scores of several responses; the judge is asked about all that are unsure at the same time."""
    asked = [_begin(call, judge) for call in calls]
    return [_score(verdict) if isinstance(verdict, bool) else _score(verdict.result()) for verdict in asked]


async def areward_with_judge(
    response: str,
    ground_truth: str | float,
    answer_type: str | None = None,
    aliases: Aliases = (),
    question: str = "",
    judge: Judge | None = None,
) -> float | None:
    """`reward_with_judge` for an event loop, which goes on while the judge is asked."""
    verdict = _begin((response, ground_truth, answer_type, aliases, question), judge)
    if isinstance(verdict, bool):
        return _score(verdict)
    # Others may wait for the same verdict, so that one who no longer does must not cancel it.
    return _score(await asyncio.shield(asyncio.wrap_future(verdict)))


def _begin(call: Call, judge: Judge | None) -> "bool | Future[bool | None]":
    """Whether a response is right, or the judge's verdict to come."""
    response, ground_truth, _, _, question = call
    found = grade(*call)
    if found.verdict != "unsure" or judge is None:
        return found.verdict == "right"
    return judge.ask(question if isinstance(question, str) else "", response, str(ground_truth), found.answer)


def _score(verdict: bool | None) -> float | None:
    return None if verdict is None else float(verdict)
