"""Statements: whether a few words commit themselves to the right answer, whatever its type, and to no other."""

from collections.abc import Callable

from transforms.reward.match_choice import contradicts_yes_no, states_option, states_yes_no
from transforms.reward.match_formula import states_code, states_expression
from transforms.reward.match_list import states_list
from transforms.reward.match_prose import contradicts_prose, states_prose
from transforms.reward.truth import Truth

_BY_TYPE: dict[str | None, Callable[[str, Truth], bool]] = {
    "list": states_list,
    "yes_no": states_yes_no,
    "option": states_option,
    "code": states_code,
    "expression": states_expression,
}


def states(text: str, truth: Truth) -> bool:
    """Whether a text, as it stands, says the right answer and offers no other."""
    asks = text.rstrip(" \n*_\"'`)").endswith("?") and not truth.answer.rstrip().endswith("?")
    return not asks and _BY_TYPE.get(truth.answer_type, states_prose)(text, truth)


def contradicts(sentence: str, truth: Truth) -> bool:
    """Whether a sentence gives another answer in so many words."""
    return (contradicts_yes_no if truth.answer_type == "yes_no" else contradicts_prose)(sentence, truth)
