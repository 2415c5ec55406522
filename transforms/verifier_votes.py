"""Consensus: from what verifiers reply to one decision on a pair.

Each verifier is asked by itself and answers some of the CHECKS. Its vote is the first reason that it
has against the pair, or that it has none. A pair passes when enough verifiers would let it through;
a verifier that did not answer decides nothing, and where its vote could turn the decision there is none.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pydantic import BaseModel

from transforms.records import Stamp, Verdict


class Check(NamedTuple):
    """What a verifier is asked of a pair: the reply's field, its value in a good pair, the reason otherwise."""

    name: str
    field: str
    good: bool
    reason: str


# In this order: the first that fails is the reason.
CHECKS = (
    Check("correct", "correct", True, "incorrect"),
    Check("no_leak", "leaks", False, "leaks"),
    Check("self_contained", "self_contained", True, "not_self_contained"),
    Check("unambiguous", "unambiguous", True, "ambiguous"),
    Check("safe", "safe", True, "unsafe"),
)


@dataclass(frozen=True, slots=True)
class Vote:
    """One verifier's word on a pair: the reason against it ("" for none), and every verdict it gave.

    `verifier` is its number among those who were asked, from 1.
    """

    reason: str
    verdicts: tuple[Verdict, ...]
    stamp: Stamp
    verifier: int = 1


class Decision(NamedTuple):
    """What the votes come to: the reason for rejection, "" if the pair passes, every verdict, and who voted, each model once."""

    reason: str
    detail: str
    verdicts: tuple[Verdict, ...]
    stamps: tuple[Stamp, ...]


def vote(reply: BaseModel, stamp: Stamp, verifier: int = 1) -> Vote:
    """Read a reply: the checks that its type has, all of them as verdicts."""
    asked = [check for check in CHECKS if check.field in type(reply).model_fields]
    held = {check: getattr(reply, check.field) == check.good for check in asked}
    reason = next((check.reason for check in asked if not held[check]), "")
    return Vote(reason, tuple(Verdict(check.name, held[check], stamp) for check in asked), stamp, verifier)


def decide(votes: Sequence[Vote], asked: int = 1, agreement: str = "majority") -> Decision | None:
    """Decide on a pair for which `asked` verifiers were asked; None if those that are missing could turn it.

    The reason is the one that most verifiers gave, and of those the one that was given first. The verdicts of several
    verifiers are numbered, with what they came to at the end.
    """
    needed = asked if agreement == "all" else asked // 2 + 1
    against = Counter(vote.reason for vote in votes if vote.reason)
    passed, missing = len(votes) - against.total(), asked - len(votes)
    if passed < needed <= passed + missing:
        return None
    reason = "" if passed >= needed else against.most_common(1)[0][0]
    stamps = tuple(dict.fromkeys(vote.stamp for vote in votes))
    if asked == 1:
        return Decision(reason, "", votes[0].verdicts, stamps)
    numbered = [replace(verdict, verifier=vote.verifier) for vote in votes for verdict in vote.verdicts]
    came_to = f"{passed} for the pair, {against.total()} against it"
    came_to += f", {missing} of {asked} did not answer" if missing else ""
    said = ", ".join(f"{reason} ({number})" for reason, number in against.most_common())
    detail = f"{against.total()} of {asked} verifiers against it: {said}" if reason else ""
    return Decision(reason, detail, (*numbered, Verdict("consensus", not reason, None, came_to)), stamps)
