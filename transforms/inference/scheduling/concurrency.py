"""How many requests one endpoint should have in flight: found by itself, from a cold start.

Most servers tell by how the time of a reply grows with its length (`steering`): that settles the limit within some hundred
replies and needs no trying out. From then on it says how many documents are begun; the calls of those go out at once, up to
`most`.

Where lengths say nothing of times, work finished is compared. The first burst tells most: if the last requests of it take much
longer than the first, they waited in the server's own line, and how much longer says how many the server really works on. From
then on the limiter tries a higher and a lower limit now and then: higher stays if that finishes clearly more work a second,
lower if that finishes no less. Either way an endpoint that refuses (429, 503) or does not answer in time is cut back and
approached again step by step.

Work finished a second is `in flight / latency` (Little's law), compared stage by stage, so that a change in the mix of
stages is not mistaken for one of the endpoint. Medians, because the longest replies come last and say least. Where too
little work comes to fill the limit, what is in flight is measured instead of the limit.
"""

import math
import statistics
from collections import deque
from enum import Enum

from transforms.inference.scheduling.latency_samples import HEADROOM, SMALLEST_SAMPLE, Measurement, Ticket, read_burst
from transforms.inference.scheduling.overload import OverloadWindow
from transforms.inference.scheduling.steering import Steering

# The first burst is no larger than what it takes to read it; from there the limit grows as long as that finishes more.
INITIAL_LIMIT = 64
MAX_LIMIT = 2048
# vLLM's default of sequences at a time. A limiter that is told nothing else begins with as many.
USUAL_SLOTS = 256
# Requests whose latencies make one measurement, and the share of a round of them that must be back: a
# median needs half. The late ones count as long, so they must be as few where it takes several rounds.
SMALLEST_MEASUREMENT, LARGEST_MEASUREMENT = 96, 192
ENOUGH_BACK = 0.7
# Of the first burst nearly all: its last requests are what it is read by. Where fewer are in flight
# than the limit allows, one and a half rounds of them.
ENOUGH_BURST_BACK, ENOUGH_ROUNDS_BACK = 0.9, 1.5
# A burst is read by its quarters, so it takes so many at once; fewer say nothing about a line.
SMALLEST_BURST = 4 * SMALLEST_SAMPLE
STEP = 1.5
# Calls of documents under way go out at once, up to this much above the limit: it is documents that are held back. A document
# whose calls wait stays longer, others are begun in waves meanwhile, and its text is gone from the cache when they end.
BEYOND = 2.0
# The first burst finds no document in the cache, and a server that reads them one after the other has a line of those. Only
# where so few of it were worked on is it one for slots.
CLEAR_LINE = 0.5
# At first the limit doubles. The border is as far from no gain as from all that there can be.
RAMP_STEP, RAMP_GROWTH = 2.0, 1.4
# A step of 1.5 brings 1.5 times the work of an idle server and none of a busy one; the borders lie
# where chance (a tenth, one standard deviation) seldom reaches from either side.
GROWTH_THAT_COUNTS = 1.12
LOSS_THAT_COUNTS = 0.9
# With fewer in flight the line is short whatever the server, and a look below costs much of its work.
SMALLEST_LINE = 5
# Near the borders one measurement may be chance: look once more. To go on down at once takes no loss at all.
DOUBTFUL_GROWTH, DOUBTFUL_LOSS, NO_LOSS = (1.05, 1.25), (0.8, LOSS_THAT_COUNTS), 0.97
# A request measures a limit when so much of it is in use; less, and supply is what limits.
IN_USE = 0.9
# Requests over which the usual number in flight is averaged.
USUAL_OVER = 32
# Measurements at rest between two looks around: servers scale, mixes change. Longer where the look
# cost something and is likely to end the same: refusals above, idle slots below a supply that is short.
REST, REST_BEFORE_LOWER, LONG_REST = 8, 12, 32
# Of the limit, after a window of too many refusals.
BACK_OFF = 0.85
# Recovering needs no median, only a round of replies; after so many careful steps it is over.
SMALLEST_RECOVERY = 8
RECOVERY, RECOVERY_STEPS = 1.05, 4
# Share of the request timeout within which a reply should be back: the longest take twice the median.
PATIENCE = 0.5
# After a time-out, of what the endpoint answers within the timeout: all of it would be late half the time.
KEPT_AFTER_TIME_OUT = 0.7
# Replies over which the rate is taken while the first burst is read, one part in eight by chance.
RATE_OVER = 64
# Times of replies remembered: more than can be in flight, so that a full memory means "fast enough".
REMEMBERED_TIMES = 2 * MAX_LIMIT


def initial_limit(processes: int) -> int:
    """The first limit of a replica in one process: processes that begin together share a first burst."""
    return max(1, INITIAL_LIMIT // processes)


class Phase(Enum):
    FILLING = "filling"  # one more for each reply, up to what the server says that it works on
    BURST = "burst"  # reading the first burst
    STEADY = "steady"  # measuring at the limit
    HIGHER = "higher"  # measuring a step above it
    LOWER = "lower"  # measuring a step below it
    RECOVERING = "recovering"  # cut back; a little more for every measurement without overload


class Limiter:
    """The limit of one endpoint: `limit` now, and `base`, on which it settled and from which it looks around.

    Call from one thread; `now` is monotonic seconds. A request is given up when the server was silent for `timeout_s`.
    """

    def __init__(self, ceiling: int = MAX_LIMIT, timeout_s: float = math.inf, initial: int = USUAL_SLOTS) -> None:
        self.ceiling = ceiling
        self.timeout_s = timeout_s
        self.limit = self.base = self._aim = min(ceiling, initial)
        self.phase = Phase.BURST
        self._measurement = Measurement(self.limit)
        self._base_load = float(self.base)
        self._base_medians: dict[str, float] = {}
        self._told = 0  # what the server says that it works on; 0 if it does not say
        self._rested = 0
        self._look_higher = True
        self._ramping = True
        self._doubted = False
        self._steering = Steering()
        self._load = 0  # counts the changes of the limit
        self._in_flight = 0
        self._usual = float(self.limit)
        self._overload = OverloadWindow()
        # What the last cut left behind.
        self._cut_from = self._regain_to = self.limit
        self._steps = 0
        self._timed_out_at = -math.inf
        self._first_begun: float | None = None
        self._answered: deque[float] = deque(maxlen=REMEMBERED_TIMES)

    def told(self, slots: int) -> None:
        """The server says how many requests it works on at once, before any has come back.

        One more goes out for each reply: a slow server that reads so many prompts side by side has none done for minutes.
        """
        self._told, self._look_higher = min(self.ceiling, slots), True
        self._fill(1)

    def _fill(self, limit: int) -> None:
        self.base = self._told
        self._move(Phase.FILLING if limit < self.base else Phase.STEADY, min(limit, self.base))

    @property
    def most(self) -> int:
        """How many may be in flight: the limit while it is measured, more where the times of replies say what is written."""
        settled = self._steering.known and self.phase is Phase.STEADY
        return min(self.ceiling, int(BEYOND * self.limit)) if settled else int(self.limit)

    def begin(self, stage: str, in_flight: int) -> Ticket:
        """A request goes out, with `in_flight` others before it."""
        self._in_flight = in_flight + 1
        self._usual += (self._in_flight - self._usual) / USUAL_OVER
        measurement = self._measurement
        if measurement.full or not self._measures():
            return Ticket(stage, in_flight, None, load=self._load)
        measurement.begin(stage, in_flight)
        return Ticket(stage, in_flight, measurement, load=self._load)

    def completed(self, ticket: Ticket, now: float, latency_s: float, written: int = 0) -> None:
        """A request ended well after `latency_s` seconds on the wire.

        `written` are the tokens of its reply, if the server needed not read its document for it; else 0.
        """
        if self._first_begun is None:
            self._first_begun = now - latency_s
        self._answered.append(now)
        self._count(now, refused=False)
        if self.phase is Phase.FILLING:
            self._fill(self.limit + 1)
        if self.phase is Phase.HIGHER and self.limit < self._aim:
            self.limit += 1
        if ticket.load == self._load and not self._told:
            self._steering.add(ticket.stage, written, latency_s)
            if self._steering.enough(self.limit) and self.phase is not Phase.RECOVERING:
                self._steer(latency_s)
        measurement, ticket.measurement = ticket.measurement, None
        if measurement is None or measurement is not self._measurement:
            return
        ticket.latency_s = latency_s
        measurement.replies.append(ticket)
        if self.phase is Phase.BURST:
            self._pace(measurement, now)
        if self._enough(measurement):
            self._learn(measurement)

    def _steer(self, latency_s: float) -> None:
        """Go where the times of replies say. Not higher than is in use, or is in time."""
        may_rise = self._usual >= IN_USE * self.limit and latency_s * STEP <= PATIENCE * self.timeout_s
        aim = self._steering.aim(self.limit, self._usual, may_rise)
        if aim is None:
            return
        self.base = max(1, min(self.ceiling, round(aim)))
        self._move(Phase.STEADY, self.base)
        self._load += 1

    def ended(self, ticket: Ticket) -> None:
        """A request ended in whichever way; if not `completed`, it says nothing about the endpoint's speed."""
        self._in_flight -= 1
        if ticket.measurement is not None:
            ticket.measurement.begun[ticket.stage] -= 1
            ticket.measurement = None

    def refused(self, now: float) -> None:
        """The endpoint asked for less (429, 503)."""
        self._count(now, refused=True)

    def timed_out(self, now: float, latency_s: float) -> None:
        """No reply came within `latency_s` seconds: cut to what the endpoint answers in that time.

        One cut a span: what was begun before a cut says nothing about the limit after it. And none
        where the endpoint keeps up with what is in flight: then one request hung.
        """
        if now - latency_s < self._timed_out_at:
            return
        answered = sum(at > now - latency_s for at in self._answered)
        if answered >= self._in_flight:
            return
        self._timed_out_at = now
        most = self.base if self.phase is Phase.HIGHER else self.limit
        # Without a single reply it was out of order rather than slow: back at a quick pace once it answers.
        self._cut(min(most, int(answered * KEPT_AFTER_TIME_OUT)), 0.0 if answered else 1.0)

    def _measures(self) -> bool:
        """Whether the request that just went out says something about the limit: it found that in use, or as supply fills it.

        The first burst is read by all its ranks, and a recovery only asks whether replies come at all.
        """
        if self.phase in (Phase.BURST, Phase.RECOVERING):
            return True
        if self.phase is Phase.HIGHER and self.limit < self._aim:
            return False
        return IN_USE * min(self.limit, self._usual) <= self._in_flight <= self.limit

    def _enough(self, measurement: Measurement) -> bool:
        if self.phase is not Phase.BURST:
            still_out = (1 - ENOUGH_BACK) * min(measurement.size, self.limit, self._usual)
            return measurement.full and measurement.back >= measurement.size - still_out
        # Of a small burst all but a few: its last quarter must keep enough of them to be read by.
        still_out = min((1 - ENOUGH_BURST_BACK) * measurement.size, max(0, measurement.widest // 4 - SMALLEST_SAMPLE))
        return (measurement.full and measurement.back >= measurement.size - still_out) or (
            measurement.back >= max(SMALLEST_MEASUREMENT, ENOUGH_ROUNDS_BACK * measurement.widest)
        )

    def _pace(self, measurement: Measurement, now: float) -> None:
        """While the first burst is read, send no more than can be answered well before the timeout.

        The rate is low while the first replies are still being written, so what the server was seen
        to reach into is never held back: without a line, replies come from all over the burst.
        """
        if measurement.widest < SMALLEST_BURST or measurement.back < SMALLEST_SAMPLE or self._first_begun is None:
            return
        since = self._answered[-RATE_OVER - 1] if len(self._answered) > RATE_OVER else self._first_begun
        rate = min(len(self._answered), RATE_OVER) / max(now - since, 1e-9)
        can_be_answered = min(float(self.base), rate * PATIENCE * self.timeout_s)
        self.limit = min(self.base, max(int(can_be_answered), measurement.reach))

    def _count(self, now: float, refused: bool) -> None:
        if not self._overload.count(now, refused, self.limit):
            return
        if self.phase in (Phase.HIGHER, Phase.LOWER):  # below the base, the base has to show whether it is the load
            self._rest(look_higher=False, measurements=LONG_REST if self.phase is Phase.HIGHER else REST)
        else:
            self._cut(int(self.limit * BACK_OFF), 0.5)

    def _cut(self, limit: int, regain: float) -> None:
        """Go down, and remember from where; cuts without a clean step between them are one fall.

        Up to the share `regain` of where it fell from it may grow quickly again.
        """
        if self._told:
            self._fill(max(1, limit))  # it was away, or loads its model: it has said what it can do
            return
        if self.phase is not Phase.RECOVERING:
            self._cut_from = self.limit
        elif self._steps:
            self._cut_from = self.limit - 1  # too much again on the way back: stop short of it
        self._steps, self._regain_to = 0, int(regain * self._cut_from)
        self._move(Phase.RECOVERING, limit)

    def _learn(self, measurement: Measurement) -> None:
        if self._steering.known and self.phase is not Phase.RECOVERING:
            self._measurement = Measurement(measurement.size)
            return
        match self.phase:
            case Phase.FILLING:
                pass
            case Phase.BURST:
                self._learn_from_burst(measurement)
            case Phase.RECOVERING:
                self._recover(measurement)
            case Phase.STEADY:
                self._rested -= 1
                if measurement.load >= STEP * self._base_load:
                    self._rested, self._look_higher = 0, False  # supply has grown: the line may be long
                self._measured_base(measurement)
                self._look_around()
            case Phase.HIGHER:
                self._learn_from_higher(measurement)
            case Phase.LOWER:
                self._learn_from_lower(measurement)

    def _learn_from_burst(self, measurement: Measurement) -> None:
        short = measurement.widest < IN_USE * self.base
        if short and measurement.widest < SMALLEST_BURST:
            self._measurement = Measurement(self.base)  # no burst yet
            return
        enough = read_burst(measurement)
        if enough is None:
            enough = self.base
        if enough == math.inf and not short and self.base < USUAL_SLOTS:
            self.base = min(2 * self.base, USUAL_SLOTS, self.ceiling)  # no line, not even of documents to read
        elif enough < CLEAR_LINE * self.base:
            self._ramping = False
            self.base = int(max(1, enough))
        # Supply that plainly found no line is not to be held back soon for a look below it.
        self._rested = LONG_REST if short and enough == math.inf else 0
        self._look_higher = self._in_time(measurement)
        self._move(Phase.STEADY, self.base)

    def _learn_from_higher(self, measurement: Measurement) -> None:
        gain = self._gain(measurement)
        if self._ramping:
            self._ramping = gain >= RAMP_GROWTH and self._in_time(measurement) and self.limit < self.ceiling
            if self._ramping:
                self._measured_base(measurement)
                self._move(Phase.HIGHER, int(self.base * RAMP_STEP))
                return
        # A ceiling can make the step smaller, and with it what is to be expected of it.
        expected = (self.limit / self.base - 1) / (STEP - 1)
        if self._doubt((gain - 1) / expected + 1, DOUBTFUL_GROWTH):
            self._rest(look_higher=True, measurements=2)  # the first one still has the longer line behind it
        elif gain >= 1 + (GROWTH_THAT_COUNTS - 1) * expected:
            self._base_load = measurement.load
            self._move(Phase.STEADY, self.limit)  # and look further up
        else:
            if measurement.load >= IN_USE * self.limit:
                self.base = round(self.base * max(1.0, gain))
            self._rest(look_higher=False, measurements=REST_BEFORE_LOWER)

    def _learn_from_lower(self, measurement: Measurement) -> None:
        gain = self._gain(measurement)
        if self._doubt(gain, DOUBTFUL_LOSS):
            self._rest(look_higher=False, measurements=1)
            return
        if gain >= LOSS_THAT_COUNTS:
            settled = min(self.base, round(measurement.load * HEADROOM))
            self._measured_base(measurement)
            self.base = settled
            if gain >= NO_LOSS and measurement.load >= SMALLEST_LINE:
                self._move(Phase.LOWER, int(measurement.load / STEP))  # and look further down
            else:
                self._rest(look_higher=False, measurements=1)  # perhaps there is still a line
            return
        nothing_above = self._supply_is_short or self.base >= self.ceiling
        self._rest(look_higher=True, measurements=LONG_REST if nothing_above else REST)

    def _doubt(self, gain: float, doubtful: tuple[float, float]) -> bool:
        """Whether to look a second time before believing this gain; the second look decides."""
        self._doubted = not self._doubted and doubtful[0] <= gain < doubtful[1]
        return self._doubted

    def _recover(self, measurement: Measurement) -> None:
        """Grow again: quickly while far from where it was cut, then with care, then measure afresh."""
        self._steps += 1
        if self.limit < self._regain_to:
            self._move(Phase.RECOVERING, min(self._regain_to, 2 * self.limit))
        elif self._steps <= RECOVERY_STEPS and self.limit < self._cut_from and self._in_time(measurement):
            self._move(Phase.RECOVERING, min(self._cut_from, int(self.limit * RECOVERY) + 1))
        else:
            self.base, self._rested, self._look_higher = self.limit, 0, False
            self._move(Phase.STEADY, self.base)

    def _look_around(self) -> None:
        if self._rested > 0:
            self._move(Phase.STEADY, self.base)
        elif self._look_higher and self.limit < (self._told or self.ceiling) and not self._supply_is_short:
            self._move(Phase.HIGHER, max(self.base + 1, int(self.base * (RAMP_STEP if self._ramping else STEP))))
        elif self._base_load >= (SMALLEST_BURST if self._supply_is_short else SMALLEST_LINE):
            self._move(Phase.LOWER, int(self._base_load / STEP))
        else:
            self._look_higher = True
            self._move(Phase.STEADY, self.base)

    def _measured_base(self, measurement: Measurement) -> None:
        self.base, self._base_load, self._base_medians = self.limit, measurement.load, measurement.medians()

    def _rest(self, look_higher: bool, measurements: int = REST) -> None:
        """Stay at the base for a while, then look the other way."""
        self._look_higher, self._rested = look_higher, measurements
        self._move(Phase.STEADY, self.base)

    @property
    def _supply_is_short(self) -> bool:
        """Whether the base, when last measured, was more than came to be sent."""
        return self._base_load < IN_USE * self.base

    def _in_time(self, measurement: Measurement) -> bool:
        """Whether replies would still come well before the timeout if a step more only made the line longer."""
        return measurement.latency_s * STEP <= PATIENCE * self.timeout_s

    def _gain(self, measurement: Measurement) -> float:
        """Work a second in this measurement over that at the base.

        Not a number, which is neither more nor less than any border, if no stage can be compared.
        """
        medians = measurement.medians()
        ratios = [self._base_medians[stage] / medians[stage] for stage in medians if self._base_medians.get(stage)]
        return measurement.load / self._base_load * statistics.geometric_mean(ratios) if ratios else math.nan

    def _move(self, phase: Phase, limit: int) -> None:
        limit = max(1, min(self.ceiling, limit))
        if limit < self.limit:
            self._overload.open()  # what was refused before says nothing about less
        self.phase, self._aim = phase, limit
        if phase is Phase.HIGHER:
            self._usual = max(self._usual, limit)  # measure once it is in use, or plainly never will be
        self.limit = min(self.limit, limit) if phase is Phase.HIGHER else limit
        smallest = SMALLEST_MEASUREMENT
        if phase is Phase.RECOVERING:
            smallest = 1 if self.limit < self._regain_to else SMALLEST_RECOVERY
        self._measurement = Measurement(min(LARGEST_MEASUREMENT, max(smallest, limit)))
