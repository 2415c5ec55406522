"""The reward with a judge: asked about what is unsure, and about nothing else."""

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.fakes.scripted_endpoint import Answer, Asked, ScriptedEndpoint
from transforms.reward.score import grade
from transforms.reward_with_judge import Judge, areward_with_judge, reward_with_judge, rewards_with_judge

QUESTION = "Why did the walls of the old mill crack?"
STORED = "the frost in the stone"
RIGHT, WRONG = (f"\\boxed{{{answer}}}" for answer in (STORED, "a fire"))
# Words of its own: the judge of these tests agrees with the first, and fails on the last.
UNSURE = ("Water froze inside the stone.", "Moss had grown on the stone.", "The stone had sunk.")
CALLS = [(said, STORED, "term", (), QUESTION) for said in (RIGHT, WRONG, *UNSURE)]


def reply(asked: Asked) -> Answer | str:
    if "sunk" in asked.text:
        return Answer(status=400)
    return json.dumps({"final_answer": "x", "correct": "froze" in asked.text})


@pytest.fixture
def endpoint(serve: Callable[..., ScriptedEndpoint]) -> ScriptedEndpoint:
    return serve(reply)


def test_the_cases_are_what_they_say() -> None:
    assert [grade(*call).verdict for call in CALLS] == ["right", "wrong", "unsure", "unsure", "unsure"]


def test_what_is_unsure_is_not_paid_without_a_judge() -> None:
    assert rewards_with_judge(CALLS, None) == [reward_with_judge(*call) for call in CALLS] == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_the_judge_decides_what_is_unsure(endpoint: ScriptedEndpoint) -> None:
    judge = Judge(endpoint.url, "m")
    expected = [1.0, 0.0, 1.0, 0.0, None]
    assert rewards_with_judge(CALLS, judge) == expected
    assert judge.counts["asked"] == 3 and not any(told in asked.text for asked in endpoint.asked for told in (RIGHT, WRONG))
    assert [reward_with_judge(*call, judge=judge) for call in CALLS] == expected


def test_an_event_loop_goes_on_meanwhile(serve: Callable[..., ScriptedEndpoint]) -> None:
    slow = serve(lambda _: Answer(json.dumps({"correct": True}), delay_s=0.3))
    judge = Judge(slow.url, "m")

    async def ask() -> list[float | None]:
        call = CALLS[2]
        impatient = asyncio.create_task(areward_with_judge(*call, judge=judge))
        patient = asyncio.create_task(areward_with_judge(*call, judge=judge))
        await asyncio.sleep(0.1)
        impatient.cancel()  # takes the verdict from nobody else
        return [await patient, *await asyncio.gather(*(areward_with_judge(*each, judge=judge) for each in CALLS[:2]))]

    assert asyncio.run(ask()) == [1.0, 1.0, 0.0]
    assert len(slow.asked) == 2
