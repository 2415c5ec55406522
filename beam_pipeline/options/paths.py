"""Options that name files: as absolute paths, so that a process in another folder reads the same files."""

import os

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.named_values import YAML_NAMES

# Options that name files or folders, and those that hold what they say or name a YAML file of it.
PATHS = ("input", "inputs", "output", "journal", "prompts", "domains", "exemplars", "benchmarks", "edits")
VALUES_OR_PATHS = ("domain_shares", "screening", "decontamination")


def absolute_paths(config: PipelineConfig) -> PipelineConfig:
    """The same options with every local path as seen from anywhere."""
    given = {name: value for name in PATHS if (value := getattr(config, name))}
    given |= {name: value for name in VALUES_OR_PATHS if (value := getattr(config, name)).lower().endswith(YAML_NAMES)}
    return config.model_copy(
        update={name: list(map(absolute, value)) if isinstance(value, list) else absolute(value) for name, value in given.items()}
    )


def absolute(path: str) -> str:
    """A local path as seen from anywhere."""
    return path if FileSystems.get_scheme(path) else os.path.abspath(path)
