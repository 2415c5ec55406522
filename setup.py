"""Builds webscale-qa as pyproject.toml says; Dataflow makes its workers' package with it (`--setup_file ./setup.py`)."""

from setuptools import setup

setup()
