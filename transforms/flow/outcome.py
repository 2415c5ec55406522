"""What every stage returns: what passed, what was rejected, and what failed, counted by reason."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.utils.windowed_value import WindowedValue

import transforms.flow.coders  # noqa: F401  registers the coders of every record before any graph is built
from transforms.flow.heartbeat import WAKE, without_wakes
from transforms.records import NOT_STARTED, DeadLetter, Rejection

REJECTED = "rejected"
DEAD_LETTERS = "dead_letters"
PASSED = "passed"

# The same counts for a progress line: Beam's own cannot be read while the local runner runs.
LIVE: Counter[tuple[str, str]] = Counter()

# Who is told of every result of every stage in this process: stage, result. Called from the bundles' threads.
WATCHERS: list[Callable[[str, Any], None]] = []


class Outcome(NamedTuple):
    """The three outputs of a stage, each a PCollection.

    Attributes:
        passed: PCollection of the stage's own record type.
        rejected: PCollection[Rejection], verdicts with reasons.
        dead_letters: PCollection[DeadLetter], failures with what is needed to run them again.
    """

    passed: beam.PCollection
    rejected: beam.PCollection
    dead_letters: beam.PCollection


def count(stage: str, name: str, by: int = 1) -> None:
    """Add to a counter of a stage. Call from the bundle's own thread: others lose it silently."""
    LIVE[stage, name] += by
    counter(stage, name).inc(by)


@lru_cache(maxsize=1024)
def counter(stage: str, name: str) -> Any:
    return Metrics.counter(stage, name)


def tag_and_count(stage: str, results: Iterable[Any], last: bool = True) -> Iterator[Any]:
    """Send each result to its output by its type, and count it by stage and reason; what passes, in a stage's last step only."""
    for result in results:
        if not last and not isinstance(result, (Rejection, DeadLetter)):
            yield result
            continue
        for watch in WATCHERS:
            watch(stage, result)
        match result:
            case Rejection():
                count(stage, f"rejected/{result.reason}")
                yield beam.pvalue.TaggedOutput(REJECTED, result)
            case DeadLetter():
                count(stage, NOT_STARTED if result.error == NOT_STARTED else f"dead_letter/{result.error}")
                yield beam.pvalue.TaggedOutput(DEAD_LETTERS, result)
            case _:
                count(stage, PASSED)
                yield result


def as_of(windowed: WindowedValue, results: Iterable[Any]) -> Iterator[Any]:
    """Tagged results that come late, each with the timestamp and the windows of the element that it is about."""
    for result in results:
        if isinstance(result, beam.pvalue.TaggedOutput):
            yield beam.pvalue.TaggedOutput(result.tag, windowed.with_value(result.value))
        else:
            yield windowed.with_value(result)


def split_outputs(pardo: beam.ParDo, passed_type: type) -> Any:
    """Give a ParDo the three typed outputs of a stage; untyped, they would be pickled as Any."""
    typed = pardo.with_output_types(passed_type, rejected=Rejection, dead_letters=DeadLetter)
    return typed.with_outputs(REJECTED, DEAD_LETTERS, main=PASSED)


def as_outcome(outputs: Any) -> Outcome:
    """Name the outputs of `split_outputs`."""
    return Outcome(outputs[PASSED], outputs[REJECTED], outputs[DEAD_LETTERS])


def as_waking_outcome(outputs: Any) -> Outcome:
    """The same for a stage of the model block, whose main output has wakes in it."""
    return as_outcome(outputs)._replace(passed=without_wakes(outputs[PASSED]))


def in_a_row(first: Outcome, second: Outcome, labels: tuple[str, str] = ("FlattenRejected", "FlattenDeadLetters")) -> Outcome:
    """The outcome of two steps of one stage: what passed the second, and what either took out."""
    rejected, dead_letters = labels
    return Outcome(
        second.passed,
        (first.rejected, second.rejected) | rejected >> beam.Flatten(),
        (first.dead_letters, second.dead_letters) | dead_letters >> beam.Flatten(),
    )


class _ApplyFn(beam.DoFn):
    def __init__(self, stage: str, apply: Any, last: bool, label: str) -> None:
        self._stage = stage
        self._apply = apply
        self._last = last
        self._label = label

    def default_label(self) -> str:
        return self._label

    def process(self, element: Any, *side: Any) -> Iterator[Any]:
        if element is WAKE:
            yield element
        else:
            yield from tag_and_count(self._stage, self._apply(element, *side), self._last)


def apply_rules(stage: str, apply: Any, passed_type: type, *side: Any, last: bool = True, label: str = _ApplyFn.__name__) -> Any:
    """A ParDo over a plain function `record, side inputs -> iterator of records and rejections`; no model involved.

    Unless it is the `last` step of its stage, what passes is not counted. `label` is part of the labels of running streams.
    """
    return split_outputs(beam.ParDo(_ApplyFn(stage, apply, last, label), *side), passed_type)
