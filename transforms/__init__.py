"""Stages that turn documents into verified question-answer pairs.

Nothing is imported here on purpose: `transforms.records`, `transforms.answers` and the other
plain modules must stay importable where Apache Beam is not installed.
"""
