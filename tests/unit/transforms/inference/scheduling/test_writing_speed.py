"""How much of the time on the wire a server writes, by how replies' times grow with their lengths."""

import random

import pytest

from transforms.inference.scheduling.writing_speed import ENOUGH, WritingSpeed

STAGES = {"classify": 120.0, "synthesize": 110.0, "verify": 85.0}


def replies(seconds_a_token: float, wait_s: float, count: int = 192, seed: int = 1, sigma: float = 0.5) -> WritingSpeed:
    """The replies of a server that writes so fast, after a wait of about so long."""
    speed, rng = WritingSpeed(), random.Random(seed)
    for number in range(count):
        stage = list(STAGES)[number % len(STAGES)]
        written = max(1, round(STAGES[stage] * rng.lognormvariate(0, sigma)))
        speed.add(stage, written, wait_s * rng.uniform(0.7, 1.3) + seconds_a_token * written)
    return speed


@pytest.mark.parametrize("wait_s", [0.0, 0.5, 2.0, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_share_is_what_the_wait_leaves(wait_s: float, seed: int) -> None:
    share = replies(1 / 60, wait_s, seed=seed).share()
    writing_s = sum(STAGES.values()) / 3 * 1.13 / 60
    assert share == pytest.approx(writing_s / (writing_s + wait_s), abs=0.12)


def test_nothing_is_said_by_a_few_replies() -> None:
    assert replies(1 / 60, 1.0, count=ENOUGH - 1).share() is None


def test_nothing_is_said_of_a_server_whose_times_have_nothing_to_do_with_lengths() -> None:
    speed, rng = WritingSpeed(), random.Random(3)
    for _ in range(192):
        speed.add("verify", rng.randrange(20, 200), rng.lognormvariate(0, 0.6))
    assert speed.share() is None


def test_nothing_is_said_where_lengths_are_not_told_or_all_the_same() -> None:
    silent, same = WritingSpeed(), WritingSpeed()
    for number in range(100):
        silent.add("verify", 0, 1.0 + number / 100)
        same.add("verify", 50, 1.0 + number / 100)
    assert silent.share() is None and same.share() is None


def test_a_speed_that_is_known_judges_times_that_say_nothing_of_it() -> None:
    """In a long line waits differ by more than what is written."""
    speed, rng = replies(1 / 60, 0.2), random.Random(4)
    assert speed.share() == pytest.approx(0.9, abs=0.12)
    speed.forget()
    for _ in range(100):
        speed.add("verify", round(85 * rng.lognormvariate(0, 0.5)), rng.uniform(5, 60))
    share = speed.share()
    assert share is not None and share < 0.15


def test_stages_whose_waits_differ_do_not_mislead() -> None:
    """Long replies that happen to wait long are not written slowly."""
    speed, rng = WritingSpeed(), random.Random(5)
    for _ in range(96):
        speed.add("filter", round(20 * rng.lognormvariate(0, 0.5)), 0.1 + 0.3)
        written = round(120 * rng.lognormvariate(0, 0.5))
        speed.add("classify", written, 6.0 + written / 60)
    share = speed.share()
    assert share is not None and share < 0.45
