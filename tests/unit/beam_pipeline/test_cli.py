"""`webscale-qa`: its sub-commands, and that files of the user's folder are not taken for our packages."""

import subprocess
import sys
from pathlib import Path

import pytest

from beam_pipeline.cli import COMMANDS, main

PROGRAM = str(Path(sys.executable).with_name("webscale-qa"))


def test_help_fits_a_screen_and_names_every_sub_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) <= 24 and max(map(len, text.splitlines())) <= 110
    assert all(f"  {name} " in text for name in COMMANDS)


def test_without_a_sub_command_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "webscale-qa run --input" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_starts_with_two_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main([name, "--help"])
    except SystemExit as end:
        code = int(end.code or 0)
    lines = capsys.readouterr().out.splitlines()
    assert code == 0 and lines[0] == "Examples:"
    assert lines[1].startswith(f"  webscale-qa {name}") and lines[2].startswith(f"  webscale-qa {name}") and not lines[3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["runn"], "error: runn is no sub-command; write one of run, estimate, "),
        (["--input", "a.jsonl"], "error: --input is no sub-command; write webscale-qa run --input ..."),
        (["export", "out", "--format", "trl", "--too", "x"], "error: "),
        (["report"], "error: "),
        (["demo-endpoint", "--port", "many"], "error: "),
    ],
)
def test_a_wrong_word_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(str(end.code))
    shown = capsys.readouterr()
    assert code == 2 and shown.out == ""
    assert shown.err.startswith(said) and shown.err.count("\n") == 1


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A folder whose files have the names of our packages."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "mine.md").write_text("my own prompt")
    (tmp_path / "transforms.py").write_text("raise RuntimeError('this is not the package')")
    (tmp_path / "documents.jsonl").write_text('{"text": "too short"}\n')
    return tmp_path


def test_python_m_names_what_is_in_the_way(crowded: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "beam_pipeline.export", "--help"], cwd=crowded, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "prompts in this folder hides our package prompts" in done.stderr


def test_a_reader_that_stops_early_is_no_error() -> None:
    done = subprocess.run(f"{PROGRAM} run --help | head -n 1", shell=True, capture_output=True, text=True, timeout=600)
    assert done.stdout == "Examples:\n" and done.stderr == ""
