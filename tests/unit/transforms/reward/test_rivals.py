import pytest

from transforms.reward.rivals import converts, uncontested
from transforms.reward.truth import Truth

PARIS = Truth("Paris", "place")


def place(sentence: str, answer: str = "Paris") -> tuple[int, int]:
    start = sentence.index(answer)
    return start, start + len(answer)


@pytest.mark.parametrize(
    "sentence",
    ["Paris", "Paris, France", "Paris, the capital", "Paris (France)", "Paris, not Lyon", "In 1783, Paris", "Paris and it grew",
     "Its capital, Paris, is old", "Paris: the largest city of all", "Paris (the capital)"],
)  # fmt: skip
def test_explanations_do_not_compete(sentence: str) -> None:
    assert uncontested(sentence, *place(sentence), PARIS)


@pytest.mark.parametrize(
    "sentence",
    ["Paris, Lyon", "Lyon, Paris", "Paris and Lyon", "Lyon and Paris", "Paris (Lyon)", "Paris / Lyon", "Paris | Lyon",
     "Paris & Lyon",
     "Paris -> Lyon", '"Paris" "Lyon"', "[Paris] [Lyon]", "#Paris #Lyon", "Paris; Lyon", "Paris to Lyon",
     "Paris as well as Lyon"],
)  # fmt: skip
def test_rivals_compete(sentence: str) -> None:
    assert not uncontested(sentence, *place(sentence), PARIS)


def test_another_unit_is_no_rival() -> None:
    truth = Truth("5 km", "number")
    assert converts("3.1 miles", truth)
    assert not converts("4 miles", truth)
    assert not converts("6 km", truth)
    assert uncontested("5 km (3.1 miles)", 0, 4, truth)
    assert not uncontested("5 km (6 km)", 0, 4, truth)
