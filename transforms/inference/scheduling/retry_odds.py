"""Whether one more try of a question is worth it, by how tries after a failed one ended lately.

Faults that come by chance go away when asked again, and the budget of tries is for a question that itself is at fault: so
a question is tried beyond it while most of such tries, of whichever question, succeed.
"""

import math
from collections import defaultdict
from dataclasses import dataclass

# What is assumed before anything is seen: two that failed in the place of a third are enough to doubt it.
GOOD, BAD = 2.0, 1.0
LEAST_SHARE = 0.5
# One question that failed so and then was answered shows that chance is at work: early bad luck is doubted for longer. Not
# where each failure is a reply that is paid for.
GOOD_ONCE_PASSED = 6.0
PAID = ("ReplyInvalid", "ReplyTruncated")
# What weighs an outcome as soon as another comes: some fifty count.
KEPT = 0.98
# An endpoint that answered somebody so many seconds ago is neither down nor to be left alone for long.
ANSWERS_S = 5.0
# Times the budget at most.
TIMES_MORE = 4


@dataclass
class _Seen:
    good: float = GOOD
    bad: float = BAD
    passed: bool = False  # whether any try after such a fault ended well


class RetryOdds:
    """How tries after a failed one ended, by model and stage, and by the kind of the failure. For one event loop."""

    def __init__(self) -> None:
        self._seen: defaultdict[tuple[str, str, str], _Seen] = defaultdict(_Seen)
        self._answered: set[tuple[str, str]] = set()
        self._good_at: dict[str, float] = {}  # of each URL, the time of the last good answer

    def answered(self, model: str, stage: str) -> None:
        """Note that a question was answered well."""
        self._answered.add((model, stage))

    def good(self, url: str, now: float) -> None:
        """Note that an endpoint gave a good answer."""
        self._good_at[url] = now

    def answers(self, url: str, now: float) -> bool:
        """Whether an endpoint gave a good answer to somebody within the last moments."""
        return now - self._good_at.get(url, -math.inf) < ANSWERS_S

    def has_answered(self, url: str) -> bool:
        """Whether an endpoint gave a good answer to anybody."""
        return url in self._good_at

    def works(self, model: str, stage: str) -> bool:
        """Whether any question of a stage was answered well."""
        return (model, stage) in self._answered

    def tried_again(self, model: str, stage: str, fault: str, good: bool) -> None:
        """Note how a try ended that came after one with this fault."""
        seen = self._seen[model, stage, fault]
        seen.good = seen.good * KEPT + good
        seen.passed |= good
        seen.bad = seen.bad * KEPT + (not good)

    def worth(self, model: str, stage: str, fault: str) -> bool:
        """Whether most tries after such a fault end well."""
        seen = self._seen[model, stage, fault]
        good = seen.good + (GOOD_ONCE_PASSED if seen.passed and fault not in PAID else 0.0)
        return good >= LEAST_SHARE * (good + seen.bad)
