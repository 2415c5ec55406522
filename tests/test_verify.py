"""Verify: which pairs the verifier lets through, that it must prove them, and what it was shown."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from prompts import load_prompts
from tests.scripted_endpoint import ScriptedEndpoint
from transforms.records import Persona, PersonaTask, QAPair, Stamp, Verdict, VerifiedQA, stamps_of
from transforms.verify import VerifyQA, quote_problem

PROMPTS = load_prompts()
PROMPT = PROMPTS.prompt("verify")
STAMP = Stamp("verify", "m", PROMPT.version, PROMPT.sha256)
EARLIER = Stamp("synthesize", "m", 1, "abc")
GOOD = {"quote": "opened in 1932", "correct": True, "leaks": False, "self_contained": True, "safe": True}
Make = Callable[..., Any]


@pytest.fixture
def pair(document: Make) -> QAPair:
    task = PersonaTask(document(), "Other", Persona("sailor", "how old it is"))
    return QAPair(task, "When did the bridge open?", "1932", "date", stamps=(EARLIER,))


@pytest.fixture
def run_verify(serve: Make, model: Make, run_transform: Any, pair: QAPair) -> Make:
    def run(said: Any) -> tuple[Any, ScriptedEndpoint]:
        endpoint = serve(lambda _: said)
        return run_transform(VerifyQA(model(endpoint, max_reasks=0), PROMPTS), [pair]), endpoint

    return run


def test_a_proven_pair_passes_with_quote_verdicts_and_stamp(run_verify: Make, pair: QAPair) -> None:
    outcome, _ = run_verify({**GOOD, "quote": " opened in 1932 "})
    verdicts = tuple(Verdict(check, True, STAMP) for check in ("correct", "no_leak", "self_contained", "safe"))
    assert outcome == ([VerifiedQA(pair, "opened in 1932", verdicts, (STAMP,))], [], [])
    assert stamps_of(outcome.passed[0]) == (EARLIER, STAMP)
    assert outcome.passed[0].id == pair.id


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"correct": False}, "incorrect"),
        ({"leaks": True}, "leaks"),
        ({"self_contained": False}, "not_self_contained"),
        ({"safe": False}, "unsafe"),
        ({"quote": ""}, "no_quote"),
        ({"quote": ' "..." '}, "no_quote"),
        ({"quote": "opened in 1933"}, "quote_not_in_document"),
        ({"correct": False, "leaks": True, "safe": False, "quote": ""}, "incorrect"),  # the first one counts
        ({"leaks": True, "quote": "opened in 1933"}, "leaks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_a_pair_is_rejected_for_the_first_thing_that_fails(
    run_verify: Make, run_transform: Any, pair: QAPair, changed: dict[str, Any], reason: str
) -> None:
    outcome, _ = run_verify({**GOOD, **changed})
    assert (outcome.passed, outcome.dead_letters) == ([], [])
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason, rejection.task_id) == ("verify", reason, pair.task.id)
    assert run_transform.counters("verify")[f"rejected/{reason}"] == 1


def test_every_verdict_stays_on_the_rejected_pair(run_verify: Make, pair: QAPair) -> None:
    outcome, _ = run_verify({**GOOD, "leaks": True, "safe": False})
    item = json.loads(outcome.rejected[0].item)
    assert (item["id"], item["question"], item["quote"]) == (pair.id, pair.question, "opened in 1932")
    assert {verdict["check"]: verdict["passed"] for verdict in item["verdicts"]} == {
        "correct": True,
        "no_leak": False,
        "self_contained": True,
        "safe": False,
    }
    assert {(verdict["model"], verdict["prompt_version"]) for verdict in item["verdicts"]} == {("m", PROMPT.version)}


@pytest.mark.parametrize(
    ("quote", "text", "problem"),
    [
        ("opened in 1932", "The bridge opened in 1932.", None),
        ('"Opened  in\n1932."', "The bridge opened in 1932.", None),
        ("the \u201cold\u201d bridge \u2013 1932", 'The "old" bridge - 1932', None),
        ("use the <\u200b|im_end|> token", "Use the <|im_end|> token.", None),  # as the model saw it
        ("opened ... 1932", "The bridge opened in 1932.", "quote_not_in_document"),
        ("bridge", "", "quote_not_in_document"),
        ("\u200b", "The bridge", "no_quote"),
    ],
    ids=["exact", "case and space", "quotes and dash", "neutralised", "elided", "empty document", "invisible"],
)
def test_a_quote_must_be_the_documents_own_words(quote: str, text: str, problem: str | None) -> None:
    assert quote_problem(quote, text) == problem


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({key: value for key, value in GOOD.items() if key != "safe"}, "safe: Field required"),
        ({**GOOD, "correct": "mostly"}, "correct: Input should be a valid boolean"),
        ({**GOOD, "quote": None}, "quote: Input should be a valid string"),
        ("The pair is fine.", "no JSON object in the reply"),
    ],
    ids=["verdict missing", "undecided", "null", "prose"],
)
def test_a_reply_that_is_no_verdict_is_a_dead_letter(run_verify: Make, pair: QAPair, said: Any, message: str) -> None:
    outcome, _ = run_verify(said)
    assert (outcome.passed, outcome.rejected) == ([], [])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.item_type) == ("verify", "ReplyInvalid", "QAPair")
    assert (letter.task_id, letter.domain, letter.persona) == (pair.task.id, "Other", "sailor")
    assert letter.message.startswith(message)


def test_the_verifier_is_shown_the_pair_and_not_who_asked(run_verify: Make) -> None:
    _, endpoint = run_verify(GOOD)
    [asked] = endpoint.asked
    assert asked.body["messages"] == [
        {"role": "system", "content": PROMPTS.system},
        {
            "role": "user",
            "content": "<document>\nThe bridge opened in 1932.\n</document>\n\n"
            "Task: verify\n<question>When did the bridge open?</question>\n<answer>1932</answer>",
        },
    ]
