"""Reads a user's own prompts: a folder with those files of `prompts/` that differ."""

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.storage.matching import match_pattern, read_text
from prompts.load import Prompt, parse_prompt
from transforms.stages import MODEL_STAGES

NAMES = ("system", *MODEL_STAGES)
# Files that stand beside the prompts of a run in `prompts/`, from which a folder may be copied.
_OTHERS = ("README", "reward_judge")


def read_prompt_files(folder: str) -> list[Prompt]:
    """The prompts in a folder, local or not; [] without a folder.

    Raises:
        ValueError: there is none, or (PromptError) a file is no prompt or none that a run has.
    """
    prompts = []
    for path in match_pattern(FileSystems.join(folder, "*.md")) if folder else ():
        name = path.replace("\\", "/").rpartition("/")[2].removesuffix(".md")
        if name in NAMES:
            prompts.append(parse_prompt(name, read_text(path), path))
        elif name not in _OTHERS:
            raise ValueError(f"{path}: no prompt of a run has this name; there are {', '.join(NAMES)}")
    return prompts
