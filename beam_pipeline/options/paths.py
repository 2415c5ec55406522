"""Options that name files: as absolute paths, so that a process in another folder reads the same files."""

import os

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.options.config import PipelineConfig

# Options that name files or folders.
PATHS = {"input", "inputs", "output", "journal", "domains", "exemplars", "benchmarks"}
# Options that hold what they say, or name a YAML file of it.
VALUES_OR_PATHS = ("domain_shares", "screening", "decontamination")


def absolute_paths(config: PipelineConfig) -> PipelineConfig:
    """The same options with every local path as seen from anywhere."""
    given = {name: getattr(config, name) for name in PATHS}
    paths = {
        name: [absolute(path) for path in value] if isinstance(value, list) else value and absolute(value)
        for name, value in given.items()
    }
    for name in VALUES_OR_PATHS:
        value = getattr(config, name)
        if value.lower().endswith((".yaml", ".yml")):
            given[name], paths[name] = value, absolute(value)
    return config.model_copy(update={name: path for name, path in paths.items() if path != given[name]})


def absolute(path: str) -> str:
    """A local path as seen from anywhere."""
    return path if FileSystems.get_scheme(path) else os.path.abspath(path)
