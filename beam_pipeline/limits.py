"""Limits of a run: so many accepted pairs, so much money; what goes with them, and what the run says that one stopped."""

from collections.abc import Mapping
from typing import Any

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions

from beam_pipeline.engines import is_local, runner_name, runs_here
from beam_pipeline.options import VERIFY_STAGES, PipelineConfig
from beam_pipeline.usage import Prices
from transforms.deduplicate import question_key
from transforms.inference.brake import COST, TARGET, Brake, Limits, Step
from transforms.inference.runtime import get_runtime
from transforms.outcome import WATCHERS
from transforms.records import VerifiedQA

# Stages that ask a model when all pairs are there, behind de-duplication.
BEHIND_THE_BLOCK = ("pass_rate",)


def limits_of(config: PipelineConfig) -> Limits | None:
    """The limits that the options set; None where there are none."""
    if not (config.target_accepted or config.max_cost):
        return None
    filtering, classifying, asking, *verifying = (stage for stage in config.model_stages if stage not in BEHIND_THE_BLOCK)
    steps = [Step(filtering), Step(classifying, passes=config.max_personas), Step(asking), Step("check", calls=0)]
    steps += [Step(stage, calls=config.verifier_count if stage in VERIFY_STAGES else 1) for stage in verifying]
    return Limits(steps, prices_of(config).cost, _question, config.target_accepted, config.max_cost)


def prices_of(config: PipelineConfig) -> Prices:
    """The prices that the options name."""
    return Prices(config.price_in, config.price_cached, config.price_out, config.price_gpu_hour, config.gpus)


def _question(qa: VerifiedQA) -> str:
    return question_key(qa.pair.question)


def check_limited_engine(config: PipelineConfig, options: PipelineOptions) -> None:
    """Check that a run with limits runs where its counts are known.

    Raises:
        ValueError: its workers are processes elsewhere, of which each knows its own counts only.
    """
    if limits_of(config) is None:
        return
    name = "--target_accepted" if config.target_accepted else "--max_cost"
    mode = options.view_as(DirectOptions).direct_running_mode
    if not runs_here(options) or (is_local(options) and mode == "multi_processing"):
        raise ValueError(
            f"{name} needs all stages in this process, and {runner_name(options)} runs them in others, of which none knows what "
            "the others have done; leave --runner out, or give --runner=PrismRunner"
        )


class Limited:
    """Puts the brake into this process's runtime while a run goes on; a context manager, its brake None without limits."""

    def __init__(self, config: PipelineConfig) -> None:
        self._limits = limits_of(config)
        self.brake: Brake | None = None

    def __enter__(self) -> "Limited":
        if self._limits is not None:
            self.brake = get_runtime().limit(self._limits)
            WATCHERS.append(self.brake.saw)
        return self

    def __exit__(self, *_: object) -> None:
        if self.brake is not None:
            WATCHERS.remove(self.brake.saw)


def stop_figures(brake: Brake | None) -> dict[str, Any]:
    """What the summary says of a run that a limit stopped; nothing of any other."""
    if brake is None or not brake.stopped:
        return {}
    return {"stopped": brake.stopped, "counted": brake.counted}


def stop_line(summary: Mapping[str, Any], config: PipelineConfig) -> str:
    """What a person reads of a run that a limit stopped; "" of any other."""
    reason = summary.get("stopped")
    if not reason:
        return ""
    documents, tasks = summary["documents"], summary["tasks"]
    left = f"{documents.get('not_started', 0):,} documents were not started"
    if unfinished := tasks.get("unfinished", 0) + documents.get("unfinished", 0):
        left += f", {unfinished:,} documents and tasks left unfinished"
    reached = {
        TARGET: f"--target_accepted {config.target_accepted:,} was reached",
        COST: f"--max_cost {config.max_cost:g} was reached",
    }
    more = {TARGET: f" --target_accepted {2 * config.target_accepted}", COST: f" --max_cost {2 * config.max_cost:g}"}
    return f"stopped: {reached[reason]}, {left}; --resume with more goes on, as in --resume{more[reason]}"
