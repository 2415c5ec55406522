"""Runners and the machines that workers run on."""
