"""The reward: does a response end in the stored answer? Standard library only."""

from transforms.reward.score import reward

__all__ = ["reward"]
