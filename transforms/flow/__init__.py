"""Beam plumbing that stages share."""
