"""Calls, tokens and seconds over all starts of a run."""

from typing import Any

from beam_pipeline.compare.figures import figures
from beam_pipeline.summary.all_starts import ALL_STARTS, add_starts, before_of


def start(calls: int, replayed: int, prompt: int, seconds: float, **more: Any) -> dict[str, Any]:
    total = {"calls": calls, "replayed": replayed, "prompt_tokens": prompt, "cached_tokens": 0, "completion_tokens": 1}
    return {"tokens": {"total": total, **more}, "seconds": seconds}


def test_each_start_adds_what_it_paid() -> None:
    first = start(10, 0, 100, 5.0)
    assert add_starts(first, {}) == {}
    second = start(12, 9, 30, 2.0, earlier={"calls": 9, "prompt_tokens": 90})
    second |= add_starts(second, before_of(first))  # one call of the first was paid, and its reply was bad
    assert second[ALL_STARTS] == {
        **{"calls": 13, "prompt_tokens": 130, "cached_tokens": 0, "completion_tokens": 2, "seconds": 7.0}
    }
    third = start(12, 12, 0, 1.0, earlier={"calls": 12, "prompt_tokens": 120})
    third |= add_starts(third, before_of(second))
    assert third[ALL_STARTS]["calls"] == 13 and third[ALL_STARTS]["seconds"] == 8.0


def test_of_a_start_that_was_killed_the_journal_tells() -> None:
    killed = start(12, 9, 30, 2.0, earlier={"calls": 9, "prompt_tokens": 90})
    assert add_starts(killed, {})[ALL_STARTS]["prompt_tokens"] == 120
    assert before_of({}) == {} and before_of({"tokens": None}) == {}


def test_a_comparison_takes_all_starts() -> None:
    resumed = start(12, 9, 30, 2.0, earlier={"calls": 9, "prompt_tokens": 90})
    resumed |= add_starts(resumed, before_of(start(10, 0, 100, 5.0)))
    rows = {row.name: row.second for row in figures(start(10, 0, 100, 5.0), resumed)}
    assert (rows["model calls"], rows["prompt tokens"], rows["seconds"]) == (13, 130, 7.0)
