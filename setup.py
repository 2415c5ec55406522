"""Builds webscale-qa as pyproject.toml says; Dataflow makes its workers' package with it (`--setup_file ./setup.py`)."""

from setuptools import setup

# Not in pyproject.toml: setuptools before 77, which workers may have, knows no expression there, and later ones warn of a table.
setup(license="Apache-2.0")
