"""The installed command in a folder whose files have the names of our packages."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.beam_pipeline.test_cli import PROGRAM, crowded

__all__ = ["crowded"]


@pytest.mark.integration
def test_the_installed_command_ignores_the_folder_that_it_is_called_in(crowded: Path) -> None:
    arguments = ["run", "--demo", "--input", "documents.jsonl", "--output", "out", "--report", "false"]
    done = subprocess.run([PROGRAM, *arguments], cwd=crowded, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1 and "nothing was accepted: screen/too_short (1)" in done.stdout, done.stderr
