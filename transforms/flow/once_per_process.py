"""What a process makes once of a side input, in a `BoundedCache` under the digest of all items: one number from `DigestItems`."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import apache_beam as beam


@dataclass
class DigestItems(beam.PTransform):
    """The digest of all items: PCollection of items with an int `digest` -> PCollection[int] of one, of none if there are none.

    Grouped and not combined: the local runner cannot combine what is in no window while it runs a stream.
    """

    def expand(self, items: beam.PCollection) -> beam.PCollection:
        return (
            items
            | "ItemDigest" >> beam.Map(lambda item: (0, item.digest)).with_output_types(tuple[int, int])
            | "GroupDigests" >> beam.GroupByKey()
            | "AddDigests" >> beam.MapTuple(lambda _, digests: sum(digests) % 2**63).with_output_types(int)
        )


Made = TypeVar("Made")


class BoundedCache(Generic[Made]):
    """Holds `most` made things by key; the first made goes first. Threads may share it, and one makes while others wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: dict[Hashable, Made] = {}
        self._making = threading.Lock()

    def take(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made for a key, or what `make` gives now."""
        made = self._made.get(key)
        if made is not None:
            return made
        with self._making:
            if key not in self._made:
                while len(self._made) >= self._most:
                    self._made.pop(next(iter(self._made)))
                self._made[key] = make()
            return self._made[key]
