"""Rewards as trainers call them, one file a trainer. An export copies its own beside the data, with what it imports
from `transforms`, so that a trainer's environment needs nothing of this project."""
