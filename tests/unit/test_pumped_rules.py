"""Every public rule, pumped: none may take more than linear time in its text, and a pair is judged within 100 ms."""

import random
import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.pumping.measure import cost, find_slow
from tests.pumping.rules import KINDS, WORDS, hostile_pair, rules_of
from tests.pumping.texts import pumps_for_texts
from transforms.check import apply_check
from transforms.records import QAPair

# Most rules read no more of an answer than 150 to 1,000 characters; what is exponential shows in the shortest.
SIZES = {"documents": (4000,), "questions": (900,), "answers": (140, 900), "pairs": (140, 900), "replies": (140, 2000)}
# Seconds from which growth is measured. To make the patterns for an answer takes some 20 ms, however short the document.
NOISE_S = {"documents": 0.006, "questions": 0.006, "answers": 0.04, "pairs": 0.04, "replies": 0.03}
OTHERS = 2
PAIRS, PAIR_S = 25, 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_no_rule_is_worse_than_linear(kind: str) -> None:
    slow = []
    for rule in rules_of(kind):
        for pump in pumps_for_texts(random.Random(rule.name), OTHERS, WORDS):
            for size in SIZES[kind]:
                if found := find_slow(rule.name, rule.call, pump, size, NOISE_S[kind]):
                    slow.append(str(found))
    assert not slow, "\n".join(slow)


def test_a_pair_is_judged_in_time_whatever_it_says() -> None:
    """With the longest question, answer and document that are let pass, and two aliases; on a slow machine it may take longer."""
    draw, slowness, slow = random.Random(7), _slowness(), []
    for _ in range(PAIRS):
        make = hostile_pair(draw)
        if min(cost(partial(_judge, make), f"{number}") for number in range(3)) > PAIR_S * slowness:
            slow.append(make("").answer[:60])
    assert not slow


def _judge(make: Callable[[str], QAPair], text: str) -> object:
    """None has the same text as another, so that nothing is remembered."""
    return list(apply_check(make(text)))


def _slowness() -> float:
    """How often this machine takes as long as the one on which the bound was measured; at least 1."""
    least = 1.0
    for _ in range(5):
        started = time.thread_time()
        sum(number * number % 7 for number in range(100_000))
        least = min(least, time.thread_time() - started)
    return max(1.0, least / 0.008)
