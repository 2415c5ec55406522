"""A model as judge: whether a response agrees with a stored answer where rules cannot tell. Standard library only."""

from transforms.judge.judge import Judge
from transforms.judge.messages import judge_messages, judge_verdict

__all__ = ["Judge", "judge_messages", "judge_verdict"]
