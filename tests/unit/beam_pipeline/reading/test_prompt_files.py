"""A user's own prompts: a folder with the files that differ."""

from pathlib import Path

import pytest

from beam_pipeline.reading.prompt_files import read_prompt_files
from prompts.load import PromptError

FILTER = "---\nversion: 7\n---\n## Task: filter\n\nKeep all.\n<!-- after the document -->\nTask: filter\n"


def test_only_the_files_that_differ_are_read(tmp_path: Path) -> None:
    (tmp_path / "filter.md").write_text(FILTER)
    for other in ("README.md", "reward_judge.md", "notes.txt"):
        (tmp_path / other).write_text("anything")
    assert [(prompt.name, prompt.version) for prompt in read_prompt_files(str(tmp_path))] == [("filter", 7)]


def test_without_a_folder_there_is_none() -> None:
    assert read_prompt_files("") == []


@pytest.mark.parametrize("name", ["fliter.md", "check.md"])
def test_a_file_that_no_stage_reads_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILTER)
    with pytest.raises(ValueError, match=f"{name}: no prompt of a run has this name; there are system, filter, .*verify"):
        read_prompt_files(str(tmp_path))


def test_a_broken_file_is_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "filter.md").write_text("Keep all.")
    with pytest.raises(PromptError, match=f"{tmp_path}/filter.md: no front matter"):
        read_prompt_files(str(tmp_path))


def test_a_folder_without_prompts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file matches"):
        read_prompt_files(str(tmp_path))
