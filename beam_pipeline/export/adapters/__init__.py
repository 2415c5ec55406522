"""Adapters of the reward, one module for each trainer."""
