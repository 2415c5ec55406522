"""Accepted pairs as the files of a trainer or a hub."""
