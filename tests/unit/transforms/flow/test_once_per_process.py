"""BoundedCache: made once for each key, by one thread, and no more kept than asked for."""

import threading
import time

from transforms.flow.once_per_process import BoundedCache


def test_what_was_made_is_taken_again() -> None:
    cache: BoundedCache[list[int]] = BoundedCache(2)
    made = cache.take(1, lambda: [1])
    assert cache.take(1, lambda: [2]) is made


def test_the_first_made_goes_first() -> None:
    cache: BoundedCache[str] = BoundedCache(2)
    for key in (1, 2, 3):
        cache.take(key, lambda: "old")
    assert [cache.take(key, lambda: "new") for key in (2, 3, 1)] == ["old", "old", "new"]


def test_an_empty_thing_is_made_once_too() -> None:
    calls: list[int] = []
    cache: BoundedCache[tuple[int, ...]] = BoundedCache(1)
    for _ in range(3):
        assert cache.take(0, lambda: (calls.append(1), ())[1]) == ()
    assert len(calls) == 1


def test_threads_that_ask_at_once_make_one() -> None:
    calls: list[int] = []
    cache: BoundedCache[str] = BoundedCache(1)

    def make() -> str:
        calls.append(1)
        time.sleep(0.05)
        return "made"

    threads = [threading.Thread(target=cache.take, args=(1, make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert calls == [1]
