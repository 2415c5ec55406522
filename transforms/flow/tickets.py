"""Tickets: how many elements of a group to keep, decided by hashes alone, the same in any order and on any machine."""

from collections.abc import Iterable

import apache_beam as beam
import numpy as np

EXACT = 65_536
"""Tickets of a group that are held one by one. Of a larger number to keep, up to 1/65,536 of the group may be missing."""

_BIN_BITS = np.uint64(47)


class Tickets:
    """Enough of a group's tickets to find the first that is left out: small, mergeable, the same in any order.

    `most` is the most that will be kept, None if that is not known yet. Held are as many of the smallest tickets,
    at most `EXACT`, and where more may be kept, how many tickets begin with the same 16 bits.
    """

    __slots__ = ("_bins", "_coarse", "_held", "_in_bin", "_pending", "_smallest", "count")

    def __init__(self, most: int | None = None) -> None:
        self.count = 0
        self._held = EXACT if most is None else min(most + 1, EXACT)
        self._coarse = most is None or most >= EXACT
        self._smallest: np.ndarray = np.zeros(0, np.uint64)
        self._bins: np.ndarray = np.zeros(0, np.uint64)
        self._in_bin: np.ndarray = np.zeros(0, np.int64)
        self._pending: list[int] = []

    def add(self, ticket: int) -> None:
        """Take one ticket, from 0 to 2**63 - 1."""
        self.count += 1
        self._pending.append(ticket)
        if len(self._pending) >= max(4096, self._held):
            self.settle()

    def merge(self, other: "Tickets") -> None:
        """Take all that another has taken."""
        other.settle()
        self.count += other.count
        self._take(other._smallest, other._bins, other._in_bin)

    def settle(self) -> None:
        """Bring what was taken into its small form."""
        if self._pending:
            tickets, self._pending = np.array(self._pending, np.uint64), []
            self._take(tickets, tickets >> _BIN_BITS, np.ones(len(tickets), np.int64))

    def _take(self, tickets: np.ndarray, bins: np.ndarray, in_bin: np.ndarray) -> None:
        self._smallest = np.sort(np.concatenate([self._smallest, tickets]))[: self._held].copy()
        if self._coarse:
            self._bins, place = np.unique(np.concatenate([self._bins, bins]), return_inverse=True)
            self._in_bin = np.bincount(place, np.concatenate([self._in_bin, in_bin])).astype(np.int64)

    def first_left_out(self, kept: int) -> int | None:
        """The ticket below which there are `kept` tickets, or a few less; None if all are kept."""
        self.settle()
        if kept >= self.count:
            return None
        if kept < len(self._smallest):
            return int(self._smallest[kept])
        whole_bins = int(np.searchsorted(np.cumsum(self._in_bin), kept, side="right"))
        return max(int(self._bins[whole_bins]) << int(_BIN_BITS), int(self._smallest[-1]))


class TicketsFn(beam.CombineFn):
    """Gathers tickets (integers) into `Tickets`."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most

    def create_accumulator(self) -> Tickets:
        return Tickets(self._most)

    def add_input(self, tickets: Tickets, ticket: int) -> Tickets:
        tickets.add(ticket)
        return tickets

    def merge_accumulators(self, several: Iterable[Tickets]) -> Tickets:
        merged = Tickets(self._most)
        for tickets in several:
            merged.merge(tickets)
        return merged

    def compact(self, tickets: Tickets) -> Tickets:
        tickets.settle()
        return tickets

    def extract_output(self, tickets: Tickets) -> Tickets:
        return tickets
