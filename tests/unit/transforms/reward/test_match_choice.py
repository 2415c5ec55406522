import pytest

from transforms.reward.match_choice import contradicts_yes_no, states_option, states_yes_no
from transforms.reward.truth import Truth

YES, NO = Truth("yes", "yes_no"), Truth("no", "yes_no")


@pytest.mark.parametrize(
    "text",
    [
        "Yes",
        "Yes, it does.",
        "True.",
        "So yes.",
        "Based on it, yes.",
        "The statement is true.",
        "Yes; they had no choice.",
        "It does.",
        "They were!",
    ],
)
def test_yes(text: str) -> None:
    assert states_yes_no(text, YES)
    assert not states_yes_no(text, NO)


@pytest.mark.parametrize(
    "text",
    ["No", "No, not at all.", "False", "The claim is not true.", "It failed. The answer is no.", "It does not.", "They can't."],
)
def test_no(text: str) -> None:
    assert states_yes_no(text, NO)
    assert not states_yes_no(text, YES)


@pytest.mark.parametrize(
    "text",
    ["Yes and no", "yes/no", "yes, or else no", "no one knows", "No idea.", "Perhaps yes.", "It depends, yes.", "yes\nno",
     "", "Is it yes?",
     "I cannot say yes.", "yes as well as no", "No, I cannot answer.", "It does not matter.",
     "It might.", "It does. It does not.", "\u00acyes"],
)  # fmt: skip
def test_neither(text: str) -> None:
    assert not states_yes_no(text, YES)
    assert not states_yes_no(text, NO)


def test_the_opposite_contradicts() -> None:
    assert contradicts_yes_no("No.", YES)
    assert not contradicts_yes_no("It rained.", YES)


@pytest.mark.parametrize(
    "text", ["B", "(B)", "b)", "B.", "Option B", "The answer is (B).", "B) malloc", "B: all of these", "B. Because A is worse."]
)
def test_the_letter(text: str) -> None:
    assert states_option(text, Truth("B", "option"))


@pytest.mark.parametrize(
    "text", ["A", "A or B", "B, C", "A) x B) y", "ABCD", "Vitamin B", "B++", "not B", "B is wrong.", "first B, then C", "Bee"]
)
def test_another_letter_or_several(text: str) -> None:
    assert not states_option(text, Truth("B", "option"))


def test_letter_and_words_must_agree() -> None:
    truth = Truth("(b) malloc", "option")
    assert all(states_option(text, truth) for text in ("b", "malloc", "B) malloc", "The answer is (b) malloc."))
    assert not any(states_option(text, truth) for text in ("(b) calloc", "(c) malloc", "malloc or calloc"))
    assert states_option("B) malloc", Truth("malloc", "option"))
