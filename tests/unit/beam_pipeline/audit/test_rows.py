"""Rows of every layout as pairs: the question alone, the key alone, options, subjects; and what is said of rows that are none."""

from typing import Any

import pytest

from beam_pipeline.audit.columns import ColumnError, columns_of
from beam_pipeline.audit.rows import File, key_of, letter_of, options_of, pair_of
from beam_pipeline.audit.wording import Wording, find_wording
from beam_pipeline.storage.values import BadRow
from transforms.records import VerifiedQA

QUESTION = "In which year was the Harrow Bridge opened?"
CHAT = [{"role": "system", "content": "Think."}, {"role": "user", "content": QUESTION}]


def pair(row: dict[str, Any], **given: str) -> tuple[str, str, str, str]:
    file = File(columns_of([row], given))
    made = pair_of("set.jsonl:1", row, file)
    assert isinstance(made, VerifiedQA), made
    return file.columns.layout, made.pair.question, made.pair.answer, made.pair.task.domain


@pytest.mark.parametrize(
    ("row", "layout", "domain"),
    [
        ({"question": QUESTION, "answer": "1907"}, "questions and answers", "set"),
        ({"prompt": CHAT, "solution": "1907", "subject": "Bridges"}, "TRL", "Bridges"),
        ({"prompt": CHAT, "answer": "1907"}, "TRL", "set"),
        ({"prompt": CHAT, "reward_model": {"ground_truth": "1907"}, "data_source": "b", "ability": "history"}, "verl", "history"),
        ({"prompt": CHAT, "label": '{"question": "", "answer": "1907", "answer_type": "date"}'}, "OpenRLHF", "set"),
        ({"responses_create_params": {"input": CHAT}, "expected_answer": "1907"}, "NeMo Gym", "set"),
        ({"responses_create_params": {"input": CHAT}, "verifier_metadata": {"answer": "1907"}}, "NeMo Gym", "set"),
        ({"question": QUESTION, "answer": "1907", "info": {"domain": "x"}}, "verifiers", "x"),
        (
            {"question": QUESTION, "context": "...", "answers": {"text": ["1907", "in 1907"], "answer_start": [1, 2]}},
            "SQuAD",
            "set",
        ),
        ({"problem": QUESTION, "answer": 1907}, "questions and answers", "set"),
        ({"question": QUESTION, "answer": "It took years. #### 1907"}, "questions and answers", "set"),
        ({"question": QUESTION, "answer": {"value": "1907", "aliases": ["MCMVII"]}}, "questions and answers", "set"),
    ],
)
def test_layouts_are_told_by_their_fields(row: dict[str, Any], layout: str, domain: str) -> None:
    assert pair(row) == (layout, QUESTION, "1907", domain)


def test_columns_may_be_named_also_inside_others() -> None:
    row = {"q": {"text": QUESTION}, "gold": "1907", "answer": "wrong", "kind": "bridges"}
    assert pair(row, question="q.text", answer="gold", domain="kind") == ("columns by name", QUESTION, "1907", "bridges")


def test_other_spellings_document_and_id_go_along() -> None:
    row = {"id": 7, "question": QUESTION, "answers": {"text": ["1907", "in 1907"]}, "context": "Opened in 1907."}
    made = pair_of("a.jsonl:3", row, File(columns_of([row], {"document": "context"})))
    assert isinstance(made, VerifiedQA) and made.pair.aliases == ("in 1907",)
    document = made.pair.task.document
    assert (document.where, document.text, dict(document.attributes)) == ("a.jsonl:3", "Opened in 1907.", {"row_id": "7"})


def test_a_row_without_an_answer_is_a_pair_without_one() -> None:
    for row in ({"question": QUESTION, "answer": None}, {"question": QUESTION, "answers": {"text": []}}):
        assert pair(row)[2] == ""
    columns = columns_of([{"question": QUESTION}], {})
    assert not columns.keyed and columns.layout == "questions"


@pytest.mark.parametrize(
    "row", [{"question": "  ", "answer": "1"}, {"question": None, "answer": "1"}, {"question": [1], "answer": "1"}]
)
def test_a_row_without_a_question_is_none(row: dict[str, Any]) -> None:
    made = pair_of("a:1", row, File(columns_of([{"question": "q", "answer": "a"}], {})))
    assert isinstance(made, BadRow) and "no question" in made.message


def test_an_answer_that_is_no_text_is_said() -> None:
    made = pair_of("a:1", {"question": "Why?", "answer": {"x": 1}}, File(columns_of([{"question": "q", "answer": "a"}], {})))
    assert isinstance(made, BadRow) and made.error == "WrongType"


def test_a_file_without_questions_says_which_columns_it_has() -> None:
    with pytest.raises(ColumnError, match=r"no column for the question .*; there is pixels, size; name it with --question"):
        columns_of([{"pixels": 1, "size": 2}], {})
    with pytest.raises(ColumnError, match=r"--answer gold: no such column; there is question, answer"):
        columns_of([{"question": "q", "answer": "a"}], {"answer": "gold"})


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ("18", "18"),
        ("She has 16 - 3 = <<16-3=13>>13.\n#### 1,080\n", "1,080"),
        ("We add the numbers to find what is asked, so that $x = \\boxed{\\frac{1}{2}}$.", "\\frac{1}{2}"),
        ("a long answer that has no mark at all and says a good many words", None),
        ("#### headings are no mark #### here\nbecause a line follows and it is not a solution", None),
    ],
)
def test_the_key_is_what_a_solution_marks(answer: str, key: str | None) -> None:
    assert key_of(answer) == (answer if key is None else key)


@pytest.mark.parametrize(
    ("answer", "letter"), [(2, "C"), ("b", "B"), ("blue", "B"), (4, ""), (True, ""), ("mauve", ""), (None, ""), (-1, "")]
)
def test_an_option_is_known_by_place_letter_or_text(answer: Any, letter: str) -> None:
    assert letter_of(answer, ("red", "blue", "green")) == letter


def test_options_are_shown_with_the_question() -> None:
    row = {"question": "Which colour has the sky?", "choices": {"text": ["red", "blue"], "label": ["A", "B"]}, "answerKey": "B"}
    made = pair_of("a:1", row, File(columns_of([row], {})))
    assert isinstance(made, VerifiedQA) and (made.pair.answer, made.pair.answer_type) == ("B", "option")
    assert made.pair.question == "Which colour has the sky?\nA) red\nB) blue"
    assert options_of(["one"]) == options_of("text") == options_of([1, 2]) == ()


# --- the words around questions ---------------------------------------------------------------------

BEFORE, BEHIND = "Solve the problem step by step. Be brief.\n\n", "\n\nPut your final answer behind ####."


def test_words_of_all_prompts_are_no_part_of_a_question() -> None:
    questions = [f"What is {number} plus {number * number}?" for number in range(20)]
    wording = find_wording(f"{BEFORE}{question}{BEHIND}" for question in questions)
    assert (wording.before, wording.behind.strip()) == (BEFORE, BEHIND.strip())
    assert [wording.question_in(f"{BEFORE}{question}{BEHIND}") for question in questions] == questions
    assert wording.question_in("Another prompt?") == "Another prompt?"


@pytest.mark.parametrize(
    "prompts",
    [
        [f"What is the capital of the country number {number}?" for number in range(20)],  # no sentence
        [f"Be brief. {number}?" for number in range(20)],  # few letters
        [f"{BEFORE}{number}?" for number in range(5)],  # few prompts
        [BEFORE] * 50,
        [],
    ],
)
def test_what_may_be_chance_stays(prompts: list[str]) -> None:
    assert find_wording(prompts) == Wording()
