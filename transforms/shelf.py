"""Shelf: what a process makes once and every bundle uses, by what it is made of.

A runner decodes a side input again for each bundle that looks at it, and an index of a million benchmark items takes
longer to read than a bundle to judge. So a stage takes a digest of the items as one side input, which is a number, and
the items as another, which it goes through only where its process has nothing made of that digest yet.

Not Beam's `Shared`, which a DoFn's next copy would not find again.
"""

import threading
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Shelf(Generic[Made]):
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

    def clear(self) -> None:
        """Empty the shelf."""
        with self._making:
            self._made.clear()


def add_digests(digests: Iterable[int]) -> int:
    """The digest of all items: the same whatever parts they came in. As a combiner, one of parts of it."""
    return sum(digests) % 2**63
