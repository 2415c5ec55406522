"""Streams whose watermark a test moves, run in this process.

Times are seconds after `BASE`, a round time of the last hour: the gate compares event times with the clock.
"""

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_stream import TestStream
from apache_beam.transforms.window import TimestampedValue

BASE = time.time() // 3600 * 3600 - 3600

_SEEN: dict[int, list["Seen"]] = {}
_NUMBERS = itertools.count()


class Seen(NamedTuple):
    """One output as Beam holds it; the window's bounds in seconds after `BASE`."""

    element: Any
    window: tuple[float, float] | None
    pane: int


class At(NamedTuple):
    """Elements that come, each with its time; or, with none, a watermark that moves on. After it the clock moves on, too."""

    seconds: float
    elements: tuple[Any, ...] = ()
    clock_s: float = 0.0


class _SeeFn(beam.DoFn):
    def __init__(self, number: int) -> None:
        self._number = number

    def process(self, element: Any, window: Any = beam.DoFn.WindowParam, pane: Any = beam.DoFn.PaneInfoParam) -> None:
        bounds = (float(window.start) - BASE, float(window.end) - BASE) if hasattr(window, "start") else None
        _SEEN[self._number].append(Seen(element, bounds, pane.index))


def stream_of(events: Iterable[At], coder: Any = None) -> TestStream:
    """A stream: elements at the time they say, the watermark where an event without elements puts it."""
    stream = TestStream() if coder is None else TestStream(coder=coder)
    for event in events:
        if event.elements:
            stream.add_elements([TimestampedValue(element, BASE + event.seconds) for element in event.elements])
        else:
            stream.advance_watermark_to(BASE + event.seconds)
        if event.clock_s:
            stream.advance_processing_time(event.clock_s)
    return stream.advance_watermark_to_infinity()


def run_stream(events: Iterable[At], apply: Callable[[Any], Mapping[str, Any]], coder: Any = None) -> dict[str, list[Seen]]:
    """Run events through what `apply` makes of it: name -> PCollection; returns what was seen."""
    numbers: dict[str, int] = {}
    options = PipelineOptions(["--streaming", "--runner=BundleBasedDirectRunner"])
    pipeline = beam.Pipeline(options=options)
    for name, output in apply(pipeline | "Stream" >> stream_of(events, coder)).items():
        numbers[name] = next(_NUMBERS)
        _SEEN[numbers[name]] = []
        output | f"See{name}" >> beam.ParDo(_SeeFn(numbers[name]))
    pipeline.run().wait_until_finish()
    return {name: _SEEN.pop(number) for name, number in numbers.items()}
