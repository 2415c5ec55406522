"""The progress line: what a person at a terminal reads while a run goes on."""

import pytest

from beam_pipeline.run.progress import line
from transforms.inference.runtime import Snapshot


@pytest.mark.parametrize(("last_gate", "pairs"), [("verify", 9), ("verify_question", 7), ("round_trip", 5)])
def test_a_pair_counts_when_the_last_gate_let_it_pass(last_gate: str, pairs: int) -> None:
    counts = {("verify", "passed"): 9, ("verify_question", "passed"): 7, ("round_trip", "passed"): 5}
    assert f"| pairs {pairs} |" in line(Snapshot(), 0.0, counts, last_gate)
