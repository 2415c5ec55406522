"""FirstSeen: of elements with one key the first passes, for as long as it is remembered.

Input:    PCollection[T], in any windows
Output:   Outcome[T], in the same windows
Source:   Beam's `DeduplicatePerKey`, which drops what it has seen and cannot say what it repeats

What a stream has instead of grouping a whole input: nothing is held back, the first that comes is kept, and
state lives for a time only. State belongs to a key and a window, so elements pass through the global window;
they keep their timestamps, which put them back into their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.coders import StrUtf8Coder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.transforms.window import GlobalWindows
from apache_beam.typehints.decorators import no_annotations

from transforms.flow.outcome import Outcome, as_outcome, split_outputs, tag_and_count

Repeated = Callable[[Any, str], Iterator[Any]]


@dataclass
class FirstSeen(beam.PTransform):
    """Lets the first element of each key pass, and makes of each later one what `repeated` says.

    Attributes:
        stage: in whose name is counted.
        key: element -> what is the same for equal elements.
        name: element -> what is remembered of the first.
        repeated: (element, what is remembered of the first) -> rejections and dead letters, or nothing.
        element_type: T.
        ttl_s: seconds of the elements' time for which the first is remembered.
    """

    stage: str
    key: Callable[[Any], str]
    name: Callable[[Any], str]
    repeated: Repeated
    element_type: type
    ttl_s: float

    @no_annotations
    def expand(self, elements: beam.PCollection) -> Outcome:
        key, keyed = self.key, beam.typehints.Tuple[str, self.element_type]
        seen = as_outcome(
            elements
            | "IntoOneWindow" >> beam.WindowInto(GlobalWindows())
            | "KeyForState" >> beam.Map(lambda element: (key(element), element)).with_output_types(keyed)
            | "KeepFirst" >> split_outputs(beam.ParDo(_FirstSeenFn(self)), self.element_type)
        )
        back = elements.windowing
        return Outcome(
            seen.passed | "PassedBack" >> beam.WindowInto(back),
            seen.rejected | "RejectedBack" >> beam.WindowInto(back),
            seen.dead_letters | "DeadLettersBack" >> beam.WindowInto(back),
        )


class _FirstSeenFn(beam.DoFn):
    """The state's and timer's names are part of a running stream: a job that replaces it finds its memory by them."""

    FIRST = ReadModifyWriteStateSpec("first", StrUtf8Coder())
    FORGET = TimerSpec("forget", TimeDomain.WATERMARK)

    def __init__(self, spec: FirstSeen) -> None:
        self._spec = spec

    def process(
        self,
        keyed: tuple[str, Any],
        timestamp: Any = beam.DoFn.TimestampParam,
        first: Any = beam.DoFn.StateParam(FIRST),
        forget: Any = beam.DoFn.TimerParam(FORGET),
    ) -> Iterator[Any]:
        (_, element), spec = keyed, self._spec
        seen = first.read()
        if seen is None:
            first.write(spec.name(element))
            forget.set(timestamp + spec.ttl_s)
        yield from tag_and_count(spec.stage, [element] if seen is None else spec.repeated(element, seen))

    @on_timer(FORGET)
    def on_forget(self, first: Any = beam.DoFn.StateParam(FIRST)) -> None:
        first.clear()
