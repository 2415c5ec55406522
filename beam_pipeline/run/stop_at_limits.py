"""Limits of a run: so many accepted pairs, so much money; what goes with them, and what the run says that one stopped."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions

from beam_pipeline.engines.runners import is_local, runner_name, runs_here
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.limits import limits_of
from beam_pipeline.review.stopped import STOP_AFTER
from beam_pipeline.run.low_yield import low_yield_line
from beam_pipeline.run.reviewed import review_line
from transforms.flow.outcome import WATCHERS
from transforms.inference.runtime import get_runtime
from transforms.inference.scheduling.budget import COST, TARGET, Admission, Limits
from transforms.inference.scheduling.min_yield import OPTION, LowYield


def check_limited_engine(config: PipelineConfig, options: PipelineOptions) -> None:
    """Raise ValueError where a run with limits has workers elsewhere, of which each knows its own counts only."""
    if limits_of(config) is None:
        return
    name = "--target_accepted" if config.target_accepted else "--max_cost"
    mode = options.view_as(DirectOptions).direct_running_mode
    if not runs_here(options) or (is_local(options) and mode == "multi_processing"):
        raise ValueError(
            f"{name} needs all stages in this process, and {runner_name(options)} runs them in others, of which none knows what "
            "the others have done; leave --runner out, or give --runner=PrismRunner"
        )


@contextmanager
def limited(limits: Limits | None) -> Iterator[Admission | None]:
    """Put the limits into this process's runtime while a run goes on; None without limits."""
    if limits is None:
        yield None
        return
    admission = get_runtime().limit(limits)
    WATCHERS.append(admission.saw)
    try:
        yield admission
    finally:
        WATCHERS.remove(admission.saw)


def stop_line(summary: Mapping[str, Any], config: PipelineConfig) -> str:
    """What a person reads of a run that a limit stopped; "" of any other."""
    reason = summary.get("stopped")
    if not reason:
        return ""
    if reason == STOP_AFTER:
        return review_line(summary, config.output)
    documents, tasks = summary["documents"], summary["tasks"]
    left = f"{documents.get('not_started', 0):,} documents were not started"
    if unfinished := tasks.get("unfinished", 0) + documents.get("unfinished", 0):
        left += f", {unfinished:,} documents and tasks left unfinished"
    if reason == OPTION:
        low = LowYield(**summary[OPTION])
        return f"{low_yield_line(low, config.min_stage_yield)}; {left}; --resume goes on, with --{OPTION} 0 whatever passes"
    option, limit, more = {
        TARGET: ("--target_accepted", f"{config.target_accepted:,}", f"{2 * config.target_accepted}"),
        COST: ("--max_cost", f"{config.max_cost:g}", f"{2 * config.max_cost:g}"),
    }[reason]
    return f"stopped: {option} {limit} was reached, {left}; --resume with more goes on, as in --resume {option} {more}"


def missed_line(summary: Mapping[str, Any], config: PipelineConfig) -> str:
    """What a person reads of a run that has fewer pairs than were wanted; "" of any other."""
    wanted, pairs = config.target_accepted, summary["pairs"]
    if not wanted or pairs >= wanted:
        return ""
    missed = f"--target_accepted {wanted:,} was not reached: {pairs:,} pairs"
    if summary.get("stopped") == TARGET:
        gone = max(0, summary.get("counted", 0) - pairs)
        more = wanted + max(1, math.ceil(wanted * gone / max(1, pairs)))
        return f"{missed}, as {gone:,} were taken out when all were compared; --resume --target_accepted {more} goes on"
    if summary.get("stopped"):
        return f"{missed} when the run was stopped"
    return f"{missed}, and no document is left; more --input goes on, with --resume and --other_input"
