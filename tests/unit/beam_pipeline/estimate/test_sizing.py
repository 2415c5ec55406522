"""Sizing: the arithmetic from an estimate to GPUs, hours and a price."""

import argparse
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.estimate.command import main as estimate
from beam_pipeline.estimate.extrapolate import Draws
from beam_pipeline.estimate.sizing import FLAGS, gpus_for, sized, sizing_notes, stage_table
from beam_pipeline.exit_codes import UNUSABLE

RATES = {"prefill_tokens_s": 10_000.0, "decode_tokens_s": 2_000.0}


def told(**flags: float) -> argparse.Namespace:
    return argparse.Namespace(**{**dict.fromkeys(flag[2:] for flag in FLAGS), **flags})


def whole(**changes: float) -> dict[str, Draws]:
    """A million texts of 1,000 uncached and 200 written tokens, and 1.5 pairs of each."""
    figures = {"texts": 1e6, "prompt_tokens": 4.2e9, "cached_tokens": 3.2e9, "completion_tokens": 2e8, "accepted_pairs": 1.5e6}
    return {name: Draws(number, number * np.array([0.9, 1.0, 1.1])) for name, number in {**figures, **changes}.items()}


def size(flags: argparse.Namespace, found: dict[str, Draws], hours: Draws | None = None) -> tuple[dict[str, float], str]:
    """The rows that sizing adds, and its notes."""
    found = {**found, "hours": hours} if hours else found
    rows = sized(flags, found)
    return {name: row.estimate for name, row in rows.items()}, "\n".join(sizing_notes(flags, {**found, **rows}))


def test_from_what_a_gpu_does_in_a_second() -> None:
    rows, notes = size(told(deadline_h=24, busy=1, gpu_hour=3, **RATES), whole())
    # 1,000 / 10,000 + 200 / 2,000 = 0.2 s; a million of them are 55.6 hours; 1.5 pairs a text.
    assert "(1,000 / 10,000 + 200 / 2,000) / 1 busy = 0.200 s" in notes
    expected = {"gpu_hours": 55.56, "gpus": 3, "gpu_cost": 166.67}
    assert rows == pytest.approx({**expected, "gpu_hours_a_million_pairs": 37.04, "gpu_cost_a_million_pairs": 111.11}, rel=1e-3)


def test_from_the_time_of_the_sample() -> None:
    hours = Draws(138.9, np.array([130.0, 140.0, 150.0]))
    rows, notes = size(told(deadline_h=24, pilot_gpus=2), whole(), hours)
    assert rows == pytest.approx({"gpu_hours": 277.8, "gpus": 12, "gpu_hours_a_million_pairs": 185.2}, rel=1e-3)
    assert "139 hours x 2 GPUs / 1,000,000 texts = 1.000 s" in notes
    rows, notes = size(told(deadline_h=24, pilot_gpus=2), whole())
    assert not rows and "nor are GPUs known" in notes


def test_nothing_is_sized_without_a_deadline() -> None:
    assert size(told(), whole()) == ({}, "")


def test_a_sample_without_pairs_has_no_price_of_a_pair() -> None:
    rows, notes = size(told(deadline_h=24, gpu_hour=3, **RATES), whole(accepted_pairs=0))
    assert set(rows) == {"gpu_hours", "gpus", "gpu_cost"}
    assert "never reached" in notes


@pytest.mark.parametrize(("cached", "says"), [(0, True), (1e9, False)])
def test_tokens_that_no_cache_held_are_pointed_out(cached: float, says: bool) -> None:
    assert ("no token was cached" in size(told(deadline_h=24, **RATES), whole(cached_tokens=cached))[1]) == says


def test_the_tokens_of_each_stage_and_of_all() -> None:
    calls = [("a", "filter", (1200, 400, 20)), ("a", "verify", (3000, 2800, 120)), ("b", "filter", (1200, 400, 20))]
    rows = {words[0]: words[1:] for line in stage_table(calls, 2) if (words := line.split())}
    assert rows["filter"] == ["1.00", "1,200", "400", "800", "20"]
    assert rows["verify"] == ["0.50", "1,500", "1,400", "100", "60"]
    assert rows["all"] == ["1.50", "2,700", "1,800", "900", "80"]


@given(st.floats(0, 1e9), st.floats(0.1, 1000))
def test_the_gpus_are_enough_and_one_less_is_not(gpu_hours: float, deadline_h: float) -> None:
    gpus, needed = float(gpus_for(np.array(gpu_hours), deadline_h)), gpu_hours / deadline_h
    assert gpus >= needed * (1 - 1e-6) - 1e-6
    assert gpus == 1 or gpus - 1 < needed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--deadline_h=24"], "--deadline_h: goes with --pilot_gpus, or"),
        (["--pilot_gpus=1"], "--pilot_gpus: goes with --deadline_h, and that with --pilot_gpus, or"),
        (["--gpu_hour=3"], "--gpu_hour: goes with --deadline_h, and that with --pilot_gpus, or"),
        (["--deadline_h=24", "--pilot_gpus=1", "--prefill_tokens_s=8", "--decode_tokens_s=2"], "goes with --pilot_gpus, or"),
        (["--deadline_h=24", "--prefill_tokens_s=8"], "goes with --pilot_gpus, or"),
        (["--deadline_h=24", "--pilot_gpus=0"], "--pilot_gpus 0: must be"),
        (["--deadline_h=nan", "--pilot_gpus=1"], "--deadline_h nan: must be"),
        (["--busy=2"], "1 at most"),
    ],
    ids=str,
)
def test_flags_that_say_nothing(arguments: list[str], says: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate(["--demo", "--input", str(tmp_path), "--output", str(tmp_path / "out"), *arguments]) == UNUSABLE
    [line] = capsys.readouterr().err.strip().splitlines()
    assert says in line
