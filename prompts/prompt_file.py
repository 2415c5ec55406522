"""A prompt file in its parts. Standard library only: a reward goes to machines that have no reader of YAML."""

import re
from importlib import resources
from typing import NamedTuple

AFTER_DOCUMENT = "<!-- after the document -->\n"


class PromptParts(NamedTuple):
    """A prompt file, whose front matter is still YAML."""

    front_matter: str
    instructions: str
    task: str


def prompt_text(name: str) -> str:
    """The text of `<name>.md`, which lies beside this file."""
    return resources.files(__package__).joinpath(f"{name}.md").read_text("utf-8")


def prompt_parts(text: str) -> PromptParts:
    """The parts of a prompt file.

    Raises:
        ValueError: it has no front matter.
    """
    match = re.fullmatch(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    if not match:
        raise ValueError("no front matter; begin with '---', 'version: 1', '---'")
    instructions, _, task = match[2].partition(AFTER_DOCUMENT)
    return PromptParts(match[1], instructions.strip(), task.rstrip("\n"))
