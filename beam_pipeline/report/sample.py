"""A sample of rows that shows the rare as well as the common: by strata, in one pass and bounded memory.

Every stratum (a reason, a domain) gets as many places as any other, as far as it has rows. Within one, rows are chosen by
a hash of what they are, so that the sample depends on the rows alone: not on their order, nor on how they lie in files.
"""

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Generic, TypeVar

from beam_pipeline.report.figures import OTHERS

T = TypeVar("T")


def level(sizes: Iterable[int], places: int) -> int:
    """How many of each stratum may stay at most, so that all together are no more than `places`; at least 1."""
    left, strata = places, sorted(sizes)
    for number, size in enumerate(strata):
        share = left // (len(strata) - number)
        if size > share:
            return max(1, share)
        left -= size
    return max(1, places)


class Sample(Generic[T]):
    """Chooses rows, at most `places` where there are no more strata than that."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._kept: dict[str, list[tuple[int, T]]] = {}
        self._bounds: dict[str, int] = {}  # the rank from which on a full stratum takes no more
        self._size = 0

    def offer(self, stratum: str, rank: int, make: Callable[[], T]) -> None:
        """Keep a row if its rank (a hash) is small enough for its stratum; `make` is called only then."""
        if stratum not in self._kept and len(self._kept) >= self.places:
            stratum = OTHERS
        if stratum in self._bounds and rank >= self._bounds[stratum]:
            return
        self._kept.setdefault(stratum, []).append((rank, make()))
        self._size += 1
        if self._size > 2 * self.places:
            self._trim()

    def rows(self) -> Iterator[T]:
        """What was chosen, stratum by stratum in the order of their names."""
        self._trim()
        for _, kept in sorted(self._kept.items()):
            yield from (row for _, row in kept)

    def _trim(self) -> None:
        # The level only sinks while rows come, so nothing goes that would be wanted at the end.
        most = level(map(len, self._kept.values()), self.places)
        for stratum, kept in self._kept.items():
            kept.sort(key=itemgetter(0))
            del kept[most:]
            if len(kept) == most:
                self._bounds[stratum] = kept[-1][0]
        self._size = sum(map(len, self._kept.values()))
