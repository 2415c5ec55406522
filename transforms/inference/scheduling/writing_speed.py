"""How many requests a server is really writing replies to, by how the time of a reply grows with its length.

What a reply takes is a wait, the same for long and short ones, and the writing, which is in proportion to its tokens. A line in
front of the slots, or of the reading of prompts, makes the wait longer; a batch that grows makes each token slower. So the share
of the time that is writing tells the first without being misled by the second, at any load and from a few dozen replies. It
says nothing of a server whose replies take as long whatever their length.
"""

import statistics
from collections import deque

# Replies by which it is judged, and the fewest.
REMEMBERED, ENOUGH = 192, 40
# Share of the spread in times that lengths must explain, before the speed is believed.
EXPLAINED = 0.15
# Of the speed that was believed last, after a new one.
SMOOTHING = 0.5


class WritingSpeed:
    """Learns from replies to calls whose document the server knew; others wait for their own reading too."""

    def __init__(self) -> None:
        self._replies: deque[tuple[str, int, float]] = deque(maxlen=REMEMBERED)
        self._seconds_a_token = 0.0

    def __len__(self) -> int:
        return len(self._replies)

    def forget(self) -> None:
        """What comes now is of another load; how fast a token is written stays known."""
        self._replies.clear()

    def add(self, stage: str, written: int, latency_s: float) -> None:
        """A reply of a stage, of so many tokens, took so long."""
        if written > 0:
            self._replies.append((stage, written, latency_s))

    def share(self) -> float | None:
        """Share of the time on the wire in which replies were written, 0 to 1; None if that cannot be told."""
        if len(self._replies) < ENOUGH:
            return None
        if slope := self._slope():
            known = self._seconds_a_token
            self._seconds_a_token = slope if not known else known + (slope - known) * SMOOTHING
        if not self._seconds_a_token:
            return None
        _, lengths, times = zip(*self._replies, strict=True)
        return min(1.0, self._seconds_a_token * statistics.fmean(lengths) / statistics.fmean(times))

    def _slope(self) -> float:
        """Seconds a token, by the replies of each stage among themselves; 0 if their lengths explain too little of their times.

        Calls of one stage come in waves, and so do waits: between stages lengths and waits go together by chance.
        """
        stages: dict[str, list[tuple[int, float]]] = {}
        for stage, written, latency_s in self._replies:
            stages.setdefault(stage, []).append((written, latency_s))
        lengths: list[float] = []
        times: list[float] = []
        for replies in stages.values():
            length, time = (statistics.fmean(values) for values in zip(*replies, strict=True))
            lengths += (written - length for written, _ in replies)
            times += (latency_s - time for _, latency_s in replies)
        of_lengths, of_times = (sum(value * value for value in values) for values in (lengths, times))
        together = sum(length * time for length, time in zip(lengths, times, strict=True))
        if together <= 0 or together * together < EXPLAINED * of_lengths * of_times:
            return 0.0
        return together / of_lengths
