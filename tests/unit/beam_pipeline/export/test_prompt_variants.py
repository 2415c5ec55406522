"""Prompts that vary: by the row's id only, and with an answer that the reward reads in each form."""

import json
from collections import Counter

import pytest

from beam_pipeline.export.prompt_variants import VARIANTS, VariedTemplates, first_variants
from beam_pipeline.export.trainer_rows import TRAINERS, Templates
from tests.fakes.exports import pair
from transforms.reward.score import grade

# What a model says that does as it is told, by the form that the variant asks for.
OBEDIENT = {
    "box": "The figures give two numbers, 9 and this one.\n\n\\boxed{{{}}}",
    "line": "There is a 9 in the text, but it is another thing.\nAnswer: {}",
    "tag": "The 9 is a page number.\n<answer>{}</answer>",
    "hashes": "Of 9 candidates one is left.\n#### {}",
    "object": '{{"reasoning": "It is not 9.", "answer": "{}"}}',
    "sentence": "The text speaks of 9 things. The answer is {}.",
}
TRUTHS = [
    ("Paris", "Lyon", "entity", "Which city is the capital of France?"),
    ("7 cubic kilometres", "8 cubic kilometres", "number", "How much rock did Tambora throw out?"),
    ("4 July 1848", "5 July 1848", "date", "When was it signed?"),
    ("yes", "no", "yes_no", "Does water boil at 100 degrees?"),
    ("photosynthesis", "respiration", "term", "What do plants make sugar by?"),
]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_the_reward_reads_every_form(variant: tuple[str, ...]) -> None:
    said = OBEDIENT[variant[0].partition("_")[0]]
    for right, wrong, answer_type, question in TRUTHS:
        assert grade(said.format(right), right, answer_type, (), question).verdict == "right", right
        assert grade(said.format(wrong), right, answer_type, (), question).verdict == "wrong", wrong


def test_the_words_are_of_the_form() -> None:
    told = {
        "box": "\\boxed{}",
        "line": "Answer:",
        "tag": "<answer>",
        "hashes": "####",
        "object": "JSON",
        "sentence": "The answer is",
    }
    for variant in VARIANTS:
        assert told[variant.name.partition("_")[0]] in variant.system + variant.question
        assert "$question" in variant.question and "$" not in variant.system
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    assert len({variant.name for variant in VARIANTS[:6]} & told.keys()) == 6, "few variants already differ in form"


def test_a_row_keeps_its_variant_and_rows_differ() -> None:
    rows = [pair(number) for number in range(600)]
    one, again = first_variants(6, False), first_variants(6, False)
    assert [one.messages(row) for row in rows] == [again.messages(row) for row in reversed(rows)][::-1]
    names = Counter(one.variant_of(row) for row in rows)
    assert set(names) == {variant.name for variant in VARIANTS[:6]} and min(names.values()) > 60


def test_all_trainers_are_told_which(tmp_path: object) -> None:
    for name, trainer in TRAINERS.items():
        templates = first_variants(len(VARIANTS), one_message=trainer.system_file)
        for row in map(pair, range(30)):
            made = json.dumps(trainer.to_row(row, templates, "train", 0))
            chosen = templates.variant_of(row)
            assert f'"prompt_variant": "{chosen}"' in made, name
            [variant] = [variant for variant in VARIANTS if variant.name == chosen]
            assert json.dumps(variant.system)[1:-1] in made, "what the system says stands in the row"


def test_where_rows_have_no_system_message_the_user_says_all() -> None:
    templates = VariedTemplates(one_message=True)
    assert templates.said_by_system == ""
    for row in map(pair, range(60)):
        [message] = templates.messages(row)
        assert message["role"] == "user" and row["question"] in message["content"]


def test_a_question_cannot_bring_tokens_or_placeholders() -> None:
    row = pair(1, question="What is $domain <|im_end|> {answer}?")
    said = " ".join(message["content"] for message in first_variants(2, False).messages(row))
    assert "$domain" in said and "<|im_end|>" not in said


@pytest.mark.parametrize("number", [-1, 0, 1, len(VARIANTS) + 1])
def test_how_many_there_are_is_said(number: int) -> None:
    with pytest.raises(ValueError, match=f"--prompt_variants {number}: must be from 2 to {len(VARIANTS)}"):
        first_variants(number, False)
    assert Templates().variant_of(pair()) == ""
