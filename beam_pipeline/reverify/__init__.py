"""Stored rollouts, graded again without inference: what changed and why, and aliases to add to the pairs."""
