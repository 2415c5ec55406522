"""Fixtures, in the order of what they stand in for:

config(**overrides)   a `PipelineConfig` of the defaults and the flat options given, as flags would make it
"""

from collections.abc import Callable
from typing import Any

import pytest

from beam_pipeline.options import PipelineConfig, validate


@pytest.fixture
def config(tmp_path: Any) -> Callable[..., PipelineConfig]:
    """Make a configuration; input and output lie in the test's own folder unless given."""

    def make(**overrides: Any) -> PipelineConfig:
        return validate({"input": [str(tmp_path / "documents.jsonl")], "output": str(tmp_path / "output"), **overrides})

    return make
