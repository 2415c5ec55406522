"""Statements: whether a few words commit themselves to the right answer, whatever its type, and to no other."""

import re
from collections.abc import Callable

from transforms.languages.answering import YES_NO
from transforms.languages.values import english_values
from transforms.reward.match_choice import contradicts_yes_no, states_option, states_yes_no
from transforms.reward.match_elsewhere import denies_elsewhere, languages_of, states_elsewhere
from transforms.reward.match_formula import contradicts_expression, states_code, states_expression
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

_LETTERS = re.compile(r"\W{0,3}[A-H](?:\W{1,3}[A-H]){2,7}\W{0,3}")  # every option there is
_NEGATIVE = re.compile(r"[\s$(\[]{0,4}[-\u2212]\d")  # "-3x" is not "3x"; a dash before a line has a space behind it
_NUMBERS = re.compile(r"[\d\s.,;$+-]{1,100}", re.ASCII)


def states(text: str, truth: Truth) -> bool:
    """Whether a text, as it stands, says the right answer and offers no other."""
    asks = text.rstrip(" \n*_\"'`)").endswith("?") and not truth.answer.rstrip().endswith("?")
    if asks or _LETTERS.fullmatch(text):
        return False
    if truth.answer_type is None and not truth.is_value and "-" not in truth.answer and _NEGATIVE.match(text):
        return False
    if truth.answer_type == "yes_no" and (said := YES_NO.get(text.strip(" .!。！").lower())):
        return said == (YES_NO.get(truth.answer.strip(" .").lower()) or truth.answer.strip(" .").lower())
    if truth.is_value and truth.answer_type not in ("list", "expression"):
        text = english_values(text)
    if truth.answer_type not in ("list", "option", "code", "expression") and (codes := languages_of(text, truth)):
        return states_elsewhere(text, truth, codes)
    # Without a type "5,1" may be a decimal number or two of them.
    both = truth.answer_type is None and _NUMBERS.fullmatch(truth.answer)
    return _BY_TYPE.get(truth.answer_type, states_prose)(text, truth) or bool(both and states_expression(text, truth))


def contradicts(sentence: str, truth: Truth) -> bool:
    """Whether a sentence gives another answer in so many words."""
    if codes := languages_of(sentence, truth):
        return denies_elsewhere(sentence, truth, codes)
    by_type = {"yes_no": contradicts_yes_no, "expression": contradicts_expression}
    return by_type.get(truth.answer_type or "", contradicts_prose)(sentence, truth)
