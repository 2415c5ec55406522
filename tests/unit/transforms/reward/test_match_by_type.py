import pytest

from transforms.reward.match_by_type import contradicts, states
from transforms.reward.truth import Truth


@pytest.mark.parametrize(
    ("text", "answer", "answer_type"),
    [("It is Paris.", "Paris", "place"), ("So yes.", "yes", "yes_no"), ("(B)", "B", "option"), ("b and a", "a, b", "list"),
     ("`ls`", "ls", "code"), ("x+x", "x+x", "expression"), ("It is Paris.", "Paris", None)],
)  # fmt: skip
def test_every_type_has_its_way(text: str, answer: str, answer_type: str | None) -> None:
    truth = Truth(answer, answer_type)
    assert states(text, truth)
    assert not states(f"{text.rstrip('.')}?", truth)  # a question is no answer


def test_an_answer_may_be_a_question() -> None:
    assert states("Quo vadis?", Truth("Quo vadis?", "term"))


def test_yes_and_no_contradict_each_other_only() -> None:
    assert contradicts("no", Truth("yes", "yes_no"))
    assert not contradicts("Lyon", Truth("yes", "yes_no"))
    assert contradicts("Lyon", Truth("Paris", "place"))
