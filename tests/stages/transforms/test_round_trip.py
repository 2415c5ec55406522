"""RoundTrip: what the second reader is shown, when two answers agree, and what is kept of them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from prompts.load import load_prompts
from transforms.flow.coders import RecordCoder
from transforms.records import Persona, PersonaTask, QAPair, Stamp, Verdict, VerifiedQA
from transforms.round_trip import SHOWN_CHARACTERS, RoundTripQA
from transforms.stages import MODEL_STAGES

PROMPTS = load_prompts(stages=MODEL_STAGES)
PROMPT = PROMPTS.prompt("round_trip")
STAMP = Stamp("round_trip", "m", PROMPT.version, PROMPT.sha256)
EARLIER = Stamp("verify", "m", 1, "abc")
Make = Callable[..., Any]


@pytest.fixture
def sound(document: Make) -> VerifiedQA:
    task = PersonaTask(document(text="The bridge has two towers, each 40 m high."), "Other", Persona("sailor"))
    pair = QAPair(task, "How high is each tower of the bridge?", "40 m", "number", ("forty metres",))
    return VerifiedQA(pair, "each 40 m high", (Verdict("correct", True, EARLIER),), (EARLIER,))


def test_the_reader_is_shown_document_and_question_and_no_stored_answer(
    serve: Make, model: Make, run_transform: Any, sound: VerifiedQA
) -> None:
    endpoint = serve(lambda _: {"answer": "40 m"})
    run_transform(RoundTripQA(model(endpoint), PROMPTS), [sound])
    [asked] = endpoint.asked
    assert asked.body["messages"] == [
        {"role": "system", "content": PROMPTS.system},
        {
            "role": "user",
            "content": "<document>\nThe bridge has two towers, each 40 m high.\n</document>\n\n"
            "Task: round_trip\n<question>How high is each tower of the bridge?</question>\nType of the answer: number",
        },
    ]
    behind = asked.text.partition("</document>")[2]
    assert not any(kept in behind for kept in ("40", "forty", "sailor"))


@pytest.mark.parametrize(
    "answer", ["40 m", "40 metres", " 40\nm ", "forty metres", "4000 cm", "40", "131 feet (40 m)", "40 m (each)"]
)
def test_another_spelling_of_the_answer_agrees(
    serve: Make, model: Make, run_transform: Any, sound: VerifiedQA, answer: str
) -> None:
    [passed] = run_transform(RoundTripQA(model(serve(lambda _: {"answer": answer})), PROMPTS), [sound]).passed
    assert passed == sound.judged([Verdict("round_trip", True, STAMP, " ".join(answer.split()))], [STAMP])


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        ("50 m", "round_trip_disagrees", "stored '40 m', found '50 m'"),
        ("two towers", "round_trip_disagrees", "stored '40 m', found 'two towers'"),
        (" ", "round_trip_unanswered", "stored '40 m', found none"),
    ],
)
def test_another_answer_or_none_rejects_the_pair_with_both(
    serve: Make, model: Make, run_transform: Any, sound: VerifiedQA, answer: str, reason: str, detail: str
) -> None:
    outcome = run_transform(RoundTripQA(model(serve(lambda _: {"answer": answer})), PROMPTS), [sound])
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason, rejection.detail) == ("round_trip", reason, detail)
    assert outcome.passed == outcome.dead_letters == []
    verdicts = json.loads(rejection.item)["verdicts"]
    assert [verdict["check"] for verdict in verdicts] == ["correct", "round_trip"]
    assert verdicts[1] == {
        "check": "round_trip",
        "passed": False,
        "model": "m",
        "prompt_version": PROMPT.version,
        "detail": answer.strip(),
        "verifier": 0,
    }
    assert run_transform.counters("round_trip")[f"rejected/{reason}"] == 1


def test_the_type_decides_what_agrees(serve: Make, model: Make, run_transform: Any, sound: VerifiedQA) -> None:
    listed = replace(sound, pair=replace(sound.pair, answer="copper, tin and lead", answer_type="list", aliases=()))
    code = replace(sound, pair=replace(sound.pair, answer="getName", answer_type="code", aliases=()))
    endpoint = serve(lambda asked: {"answer": "lead, copper, tin" if "list" in asked.text else "getname"})
    outcome = run_transform(RoundTripQA(model(endpoint), PROMPTS), [listed, code])
    assert [passed.pair.answer_type for passed in outcome.passed] == ["list"]
    assert [rejection.reason for rejection in outcome.rejected] == ["round_trip_disagrees"]


def test_an_essay_is_cut(serve: Make, model: Make, run_transform: Any, sound: VerifiedQA) -> None:
    [rejection] = run_transform(RoundTripQA(model(serve(lambda _: {"answer": "40 m " * 900})), PROMPTS), [sound]).rejected
    assert len(rejection.detail) < SHOWN_CHARACTERS + 60


def test_no_answer_at_all_is_a_dead_letter(serve: Make, model: Make, run_transform: Any, sound: VerifiedQA) -> None:
    outcome = run_transform(RoundTripQA(model(serve(lambda _: {"answers": ["40 m"]}), max_reasks=0), PROMPTS), [sound])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.item_type) == ("round_trip", "ReplyInvalid", "VerifiedQA")
    assert RecordCoder(VerifiedQA).decode(letter.item.encode()) == sound
