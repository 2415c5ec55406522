"""The reward: does a response end in the stored answer? Standard library only."""

from transforms.reward.score import grade, reward
from transforms.reward.verdict import Grade

__all__ = ["Grade", "grade", "reward"]
