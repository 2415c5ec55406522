"""Counts of a run: the proof that every document ended in one place, tokens, diversity."""
