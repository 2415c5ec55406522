"""Sizing: the arithmetic from a pilot's summary to GPUs, hours and a price."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.sizing import Plan, main

FIGURES = ("calls", "prompt_tokens", "cached_tokens", "completion_tokens")


def stage(*figures: int, replayed: int = 0) -> dict[str, int]:
    return {**dict(zip(FIGURES, figures, strict=True)), "replayed": replayed}


def summary(**changes: Any) -> dict[str, Any]:
    """100 documents, 150 pairs: a document costs 1,000 uncached and 200 written tokens, and 0.5 s of the run."""
    tokens = {"filter": stage(100, 120_000, 40_000, 2_000), "verify": stage(150, 300_000, 280_000, 18_000)}
    total = {figure: sum(row[figure] for row in tokens.values()) for figure in FIGURES}
    embed = stage(5, 9_000, 0, 0)
    return {
        **{"documents": {"read": 100}, "pairs": 150, "seconds": 50.0, "tokens": {**tokens, "total": total, "embed": embed}},
        **changes,
    }


def sized(tmp_path: Path, content: Any, *arguments: str) -> int:
    path = tmp_path / "summary.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return main(["--summary", str(path), *arguments])


GOAL = ("--documents", "1000000", "--deadline_h", "24")
RATES = ("--prefill_tokens_s", "10000", "--decode_tokens_s", "2000")


def test_from_what_a_gpu_does_in_a_second(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sized(tmp_path, summary(), *GOAL, *RATES, "--busy", "1", "--gpu_hour", "3") == 0
    shown = capsys.readouterr().out
    # 1,000 / 10,000 + 200 / 2,000 = 0.2 s; a million of them are 55.6 hours; 1.5 pairs a document.
    assert "(1,000 / 10,000 + 200 / 2,000) / 1 busy = 0.200 s" in shown
    assert "1,000,000 x 0.200 s = 55.6 GPU hours" in shown
    assert "55.6 / 24 = 3 GPUs" in shown
    assert "= 1,500,000\n" in shown
    assert "1,000,000 / 1.50 x 0.200 s = 37.0 GPU hours" in shown
    assert "111.11; the corpus 166.67" in shown
    rows = {
        words[0]: words[1:] for line in shown.splitlines() if (words := line.split()) and words[0] in ("filter", "verify", "all")
    }
    assert rows == {
        "filter": ["1.00", "1,200", "400", "800", "20"],
        "verify": ["1.50", "3,000", "2,800", "200", "180"],
        "all": ["2.50", "4,200", "3,200", "1,000", "200"],
    }


def test_from_the_time_of_the_pilot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sized(tmp_path, summary(), *GOAL, "--pilot_gpus", "2") == 0
    shown = capsys.readouterr().out
    assert "50.0 s x 2 GPUs / 100 documents = 1.000 s" in shown
    assert "277.8 / 24 = 12 GPUs" in shown


def test_a_pilot_without_pairs_has_no_price(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sized(tmp_path, summary(pairs=0), *GOAL, *RATES, "--gpu_hour", "3") == 0
    assert "never: the pilot accepted none" in capsys.readouterr().out


def test_tokens_that_no_cache_held_are_pointed_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for cached, told in ((0, True), (280_000, False)):
        assert sized(tmp_path, summary(tokens={"verify": stage(150, 300_000, cached, 18_000)}), *GOAL, *RATES) == 0
        assert ("no token was cached" in capsys.readouterr().out) == told


@given(st.floats(1e-3, 1e3), st.integers(1, 10**9), st.floats(0.1, 1000))
def test_the_gpus_are_enough_and_one_less_is_not(gpu_s: float, documents: int, deadline_h: float) -> None:
    plan = Plan(gpu_s, documents, deadline_h)
    needed = plan.gpu_hours / deadline_h
    assert plan.gpus >= needed * (1 - 1e-6) - 1e-6
    assert plan.gpus == 1 or plan.gpus - 1 < needed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "error: --summary"),
        (summary(documents={"read": 0}), "no document that a model was asked about"),
        (summary(tokens={}), "no document that a model was asked about"),
        (summary(tokens={"filter": stage(1, 10, 0, 1, replayed=5)}), "is of a resumed run"),
        (summary(seconds=0), "does not say how long"),
        ("[]", "error: --summary"),
        ({"tokens": [1], "documents": 3}, "is no summary of a run"),
        (summary(documents={"read": 100, "not_started": 40}), "ended before all of its documents were asked about"),
    ],
)
def test_a_summary_that_says_nothing_is_refused_in_one_line(
    tmp_path: Path, content: Any, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sized(tmp_path, content, *GOAL, "--pilot_gpus", "1") == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--pilot_gpus", "1", *RATES),
        RATES[:2],
        ("--pilot_gpus", "0"),
        ("--busy", "2", *RATES),
        ("--decode_tokens_s", "nan", *RATES[:2]),
        ("--pilot_gpus", "one"),
        ("--busy", "much", *RATES),
    ],
)
def test_wrong_flags(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        sized(tmp_path, summary(), *GOAL, *arguments)
    assert caught.value.code == 2


def test_no_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--summary", str(tmp_path / "none.json"), *GOAL, *RATES]) == 2
    assert capsys.readouterr().err.startswith("error: --summary")
