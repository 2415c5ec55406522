"""A machine is lost half-way: the run ends by itself, and nothing is missing or twice."""

from pathlib import Path

import pytest

from beam_pipeline.exit_codes import OK
from tests.benchmarks.engines import lose_task_manager

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_task_manager_killed_half_way(
    engines: Path, documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = lose_task_manager(documents, tmp_path, engines)
    with capsys.disabled():
        print(f"\n{lost.text}")
    assert lost.code == OK, lost.errors
    assert lost.answered >= lost.calls / 2, "it had ended before the kill"
    assert lost.summary["balanced"]
    assert len(set(lost.ids)) == len(lost.ids), "rows that are there twice"
    assert sorted(lost.ids) == sorted(lost.undisturbed_ids)
    # Replies are written through as they come; what a worker learns of the other's may be seconds old.
    assert lost.asked_twice <= lost.in_flight + lost.answered / 10, "what had been answered was paid for again"
