"""How far a run is, by its calls."""

import pytest

from beam_pipeline.run.how_far import WINDOW_S, Course, HowFar, calls_done_and_all, nearest, time_text
from transforms.inference.scheduling.budget import Step

STEPS = [Step("filter"), Step("classify", passes=3), Step("synthesize"), Step("check", calls=0), Step("verify")]


def results(**passed_of: tuple[int, int]) -> dict[tuple[str, str], int]:
    """Results by stage: passed, rejected."""
    found = {}
    for stage, (passed, rejected) in passed_of.items():
        found[stage, "passed"], found[stage, "rejected/x"] = passed, rejected
    return found


def test_nothing_is_known_before_the_input_is_read() -> None:
    assert calls_done_and_all(STEPS, {}, {}) == (0, 0)
    assert HowFar().course(1.0, 0, 0) == Course()


def test_at_first_what_is_assumed_counts() -> None:
    assert calls_done_and_all(STEPS, results(screen=(100, 9)), {}) == (0, 100 + 100 + 300 + 300)


def test_what_was_seen_counts_more_and_more() -> None:
    seen = results(screen=(1_000, 0), filter=(100, 100), classify=(200, 0), synthesize=(200, 0), check=(100, 100))
    answered = {"filter": 200, "classify": 100, "synthesize": 200, "verify": 100}
    done, every = calls_done_and_all(STEPS, seen, answered)
    assert done == 600
    assert every == pytest.approx(1_000 + 500 + 1_000 + 500, rel=0.03)


def test_at_the_end_all_is_done() -> None:
    seen = results(screen=(100, 0), filter=(50, 50), classify=(100, 0), synthesize=(90, 10), check=(60, 30), verify=(50, 10))
    done, every = calls_done_and_all(STEPS, seen, {"filter": 100, "classify": 50, "synthesize": 100, "verify": 60})
    assert done / every == pytest.approx(1, abs=0.03)


def test_several_verifiers_are_several_calls() -> None:
    seen = results(screen=(10, 0), verify=(5, 5))
    done, every = calls_done_and_all([Step("verify", calls=3)], seen, {"verify": 30})
    assert (done, every) == (30, 30)


def test_the_rate_is_that_of_the_last_minutes() -> None:
    far = HowFar()
    far.course(0.0, 0, 1_000)
    assert far.course(10.0, 500, 1_000) == Course(0.5, 10.0), "from the journal"
    for second in range(11, 11 + 2 * int(WINDOW_S)):
        course = far.course(float(second), 500 + (second - 10) / 10, 1_000)
    assert course.left_s == pytest.approx(4_400, rel=0.01), "one in ten seconds"


def test_the_end_that_comes_first_counts() -> None:
    assert nearest(Course(0.1, 100.0), Course(0.5, None), Course()) == Course(0.5, 100.0)
    assert nearest() == Course()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.0, "59 s"), (61.0, "1 min"), (3_599.0, "1 h 00 min"), (7_500.0, "2 h 05 min"), (200_000.0, "2 days")],
)
def test_a_time_in_words(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
