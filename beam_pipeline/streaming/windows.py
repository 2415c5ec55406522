"""Windows of a stream: which window a document belongs to, and what is said to one that comes when it is closed.

A window closes when the watermark passes its end and the allowed lateness. It is written then, once and whole,
and what comes for it afterwards is late. To know that before anything is paid for, every element first goes
through a grouping that lets it out again at once and tells by its pane whether the watermark had passed: a
window of this gate ends where the window itself closes.

Behind the gate an element's timestamp is the last moment before its window closes. So it is never behind the
watermark, holds it back while its calls are under way, and can neither be dropped by a grouping after it was
paid for nor come out in a pane of its own: the counts of a window close when it does.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.transforms.trigger import AccumulationMode, AfterCount, AfterWatermark
from apache_beam.transforms.window import FixedWindows, IntervalWindow, TimestampedValue
from apache_beam.typehints.decorators import no_annotations
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import PaneInfoTiming

from beam_pipeline.reading.documents import STAGE
from beam_pipeline.reading.event_time import iso
from transforms.flow.outcome import count
from transforms.records import DeadLetter, Document, Rejection, reject
from transforms.text import stable_seed

LATE, _IN_TIME = "late", "in_time"

# Keys of the gate: as many workers may let elements through at a time, and each has one small state a window.
SHARDS = 32
# What belongs to a window that closed longer ago counts as this old at the gate. No source is further behind (Pub/Sub keeps a
# message for 31 days at most), so that it is late all the same, and the gate has to remember windows for so long and no longer.
_OLDEST_S = 31 * 86_400
_REMEMBERED_S = _OLDEST_S + 2 * 86_400
# What is late is accounted in the window of now. The clocks of two machines may differ by this much.
_CLOCKS_S = 5
# Beam's times are of microseconds: one just before a window may have become its first.
_ROUNDED_S = 1e-3


@dataclass(frozen=True, slots=True)
class Windows:
    """How a stream is cut."""

    size_s: float  # length of a window, aligned to the epoch
    lateness_s: float = 0.0  # how long after its end a window stays open

    def closing(self) -> beam.WindowInto:
        """Windows that give their content once, when they close."""
        return self._into(AfterWatermark())

    def gate(self) -> beam.WindowInto:
        """The windows of the gate, which lets everything through at once and drops nothing."""
        return self._into(AfterWatermark(early=AfterCount(1), late=AfterCount(1)), _REMEMBERED_S)

    def _into(self, trigger: AfterWatermark, lateness_s: int = 0) -> beam.WindowInto:
        """As Beam has it, a window ends where it closes."""
        return beam.WindowInto(
            FixedWindows(self.size_s, offset=self.lateness_s),
            trigger=trigger,
            accumulation_mode=AccumulationMode.DISCARDING,
            allowed_lateness=lateness_s,
        )

    def bounds(self, window: IntervalWindow) -> tuple[float, float]:
        """Start and end of a window in event time, seconds since the epoch."""
        return float(window.start) - self.lateness_s, float(window.end) - self.lateness_s


@dataclass
class AssignWindows(beam.PTransform):
    """Puts records of a type T into their windows: PCollection[T] -> (in time, late), two PCollection[T] in `Windows.closing`.

    What is late is put into the window of now. With `rejects` (of documents that say when they happened) it has become
    a Rejection "late" of stage "read"; without, it is T as before: what has no event time cannot miss it.
    """

    windows: Windows
    element_type: type
    rejects: bool = False

    @no_annotations
    def expand(self, elements: beam.PCollection) -> tuple[beam.PCollection, beam.PCollection]:
        stamped = beam.typehints.Tuple[int, beam.typehints.Tuple[self.element_type, float]]
        judge = beam.ParDo(_JudgeFn(), self.windows, self.rejects).with_output_types(
            self.element_type, late=Rejection if self.rejects else self.element_type
        )
        judged = (
            elements
            | "Stamp" >> beam.Map(_stamp, self.windows).with_output_types(stamped)
            | "GateWindow" >> self.windows.gate()
            | "Gate" >> beam.GroupByKey()
            | "Judge" >> judge.with_outputs(LATE, main=_IN_TIME)
        )
        return (
            judged[_IN_TIME] | "Window" >> self.windows.closing(),
            judged[LATE] | "WindowLate" >> self.windows.closing(),
        )


def _stamp(
    element: Document | Rejection | DeadLetter, windows: Windows, arrival: Any = beam.DoFn.TimestampParam
) -> TimestampedValue:
    """Give an element the time at which its window would close on it, and a key."""
    own = element.event_time if isinstance(element, Document) else None
    event_time = float(arrival) if own is None else own
    closing = max(event_time + windows.lateness_s, time.time() - _OLDEST_S)
    shard = stable_seed("gate", element.where) % SHARDS
    return TimestampedValue((shard, (element, event_time)), closing)


class _JudgeFn(beam.DoFn):
    def process(
        self,
        group: tuple[int, Iterable[tuple[Any, float]]],
        windows: Windows,
        rejects: bool,
        pane: Any = beam.DoFn.PaneInfoParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[Any]:
        late = pane.timing == PaneInfoTiming.LATE
        # A runner whose watermark waits for the end of a watch finds nothing late, but what only counts as less old is.
        begins = windows.bounds(window)[0] - _ROUNDED_S
        for element, event_time in group[1]:
            if not late and event_time >= begins:
                yield element
                continue
            if rejects:
                count(STAGE, f"rejected/{LATE}")
                start = event_time - event_time % windows.size_s
                closed = f"of {iso(event_time)}; the window from {iso(start)} to {iso(start + windows.size_s)} is closed"
                element = reject(STAGE, LATE, element, closed)
            now = Timestamp.of(time.time() + windows.lateness_s + _CLOCKS_S)
            yield beam.pvalue.TaggedOutput(LATE, TimestampedValue(element, now))
