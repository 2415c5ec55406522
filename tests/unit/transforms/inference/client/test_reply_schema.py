import contextlib
import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from transforms.classify import ClassifyReply
from transforms.errors import ReplyInvalid
from transforms.filter import FilterReply
from transforms.inference.client.reply_schema import ENFORCED_KEYWORDS, extract_object, parse_reply, reply_schema
from transforms.synthesize import SynthesizeReply
from transforms.verify import VerifyReply

GOOD = '{"qualified": true, "reason": "ok"}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here is my judgement:\n\n{GOOD}\n\nI hope it helps.",
        f"<think>a document {{with braces}} and {{}}</think>\n{GOOD}",
        f'First I thought {{"qualified": false, "reason": "ok"}} but no: {GOOD}',
    ],
    ids=["bare", "fence", "prose", "thought", "second thoughts"],
)
def test_the_reply_is_found_whatever_stands_around_it(text: str) -> None:
    assert parse_reply(text, FilterReply) == FilterReply(qualified=True, reason="ok")


@pytest.mark.parametrize(
    "text",
    [
        *("", "yes", '{"qualified": true', '["qualified"]', '{"qualified": true, "reason": "because"}'),
        *("{" * 10_000, '{"a":' * 5_000, '{"qualified": true, "reason": ' + "7" * 5_000 + "}"),
    ],
    ids=["empty", "word", "cut", "list", "unknown reason", "braces", "deep", "thousands of digits"],
)
def test_anything_else_is_invalid_and_keeps_the_reply(text: str) -> None:
    with pytest.raises(ReplyInvalid) as caught:
        parse_reply(text, FilterReply)
    assert caught.value.reply == text


MALFORMED = {
    "trailing comma": '{"question": "How old?", "answer": "9 years",}',
    "single quotes": "{'question': 'How old?', 'answer': '9 years'}",
    "line break": '{"question": "How old?",\n "answer": "9\nyears"}',
    "fence": 'Here it is:\n```json\n{"question": "How old?", "answer": "9 years",}\n```',
    "prose around it": 'Of the set {7, 9} I take: {"question": "How old?", "answer": "9 years",}. I hope it helps.',
    "thought": '<think>{"question": "Why?",}</think>{"question": "How old?", "answer": "9 years",}',
    "missing comma": '{"question": "How old?" "answer": "9 years"}',
    "quotes inside": '{"question": "How "old"?", "answer": "9 years"}',
}


class Pair(BaseModel):
    question: str
    answer: str


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_slips_of_punctuation_are_repaired(text: str) -> None:
    pair = parse_reply(text, Pair)
    assert pair.question.replace('"', "") == "How old?"
    assert pair.answer.split() == ["9", "years"]


@pytest.mark.parametrize("answer", [r"\alpha", r"3 \times 10^8", r"\nu", r"\\times"])
def test_a_formula_keeps_its_backslashes_when_it_is_repaired(answer: str) -> None:
    pair = Pair(question=r"$\sqrt{4}$", answer=answer.replace(r"\\", "\\"))
    assert parse_reply(f'{{"question": "$\\sqrt{{4}}$", "answer": "{answer}",}}', Pair) == pair
    assert parse_reply(f"{{'question': '$\\sqrt{{4}}$', 'answer': '{answer}'}}", Pair) == pair


# As Qwen2.5-Coder-1.5B wrote it where the server took no schema.
NO_JSON = """### Question
Which command should I use to list all the available Makefile targets?

### Answer
make list

### Answer Type
list

### Aliases
None"""


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (NO_JSON, "no_json"),
        ('{"question": "How old?", "ans', "cut"),
        ('{"question": "What is 2", or 3?", "answer": "9"}', "syntax"),
        (r'{"question": "Is it x \ne y?", "answer": "9"}', "latex"),
        ('{"question": "How old?"}', "missing_field"),
        ('{"question": "How old?", "answer": {"years": 9}}', "wrong_value"),
        ('{"question": "How old?", "answer": "\\ud800"}', "wrong_value"),
    ],
    ids=lambda value: value if value.isidentifier() else "",
)
def test_a_malformed_reply_says_why(text: str, cause: str) -> None:
    with pytest.raises(ReplyInvalid) as caught:
        parse_reply(text, Pair)
    assert (caught.value.cause, caught.value.reply) == (cause, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"question": "How old?", "answer": "9',
        '{"question": "How old?", "answer": {"years": 9}',
        '{"question": "What is 2", or 3?", "answer": "9"}',
        '{"question": "How old?", "answer": "8", "answer": "9",}',
        '{"question": "How old?", "answer": "9", "note": "sure",} {"question": "Why?", "answer": "9",}',
        '{"question": "How old?",}',
        '{"question": "How old?", "answer": "a} and mo',
        '{"question": "How old?", "answer": "{a} or "b',
    ],
    ids=[
        *("cut", "a bracket missing", "words would be lost", "a key twice", "two objects", "does not fit"),
        *("cut behind a bracket", "cut behind a quote"),
    ],
)
def test_what_would_take_more_than_punctuation_is_invalid(text: str) -> None:
    with pytest.raises(ReplyInvalid) as caught:
        parse_reply(text, Pair)
    assert caught.value.reply == text


@pytest.mark.parametrize("text", ['{"a": ' * 3_000 + "}" * 3_000, '{"a": "' + "x" * 30_000 + '",}'], ids=["deep", "long"])
def test_hostile_text_is_not_repaired(text: str) -> None:
    with pytest.raises(ReplyInvalid):
        parse_reply(text, Pair)


@given(st.text() | st.text(alphabet="{}[]\"',:ab1\\ "))
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(ReplyInvalid):
        parse_reply(text, Pair)


@given(st.text())
def test_the_search_for_an_object_raises_nothing_else(text: str) -> None:
    with contextlib.suppress(ReplyInvalid):
        extract_object(text)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans(), min_size=1), st.text(alphabet="abc .\n"))
def test_an_object_in_prose_comes_back_whole(value: dict[str, object], prose: str) -> None:
    assert extract_object(f"{prose}{json.dumps(value)}{prose}") == value


def test_a_value_outside_the_run_s_choices_is_invalid() -> None:
    reply = json.dumps({"domain": "Cooking", "personas": [{"name": "cook", "interest": "salt"}]})
    with pytest.raises(ReplyInvalid, match="'Cooking' is not one of Math, Other"):
        parse_reply(reply, ClassifyReply, {"domain": ["Math", "Other"]})


def _keywords(node: object) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_keywords, node), set())
    if not isinstance(node, dict):
        return set()
    found = set(node)
    for key, value in node.items():
        if key in ("properties", "$defs"):
            found |= set().union(*map(_keywords, value.values()))
        else:
            found |= _keywords(value)
    return found


@pytest.mark.parametrize("reply_type", [FilterReply, ClassifyReply, SynthesizeReply, VerifyReply])
def test_schemas_hold_only_keywords_that_every_server_enforces(reply_type: type[BaseModel]) -> None:
    schema = reply_schema(reply_type)
    assert _keywords(schema) <= ENFORCED_KEYWORDS
    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"])


def test_unenforced_keywords_are_left_out_and_still_checked_here() -> None:
    class Reply(BaseModel):
        share: float = Field(ge=0, le=1)
        count: int = Field(ge=0)
        kind: Literal["a"] = "a"

    schema = reply_schema(Reply)
    assert schema["properties"] == {
        "share": {"type": "number"},
        "count": {"type": "integer", "minimum": 0},
        "kind": {"type": "string", "const": "a"},
    }
    with pytest.raises(ReplyInvalid, match="share"):
        parse_reply('{"share": 7, "count": 1, "kind": "a"}', Reply)


def test_choices_become_an_enum() -> None:
    assert reply_schema(ClassifyReply, {"domain": ["Math"]})["properties"]["domain"] == {"type": "string", "enum": ["Math"]}


def test_the_end_of_a_thought_may_be_what_the_answer_is_about() -> None:
    answer = {"question": "Which tag closes a thought: </think> or {/think}?"}
    for before in ("", "<think>a {draft} of it</think>\n", 'I think {"question": "?"}</think>'):
        assert extract_object(f"{before}Here it is: {json.dumps(answer)} Done.") == answer


class Note(BaseModel):
    text: str


def test_half_of_a_surrogate_pair_is_no_reply() -> None:
    with pytest.raises(ReplyInvalid, match="surrogate"):
        parse_reply('{"text": "a\\ud800"}', Note)
    assert parse_reply('{"text": "\\ud83d\\ude00"}', Note).text == "\U0001f600"
