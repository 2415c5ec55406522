"""Rollouts of every form: what was asked, what was said, what is stored, what it was paid; and rows that are none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from beam_pipeline.export.trainer_rows import TRAINERS, Templates
from beam_pipeline.output.kinds import json_line
from beam_pipeline.reverify.alias_proposals import AliasProposals
from beam_pipeline.reverify.conversations import asked, responses_in, said
from beam_pipeline.reverify.forms import FORMS, FormError, form_of
from beam_pipeline.reverify.regrade import regrade
from beam_pipeline.reverify.rollouts import NoRollout, Rollout, rollouts_of
from beam_pipeline.reverify.tally import Tally, example
from tests.fakes.exports import pair

QUESTION, ANSWER = "Who painted the ceiling of the Sistine Chapel?", "Michelangelo"
BOXED = f"\\boxed{{{ANSWER}}}"
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
SPOKEN = [{"role": "assistant", "content": BOXED}]
LABEL = json.dumps({"question": QUESTION, "answer": ANSWER, "answer_type": "name", "aliases": ["Buonarroti"]})
CHATML = f"<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
DECODED = f"system\nBe brief.\nuser\n{QUESTION}\nassistant\n"  # without its special tokens


def read(row: dict[str, Any], **given: str) -> list[Rollout]:
    return list(rollouts_of("file:1", row, form_of([row], given)))


FORMS_OF_ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "trl": ("TRL", {"prompt": QUESTION, "completion": BOXED, "answer": ANSWER, "reward": 1.0}),
    "trl_log": ("TRL", {"step": 3, "prompt": CHATML, "completion": BOXED, "answer_reward": 1.0, "answer": ANSWER}),
    "trl_conversation": ("TRL", {"prompt": MESSAGES, "completion": SPOKEN, "solution": ANSWER, "reward": True}),
    "verifiers": ("TRL", {"prompt": MESSAGES, "completion": SPOKEN, "answer": ANSWER, "reward": 1, "info": {"id": "q"}}),
    "verl": ("verl", {"input": DECODED, "output": BOXED, "gts": ANSWER, "score": 1.0, "step": 1}),
    "verl_parquet": ("verl", {"input": CHATML, "output": f"{BOXED}<|im_end|>", "ground_truth": ANSWER, "score": 1.0}),
    "openrlhf": ("OpenRLHF", {"prompt": CHATML, "response": BOXED, "label": LABEL, "reward": 1.0}),
    "openrlhf_query": ("OpenRLHF", {"prompt": CHATML, "query": f"{CHATML}{BOXED}<|im_end|>", "label": LABEL, "reward": [1.0]}),
    "nemo_gym": (
        "NeMo Gym",
        {
            "responses_create_params": {"input": MESSAGES},
            "response": {
                "object": "response",
                "output": [
                    {"type": "reasoning", "summary": []},
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": BOXED}]},
                ],
            },
            "expected_answer": ANSWER,
            "reward": 1.0,
        },
    ),
    "nemo_gym_metadata": (
        "NeMo Gym",
        {
            "responses_create_params": {"input": QUESTION},
            "response": {"output": [{"type": "message", "role": "assistant", "content": BOXED}]},
            "verifier_metadata": {"answer": ANSWER, "answer_type": "name"},
            "reward": 1.0,
        },
    ),
    "nemo_rl": ("NeMo-RL", {"input": QUESTION, "response": BOXED, "output": LABEL, "reward": "1.0"}),
    "columns": ("columns by name", {"question": QUESTION, "response": BOXED, "answer": [ANSWER, "Buonarroti"], "reward": 1.0}),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS_OF_ROWS)
def test_every_form_is_told_by_its_fields(name: str) -> None:
    form, row = FORMS_OF_ROWS[name]
    assert form_of([row], {}).name == form
    (rollout,) = read(row)
    assert (rollout.question, rollout.answer, rollout.response, rollout.old_reward) == (QUESTION, ANSWER, BOXED, 1.0)
    assert rollout.where == "file:1" and rollout.question_id


@pytest.mark.parametrize("name", TRAINERS)
def test_the_rows_of_our_own_exports_say_type_aliases_and_id(name: str) -> None:
    exported = pair(1)
    row = TRAINERS[name].to_row(exported, Templates(), "train", 0)
    (rollout,) = read({**row, "response": "\\boxed{2}", "reward": 0.0} if name != "trl" else {**row, "completion": SPOKEN})
    assert (rollout.answer, rollout.answer_type, rollout.aliases) == ("1 cubic kilometres", "number", ("1 km3",))
    assert (rollout.question, rollout.question_id) == (exported["question"], exported["id"])


def test_columns_by_name_also_in_objects() -> None:
    row = {"made": {"text": BOXED}, "gold": ANSWER, "paid": 0, "q": QUESTION, "kind": "name", "also": ["B"], "key": 7, "ok": "y"}
    about = {"question": "q", "type": "kind", "aliases": "also", "id": "key", "accepted": "ok"}
    (rollout,) = read(row, response="made.text", answer="gold", reward="paid", **about)
    assert rollout == Rollout("file:1", "7", QUESTION, BOXED, ANSWER, "name", ("B",), 0.0, True)


def test_several_responses_of_a_row_have_a_reward_each() -> None:
    found = read({"prompt": QUESTION, "completions": [BOXED, SPOKEN, "no"], "answer": ANSWER, "rewards": [1, True, 0.0]})
    assert [(one.where, one.response, one.old_reward) for one in found] == [
        ("file:1#1", BOXED, 1.0),
        ("file:1#2", BOXED, 1.0),
        ("file:1#3", "no", 0.0),
    ]
    assert len({one.question_id for one in found}) == 1


def test_questions_without_an_id_are_told_by_question_and_answer() -> None:
    first, second = ({"prompt": QUESTION, "completion": text, "answer": ANSWER} for text in ("a", "b"))
    other = {"prompt": QUESTION, "completion": "a", "answer": "Raphael"}
    ids = [read(row)[0].question_id for row in (first, second, other)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"completion": None}, "no response"),
        ({"completion": []}, "no response"),
        ({"completion": 7}, "a response is no text"),
        ({"completion": ["a", None]}, "a response is no text"),
        ({"answer": None}, "no stored answer"),
        ({"answer": " "}, "no stored answer"),
        ({"answer": True}, "the stored answer is no text"),
        ({"completion": ["a", "b"], "reward": [1]}, "2 responses and 1 rewards"),
        ({"completion": ["a", "b"], "reward": 1}, "2 responses and 1 rewards"),
    ],
)
def test_a_row_that_is_no_rollout_says_why(changes: dict[str, Any], why: str) -> None:
    row = {"prompt": QUESTION, "completion": BOXED, "answer": ANSWER, "reward": 1}
    with pytest.raises(NoRollout, match=why):
        list(rollouts_of("file:1", {**row, **changes}, form_of([row], {})))


@pytest.mark.parametrize(
    ("reward", "read_as"),
    [(1, 1.0), (True, 1.0), ("0.5", 0.5), (None, None), ("none", None), (float("nan"), None), (10**400, None), ({}, None)],
)
def test_an_old_reward_is_a_number_or_none(reward: Any, read_as: float | None) -> None:
    assert read({"prompt": QUESTION, "completion": BOXED, "answer": ANSWER, "reward": reward})[0].old_reward == read_as


def test_a_reward_of_an_environment_that_failed_is_none() -> None:
    row = FORMS_OF_ROWS["nemo_gym"][1]
    assert read({**row, "reward": 0.0, "mask_sample": True})[0].old_reward is None


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    row = {"prompt": QUESTION, "text": BOXED, "answer": ANSWER}
    with pytest.raises(
        FormError, match=r"no column for the response \(.*\); it has prompt, text, answer; name it with --response"
    ):
        form_of([row], {})
    with pytest.raises(FormError, match="--reward paid: no such column; it has prompt, text, answer"):
        form_of([row], {"response": "text", "reward": "paid"})
    assert form_of([{}, {"odd": 1}, row], {"response": "text"}).answer == form_of([row], {"response": "text"}).answer


@pytest.mark.parametrize(
    "prompt",
    [
        QUESTION,
        CHATML,
        f"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{QUESTION}<|eot_id|><|start_header_id|>assistant",
        f"<start_of_turn>user\n{QUESTION}<end_of_turn>\n<start_of_turn>model\n",
        f"<s>[INST] {QUESTION} [/INST]",
        f"system\nBe brief.\nuser\nWhat?\nassistant\nThat.\nuser\n{QUESTION}\nassistant\n",
        [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "That."}, {"role": "user", "content": QUESTION}],
        [{"role": "user", "content": [{"type": "input_text", "text": QUESTION}]}],
    ],
)
def test_the_question_is_what_the_user_asked_last(prompt: Any) -> None:
    assert asked(prompt) == QUESTION


def test_what_closes_a_turn_is_no_part_of_a_response() -> None:
    closed = ("<|im_end|>", "</s>", "<|eot_id|>\n", "<end_of_turn></s>", " <\uff5cend\u2581of\u2581sentence\uff5c>")
    assert {said(BOXED + closing) for closing in closed} == {BOXED}
    assert said("x < y and y > z") == "x < y and y > z"


def test_a_model_that_said_nothing_is_an_empty_response() -> None:
    assert responses_in({"output": []}) == [""]
    assert responses_in([{"role": "assistant", "content": None}]) == [""]


# --- whatever a line holds

TEXTS = st.text(max_size=30) | st.sampled_from([BOXED, LABEL, CHATML, "{", "1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("role content output text answer type".split()), inner)
    ),
    max_leaves=8,
)
NAMES = sorted(
    {name for _, form in FORMS for names in (form.response, form.answer, form.reward, form.question, form.id) for name in names}
    | {"responses", "responses_create_params", "query", "prompt", "aliases", "answer_type", "info", "verifier_metadata"}
)
ROWS = st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=6)


@hypothesis_settings(max_examples=400)
@given(ROWS, st.booleans())
def test_no_row_however_odd_breaks_it(row: dict[str, Any], complete: bool) -> None:
    row = {"prompt": QUESTION, "completion": BOXED, "answer": ANSWER, **row} if complete else row
    tally, proposals = Tally(), AliasProposals(least=1)
    try:
        rollouts = list(rollouts_of("file:1", row, form_of([row], {})))
    except (FormError, NoRollout) as problem:
        assert str(problem)
        return
    for item in regrade(rollouts):
        assert json.loads(json_line(item.row()))["verdict"] in ("right", "wrong", "unsure")
        json_line(item.whole_row())
        tally.add(item)
        proposals.add(item)
        assert example(item).isprintable()
    list(tally.table())
    list(proposals.rows())
