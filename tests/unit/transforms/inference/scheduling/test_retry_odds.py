"""Tries beyond the budget: while chance is what fails, and not the question."""

import random

from transforms.inference.scheduling.retry_odds import RetryOdds

ASKED = "m", "filter", "http_500"


def test_a_question_that_is_at_fault_is_not_tried_for_ever() -> None:
    odds = RetryOdds()
    assert odds.worth(*ASKED)
    for _ in range(2):
        odds.tried_again(*ASKED, good=False)
    assert not odds.worth(*ASKED)


def test_faults_by_chance_are_tried_again_and_again() -> None:
    odds, chance = RetryOdds(), random.Random(1)
    worth = []
    for _ in range(400):
        odds.tried_again(*ASKED, good=chance.random() > 0.3)
        worth.append(odds.worth(*ASKED))
    assert sum(worth) > 390
    assert odds.worth("m", "verify", "http_500")


def test_what_changes_is_noticed() -> None:
    odds = RetryOdds()
    for _ in range(200):
        odds.tried_again(*ASKED, good=True)
    for _ in range(60):
        odds.tried_again(*ASKED, good=False)
    assert not odds.worth(*ASKED)


def test_bad_luck_at_first_ends_no_question_once_another_has_passed() -> None:
    odds = RetryOdds()
    odds.tried_again(*ASKED, good=True)
    for _ in range(6):
        odds.tried_again(*ASKED, good=False)
    assert odds.worth(*ASKED)
    for _ in range(6):
        odds.tried_again(*ASKED, good=False)
    assert not odds.worth(*ASKED)
