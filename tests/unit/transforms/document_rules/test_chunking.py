import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.growth import assert_linear, repeated
from transforms.document_rules.chunking import cut_text, split_text
from transforms.text import count_tokens


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


PIECES = st.sampled_from(
    ["word", "a longer sentence ends here. ", "\n", "\n\n", " ", "\t", "x" * 40, "漢字", "12345", "?! ", "é", "\r\n"]
)
TEXTS = st.text(max_size=400) | st.lists(PIECES, max_size=300).map("".join)


@settings(deadline=None, max_examples=400)
@given(TEXTS, st.integers(2, 60), st.integers(0, 30))
def test_nothing_but_white_space_is_lost(text: str, most: int, least: int) -> None:
    least = min(least, most // 2)
    chunks = split_text(text, most, least)
    assert without_space("".join(chunks)) == without_space(text)
    assert all(chunk == chunk.strip() and chunk for chunk in chunks)
    position = 0
    for chunk in chunks:  # in order, and each in one piece
        position = text.index(chunk, position) + len(chunk)


@settings(deadline=None, max_examples=400)
@given(TEXTS, st.integers(2, 60), st.integers(0, 30))
def test_sizes(text: str, most: int, least: int) -> None:
    least = min(least, most // 2)
    chunks = split_text(text, most, least)
    sizes = [count_tokens(chunk) for chunk in chunks]
    assert all(size <= most + least for size in sizes)
    assert len(sizes) <= 1 or all(size >= least for size in sizes)


@settings(deadline=None)
@given(TEXTS, st.integers(2, 60))
def test_cut_is_the_beginning(text: str, most: int) -> None:
    cut = cut_text(text, most)
    assert text.strip().startswith(cut) and count_tokens(cut) <= most
    assert bool(cut) == bool(text.strip())


def paragraphs(count: int, words: int) -> str:
    return "\n\n".join(" ".join(f"w{n}x{k}" for k in range(words)) + "." for n in range(count))


def test_paragraphs_come_first() -> None:
    text = paragraphs(40, 20)
    chunks = split_text(text, 500, 50)
    assert len(chunks) > 1
    assert "\n\n".join(chunks) == text


def test_then_sentences() -> None:
    text = "The engine stopped twice that night. " * 200
    assert all(chunk.endswith(".") for chunk in split_text(text, 100, 10))


def test_then_words() -> None:
    chunks = split_text("word " * 500, 50, 10)
    assert all(set(chunk.split()) == {"word"} for chunk in chunks)


def test_then_anywhere() -> None:
    chunks = split_text("#" * 1000, 50, 10)
    assert "".join(chunks) == "#" * 1000 and all(len(chunk) <= 60 for chunk in chunks)


def test_chunks_are_about_equal() -> None:
    text = paragraphs(81, 20)
    sizes = [count_tokens(chunk) for chunk in split_text(text, count_tokens(text) * 99 // 100, 50)]
    assert len(sizes) == 2 and min(sizes) > 0.8 * max(sizes)


def test_short_text_is_one_chunk() -> None:
    assert split_text("  One line. ", 100, 50) == ["One line."]
    assert split_text(" \n ", 100) == []


@pytest.mark.parametrize("unit", ["The engine stopped twice that night. ", "x", ". ", "漢", "word\n", " \n", "f("])
def test_time_is_linear(unit: str) -> None:
    assert_linear(lambda text: split_text(text, 2000, 50), repeated(unit), 60_000, 960_000)
