"""KeepBest: of elements that are the same, exactly or nearly, the best passes; the others are rejected and name it.

Input:    PCollection[T]
Output:   Outcome[T]

Fingerprints travel, elements do not. Each element sends small prints to the buckets where it may meet its like; a bucket
tells which of them lose to a better one; and only these losses meet the elements again. So an element is shuffled once,
and a worker holds no more than the prints of one bucket. Only keyed groups are used, so a streaming input is compared
within each window.

A key tells an element from all others and ranks it: of those that are the same the smallest is kept.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

import apache_beam as beam
from apache_beam.typehints import List, Tuple

from transforms.flow.outcome import Outcome, apply_rules, as_outcome
from transforms.records import reject

PRINTS = "prints"

Bucket = tuple[bytes, Any]  # where elements may meet, and a print: an element's key and what it shows there
Loss = tuple[str, Any]  # a reason, and the rank of the element that is kept
Joined = tuple[list[Any], list[Loss]]


@dataclass(frozen=True)
class KeepBest:
    """Which elements are the same, and what is said of those that lose.

    Attributes:
        stage: in whose name elements are rejected and counted.
        types: T, tuple[key, what is shown] of a print, tuple[reason, rank] of a loss.
        labels: of the steps that group prints, find losses and group elements.
        fingerprint: element -> its key, and its prints by bucket.
        find_losses: the prints of one bucket -> the keys of those that lose, each with its loss; the smallest is told.
        exact: the reason of an element whose key is that of another; "" lets all elements of one key pass.
        detail: what a rejection says of the element that is kept, with "{}" for its name.
        name: element -> its name in a rejection.
        name_of: rank -> the same.
        order: of elements with one key the smallest is kept; None keeps the first that comes.
    """

    stage: str
    types: tuple[type, Any, Any]
    labels: tuple[str, str, str]
    fingerprint: Callable[[Any], tuple[Any, Iterable[Bucket]]]
    find_losses: Callable[[tuple[bytes, Iterable[Any]]], Iterator[tuple[Any, Loss]]]
    exact: str
    detail: str
    name: Callable[[Any], str]
    name_of: Callable[[Any], str]
    order: Callable[[Any], Any] | None = None

    def among(self, elements: beam.PCollection) -> Outcome:
        """Add the steps to the graph. Not a transform, which would add a level to the labels of running streams."""
        (group, find, join), (element_type, print_type, loss_type) = self.labels, self.types
        key_type, _ = get_args(print_type)
        joined_type = Tuple[key_type, Tuple[List[element_type], List[loss_type]]]
        fingerprint = beam.ParDo(_FingerprintFn(self.fingerprint))
        typed = fingerprint.with_output_types(joined_type, **{PRINTS: Tuple[bytes, print_type]})
        keyed = elements | "Fingerprint" >> typed.with_outputs(PRINTS, main="keyed")
        losses = (
            keyed[PRINTS]
            | group >> beam.GroupByKey()
            | find >> beam.FlatMap(self.find_losses).with_output_types(Tuple[key_type, loss_type])
            | "KeyLosses" >> beam.Map(lambda loss: (loss[0], ([], [loss[1]]))).with_output_types(joined_type)
        )
        return as_outcome(
            (keyed.keyed, losses)
            | "FlattenVerdicts" >> beam.Flatten()
            | join >> beam.GroupByKey()
            | "Settle" >> apply_rules(self.stage, self.settle, element_type)
        )

    def settle(self, joined: tuple[Any, Iterable[Joined]]) -> Iterator[Any]:
        """One verdict for each element of one key: passed, or rejected for a better one.

        Elements of one key agree in all that tells elements apart; one of them stands for the others.
        """
        groups = list(joined[1])
        elements = [element for elements, _ in groups for element in elements]
        losses = [loss for _, losses in groups for loss in losses]
        if self.order:
            elements.sort(key=self.order)
        for index, element in enumerate(elements):
            if losses:
                reason, winner = min(losses)
                yield reject(self.stage, reason, element, self.detail.format(self.name_of(winner)))
            elif index and self.exact:
                yield reject(self.stage, self.exact, element, self.detail.format(self.name(elements[0])))
            else:
                yield element


class _FingerprintFn(beam.DoFn):
    """Keys each element, and sends its prints on their own way."""

    def __init__(self, fingerprint: Callable[[Any], tuple[Any, Iterable[Bucket]]]) -> None:
        self._fingerprint = fingerprint

    def process(self, element: Any) -> Iterator[Any]:
        key, buckets = self._fingerprint(element)
        yield key, ([element], [])
        for bucket in buckets:
            yield beam.pvalue.TaggedOutput(PRINTS, bucket)
