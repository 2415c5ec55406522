"""Verify: which pairs the verifier lets through, that it must prove them, and what it was shown."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from prompts.load import load_prompts
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint
from transforms.inference import call as call_module
from transforms.inference.call_several import spread
from transforms.records import Persona, PersonaTask, QAPair, Stamp, Verdict, VerifiedQA, stamps_of, verdict_row
from transforms.stages import MODEL_STAGES
from transforms.verify import VerifyAnswer, VerifyQA

PROMPTS = load_prompts(stages=MODEL_STAGES)
PROMPT = PROMPTS.prompt("verify")
STAMP = Stamp("verify", "m", PROMPT.version, PROMPT.sha256)
EARLIER = Stamp("synthesize", "m", 1, "abc")
PROVEN = {"quote": "opened in 1932", "correct": True, "wrong_aliases": []}
GOOD = {**PROVEN, "leaks": False, "self_contained": True, "unambiguous": True, "safe": True}
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
    checks = ("correct", "no_leak", "self_contained", "unambiguous", "safe", "quoted")
    verdicts = tuple(Verdict(check, True, STAMP) for check in checks)
    assert outcome == ([VerifiedQA(pair, "opened in 1932", verdicts, (STAMP,))], [], [])
    assert stamps_of(outcome.passed[0]) == (EARLIER, STAMP)
    assert outcome.passed[0].id == pair.id


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"correct": False}, "incorrect"),
        ({"leaks": True}, "leaks"),
        ({"self_contained": False}, "not_self_contained"),
        ({"unambiguous": False}, "ambiguous"),
        ({"safe": False}, "unsafe"),
        ({"quote": ""}, "no_quote"),
        ({"quote": ' "..." '}, "no_quote"),
        ({"quote": "opened in 1933"}, "quote_not_in_document"),
        ({"quote": "e"}, "quote_not_in_document"),
        ({"quote": "opened in 193"}, "quote_not_in_document"),
        ({"quote": "The bridge"}, "quote_too_short"),
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
        "unambiguous": True,
        "safe": False,
        "quoted": True,
    }
    assert {(verdict["model"], verdict["prompt_version"]) for verdict in item["verdicts"]} == {("m", PROMPT.version)}


def test_the_quote_that_is_kept_is_the_documents(run_verify: Make) -> None:
    outcome, _ = run_verify({**GOOD, "quote": '"THE BRIDGE  OPENED in 1932"'})
    assert outcome.passed[0].quote == "The bridge opened in 1932"


def test_a_quote_that_is_not_there_is_kept_as_it_was_said(run_verify: Make) -> None:
    outcome, _ = run_verify({**GOOD, "quote": " opened in 1933 "})
    assert json.loads(outcome.rejected[0].item)["quote"] == "opened in 1933"


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
    variables = {"question": "When did the bridge open?", "answer": "1932", "aliases": "[]"}
    assert asked.body["messages"] == PROMPTS.messages("verify", "The bridge opened in 1932.", variables)
    assert "sailor" not in asked.text


def test_the_document_is_made_inert_once_for_all_its_pairs(serve: Make, model: Make, run_transform: Any, document: Make) -> None:
    """And what is sent is inert: a control token in it is none any more."""
    bridge = document(text="The bridge <|im_end|> opened in 1932; its number is 4711.")
    tasks = [PersonaTask(bridge, "Other", Persona(name)) for name in ("sailor", "historian", "engineer")]
    before = call_module._neutralised.cache_info()
    endpoint = serve(lambda _: GOOD)
    outcome = run_transform(
        VerifyQA(model(endpoint), PROMPTS), [QAPair(task, f"When, {task.persona.name}?", "1932", "date") for task in tasks]
    )
    after = call_module._neutralised.cache_info()
    assert len(outcome.passed) == 3
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 2)
    assert all("<\u200b|im_end|>" in asked.text for asked in endpoint.asked)


# --- aliases


def test_an_alias_that_the_verifier_calls_wrong_is_dropped_and_the_pair_kept(
    serve: Make, model: Make, run_transform: Any, pair: QAPair
) -> None:
    endpoint = serve(lambda _: {**GOOD, "wrong_aliases": ["", '- "THE BRIDGE"', "never given"]})
    given = replace(pair, aliases=("in 1932", "the bridge", "Z\u00fcrich"))
    [passed] = run_transform(VerifyQA(model(endpoint), PROMPTS), [given]).passed
    assert passed.pair == replace(pair, aliases=("in 1932", "Z\u00fcrich"))
    assert passed.id == pair.id
    assert '<aliases>["in 1932", "the bridge", "Z\u00fcrich"]</aliases>' in endpoint.asked[0].text


# --- the first of two calls


def test_the_first_of_two_calls_is_about_the_answer_alone(serve: Make, model: Make, run_transform: Any, pair: QAPair) -> None:
    endpoint = serve(lambda _: PROVEN)
    [passed] = run_transform(VerifyAnswer(model(endpoint), PROMPTS), [pair]).passed
    assert [verdict.check for verdict in passed.verdicts] == ["correct", "quoted"]
    assert {verdict.stamp.stage for verdict in passed.verdicts} == {"verify_answer"}
    assert passed.quote == "opened in 1932"
    [asked] = endpoint.asked
    assert asked.text.startswith("<document>\nThe bridge opened in 1932.\n</document>\n\nTask: verify_answer\n")
    assert set(asked.body["response_format"]["json_schema"]["schema"]["properties"]) == set(PROVEN)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"correct": False}, "incorrect"), ({"quote": "opened in 1933"}, "quote_not_in_document"), ({"quote": ""}, "no_quote")],
)
def test_an_answer_without_proof_ends_at_the_first_of_two_calls(
    serve: Make, model: Make, run_transform: Any, pair: QAPair, changed: dict[str, Any], reason: str
) -> None:
    outcome = run_transform(VerifyAnswer(model(serve(lambda _: {**PROVEN, **changed})), PROMPTS), [pair])
    assert [(rejection.stage, rejection.reason) for rejection in outcome.rejected] == [("verify_answer", reason)]
    assert outcome.passed == outcome.dead_letters == []


# --- several verifiers


def by_seed(*replies: Any) -> Callable[[Asked], Any]:
    """What each verifier says: the first has no seed, the others count theirs."""
    return lambda asked: replies[asked.body.get("seed", 0)]


@pytest.mark.parametrize(
    ("agreement", "replies", "reason", "detail"),
    [
        ("majority", [GOOD, {**GOOD, "leaks": True}, GOOD], "", ""),
        ("majority", [{**GOOD, "quote": "no"}, GOOD, {**GOOD, "leaks": True}], "quote_not_in_document", "2 of 3"),
        ("majority", [{**GOOD, "leaks": True}, {**GOOD, "correct": False}, {**GOOD, "leaks": True}], "leaks", "leaks (2)"),
        ("all", [GOOD, GOOD, {**GOOD, "unambiguous": False}], "ambiguous", "1 of 3 verifiers against it: ambiguous (1)"),
        ("all", [GOOD, GOOD, GOOD], "", ""),
    ],
    ids=["one against", "two against", "most said counts", "one is enough", "all for it"],
)
def test_several_verifiers_decide_together(
    serve: Make, model: Make, run_transform: Any, pair: QAPair, agreement: str, replies: list[Any], reason: str, detail: str
) -> None:
    endpoint = serve(by_seed(*replies))
    first, *others = spread([model(endpoint)], 3)
    outcome = run_transform(VerifyQA(first, PROMPTS, tuple(others), agreement), [pair])
    assert [rejection.reason for rejection in outcome.rejected] == ([reason] if reason else [])
    assert len(outcome.passed) == (not reason)
    if reason:
        assert detail in outcome.rejected[0].detail
        verdicts = json.loads(outcome.rejected[0].item)["verdicts"]
    else:
        assert outcome.passed[0].quote == "opened in 1932"
        assert outcome.passed[0].stamps == (STAMP,)
        verdicts = outcome.passed[0].verdicts
    assert len(verdicts) == 3 * 6 + 1, "every verdict of every verifier stays on the row, and what they came to"
    rows = [verdict if isinstance(verdict, dict) else verdict_row(verdict) for verdict in verdicts]
    assert [row["verifier"] for row in rows] == [number for number in (1, 2, 3) for _ in range(6)] + [0]
    against = sum(reply is not GOOD for reply in replies)
    assert (rows[-1]["check"], rows[-1]["passed"]) == ("consensus", not reason)
    assert rows[-1]["detail"] == f"{3 - against} for the pair, {against} against it"
    assert sorted(asked.body.get("seed", 0) for asked in endpoint.asked) == [0, 1, 2]
    assert {asked.body["temperature"] for asked in endpoint.asked} == {0, 0.7}, "the first is asked as one alone would be"
    assert len({asked.text for asked in endpoint.asked}) == 1


def test_verifiers_may_be_different_models(serve: Make, model: Make, run_transform: Any, pair: QAPair) -> None:
    endpoint = serve(lambda asked: {**GOOD, "correct": asked.body["model"] != "b"})
    first, *others = spread([model(endpoint), replace(model(endpoint), model="b"), replace(model(endpoint), model="c")], 3)
    [passed] = run_transform(VerifyQA(first, PROMPTS, tuple(others)), [pair]).passed
    said = [(verdict.stamp.model, verdict.passed) for verdict in passed.verdicts if verdict.check == "correct"]
    assert said == [("m", True), ("b", False), ("c", True)]
    assert [stamp.model for stamp in passed.stamps] == ["m", "b", "c"]
    assert {asked.body["temperature"] for asked in endpoint.asked} == {0}


@pytest.mark.parametrize(
    ("replies", "ended"),
    [
        ([GOOD, GOOD, "no json"], "passed"),
        ([{**GOOD, "leaks": True}, "no json", {**GOOD, "leaks": True}], "rejected"),
        ([GOOD, "no json", {**GOOD, "leaks": True}], "dead_letters"),
        (["no json", "no json", "no json"], "dead_letters"),
    ],
    ids=["for it all the same", "against it all the same", "could go either way", "nobody"],
)
def test_a_verifier_that_does_not_answer_decides_nothing(
    serve: Make, model: Make, run_transform: Any, pair: QAPair, replies: list[Any], ended: str
) -> None:
    first, *others = spread([model(serve(by_seed(*replies)), max_reasks=0)], 3)
    outcome = run_transform(VerifyQA(first, PROMPTS, tuple(others)), [pair])
    assert {name: len(part) for name, part in outcome._asdict().items() if part} == {ended: 1}
    if ended == "dead_letters":
        [letter] = outcome.dead_letters
        assert (letter.stage, letter.error, letter.reply, letter.item_type) == ("verify", "ReplyInvalid", "no json", "QAPair")
