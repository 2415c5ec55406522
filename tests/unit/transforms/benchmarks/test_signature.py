import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.benchmarks.signature import (
    KIND_BITS,
    MOST_CHARACTERS,
    RUN,
    VERSION,
    Kind,
    kinds_of,
    read_tokens,
    sign_answers,
    sign_item,
    sign_question,
    spell,
)
from transforms.text import stable_hash

DUCKS = "Janet’s ducks lay 16 eggs per day. She eats three of them and sells the rest for $2.50 an egg in Toulouse."


def kinds(question: str) -> list[Kind]:
    return [Kind(kind) for kind in kinds_of(sign_question(question)).tolist()]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("16 eggs and three more", [16, 3]),
        ("$80,000 and $1.50 and .5 hours", [80000, 1.5, 0.5]),
        ("twenty-five people, thirty two dogs", [25, 32]),
        ("1/4 pound, 1/10th of it, two-thirds, 2/0", [0.25, 0.1, 2 / 3, 2, 0]),
        ("three and a half hours", [3.5]),
        ("25% of them, 150 percent", [0.25, 1.5]),
        ("twice as many, triple, half of it, a quarter, two dozen", [2, 3, 0.5, 0.25, 2, 12]),
        ("3 million, five hundred, 2 hundred thousand", [3e6, 500, 200000]),
        ("60mph and 7:11", [60, 7, 11]),
        ("the fifth horse, one of them", [5]),
        (r"\frac{3}{4} of $1{,}200$", [0.75, 1200]),
    ],
)
def test_numbers_are_read_however_they_are_written(text: str, numbers: list[float]) -> None:
    assert [token for token in read_tokens(text) if isinstance(token, float)] == pytest.approx(numbers)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Sie isst jeden Morgen drei und verkauft fünf für 1.200 Euro, die Hälfte davon ist nicht für sie.", [3, 5, 1200, 0.5]),
        ("Elle en mange trois et elle les vend au prix de 2 $ pour ses amis, la moitié dans la rue.", [3, 2, 0.5]),
        ("¿Cuántos huevos come si come tres y vende cuatro, el doble de dos?", [3, 4, 2, 2]),
        ("Она ест три на завтрак и продаёт шестнадцать", [3, 16]),
        ("她每天吃 3 颗，卖 2万 颗", [3, 20000]),
        ("Once in a while six friends meet in Nine Elms", [6, 9]),  # "once" is eleven in Spanish
    ],
)
def test_number_words_of_other_languages(text: str, numbers: list[float]) -> None:
    assert [token for token in read_tokens(text) if isinstance(token, float)] == pytest.approx(numbers)


def test_words_lose_their_endings_and_function_words_go() -> None:
    assert read_tokens("eggs of the ducks") == read_tokens("egg, duck")
    assert read_tokens("colour") == read_tokens("color")
    assert read_tokens("鸭子蛋") == ["鸭子", "子蛋"]


def test_kinds() -> None:
    found = kinds(DUCKS)
    assert found.count(Kind.NAME) == 2, "Janet, though her name begins the sentence, and Toulouse"
    assert found.count(Kind.TINY) == 1 and found.count(Kind.ROUND) == 1 and found.count(Kind.NUMBER) == 1
    assert found.count(Kind.ORDER) == 2 and found.count(Kind.ROLE) == 3
    assert found.count(Kind.LANGUAGE) == 1
    assert Kind.NAME not in kinds(DUCKS.upper()), "capitals alone name nobody"
    assert Kind.SIDE in kinds("Which planet is the largest?")
    assert Kind.ASKED in kinds("When did the war end?")


def test_a_formula_is_a_number_of_its_own() -> None:
    one, other = (sign_question(f"Solve for $x$: $x^2 {sign} 4x = 12$").tolist() for sign in "+-")
    assert set(one) ^ set(other) and {feature & 15 for feature in set(one) ^ set(other)} == {Kind.NUMBER}
    assert Kind.NUMBER not in kinds("Add a 1/2 pound of it, or a 5-10 gram spoon")


def test_what_differs_only_in_dress_has_the_same_signature() -> None:
    assert np.array_equal(sign_question(DUCKS), sign_question(f"Question 3: {DUCKS.replace('three', '3').replace('’', chr(39))}"))


def test_answers() -> None:
    def told(extra: str) -> dict[int, Kind]:
        signed = sign_item("Why?", extra).tolist()
        return {f >> KIND_BITS: Kind(f & 15) for f in signed if f & 15 in (Kind.ANSWER, Kind.SOLE)}

    assert set(told("18").values()) == {Kind.SOLE} and set(told("18\n20\n22").values()) == {Kind.ANSWER}
    assert told("She sells 9 of them for $2, which is 9 * 2 = 18 a day\n#### 18") == told("18")
    for same in ("$18", "18 dollars", "18.0"):
        assert sign_answers([same]) == told("18").keys()
    assert not told("She sold nine eggs on Monday, drove home through heavy snow, then baked bread until Sunday evening")
    assert sign_answers(["vitamin C"]) != sign_answers(["vitamin D"])
    assert not sign_answers([""]) and not sign_answers(["???"])


def test_runs_are_hashed_for_packs_alone() -> None:
    question = " ".join(f"word{chr(97 + place)}" for place in range(15))
    assert {Kind.RUN, Kind.WHOLE}.isdisjoint(kinds_of(sign_item(question, "")).tolist())
    packed = kinds_of(sign_item(question, "", runs=True)).tolist()
    assert packed.count(Kind.RUN) == 15 - RUN + 1 and packed.count(Kind.WHOLE) == 1


def test_spelling_shows_what_was_shared() -> None:
    shared = set(sign_question("Tom ate 16 eggs, and Janet some of the ducks").tolist())
    assert spell("All ducks of Janet's laid 16 eggs this year", shared) == ["janet", "16", "ducks", "eggs"]


def test_the_rules_have_the_version_that_packs_are_marked_with() -> None:
    """Whoever changes what a feature hashes, or its kind, raises VERSION: packs of the old rules would find nothing."""
    text = f"{DUCKS} Two-thirds of x^2 + 4 = 12? Which is the largest? 她每天吃 3 颗"
    assert (VERSION, stable_hash(sign_item(text, "#### 18", runs=True).tobytes().hex())) == (1, "30df3afdf0b96f68")


@given(st.text(max_size=300))
def test_any_text_can_be_signed(text: str) -> None:
    signature = sign_item(text, text, runs=True)
    assert signature.dtype == np.uint64 and len(np.unique(signature)) == len(signature)


@pytest.mark.parametrize(
    "text", ["1 " * 50_000, "1/" * 50_000, "a+" * 50_000, "9" * 100_000, "A b " * 50_000, "'s" * 50_000, "鸭" * 50_000]
)
def test_long_and_odd_texts_are_cut(text: str) -> None:
    assert np.array_equal(sign_question(text), sign_question(text[:MOST_CHARACTERS]))
