"""Which answers are proposed as aliases: short, written by several, not paid by the rules, accepted by somebody."""

from typing import Any

import pytest

from beam_pipeline.reverify.alias_proposals import AliasProposals, short_answer
from beam_pipeline.reverify.regrade import Regraded, regrade
from beam_pipeline.reverify.rollouts import Rollout

QUESTION, ANSWER = "Who painted the ceiling of the Sistine Chapel?", "Michelangelo Buonarroti"


def graded(response: str, old_reward: float | None = 1.0, judged: bool | None = None, **changes: Any) -> Regraded:
    rollout = Rollout("f:1", "q1", QUESTION, response, ANSWER, "name", (), old_reward)
    (item,) = regrade([Rollout(**{name: getattr(rollout, name) for name in rollout.__slots__} | changes)])
    return Regraded(item.rollout, item.grade, judged is not None, judged)


def proposed(*items: Regraded, least: int = 2) -> list[dict[str, Any]]:
    proposals = AliasProposals(least)
    for item in items:
        proposals.add(item)
    return list(proposals.rows())


def test_what_several_responses_wrote_and_somebody_accepted_is_proposed() -> None:
    (row,) = proposed(*(graded(f"I say: \\boxed{{Michelangelo}} {'!' * number}") for number in range(3)))
    assert row == {
        **{"id": "q1", "question": QUESTION, "answer": ANSWER, "answer_type": "name", "aliases": [], "alias": "Michelangelo"},
        **{"responses": 3, "rollouts": 3, "refused": 0, "accepted_by": "old reward", "keep": True},
    }


def test_the_same_text_twice_is_one_response() -> None:
    same = [graded("\\boxed{Michelangelo}"), graded("\\boxed{Michelangelo}")]
    assert proposed(*same) == [] and proposed(*same, least=1)[0]["rollouts"] == 2


def test_what_nobody_accepted_is_not_proposed() -> None:
    assert proposed(graded("\\boxed{Raphael}", 0.0), graded("So \\boxed{Raphael}", 0.0)) == []
    assert proposed(graded("\\boxed{Raphael}", None), graded("So \\boxed{Raphael}", None)) == []


def test_a_person_goes_before_a_judge_and_a_judge_before_the_old_reward() -> None:
    judge = [graded("\\boxed{Michelangelo}", 0.0, True), graded("So \\boxed{Michelangelo}", 0.0, True)]
    assert proposed(*judge)[0]["accepted_by"] == "judge"
    person = [graded("\\boxed{Michelangelo}", 0.0, False, accepted=True), graded("So \\boxed{Michelangelo}", accepted=True)]
    assert proposed(*person)[0]["accepted_by"] == "person"
    assert proposed(*(graded(f"{word} \\boxed{{Michelangelo}}", 1.0, False) for word in ("So", "Thus"))) == []


def test_what_was_refused_as_often_is_not_proposed() -> None:
    both = [graded(f"{number} \\boxed{{Michelangelo}}", float(number < 2)) for number in range(4)]
    assert proposed(*both) == []
    assert proposed(*both[:3])[0]["refused"] == 1


def test_what_the_rules_of_pairs_refuse_is_not_proposed() -> None:
    for answer in ("the Sistine Chapel", "unknown"):
        assert proposed(graded(f"\\boxed{{{answer}}}"), graded(f"So \\boxed{{{answer}}}")) == []


@pytest.mark.parametrize(
    ("said", "short"),
    [
        ("Michelangelo", "Michelangelo"),
        ("**Michelangelo**.", "Michelangelo"),
        ('"The World Is Not Enough"', "The World Is Not Enough"),
        ("J. Smith Jr.", "J. Smith Jr."),
        ("It was Michelangelo.", ""),
        ("The ceiling was painted by Michelangelo", ""),
        ("one two three four five six seven eight nine", ""),
        ("Michelangelo ; Raphael", ""),
        ("Michelangelo. He lived in Rome", ""),
        ("", ""),
    ],
)
def test_only_short_answers_are_taken(said: str, short: str) -> None:
    assert short_answer(said) == short


def test_memory_does_not_grow_with_the_responses_to_a_question() -> None:
    proposals = AliasProposals()
    for number in range(600):
        proposals.add(graded(f"{number} \\boxed{{Painter {number % 100}}}"))
    (question,) = proposals._questions.values()
    assert len(question.answers) <= 64 and question.rollout.response == ""
