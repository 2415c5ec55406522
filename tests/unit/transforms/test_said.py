"""What is said to a person: no command of a terminal in it, and an end."""

import time

import pytest

from transforms.errors import one_line
from transforms.said import printable, said, said_name, said_names

HOSTILE = "\x1b[2J\x1b[31mred\x07\x9b1m\u202eback\u2066\ud800\r\x00"


@pytest.mark.parametrize(
    "character", ["\x1b", "\x07", "\r", "\n", "\x00", "\x9b", "\u202e", "\u2066", "\u200b", "\ud800", "\ue000", "\u2028"]
)
def test_what_a_terminal_takes_for_a_command_is_escaped(character: str) -> None:
    shown = printable(f"a{character}b")
    assert shown.isascii() and shown.startswith("a\\") and shown.endswith("b")


@pytest.mark.parametrize("text", ["plain", "Straße 東京 🎉", "a\u00a0b\u3000c", "می\u200cخواهم", "क्\u200dष"])
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


def test_some_characters_may_stay() -> None:
    assert printable("a\n\tb\x1b", "\n\t") == "a\n\tb\\x1b"


def test_a_text_becomes_one_line_with_an_end() -> None:
    assert said("a\tb\r\n c") == "a b c"
    assert said("x" * 100, 10) == "xxxxxxx..."
    assert said(HOSTILE).isprintable()
    assert len(said("\x07" * 10_000, 80)) == 80
    assert said(" " * 10_000 + "a", 80) == "..."
    assert said(None) == "None"


def test_the_length_costs_nothing() -> None:
    began = time.perf_counter()
    for text in ("m" * 50_000_000, "\x1b" * 50_000_000):
        assert len(said(text)) == 2_000
    assert time.perf_counter() - began < 1


def test_names_are_in_order_and_few() -> None:
    assert said_names(["b", "\x1ba"]) == "\\x1ba, b"
    assert said_names([f"m{number:02}" for number in range(25)], 3) == "m00, m01, m02 and 22 more"
    assert len(said_name("m" * 1_000_000)) == 100


def test_an_error_is_one_line_that_ends() -> None:
    assert one_line(ValueError(HOSTILE)).isprintable()
    assert len(one_line(ValueError("e" * 1_000_000))) == 2_000
    assert one_line(ValueError()) == "ValueError"
