import pytest

from transforms.reward.hedges import converts, objected, uncontested
from transforms.reward.truth import Truth

PARIS = Truth("Paris", "place")


def place(sentence: str, answer: str = "Paris") -> tuple[int, int]:
    start = sentence.index(answer)
    return start, start + len(answer)


@pytest.mark.parametrize(
    "sentence",
    ["It is Paris.", "Not Lyon but Paris.", "It was not until 1923 that Paris fell", "No, it was Paris.",
     "Lyon is not it, Paris is.",
     "Paris opened it while at war.", "They met in Paris in May."],
)  # fmt: skip
def test_no_objection(sentence: str) -> None:
    assert not objected(sentence, *place(sentence), PARIS)


@pytest.mark.parametrize(
    "sentence",
    ["not Paris", "It isn't Paris.", "maybe Paris", "Paris or so", "more than Paris", "north of Paris", "the opposite of Paris",
     "Paris, but it is Lyon", "Although Paris is named, it is Lyon", "Is it Paris", "What is Paris", "if Paris",
     "anything but Paris",
     "Some say Paris.", "Lyon rather than Paris", "Paris is wrong", "between Lyon and Paris", "unlike Paris"],
)  # fmt: skip
def test_objections(sentence: str) -> None:
    assert objected(sentence, *place(sentence), PARIS)


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
