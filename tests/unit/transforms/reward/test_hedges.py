import pytest

from transforms.reward.hedges import objected
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
