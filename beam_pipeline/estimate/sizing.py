"""How many GPUs the whole needs by a deadline, and what a million pairs cost: more rows of an estimate's table.

`--pilot_gpus` says how many GPUs served the sample: its own time is the measure. Without such GPUs the time is computed
from what one of them reads and writes in a second.
"""

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from beam_pipeline.estimate.cost_per_text import CACHED, COMPLETION, HOURS, PAIRS, PROMPT, PaidCall
from beam_pipeline.estimate.extrapolate import Draws, combined
from beam_pipeline.options.values import OptionError

GPU_HOURS, GPUS, GPU_COST, A_MILLION = "gpu_hours", "gpus", "gpu_cost", "_a_million_pairs"
# How each figure is called in the table, and written.
ROWS: Mapping[str, tuple[str, str]] = {
    GPU_HOURS: ("GPU hours", ",.1f"),
    GPU_HOURS + A_MILLION: ("for a million pairs", ",.1f"),
    GPU_COST: ("price of GPU hours", ",.2f"),
    GPU_COST + A_MILLION: ("for a million pairs", ",.2f"),
    GPUS: ("GPUs by the deadline", ",.0f"),
}
# Share of the time that a GPU works: what the pipeline reaches (README, "How busy"), and a twentieth for starts and faults.
BUSY = 0.9
FLAGS = {
    "--deadline_h": "hours in which the whole must be done: says how many GPUs that takes",
    "--pilot_gpus": "GPUs that serve the sample: its own time is the measure",
    "--prefill_tokens_s": "without --pilot_gpus: uncached prompt tokens that one GPU reads in a second",
    "--decode_tokens_s": "and tokens that one GPU writes in a second, all slots together",
    "--busy": f"and the share of the time that a GPU works ({BUSY})",
    "--gpu_hour": "price of a GPU for an hour",
}


def check_flags(given: argparse.Namespace) -> None:
    """Check the values of `FLAGS`.

    Raises:
        OptionError: one is out of range, or they do not go together.
    """
    named = {flag: value for flag in FLAGS if (value := getattr(given, flag[2:])) is not None}
    for flag, value in named.items():
        if not 0 < value < math.inf or (flag == "--busy" and value > 1):
            raise OptionError(f"{flag} {value:g}: must be a number, more than 0{' and 1 at most' * (flag == '--busy')}")
    measures = [flag in named for flag in ("--pilot_gpus", "--prefill_tokens_s", "--decode_tokens_s")]
    if named and not ("--deadline_h" in named and measures in ([True, False, False], [False, True, True])):
        measure = "--pilot_gpus, or with --prefill_tokens_s and --decode_tokens_s"
        flag = next(iter(named))  # --deadline_h is the first where it is given
        raise OptionError(f"{flag}: goes with {'' if flag == '--deadline_h' else '--deadline_h, and that with '}{measure}")


def gpus_for(gpu_hours: np.ndarray, deadline_h: float) -> np.ndarray:
    """The GPUs that do so many hours of work by the deadline."""
    return np.maximum(1, np.ceil(np.round(gpu_hours / deadline_h, 9)))


def sized(given: argparse.Namespace, found: Mapping[str, Draws]) -> dict[str, Draws]:
    """The rows that sizing adds to an estimate; none without a deadline, or where its measure is not known."""
    if given.deadline_h is None or (given.pilot_gpus and HOURS not in found):
        return {}
    if given.pilot_gpus:
        work = combined(lambda hours: hours * given.pilot_gpus, found[HOURS])
    else:
        # As if a GPU never read and wrote at once.
        work = combined(
            lambda prompt, cached, written: (
                ((prompt - cached) / given.prefill_tokens_s + written / given.decode_tokens_s) / (given.busy or BUSY) / 3600
            ),
            *(found[name] for name in (PROMPT, CACHED, COMPLETION)),
        )
    rows = {GPU_HOURS: work, GPUS: combined(lambda hours: gpus_for(hours, given.deadline_h), work)}
    if found[PAIRS].estimate:
        rows[GPU_HOURS + A_MILLION] = combined(lambda hours_a_pair: 1e6 * hours_a_pair, work.over(found[PAIRS]))
    for name in [GPU_HOURS, GPU_HOURS + A_MILLION] if given.gpu_hour else []:
        if name in rows:
            rows[name.replace(GPU_HOURS, GPU_COST)] = combined(lambda hours: hours * given.gpu_hour, rows[name])
    return rows


def sizing_notes(given: argparse.Namespace, found: Mapping[str, Draws]) -> Iterator[str]:
    """How the GPU time was worked out, and what keeps it from being known."""
    if given.deadline_h is None:
        return
    if GPU_HOURS not in found:
        yield "nor are GPUs known: --prefill_tokens_s and --decode_tokens_s in place of --pilot_gpus tell them without hours"
        return
    texts = found["texts"].estimate
    if given.pilot_gpus:
        how = f"{found[HOURS].estimate:,.3g} hours x {given.pilot_gpus:g} GPUs / {texts:,.0f} texts"
    else:
        fresh, written = (found[PROMPT].estimate - found[CACHED].estimate) / texts, found[COMPLETION].estimate / texts
        rates = f"{fresh:,.0f} / {given.prefill_tokens_s:,.0f} + {written:,.0f} / {given.decode_tokens_s:,.0f}"
        how = f"({rates}) / {given.busy or BUSY:g} busy"
    yield f"GPU time a text: {how} = {found[GPU_HOURS].estimate * 3600 / texts:.3f} s"
    if GPU_HOURS + A_MILLION not in found:
        yield "a million pairs are never reached: none of the sample was accepted"
    if not found[CACHED].estimate:
        yield "no token was cached: the server has no prefix cache, or lacks --enable-prompt-tokens-details"


def stage_table(calls: Sequence[PaidCall], texts: int) -> Iterator[str]:
    """Calls and tokens a text of each stage in a sample of so many texts."""
    yield f"{'tokens a text':<20}{'calls':>8}{'prompt':>10}{'cached':>10}{'uncached':>10}{'output':>8}"
    stages = dict.fromkeys(stage for _, stage, _ in calls)
    for name in (*stages, "all"):
        tokens = np.array([paid for _, stage, paid in calls if name in (stage, "all")])
        prompt, cached, written = tokens.sum(axis=0) / texts
        yield f"{name:<20}{len(tokens) / texts:>8.2f}{prompt:>10,.0f}{cached:>10,.0f}{prompt - cached:>10,.0f}{written:>8,.0f}"
