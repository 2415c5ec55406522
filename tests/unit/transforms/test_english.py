"""English: forms of one word, verbs, kin, spellings, numbers and sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.english.kinship import are_kin
from transforms.english.number_words import PARTS, SMALL_NUMBERS
from transforms.english.sentences import split_sentences
from transforms.english.spelling import one_spelling
from transforms.english.stems import singular, stem, stem_loosely
from transforms.english.verbs import is_verb


@given(st.text(max_size=20))
def test_any_word_has_a_stem(word: str) -> None:
    assert all(isinstance(form(word), str) for form in (singular, stem, stem_loosely, one_spelling))
    assert are_kin(word, word) and isinstance(is_verb(word), bool)


@pytest.mark.parametrize(
    "forms",
    [
        "discovers discovered discovering discoverer",
        "write wrote written writing",
        "city cities",
        "run runs running",
        "open opened",
    ],
)
def test_inflection_is_taken_off(forms: str) -> None:
    assert len(set(map(stem, forms.split()))) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("travels", "travelled"), ("colour", "colors"), ("analyzed", "analyse"), ("metre", "meters")]
)
def test_forms_of_one_word_in_two_spellings(one: str, other: str) -> None:
    assert stem_loosely(one_spelling(one)) == stem_loosely(one_spelling(other)) != stem_loosely("sodium")


@pytest.mark.parametrize(("one", "other"), [("oxidation", "oxidise"), ("stop", "stopping"), ("synthesis", "synthesize")])
def test_words_of_one_family(one: str, other: str) -> None:
    assert are_kin(one, other) and are_kin(other, one)
    assert not are_kin(one, "university") and not are_kin("universe", "university")


def test_verbs_are_known_in_their_forms() -> None:
    assert all(map(is_verb, ("produces", "carried", "used", "wrote", "released", "make")))
    assert not any(map(is_verb, ("dioxide", "agreement", "Hilton")))


def test_numbers_have_their_values() -> None:
    assert [SMALL_NUMBERS[word] for word in ("zero", "nineteen", "twenty", "ninety")] == [0, 19, 20, 90]
    assert [PARTS[word] for word in ("half", "halves", "thirds", "quarter", "fourths", "tenth")] == [2, 2, 3, 4, 4, 10]


def test_sentences_end_where_abbreviations_do_not() -> None:
    assert split_sentences('Dr. A. Smith left. "Really?" Yes; no.\nEnd') == [
        "Dr. A. Smith left.",
        '"Really?"',
        "Yes",
        "no.",
        "End",
    ]
