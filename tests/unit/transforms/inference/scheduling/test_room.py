"""What an endpoint's prefix cache holds, learnt from what it had to read again."""

import math
import random
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.inference.client.chat import Length
from transforms.inference.scheduling.room import FIRST_ROOM, MISSES_THAT_COUNT, SILENT, Room, best_bound

TOKENS = 2_000
LENGTH = Length(document=4 * TOKENS, instructions=4_000, whole=4 * TOKENS + 4_400)
PROMPT = LENGTH.whole // 4
INSTRUCTIONS = LENGTH.instructions // 4


class Cache:
    """A least-recently-used cache of whole documents."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self._held: OrderedDict[str, None] = OrderedDict()

    def read(self, document_id: str) -> int:
        """The tokens of a prompt that it holds."""
        found = document_id in self._held
        self._held[document_id] = None
        self._held.move_to_end(document_id)
        while len(self._held) * TOKENS > self.tokens:
            self._held.popitem(last=False)
        return INSTRUCTIONS + (TOKENS if found else 0)


def call(room: Room, cache: Cache, document_id: str, now: float = 0.0) -> None:
    room.begin(document_id, LENGTH)
    sent = room.sent(document_id, LENGTH)
    room.replied(sent, PROMPT, cache.read(document_id), 0, now)
    room.ended(document_id, now, 1.0)


def admitted(room: Room, now: float = 100.0) -> int:
    """How many documents it lets begin beside each other."""
    for number in range(10_000):
        if not room.admits(LENGTH, lambda _: False, now):
            return number
        room.begin(f"admitted-{number}", LENGTH)
    return number


def test_at_first_the_room_is_small_and_holds_what_fits() -> None:
    assert admitted(Room()) == FIRST_ROOM // TOKENS


def test_one_document_is_always_let_in() -> None:
    assert Room(first=10).admits(LENGTH, lambda _: False, 0.0)


@pytest.mark.parametrize("holds", [60_000, 150_000, 400_000])
def test_it_comes_to_be_what_the_cache_holds(holds: int) -> None:
    room, cache, rng = Room(), Cache(holds), random.Random(1)
    under_way: list[str] = []
    for number in range(6_000):
        while room.admits(LENGTH, under_way.__contains__, number):
            under_way.append(f"d{number}-{len(under_way)}")
            call(room, cache, under_way[-1], number)
        call(room, cache, rng.choice(under_way), number)
        if number % 4 == 0:
            under_way.remove(rng.choice(under_way))
    assert 0.5 * holds < room.tokens < 1.6 * holds


def test_what_the_server_says_is_believed() -> None:
    room = Room()
    room.told(50_000)
    assert admitted(room) == 25


def test_a_server_that_names_no_cached_tokens_sets_no_bound() -> None:
    room = Room()
    for number in range(SILENT + 1):
        room.begin("d", LENGTH)
        room.replied(room.sent("d", LENGTH), PROMPT, 0, 0, number)
        room.ended("d", number, 1.0)
    assert room.unbounded


def test_misses_at_any_distance_set_no_bound() -> None:
    """A router in front that spreads the calls of a document over servers of its own."""
    room, rng = Room(), random.Random(2)
    for number in range(400):
        document = f"d{rng.randrange(20)}"
        room.begin(document, LENGTH)
        found = rng.random() < 0.25
        room.replied(room.sent(document, LENGTH), PROMPT, INSTRUCTIONS + (TOKENS if found else 0), 0, number)
        room.ended(document, number, 1.0)
    assert room.unbounded


def test_a_miss_or_two_are_chance() -> None:
    room, cache = Room(), Cache(10**9)
    for number in range(200):
        call(room, cache, f"d{number % 20}", number)
    before = room.tokens
    for _ in range(MISSES_THAT_COUNT - 1):
        room.begin("d0", LENGTH)
        room.replied(room.sent("d0", LENGTH), PROMPT, INSTRUCTIONS, 0, 300)
        room.ended("d0", 300, 1.0)
    assert room.tokens == before


def test_a_document_between_two_calls_still_takes_its_room() -> None:
    room, cache = Room(first=3 * TOKENS), Cache(10**9)
    for number in range(3):
        call(room, cache, f"d{number}", now=10.0)
    assert not room.admits(LENGTH, lambda _: False, 10.0)
    assert room.admits(LENGTH, lambda _: False, 11.0)


def test_a_document_that_waits_for_a_slot_takes_its_room() -> None:
    room, cache = Room(first=TOKENS), Cache(10**9)
    call(room, cache, "d", now=10.0)
    assert not room.admits(LENGTH, lambda document: document == "d", 20.0)


@given(st.lists(st.floats(0, 100), max_size=20), st.lists(st.floats(0, 100), max_size=20))
def test_no_bound_sorts_better_than_the_best(hits: list[float], misses: list[float]) -> None:
    def wrong(bound: float) -> int:
        return sum(hit > bound for hit in hits) + sum(miss <= bound for miss in misses)

    bound, found = best_bound(hits, misses)
    assert math.isfinite(bound)
    assert found == min(map(wrong, [-1.0, *hits, *misses])) or len(set(hits + misses)) < len(hits + misses)


def test_what_ended_is_forgotten() -> None:
    room, cache = Room(), Cache(10**9)
    for number in range(20_000):
        call(room, cache, f"d{number}", float(number))
        room.begin(f"e{number}", None)
        room.ended(f"e{number}", float(number), 1.0)
        room.let_go(lambda _: False, number + 0.9)
    assert room.documents(lambda _: False, 10**6) == 0
    assert max(len(kept) for kept in vars(room).values() if hasattr(kept, "__len__")) < 10_000
