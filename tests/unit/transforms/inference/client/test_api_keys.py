"""Keys: where they come from, what is done about a new one, and that nobody sees them."""

import asyncio
import threading
import time

import pytest

from transforms.errors import FatalError
from transforms.inference.client import api_keys as keys
from transforms.inference.client.api_keys import NO_KEY, Key, KeyUnreadable, SentKey, resolve_key, without_key

SECRET = "secret:projects/p/secrets/s/versions/latest"


def test_an_environment_variable_holds_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "sk-sentinel-1\n")
    assert resolve_key("env:A_KEY") == "sk-sentinel-1"
    monkeypatch.delenv("A_KEY")
    assert resolve_key("env:A_KEY") == NO_KEY


@pytest.mark.parametrize("source", ["sk-sentinel", "file:/etc/key", "secret:s", "secret:projects/p/secrets/s"])
def test_what_is_no_source_is_said_so(source: str) -> None:
    with pytest.raises(KeyUnreadable, match="unknown key source"):
        resolve_key(source)
    assert issubclass(KeyUnreadable, FatalError)


@pytest.mark.parametrize("key", ["sk sentinel", "sk-sent\ninel", "sk-sentinël"])
def test_what_no_header_can_carry_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("A_KEY", key)
    with pytest.raises(KeyUnreadable) as caught:
        resolve_key("env:A_KEY")
    assert "sent" not in str(caught.value)
    assert "A_KEY" in str(caught.value)


def test_a_key_is_taken_out_of_a_text_and_a_stand_in_is_not() -> None:
    assert without_key("got Bearer sk-sentinel-1, sk-sentinel-1", "sk-sentinel-1") == "got Bearer [key], [key]"
    assert without_key("none of the EMPTY words", NO_KEY) == "none of the EMPTY words"
    assert without_key("none of the EMPTY words", "EMPTY") == "none of the EMPTY words"
    assert without_key("a text", "") == "a text"


def test_a_key_does_not_show_when_printed() -> None:
    assert "sentinel" not in repr(SentKey("sk-sentinel-1"))


class Source:
    """Stands in for `resolve_key`: slow, counts, and remembers on which threads."""

    def __init__(self, *values: str) -> None:
        self.values = list(values)
        self.readings = 0
        self.threads: set[int] = set()

    def __call__(self, _: str) -> str:
        time.sleep(0.05)
        self.readings += 1
        self.threads.add(threading.get_ident())
        return self.values[min(self.readings, len(self.values)) - 1]


def test_a_key_is_read_once_however_many_ask_and_the_loop_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("old")
    monkeypatch.setattr(keys, "resolve_key", source)

    async def ask() -> tuple[list[SentKey], int]:
        key, turns = Key(SECRET), 0
        asking = asyncio.gather(*(key.get() for _ in range(16)))
        while not asking.done():
            await asyncio.sleep(0.001)
            turns += 1
        return await asking, turns

    found, turns = asyncio.run(ask())
    assert {sent.value for sent in found} == {"old"}
    assert source.readings == 1
    assert turns > 1, "the loop stood still while the key was read"
    assert threading.get_ident() not in source.threads


def test_a_refused_key_is_read_again_once_and_all_get_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("old", "new")
    monkeypatch.setattr(keys, "resolve_key", source)

    async def ask() -> list[SentKey | None]:
        key = Key(SECRET)
        sent = await key.get()
        return await asyncio.gather(*(key.after_refusal(sent) for _ in range(16)))

    assert [sent and sent.value for sent in asyncio.run(ask())] == ["new"] * 16
    assert source.readings == 2


def test_a_refused_key_that_has_not_changed_is_read_again_once_and_later_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("old", "old", "new")
    monkeypatch.setattr(keys, "resolve_key", source)
    monkeypatch.setattr(keys, "LOOK_AGAIN_S", 0.2)

    async def ask() -> list[SentKey | None]:
        key = Key(SECRET)
        sent = await key.get()
        together = await asyncio.gather(*(key.after_refusal(sent) for _ in range(16)))
        await asyncio.sleep(0.2)
        return [*together, await key.after_refusal(await key.get())]

    *together, later = asyncio.run(ask())
    assert together == [None] * 16
    assert later is not None
    assert later.value == "new"
    assert source.readings == 3
