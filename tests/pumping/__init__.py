"""Texts that are one piece again and again, against every pattern and every rule: which of them take more than linear time."""
