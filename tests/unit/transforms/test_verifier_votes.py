"""Consensus: votes, and what they come to however many are missing."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from transforms.records import Stamp, Verdict
from transforms.verifier_votes import CHECKS, Vote, decide, vote

STAMP = Stamp("verify", "m", 1, "abc")
REASONS = [check.reason for check in CHECKS]
said = st.sampled_from(["", *REASONS])


def votes(*reasons: str) -> list[Vote]:
    return [Vote(reason, (), STAMP) for reason in reasons]


class TwoChecks(BaseModel):
    leaks: bool
    safe: bool


@pytest.mark.parametrize(
    ("leaks", "safe", "reason"), [(False, True, ""), (True, True, "leaks"), (False, False, "unsafe"), (True, False, "leaks")]
)
def test_a_vote_is_the_first_thing_that_is_wrong(leaks: bool, safe: bool, reason: str) -> None:
    given_vote = vote(TwoChecks(leaks=leaks, safe=safe), STAMP)
    assert given_vote.reason == reason
    assert given_vote.verdicts == (Verdict("no_leak", not leaks, STAMP), Verdict("safe", safe, STAMP))


@pytest.mark.parametrize(
    ("reasons", "asked", "agreement", "reason"),
    [
        ([""], 1, "majority", ""),
        (["leaks"], 1, "majority", "leaks"),
        (["", "", "leaks"], 3, "majority", ""),
        (["", "leaks"], 2, "majority", "leaks"),  # half is no majority
        (["", "", "leaks"], 3, "all", "leaks"),
        (["unsafe", "leaks", "leaks"], 3, "majority", "leaks"),
        (["unsafe", "leaks"], 2, "all", "unsafe"),
    ],
)
def test_what_votes_come_to(reasons: list[str], asked: int, agreement: str, reason: str) -> None:
    decision = decide(votes(*reasons), asked, agreement)
    assert decision is not None
    assert decision.reason == reason


@given(st.lists(said, min_size=1, max_size=4), st.integers(0, 3), st.sampled_from(["majority", "all"]))
def test_a_decision_is_the_one_that_all_would_have_made(reasons: list[str], missing: int, agreement: str) -> None:
    """And where there is none, the missing votes could have turned it either way."""
    asked = len(reasons) + missing
    early = decide(votes(*reasons), asked, agreement)
    endings = set()
    for rest in itertools.product(["", "leaks"], repeat=missing):
        late = decide(votes(*reasons, *rest), asked, agreement)
        assert late is not None
        endings.add(bool(late.reason))
    assert endings == ({True, False} if early is None else {bool(early.reason)})


def test_every_verdict_is_kept_and_every_verifier_named_once() -> None:
    other = Stamp("verify", "n", 1, "abc")
    given_votes = [vote(TwoChecks(leaks=False, safe=True), stamp, 1 + n) for n, stamp in enumerate((STAMP, other, STAMP))]
    decision = decide(given_votes, 4)
    assert decision is not None and decision.stamps == (STAMP, other)
    *verdicts, consensus = decision.verdicts
    assert [verdict.verifier for verdict in verdicts] == [1, 1, 2, 2, 3, 3]
    assert consensus == Verdict("consensus", True, None, "3 for the pair, 0 against it, 1 of 4 did not answer")


def test_the_verdicts_of_one_verifier_have_no_number() -> None:
    decision = decide([vote(TwoChecks(leaks=True, safe=True), STAMP)])
    assert decision is not None and decision.verdicts == (Verdict("no_leak", False, STAMP), Verdict("safe", True, STAMP))
