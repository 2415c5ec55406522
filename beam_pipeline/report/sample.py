"""A sample of rows that shows the rare as well as the common: by strata, in one pass and bounded memory.

Every stratum (a reason, a domain) gets as many places as any other, as far as it has rows. Within one, rows are chosen by
a hash of what they are, so that the sample depends on the rows alone: not on their order, nor on how they lie in files.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
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
    """Chooses rows, at most `places` where there are no more strata than that. `seen` counts all, by stratum."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.seen: Counter[str] = Counter()
        self._kept: dict[str, list[tuple[int, T]]] = {}  # a heap for each stratum, what leaves first at its top
        self._most = places
        self._size = 0

    def offer(self, stratum: str, rank: int, make: Callable[[], T]) -> None:
        """Count a row, and keep it if its rank (a hash) is small enough for its stratum; `make` is called only then."""
        if stratum not in self._kept and len(self._kept) >= self.places:
            stratum = OTHERS
        self.seen[stratum] += 1
        kept = self._kept.setdefault(stratum, [])
        if len(kept) >= self._most:
            if -rank <= kept[0][0]:
                return
            heapq.heapreplace(kept, _Entry((-rank, make())))
            return
        heapq.heappush(kept, _Entry((-rank, make())))
        self._size += 1
        if self._size > 2 * self.places:
            self._trim()

    def rows(self) -> Iterator[T]:
        """What was chosen, stratum by stratum in the order of their names."""
        self._trim()
        for _, kept in sorted(self._kept.items()):
            yield from (row for _, row in sorted(kept, key=lambda entry: -entry[0]))

    def _trim(self) -> None:
        # The level only sinks while rows come, so nothing goes that would be wanted at the end.
        self._most = level(map(len, self._kept.values()), self.places)
        for kept in self._kept.values():
            while len(kept) > self._most:
                heapq.heappop(kept)
        self._size = sum(map(len, self._kept.values()))


class _Entry(tuple[int, T]):
    """Compared by rank alone: rows have no order."""

    def __lt__(self, other: "tuple[int, T]") -> bool:  # type: ignore[override]
        return bool(self[0] < other[0])
