import pytest

from transforms.reward.match_list import states_list
from transforms.reward.truth import Truth

COLOURS = Truth("red, green, blue", "list")
STAGES = Truth("egg \u2192 larva \u2192 adult", "list")


@pytest.mark.parametrize(
    "text",
    ["blue, red, green", "They are red, green and blue.", "- blue\n- red\n- green", "The colours are:\n1. red\n2. blue\n3. green",
     "Red, green and blue are the colours.", "It is made of red, green and blue."],
)  # fmt: skip
def test_the_same_items(text: str) -> None:
    assert states_list(text, COLOURS)


@pytest.mark.parametrize(
    "text",
    ["red, green", "red, green, blue, pink", "red or green or blue", "red, green, maybe blue", "colours such as red, green, blue",
     "red, red, blue", "- red\n- green\n- blue\n- pink", "not red, green, blue", "red green blue", ""],
)  # fmt: skip
def test_other_items(text: str) -> None:
    assert not states_list(text, COLOURS)


def test_order_counts_where_the_stored_answer_marks_it() -> None:
    assert states_list("egg, larva, adult", STAGES)
    assert states_list("1. egg\n2. larva\n3. adult", STAGES)
    assert states_list("egg, then larva, then adult", STAGES)
    assert not states_list("adult, larva, egg", STAGES)


def test_a_word_of_the_answer_is_no_hedge() -> None:
    assert states_list("sugar or honey, milk", Truth("milk, sugar or honey", "list"))
