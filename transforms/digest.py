"""Digest: one number that stands for all items of a side input, by which a process knows what it has made of them already."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from transforms.shelf import add_digests


@dataclass
class DigestItems(beam.PTransform):
    """The digest of all items: PCollection of items with an int `digest` -> PCollection[int] of one, of none if there are none.

    Grouped and not combined: the local runner cannot combine what is in no window while it runs a stream.
    """

    def expand(self, items: beam.PCollection) -> beam.PCollection:
        return (
            items
            | "ItemDigest" >> beam.Map(_digest_of).with_output_types(tuple[int, int])
            | "GroupDigests" >> beam.GroupByKey()
            | "AddDigests" >> beam.MapTuple(_add_group).with_output_types(int)
        )


def _digest_of(item: Any) -> tuple[int, int]:
    return 0, item.digest


def _add_group(_: int, digests: Iterable[int]) -> int:
    return add_digests(digests)
