"""Prompts measured on a real endpoint, with labelled documents. `python -m tests.llm_quality --help`."""
