"""How many requests to have in flight by how many replies a server writes at once, told by the times of replies.

What is written at once is the share of time that is writing (`writing_speed`) of what is in flight. In flight is that, and about
half as much again that waits for it.
"""

import math

from transforms.inference.scheduling.writing_speed import REMEMBERED, WritingSpeed

# In flight is what is written, this many times, and besides the root of it so often: a server that reads prompts one after the
# other needs a line of them to be busy, and chance makes that long where few are written.
WAITING_ROOM, WAITING_ROOTS = 1.35, 1.5
# Changes of the limit that are worth it, and the most at once: up in large steps, since too few leave slots idle and too many do
# little harm; down in small ones, since the first replies wait for the reading of all that was begun with them.
SMALLEST_CHANGE, MOST_UP, MOST_DOWN = 0.05, 1.5, 1.1
# Replies after which the limit is looked at anew, and how much of what they say is believed: more of a rise that is plain.
JUDGED_BY, SMOOTHING, PLAIN_RISE, RISE_SMOOTHING = 64, 0.15, 1.5, 0.3


class Steering:
    """Says where a limit should go.

    Attributes:
        known: whether the times of replies have ever told how many are written at once.
    """

    def __init__(self) -> None:
        self.known = False
        self._speed = WritingSpeed()
        self._writing = 0.0  # how many replies are written at once; 0 is not known

    def add(self, stage: str, written: int, latency_s: float) -> None:
        """A reply of a stage, of so many tokens, took so long; 0 tokens say nothing."""
        self._speed.add(stage, written, latency_s)

    def enough(self, limit: int) -> bool:
        """Whether there are replies enough since the last look at a limit for another one."""
        return len(self._speed) >= max(JUDGED_BY, min(REMEMBERED, limit))

    def aim(self, limit: int, in_flight: float, may_rise: bool) -> float | None:
        """Where a limit should go, of which so many are in flight as a rule; None is to stay.

        Begins a new look: the replies until now are forgotten.
        """
        share = self._speed.share()
        if share is None:
            return None
        self.known = True
        self._speed.forget()
        writing = share * min(limit, in_flight)
        if not self._writing:
            self._writing = writing
        # The number and not the share: that swings with the limit.
        believed = RISE_SMOOTHING if writing > PLAIN_RISE * self._writing else SMOOTHING
        self._writing += (writing - self._writing) * believed
        aim = WAITING_ROOM * self._writing + WAITING_ROOTS * math.sqrt(self._writing)
        if not may_rise:
            aim = min(aim, limit)
        aim = max(limit / MOST_DOWN, min(MOST_UP * limit, aim))
        return aim if abs(aim - limit) >= SMALLEST_CHANGE * limit else None
