"""A run that goes on reads what it read before: an option that names something else is more likely a slip of the hand.

Outputs are written anew as a whole, so with another input the pairs of the first would be gone from them.
"""

from typing import Any

from beam_pipeline.options.checks import BATCH_SOURCES
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.paths import absolute_paths
from beam_pipeline.output.saved_options import read_options
from transforms.said import said_names


def check_same_input(config: PipelineConfig) -> None:
    """Raise ValueError, one line, where a run goes on with one that read something else, and was not told so."""
    if not config.resume or config.other_input:
        return
    began = read_options(config.output)
    given = absolute_paths(config).given()
    for name in (*BATCH_SOURCES, "input_subscription"):
        before, now = _words(began.get(name)), _words(given.get(name))
        if before and before != now:
            raise ValueError(
                f"{config.output} was made from --{name} {said_names(before, 3)}, and --resume goes on with that: "
                f"leave the input out, as in --resume {config.output}, or add --other_input to read what is named now"
            )


def _words(value: Any) -> set[str]:
    return {str(word) for word in value} if isinstance(value, list) else {str(value)} - {"", "None"}
