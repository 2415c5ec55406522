"""Resources server for NeMo Gym: `/verify` pays 1.0 for the stored answer.

NeMo Gym can leave no rollout out: one on which the judge fails gets 0.0, and 1.0 as `judge_failed`, of which NeMo Gym gives the
mean beside that of the reward.
"""

from typing import Any, ClassVar

from nemo_gym import base_resources_server as gym
from pydantic import BaseModel, ConfigDict

from transforms.reward_with_judge import Judge, areward_with_judge

JUDGE = Judge.from_environment()
_MODES = getattr(gym, "ReverifyMode", None)  # from NeMo Gym 0.5 on


class Truth(BaseModel):
    """What the reward knows of a row."""

    answer: str
    answer_type: str | None = None
    aliases: tuple[str, ...] = ()
    question: str = ""


class VerifyRequest(gym.BaseVerifyRequest):
    """A rollout with its row, whose other columns go along."""

    model_config = ConfigDict(extra="allow")
    verifier_metadata: Truth


class VerifyResponse(gym.BaseVerifyResponse):
    """The same with the reward."""

    model_config = ConfigDict(extra="allow")
    judge_failed: float


class QAResourcesServer(gym.SimpleResourcesServer):
    """One turn, no tools, no state: stored rollouts can be scored again."""

    config: gym.BaseResourcesServerConfig
    REVERIFY_MODE: ClassVar[Any] = _MODES and _MODES.STATELESS

    async def verify(self, body: VerifyRequest) -> VerifyResponse:
        """Score what the assistant said last."""
        row = body.verifier_metadata
        score = await areward_with_judge(said(body.response), row.answer, row.answer_type, row.aliases, row.question, JUDGE)
        return VerifyResponse(**body.model_dump(), reward=score or 0.0, judge_failed=float(score is None))


def said(response: Any) -> str:
    """The text of the last message of the assistant; "" if there is none. Its reasoning stands in items of its own."""
    messages = [item for item in response.output if item.type == "message" and item.role == "assistant"]
    return "".join(part.text for part in messages[-1].content if part.type == "output_text") if messages else ""


if __name__ == "__main__":
    QAResourcesServer.run_webserver()
