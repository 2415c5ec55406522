"""AskBack: what the reader is shown, what it may ask, and what is kept of that."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from prompts.load import load_prompts
from transforms.ask_back import SHOWN_CHARACTERS, AskBackQA
from transforms.flow.coders import RecordCoder
from transforms.records import Persona, PersonaTask, QAPair, Stamp, Verdict, VerifiedQA
from transforms.stages import MODEL_STAGES

PROMPTS = load_prompts(stages=MODEL_STAGES)
PROMPT = PROMPTS.prompt("ask_back")
STAMP = Stamp("ask_back", "m", PROMPT.version, PROMPT.sha256)
EARLIER = Stamp("verify", "m", 1, "abc")
Make = Callable[..., Any]


@pytest.fixture
def sound(document: Make) -> VerifiedQA:
    task = PersonaTask(document(text="The Tamble bridge has two towers, each 40 m high."), "Other", Persona("sailor"))
    pair = QAPair(task, "How high is each tower of the bridge?", "40 m", "number", ("forty metres",))
    return VerifiedQA(pair, "each 40 m high", (Verdict("correct", True, EARLIER),), (EARLIER,))


def test_the_reader_is_shown_the_question_alone(serve: Make, model: Make, run_transform: Any, sound: VerifiedQA) -> None:
    endpoint = serve(lambda _: {"ask_back": "", "missing": "nothing"})
    run_transform(AskBackQA(model(endpoint), PROMPTS), [sound])
    [asked] = endpoint.asked
    assert asked.body["messages"] == [
        {"role": "system", "content": PROMPT.instructions},
        {"role": "user", "content": "Task: ask_back\n<question>How high is each tower of the bridge?</question>"},
    ]
    assert not any(kept in asked.text for kept in ("40", "forty", "sailor", "Tamble"))


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ({"ask_back": "", "missing": "nothing"}, ""),
        ({"ask_back": "In metres?", "missing": "nothing"}, "In metres?"),
        ({"ask_back": " \n", "missing": "which"}, ""),  # nothing was asked
    ],
)
def test_a_question_of_which_nothing_is_missing_passes(
    serve: Make, model: Make, run_transform: Any, sound: VerifiedQA, reply: dict[str, str], kept: str
) -> None:
    [passed] = run_transform(AskBackQA(model(serve(lambda _: reply)), PROMPTS), [sound]).passed
    assert passed == sound.judged([Verdict("ask_back", True, STAMP, kept)], [STAMP])


@pytest.mark.parametrize(
    ("missing", "asked"), [("which", "Which bridge?"), ("when", "As of which\nyear?"), ("where", "In which country?")]
)
def test_who_has_to_ask_back_rejects_the_pair_and_says_what(
    serve: Make, model: Make, run_transform: Any, sound: VerifiedQA, missing: str, asked: str
) -> None:
    outcome = run_transform(AskBackQA(model(serve(lambda _: {"ask_back": asked, "missing": missing})), PROMPTS), [sound])
    [rejection] = outcome.rejected
    reason, shown = f"ask_back_{missing}", " ".join(asked.split())
    assert (rejection.stage, rejection.reason, rejection.detail) == ("ask_back", reason, shown)
    assert outcome.passed == outcome.dead_letters == []
    verdict = json.loads(rejection.item)["verdicts"][-1]
    assert (verdict["check"], verdict["passed"], verdict["detail"]) == ("ask_back", False, shown)
    assert run_transform.counters("ask_back")[f"rejected/{reason}"] == 1


def test_an_essay_is_cut(serve: Make, model: Make, run_transform: Any, sound: VerifiedQA) -> None:
    said = {"ask_back": "Which bridge? " * 900, "missing": "which"}
    [rejection] = run_transform(AskBackQA(model(serve(lambda _: said)), PROMPTS), [sound]).rejected
    assert len(rejection.detail) == SHOWN_CHARACTERS + 3


@pytest.mark.parametrize("said", [{"ask_back": "Which?"}, {"ask_back": "Which?", "missing": "who"}])
def test_a_reply_of_another_form_is_a_dead_letter(
    serve: Make, model: Make, run_transform: Any, sound: VerifiedQA, said: dict[str, str]
) -> None:
    outcome = run_transform(AskBackQA(model(serve(lambda _: said), max_reasks=0), PROMPTS), [sound])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.item_type) == ("ask_back", "ReplyInvalid", "VerifiedQA")
    assert RecordCoder(VerifiedQA).decode(letter.item.encode()) == sound
