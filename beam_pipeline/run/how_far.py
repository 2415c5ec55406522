"""How far a run is: what share of its calls is done, and how long the others will take.

What a stage will be given is foretold from what the stages before it let pass. The local runner reads and screens all
documents before the first is asked about, so their number is known from then on; a stream has none.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transforms.flow.outcome import PASSED
from transforms.inference.scheduling.budget import Step
from transforms.records import NOT_STARTED

# The rate is that of the last minutes: what the journal gave at the start went faster.
WINDOW_S = 300.0

# Results by (stage, what became of it), as `transforms.flow.outcome.LIVE` has them.
Results = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Course:
    """`done` is a share from 0 to 1, `left_s` seconds; None where nobody can know."""

    done: float | None = None
    left_s: float | None = None


NOWHERE = Course()


def judged(results: Results, stage: str) -> int:
    """How many results a stage gave, of any kind."""
    kinds = ("rejected/", "dead_letter/")
    return sum(
        n for (name, what), n in results.items() if name == stage and (what in (PASSED, NOT_STARTED) or what.startswith(kinds))
    )


def calls_done_and_all(steps: Sequence[Step], results: Results, answered: Mapping[str, int]) -> tuple[float, float]:
    """Calls that are answered, and all that the run will take.

    `steps` are the stages in order, `answered` the answers that came by stage. The first stage is given what the screen
    passed. A stage that has judged nothing is taken for what is assumed of it.
    """
    given = float(results.get(("screen", PASSED), 0))
    done = every = 0.0
    for step in steps:
        calls = answered.get(step.stage, 0)
        # One document makes several tasks: what ended there are the documents, and each takes one call.
        ended = calls if step.passes > 1 else judged(results, step.stage)
        each = calls / ended if calls and ended else float(step.calls)
        expected = max(given * each, float(calls))
        done, every = done + calls, every + expected
        given *= (results.get((step.stage, PASSED), 0) + step.passes) / (ended + 1)
    return done, every


class HowFar:
    """The course of one run; tell it again and again how far it is."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def course(self, now: float, done: float, every: float) -> Course:
        """Where a run is at a time, in seconds, with so much done of so much; 0 of 0 where that is not known."""
        if not every:
            return NOWHERE
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW_S:
            self._seen.popleft()
        began, before = self._seen[0]
        rate = (done - before) / (now - began) if now > began else 0.0
        left = max(0.0, every - done)
        return Course(min(1.0, done / every), left / rate if rate > 0 else None)


def nearest(*courses: Course) -> Course:
    """The course of the end that comes first: that of the input, of a goal, or of a budget."""
    done = [course.done for course in courses if course.done is not None]
    left = [course.left_s for course in courses if course.left_s is not None]
    return Course(max(done, default=None), min(left, default=None))


def time_text(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{round(hours / 24)} days"
