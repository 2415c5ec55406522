"""PassRate: what a solver is shown, how its answers are graded, which rates are kept, what failures cost."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.load import load_prompts
from tests.fakes.scripted_endpoint import Asked
from transforms.flow.coders import RecordCoder
from transforms.inference.call import Opinion
from transforms.inference.journal.writer import read_entries
from transforms.inference.runtime import close_runtime
from transforms.pass_rate import Band, MeasurePassRate, SolverReply, apply_samples
from transforms.records import Document, Persona, PersonaTask, QAPair, Rejection, Stamp, Verdict, VerifiedQA
from transforms.stages import MODEL_STAGES

PROMPTS = load_prompts(stages=MODEL_STAGES)
PROMPT = PROMPTS.prompt("pass_rate")
STAMP = Stamp("pass_rate", "m", PROMPT.version, PROMPT.sha256)
EARLIER = Stamp("verify", "n", 1, "abc")
RIGHT, WRONG = {"reasoning": "known", "answer": "1932"}, {"reasoning": "a guess", "answer": "1931"}
Make = Callable[..., Any]


def verified(question: str = "When did the Harrow Bridge open?") -> VerifiedQA:
    document = Document("bridge", "The secret bridge opened in 1932.", "encyclopedia", "f:1")
    pair = QAPair(PersonaTask(document, "Other", Persona("sailor")), question, "1932", "date", ("the year 1932",))
    return VerifiedQA(pair, "opened in 1932", (Verdict("correct", True, EARLIER),), (EARLIER,))


def seed(asked: Asked) -> int:
    return int(asked.body.get("seed", 0))


def right_for(*seeds: int) -> Callable[[Asked], Any]:
    return lambda asked: RIGHT if seed(asked) in seeds else WRONG


def test_the_solver_is_shown_the_question_and_nothing_else(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(right_for(0))
    run_transform(MeasurePassRate(model(endpoint, temperature=1.0), PROMPTS, 4), [verified()])
    assert len(endpoint.asked) == 4
    for asked in endpoint.asked:
        assert asked.body["messages"] == [
            {"role": "system", "content": PROMPT.instructions},
            {"role": "user", "content": "Task: pass_rate\n<question>When did the Harrow Bridge open?</question>"},
        ]
        assert "secret" not in json.dumps(asked.body) and "1932" not in json.dumps(asked.body)
    assert {asked.body["temperature"] for asked in endpoint.asked} == {1.0}
    assert sorted(map(seed, endpoint.asked)) == [0, 1, 2, 3], "each sample is another request"


def test_rate_samples_and_verdict_stay_on_the_pair(serve: Make, model: Make, run_transform: Any) -> None:
    [passed] = run_transform(MeasurePassRate(model(serve(right_for(1))), PROMPTS, 4), [verified()]).passed
    assert (passed.samples, passed.solved, passed.pass_rate) == (4, 1, 0.25)
    assert passed.verdicts[-1] == Verdict("pass_rate", True, STAMP, "1 of 4 right; wrong: '1931' (3)")
    assert passed.stamps == (EARLIER, STAMP)
    assert passed.pair == verified().pair


@pytest.mark.parametrize(
    ("solved", "reason"), [(0, "too_hard"), (1, ""), (2, ""), (3, ""), (4, "too_easy")], ids=lambda value: str(value) or "kept"
)
def test_the_band_keeps_its_ends(serve: Make, model: Make, run_transform: Any, solved: int, reason: str) -> None:
    stage = MeasurePassRate(model(serve(right_for(*range(solved)))), PROMPTS, 4, Band(0.25, 0.75))
    outcome = run_transform(stage, [verified()])
    assert [rejection.reason for rejection in outcome.rejected] == ([reason] if reason else [])
    assert len(outcome.passed) == (not reason)
    if reason:
        [rejection] = outcome.rejected
        item = json.loads(rejection.item)
        assert (item["pass_rate"], item["pass_rate_samples"]) == (solved / 4, 4)
        assert (item["verdicts"][-1]["check"], item["verdicts"][-1]["passed"]) == ("pass_rate", False)
        assert rejection.detail.startswith(f"{solved} of 4 right")
        assert (rejection.stage, rejection.task_id) == ("pass_rate", verified().pair.task.id)


@pytest.mark.parametrize("answer", ["1932", " 1932\n", "the year 1932", "in 1932"])
def test_answers_are_graded_by_type_and_alias(answer: str) -> None:
    opinions = [Opinion(SolverReply(reasoning="", answer=answer), STAMP)]
    [measured] = apply_samples(verified(), opinions, 1, Band())
    assert isinstance(measured, VerifiedQA)
    assert measured.solved == 1


@pytest.mark.parametrize("answer", ["", "1931", "1932 or 1933", "not 1932", "When did the Harrow Bridge open?"])
def test_what_the_trainer_would_not_reward_is_wrong(answer: str) -> None:
    [measured] = apply_samples(verified(), [Opinion(SolverReply(reasoning="1932", answer=answer), STAMP)], 1, Band())
    assert isinstance(measured, VerifiedQA)
    assert measured.solved == 0


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.floats(0, 1), st.floats(0, 1))
def test_every_pair_ends_once_and_by_its_rate(rights: list[bool], one: float, other: float) -> None:
    band = Band(min(one, other), max(one, other))
    opinions = [Opinion(SolverReply(reasoning="", answer="1932" if right else "1931"), STAMP) for right in rights]
    [ended] = apply_samples(verified(), opinions, len(rights), band)
    rate = sum(rights) / len(rights)
    assert isinstance(ended, Rejection) == (not band.low <= rate <= band.high)


# --- samples that fail


def test_a_sample_that_fails_is_neither_right_nor_wrong(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda asked: "no json" if seed(asked) in (1, 2) else RIGHT if seed(asked) == 0 else WRONG)
    outcome = run_transform(MeasurePassRate(model(endpoint, max_reasks=0), PROMPTS, 4), [verified()])
    [passed] = outcome.passed
    assert (passed.samples, passed.solved) == (2, 1)
    assert outcome.dead_letters == []
    counters = run_transform.counters("pass_rate")
    assert (counters["calls"], counters["unanswered/ReplyInvalid"], counters["passed"]) == (4, 2, 1)


def test_with_fewer_than_half_the_pair_is_a_dead_letter_that_a_replay_completes(
    serve: Make, model: Make, run_transform: Any
) -> None:
    broken = True
    endpoint = serve(lambda asked: "no json" if broken and seed(asked) > 0 else RIGHT)
    stage = MeasurePassRate(model(endpoint, max_reasks=0), PROMPTS, 3)
    outcome = run_transform(stage, [verified().without_text()])
    [letter] = outcome.dead_letters
    assert outcome.passed == outcome.rejected == []
    assert (letter.stage, letter.error, letter.item_type) == ("pass_rate", "ReplyInvalid", "VerifiedQA")
    assert (letter.task_id, letter.document_id) == (verified().pair.task.id, "bridge")
    broken = False
    [passed] = run_transform(stage, [RecordCoder(VerifiedQA).decode(letter.item.encode())]).passed
    assert (passed.samples, passed.solved) == (3, 3)
    assert sorted(map(seed, endpoint.asked)) == [0, 1, 1, 2, 2], "only what had failed was asked again"


# --- a run that goes on


def test_earlier_replies_are_found_again_by_the_pair(serve: Make, model: Make, run_transform: Any, tmp_path: Any) -> None:
    """In another process, behind a grouping: nothing of them is in its memory."""
    endpoint = serve(right_for(0, 1))
    config = model(endpoint, journal=str(tmp_path))
    pairs = [verified(f"When did bridge {number} open?") for number in range(3)]
    first = run_transform(MeasurePassRate(config, PROMPTS, 4), pairs)
    close_runtime()
    journal = [line for path in tmp_path.glob("*.jsonl") for line in path.read_bytes().splitlines()]
    earlier = [(entry.document_id, (entry.key, entry.text)) for entry in read_entries(iter(journal))]
    assert {name for name, _ in earlier} == {qa.id for qa in pairs}
    lost = earlier[1:]
    elsewhere = replace(config, journal=str(tmp_path / "empty"))  # what is found comes from the join
    again = run_transform(lambda replies: MeasurePassRate(elsewhere, PROMPTS, 4, earlier=replies), pairs, lost)
    assert sorted(again.passed, key=str) == sorted(first.passed, key=str)
    assert len(endpoint.asked) == 12 + 1
    counters = run_transform.counters("pass_rate")
    assert (counters["replayed"], counters["calls"]) == (11, 1)
