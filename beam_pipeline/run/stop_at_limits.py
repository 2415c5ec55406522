"""Limits of a run: so many accepted pairs, so much money; what goes with them, and what the run says that one stopped."""

from collections.abc import Mapping
from typing import Any

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions

from beam_pipeline.engines.runners import is_local, runner_name, runs_here
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.limits import limits_of
from transforms.flow.outcome import WATCHERS
from transforms.inference.runtime import get_runtime
from transforms.inference.scheduling.budget import COST, TARGET, Admission, Limits


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
    """Limits what this process's runtime begins while a run goes on; a context manager, its `admission` None without limits."""

    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits
        self.admission: Admission | None = None

    def __enter__(self) -> "Limited":
        if self._limits is not None:
            self.admission = get_runtime().limit(self._limits)
            WATCHERS.append(self.admission.saw)
        return self

    def __exit__(self, *_: object) -> None:
        if self.admission is not None:
            WATCHERS.remove(self.admission.saw)


def stop_figures(admission: Admission | None) -> dict[str, Any]:
    """What the summary says of a run that a limit stopped; nothing of any other."""
    if admission is None or not admission.stopped:
        return {}
    return {"stopped": admission.stopped, "counted": admission.counted}


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
