"""Beam plumbing that the stages share."""
