"""VerifyQuestion: a question judged by somebody who cannot see the document."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from prompts.load import load_prompts
from transforms.inference.call_several import spread
from transforms.records import Persona, PersonaTask, QAPair, Stamp, Verdict, VerifiedQA
from transforms.stages import MODEL_STAGES
from transforms.verify import VerifyQuestion

PROMPTS = load_prompts(stages=MODEL_STAGES)
PROMPT = PROMPTS.prompt("verify_question")
STAMP = Stamp("verify_question", "m", PROMPT.version, PROMPT.sha256)
EARLIER = Stamp("verify_answer", "n", 1, "abc")
GOOD = {"leaks": False, "self_contained": True, "unambiguous": True, "safe": True}
Make = Callable[..., Any]


@pytest.fixture
def proven(document: Make) -> VerifiedQA:
    task = PersonaTask(document(text="The secret bridge opened in 1932."), "Other", Persona("sailor", "how old it is"))
    pair = QAPair(task, "When did the bridge open?", "1932", "date", ("in 1932",))
    return VerifiedQA(pair, "opened in 1932", (Verdict("correct", True, EARLIER),), (EARLIER,))


def test_the_verifier_is_shown_the_pair_and_nothing_of_the_document(
    serve: Make, model: Make, run_transform: Any, proven: VerifiedQA
) -> None:
    endpoint = serve(lambda _: GOOD)
    run_transform(VerifyQuestion(model(endpoint), PROMPTS), [proven])
    [asked] = endpoint.asked
    assert asked.body["messages"] == [
        {"role": "system", "content": PROMPT.instructions},
        {
            "role": "user",
            "content": "Task: verify_question\n<question>When did the bridge open?</question>\n<answer>1932</answer>",
        },
    ]
    assert "secret" not in json.dumps(asked.body)
    assert "opened in 1932" not in json.dumps(asked.body)


def test_its_verdicts_join_those_of_the_call_before(serve: Make, model: Make, run_transform: Any, proven: VerifiedQA) -> None:
    [passed] = run_transform(VerifyQuestion(model(serve(lambda _: GOOD)), PROMPTS), [proven]).passed
    checks = ("no_leak", "self_contained", "unambiguous", "safe")
    assert passed == proven.judged([Verdict(check, True, STAMP) for check in checks], [STAMP])
    assert passed.stamps == (EARLIER, STAMP)
    assert (passed.id, passed.quote) == (proven.id, "opened in 1932")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"leaks": True}, "leaks"),
        ({"self_contained": False}, "not_self_contained"),
        ({"unambiguous": False}, "ambiguous"),
        ({"safe": False}, "unsafe"),
        ({"safe": False, "leaks": True}, "leaks"),
    ],
)
def test_a_pair_is_rejected_with_every_verdict_on_it(
    serve: Make, model: Make, run_transform: Any, proven: VerifiedQA, changed: dict[str, Any], reason: str
) -> None:
    outcome = run_transform(VerifyQuestion(model(serve(lambda _: {**GOOD, **changed})), PROMPTS), [proven])
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason, rejection.task_id) == ("verify_question", reason, proven.pair.task.id)
    verdicts = json.loads(rejection.item)["verdicts"]
    assert [verdict["check"] for verdict in verdicts] == ["correct", "no_leak", "self_contained", "unambiguous", "safe"]
    assert [verdict["model"] for verdict in verdicts] == ["n", "m", "m", "m", "m"]
    assert outcome.passed == []


def test_several_verifiers_decide_together(serve: Make, model: Make, run_transform: Any, proven: VerifiedQA) -> None:
    endpoint = serve(lambda asked: {**GOOD, "leaks": "seed" in asked.body})
    first, *others = spread([model(endpoint)], 3)
    outcome = run_transform(VerifyQuestion(first, PROMPTS, tuple(others)), [proven])
    assert [(rejection.reason, rejection.detail) for rejection in outcome.rejected] == [
        ("leaks", "2 of 3 verifiers against it: leaks (2)")
    ]
    assert len(json.loads(outcome.rejected[0].item)["verdicts"]) == 1 + 3 * 4 + 1


def test_a_reply_that_is_no_verdict_is_a_dead_letter(serve: Make, model: Make, run_transform: Any, proven: VerifiedQA) -> None:
    outcome = run_transform(VerifyQuestion(model(serve(lambda _: "fine"), max_reasks=0), PROMPTS), [proven])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.item_type) == ("verify_question", "ReplyInvalid", "VerifiedQA")
    assert (letter.document_id, letter.task_id) == ("bridge", proven.pair.task.id)
