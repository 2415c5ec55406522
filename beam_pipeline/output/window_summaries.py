"""Reads the summaries of a stream's windows."""

import json
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.names import SUMMARIES
from beam_pipeline.storage.files import open_file


def read_window_summaries(output: str, run: str) -> list[dict[str, Any]]:
    """The rows that a run has written so far, in the order of their windows."""
    [matched] = FileSystems.match([FileSystems.join(output, SUMMARIES, f"{SUMMARIES}-*-{run}-pane*")])
    rows: list[dict[str, Any]] = []
    for path in sorted(file.path for file in matched.metadata_list):
        with open_file(path) as file:
            rows += map(json.loads, file.read().splitlines())
    return rows
