"""The options of a run, kept beside its output."""

from typing import Any

import yaml
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.paths import absolute_paths
from beam_pipeline.output.names import OPTIONS_FILE
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.whole_file import write_whole

STREAMING, AUDITED, RUNNER = "streaming", "audited", "runner"
# What says how this one start of a run begins.
_OF_A_START = ("overwrite", "delete_journal", "resume", "other_input", "dry_run", "config", "stop_after")


def save_options(config: PipelineConfig, runner: str = "", audited: bool = False) -> None:
    """Keep the options that a run was given beside its output, for who goes on with it; names of keys, and no key.

    `runner` is the engine's name, where it is not the one that runs without being named. `audited` marks a data set that
    was looked at: its files are no input of documents.

    Raises:
        ValueError: they cannot be written; one line.
    """
    given = absolute_paths(config).given()
    if audited:
        given = {AUDITED: given.pop("input"), **given}
    values = {name: value for name, value in given.items() if name not in _OF_A_START}
    if runner:
        values = {RUNNER: runner, **values}  # as below
    if config.streaming:
        values = {STREAMING: True, **values}  # no option of ours: a stream must not be taken for a batch later
    path = FileSystems.join(config.output, OPTIONS_FILE)
    text = yaml.safe_dump({name: value for name, value in values.items() if value is not None}, sort_keys=False)
    try:
        write_whole(path, text.encode(), "application/yaml")
    except OSError as error:
        raise ValueError(f"{path}: cannot be written: {reason(error)}") from error


def read_options(output: str) -> dict[str, Any]:
    """The options that the run of a folder was given, by name; {} where they are not kept.

    Raises:
        ValueError: they cannot be read; one line.
    """
    path = FileSystems.join(output, OPTIONS_FILE)
    if not FileSystems.exists(path):
        return {}
    try:
        with FileSystems.open(path, compression_type="uncompressed") as file:
            options = yaml.safe_load(file.read())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {reason(error)}") from error
    if not isinstance(options, dict):
        raise ValueError(f"{path}: does not hold the options of a run")
    return options
