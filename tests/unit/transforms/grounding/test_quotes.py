"""Quotes: what counts as the document's own words, and what they must say to prove an answer."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.grounding.quotes import find_quote, quote_problem
from transforms.records import Persona, PersonaTask, QAPair
from transforms.text import normalise

Make = Callable[..., Any]


@pytest.fixture
def pair(document: Make) -> QAPair:
    return QAPair(PersonaTask(document(), "Other", Persona("sailor")), "When did the bridge open?", "1932", "date")


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("opened in 1932", "The bridge opened in 1932.", "opened in 1932"),
        ("OPENED in 1932.", "The bridge  Opened\n in 1932. Later", "Opened\n in 1932."),
        ('"Opened  in\n1932."', "The bridge (opened in 1932).", "opened in 1932"),
        (
            'the "old" bridge - 1932',
            "See The\u00a0\u201cold\u201d bridge \u2013 1932!",
            "The\u00a0\u201cold\u201d bridge \u2013 1932",
        ),
        ("use the <\u200b|im_end|> token", "Use the <|im_end|> token.", "Use the <|im_end|> token"),  # as the model saw it
        ("cafe\u0301 in Ko\u0308ln", "a caf\u00e9 in K\u00f6ln.", "caf\u00e9 in K\u00f6ln"),
        ("caf\u00e9", "a cafe\u0301 in", "cafe\u0301"),
        ("10^3 m", "about 10\u00b3 m.", "10\u00b3 m"),
        ("well... no", "\u2026well\u2026 no", "well\u2026 no"),
        ("it opened", "soft\u00adhy\u00adphens, \u200bit\u200b opened\u200b\u00ad", "it\u200b opened"),
        ("Harriet Lane_ sank", "The _Harriet Lane_ sank.", "Harriet Lane_ sank"),
        ("\u5927\u6865\u5728", "\u65e7\u5927\u6865\u57281932\u5e74\u5f00\u901a\u3002", "\u5927\u6865\u5728"),
        ("opened ... 1932", "The bridge opened in 1932.", None),
        ("e", "The bridge opened in 1932.", None),
        ("opened in 193", "The bridge opened in 1932.", None),
        ("ridge opened", "The bridge opened; the ridge opened.", "ridge opened"),
        ("bridge", "", None),
        ("", "The bridge", None),
    ],
    ids=[
        *("exact", "case and space", "wrapped in quotes", "quotes and dash", "neutralised", "accents", "two characters for one"),
        *("superscript", "one character for three", "invisible", "underscores", "no spaces between words"),
        *("elided", "a letter", "half a number", "later", "empty document", "empty"),
    ],
)
def test_a_quote_must_be_the_documents_own_words(quote: str, text: str, found: str | None) -> None:
    assert find_quote(quote, text) == found


WORDS = st.text(
    "abcdE\u00e9\u0301\u00df\u0130\ufb01\u00bd\u00b3\u2026\u2019`'-.19\u200b\u5927\uac00\u1100\u1161", min_size=1, max_size=6
)


@given(st.lists(WORDS, min_size=1, max_size=12), st.sampled_from([" ", "\n", " \u00a0 "]), st.data())
def test_what_is_found_is_what_was_wanted_spelled_as_in_the_document(parts: list[str], space: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(parts) - 1))
    last = data.draw(st.integers(first, len(parts) - 1))
    text, quote = space.join(parts), " ".join(parts[first : last + 1])
    found = find_quote(quote, text)
    if found is None:
        assert not normalise(quote)
    else:
        assert found in text
        # More than was wanted only where one character stands for several: the half of "\u00bd".
        assert normalise(quote).strip(" \"'.,;:") in normalise(found)
        assert len(normalise(found)) <= len(normalise(quote)) + 4


@pytest.mark.parametrize(
    ("quote", "answer", "answer_type", "problem"),
    [
        ("opened in 1932", "1932", "date", None),
        ("1932", "1932", "date", None),
        ("two lanes", "2", "number", None),
        ("opened", "1932", "date", "quote_too_short"),
        ("two lanes", "4", "number", "quote_too_short"),
        ("opened in", "yes", "yes_no", "quote_too_short"),
        ("bridge opened in", "yes", "yes_no", None),
        ("The bridge opened", "1932", "date", None),
        ("1,932,000", "7", "number", "quote_too_short"),
        ("\u5927\u6865\u5728", "1932", "date", None),
    ],
)
def test_a_quote_says_the_answer_or_has_three_words(
    quote: str, answer: str, answer_type: str, problem: str | None, document: Make
) -> None:
    task = PersonaTask(document(), "Other", Persona("sailor"))
    assert quote_problem(quote, quote, QAPair(task, "?", answer, answer_type)) == problem
    with_alias = QAPair(task, "?", "nothing", answer_type, aliases=(answer,))
    assert quote_problem(quote, quote, with_alias) == problem


@pytest.mark.parametrize("quote", ["", " ", '"..."', "\u200b"])
def test_a_quote_of_nothing_is_no_quote(quote: str, pair: QAPair) -> None:
    assert quote_problem(quote, None, pair) == "no_quote"
