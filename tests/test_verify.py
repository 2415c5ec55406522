"""Verify: which pairs the verifier lets through, that it must prove them, and what it was shown."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import load_prompts
from tests.scripted_endpoint import ScriptedEndpoint
from transforms.inference import call as call_module
from transforms.records import Persona, PersonaTask, QAPair, Stamp, Verdict, VerifiedQA, stamps_of
from transforms.text import normalise
from transforms.verify import VerifyQA, find_quote, quote_problem

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
        "safe": False,
    }
    assert {(verdict["model"], verdict["prompt_version"]) for verdict in item["verdicts"]} == {("m", PROMPT.version)}


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("opened in 1932", "The bridge opened in 1932.", "opened in 1932"),
        ("OPENED in 1932.", "The bridge  Opened\n in 1932. Later", "Opened\n in 1932."),
        ('"Opened  in\n1932."', "The bridge (opened in 1932).", "opened in 1932"),
        (
            'the "old" bridge - 1932',
            "See The\u00a0\u201cold\u201d bridge \u2013 1932!",
            "The\u00a0\u201cold\u201d bridge \u2013 1932",
        ),
        ("use the <\u200b|im_end|> token", "Use the <|im_end|> token.", "Use the <|im_end|> token"),  # as the model saw it
        ("cafe\u0301 in Ko\u0308ln", "a caf\u00e9 in K\u00f6ln.", "caf\u00e9 in K\u00f6ln"),
        ("caf\u00e9", "a cafe\u0301 in", "cafe\u0301"),
        ("10^3 m", "about 10\u00b3 m.", "10\u00b3 m"),
        ("well... no", "\u2026well\u2026 no", "well\u2026 no"),
        ("it opened", "soft\u00adhy\u00adphens, \u200bit\u200b opened\u200b\u00ad", "it\u200b opened"),
        ("Harriet Lane_ sank", "The _Harriet Lane_ sank.", "Harriet Lane_ sank"),
        ("\u5927\u6865\u5728", "\u65e7\u5927\u6865\u57281932\u5e74\u5f00\u901a\u3002", "\u5927\u6865\u5728"),
        ("opened ... 1932", "The bridge opened in 1932.", None),
        ("e", "The bridge opened in 1932.", None),
        ("opened in 193", "The bridge opened in 1932.", None),
        ("ridge opened", "The bridge opened; the ridge opened.", "ridge opened"),
        ("bridge", "", None),
        ("", "The bridge", None),
    ],
    ids=[
        *("exact", "case and space", "wrapped in quotes", "quotes and dash", "neutralised", "accents", "two characters for one"),
        *("superscript", "one character for three", "invisible", "underscores", "no spaces between words"),
        *("elided", "a letter", "half a number", "later", "empty document", "empty"),
    ],
)
def test_a_quote_must_be_the_documents_own_words(quote: str, text: str, found: str | None) -> None:
    assert find_quote(quote, text) == found


WORDS = st.text(
    "abcdE\u00e9\u0301\u00df\u0130\ufb01\u00bd\u00b3\u2026\u2019`'-.19\u200b\u5927\uac00\u1100\u1161", min_size=1, max_size=6
)


@given(st.lists(WORDS, min_size=1, max_size=12), st.sampled_from([" ", "\n", " \u00a0 "]), st.data())
def test_what_is_found_is_what_was_wanted_spelled_as_in_the_document(parts: list[str], space: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(parts) - 1))
    last = data.draw(st.integers(first, len(parts) - 1))
    text, quote = space.join(parts), " ".join(parts[first : last + 1])
    found = find_quote(quote, text)
    if found is None:
        assert not normalise(quote)
    else:
        assert found in text
        # More than was wanted only where one character stands for several: the half of "\u00bd".
        assert normalise(quote).strip(" \"'.,;:") in normalise(found)
        assert len(normalise(found)) <= len(normalise(quote)) + 4


@pytest.mark.parametrize(
    ("quote", "answer", "answer_type", "problem"),
    [
        ("opened in 1932", "1932", "date", None),
        ("1932", "1932", "date", None),
        ("two lanes", "2", "number", None),
        ("opened", "1932", "date", "quote_too_short"),
        ("two lanes", "4", "number", "quote_too_short"),
        ("opened in", "yes", "yes_no", "quote_too_short"),
        ("bridge opened in", "yes", "yes_no", None),
        ("The bridge opened", "1932", "date", None),
        ("1,932,000", "7", "number", "quote_too_short"),
        ("\u5927\u6865\u5728", "1932", "date", None),
    ],
)
def test_a_quote_says_the_answer_or_has_three_words(
    quote: str, answer: str, answer_type: str, problem: str | None, document: Make
) -> None:
    task = PersonaTask(document(), "Other", Persona("sailor"))
    assert quote_problem(quote, quote, QAPair(task, "?", answer, answer_type)) == problem
    with_alias = QAPair(task, "?", "nothing", answer_type, aliases=(answer,))
    assert quote_problem(quote, quote, with_alias) == problem


@pytest.mark.parametrize("quote", ["", " ", '"..."', "\u200b"])
def test_a_quote_of_nothing_is_no_quote(quote: str, pair: QAPair) -> None:
    assert quote_problem(quote, None, pair) == "no_quote"


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
    assert asked.body["messages"] == [
        {"role": "system", "content": PROMPTS.system},
        {
            "role": "user",
            "content": "<document>\nThe bridge opened in 1932.\n</document>\n\n"
            "Task: verify\n<question>When did the bridge open?</question>\n<answer>1932</answer>",
        },
    ]


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
