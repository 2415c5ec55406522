"""A run that goes on reads what it read before: an option that names something else is more likely a slip of the hand.

Outputs are written anew as a whole, so with another input the pairs of the first would be gone from them.
"""

from typing import Any

from beam_pipeline.options.checks import BATCH_SOURCES
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.paths import absolute_paths
from beam_pipeline.output.saved_options import AUDITED, read_options
from transforms.said import said_names


def check_same_input(config: PipelineConfig, audited: bool = False) -> None:
    """Raise ValueError, one line, where a run goes on with one that read something else, and was not told so.

    `audited`: it is no run but an audit, which goes on with an audit of the same data set.
    """
    if not config.resume or config.other_input:
        return
    began = read_options(config.output)
    if began and audited != (AUDITED in began):
        raise ValueError(f"{config.output} was made by {'a run' if audited else 'an audit'}, which --resume cannot go on with")
    given = absolute_paths(config).given()
    if audited:
        _check_same(config.output, "the data set", began.get(AUDITED), given.get("input"), "name that, or another --output")
        return
    way_out = f"leave the input out, as in --resume {config.output}, or add --other_input to read what is named now"
    for name in (*BATCH_SOURCES, "input_subscription"):
        _check_same(config.output, f"--{name}", began.get(name), given.get(name), way_out)


def _check_same(output: str, what: str, began: Any, given: Any, way_out: str) -> None:
    before = _words(began)
    if before and before != _words(given):
        raise ValueError(f"{output} was made from {what} {said_names(before, 3)}, and --resume goes on with that: {way_out}")


def _words(value: Any) -> set[str]:
    return {str(word) for word in value} if isinstance(value, list) else {str(value)} - {"", "None"}
