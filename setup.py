"""Installs the packages with their data files; Dataflow builds workers from it (`--setup_file ./setup.py`)."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def version() -> str:
    """The version, read and not imported: nothing is installed yet when this file runs."""
    return re.findall(r'^__version__ = "(.+)"$', (HERE / "beam_pipeline" / "__init__.py").read_text("utf-8"), re.MULTILINE)[0]


def requirements(name: str = "requirements.txt") -> list[str]:
    """The packages that a list names."""
    lines = (HERE / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


setup(
    name="webscale-qa",
    version=version(),
    description="Turns pretraining documents into verified question-answer pairs for reinforcement learning",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=[f"{package}*" for package in ("prompts", "transforms", "beam_pipeline")]),
    package_data={
        "prompts": ["*.md", "*.yaml", "exemplars/*.jsonl"],
        "beam_pipeline": ["sample/*"],
        "beam_pipeline.export": ["dataset_card.md"],
        "beam_pipeline.demo_endpoint.rules": ["*.yaml"],
        "beam_pipeline.report": ["page.html", "page.css", "page.js"],
    },
    install_requires=requirements(),
    extras_require={extra: requirements(f"requirements-{extra}.txt") for extra in ("crawl", "report")},
    entry_points={
        "console_scripts": [
            "webscale-qa = beam_pipeline.cli:main",
            "webscale-qa-worker = beam_pipeline.engines.flink_worker:main",
        ]
    },
)
