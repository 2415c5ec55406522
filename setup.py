"""Installs the packages with their data files; Dataflow builds workers from it (`--setup_file ./setup.py`)."""

import re
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent


def version() -> str:
    """The version, read and not imported: nothing is installed yet when this file runs."""
    return re.findall(r'^__version__ = "(.+)"$', (HERE / "beam_pipeline" / "__init__.py").read_text("utf-8"), re.MULTILINE)[0]


def requirements(name: str = "requirements.txt") -> list[str]:
    """What a run imports: the lines of requirements.txt above "# Tests"; or all of another list."""
    lines = (HERE / name).read_text("utf-8").partition("\n# Tests\n")[0].splitlines()
    return [line for line in lines if line and not line.startswith("#")]


setup(
    name="webscale-qa",
    version=version(),
    description="Turns pretraining documents into verified question-answer pairs for reinforcement learning",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=[
        "prompts",
        "transforms",
        "transforms.english",
        "transforms.inference",
        "beam_pipeline",
        "beam_pipeline.demo_model",
        "beam_pipeline.report",
        "beam_pipeline.trainers",
    ],
    package_data={
        "prompts": ["*.md", "*.yaml", "exemplars/*.jsonl"],
        "beam_pipeline": ["sample/*"],
        "beam_pipeline.demo_model": ["*.yaml"],
        "beam_pipeline.report": ["page.css", "page.js"],
    },
    install_requires=requirements(),
    extras_require={"report": requirements("requirements-report.txt")},
    entry_points={"console_scripts": ["webscale-qa = beam_pipeline.main:main", "webscale-qa-worker = beam_pipeline.worker:main"]},
)
