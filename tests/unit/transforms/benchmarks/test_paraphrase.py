"""Paraphrases: what tells a benchmark's question in other words from one that only looks like it."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.growth import assert_linear, repeated
from tests.quality import semantic
from transforms.benchmarks.paraphrase import SIMILARITY, asks_the_same, core_question, difference, least_similarity, take_apart

ALIKE = 0.85


def differs(question: str, item: str, similarity: float = ALIKE) -> str:
    return difference(take_apart(question), take_apart(item), similarity)


@pytest.mark.parametrize(
    ("question", "item", "found"),
    [
        ("Convert an integer to a Roman numeral.", "Convert a Roman numeral to an integer.", "order"),
        ("Convert the integer to the numeral.", "Convert the numeral to the integer.", "order"),
        ("Which of these statements is true?", "Which of the following is not true?", "general"),
        ("How long is a fence of 40 posts?", "How long is a fence of 50 posts?", "numbers"),
        ("What is the area of a room of 4 by 5 by 6 metres?", "What is the area of a room of 4 metres?", ""),
        ("What is the area of a room of 4 metres?", "What is the area of a room of 4 by 5 by 6 metres?", "numbers"),
        ("Which battle ended World War I?", "Which battle ended World War II?", "numbers"),
        ("Who commanded the army of Russia in the First World War?", "Which man led the Russian troops in World War I?", ""),
        ("How many eggs are there in three dozen boxes?", "How many eggs do 3 boxes hold, of 12 each?", ""),
        ("Which theorem did G\u00f6del prove about arithmetic?", "What did Godel prove about arithmetic?", ""),
        ("What is the capital of Austria?", "What is the capital of Australia?", "names"),
        ("In which year did the Russian army enter Paris?", "When did soldiers of Russia enter the city of Paris?", ""),
        ("What is the smallest planet known?", "What is the largest planet known?", "opposites"),
        ("Which vessels carry blood back to the heart?", "Which vessels carry blood away from the heart?", "opposites"),
        ("What are the prime numbers below fifty?", "What is the largest of the prime numbers below fifty?", "superlative"),
        ("Who built the tower of the old town?", "When was the tower of the old town built?", "kind"),
        ("What is the boiling point of ethanol?", "What is the boiling point of water?", "words"),
        ("Write a function to count vowels.", "Write a Python function to reverse strings.", "code"),
    ],
)
def test_what_tells_two_similar_questions_apart(question: str, item: str, found: str) -> None:
    assert differs(question, item) == found


def test_a_problem_about_other_people_with_the_same_numbers_is_the_same() -> None:
    item = "Maria bakes 24 rolls an hour for 7 hours, gives 18 away and sells the rest for $2. What does Maria earn?"
    retold = "In 7 hours Tom makes 24 buns each hour. He sells all but 18 of them at 2 dollars. How much does Tom make?"
    assert differs(retold, item, 0.8) == ""
    assert differs(retold.replace("24", "25").replace("18", "19"), item, 0.8) == "numbers"


def test_one_word_in_place_of_another_is_a_synonym_only_if_the_model_is_sure() -> None:
    pair = ("Which process turns water into vapour at its surface?", "Which process makes water into vapour at its surface?")
    assert differs(*pair, 0.8) == "words"
    assert differs(*pair, 0.95) == ""


QUESTION, ITEM = "Which gas do plants absorb to make sugar?", "What does a plant take out of the air in photosynthesis?"


def same(item_answer: str, similarity: float, answer: str = "carbon dioxide", **settings: Any) -> bool:
    return asks_the_same(QUESTION, [answer, "CO2"], "term", ITEM, item_answer, similarity, **settings)


def test_without_the_benchmark_s_answer_similarity_decides() -> None:
    assert same("", SIMILARITY)
    assert not same("", SIMILARITY - 0.01)
    assert same("", 0.6, least=0.6)
    assert not same("", 0.9, least=0.95)


def test_the_same_answer_makes_up_for_other_words() -> None:
    for item_answer in ("Carbon dioxide", "It is carbon dioxide.\nCO2", "CO2"):
        assert same(item_answer, least_similarity() + 0.01)
        assert not same(item_answer, least_similarity() - 0.01)


@pytest.mark.parametrize(
    ("answer", "item_answer"),
    [("carbon dioxide", "oxygen\ncarbon dioxide\nwater\nlight"), ("2", "2"), ("1/6", "1/6"), ("yes", "yes")],
    ids=["one of the options", "a number", "a fraction", "yes"],
)
def test_an_answer_that_many_questions_have_makes_up_for_nothing(answer: str, item_answer: str) -> None:
    assert not asks_the_same(QUESTION, [answer], "", ITEM, item_answer, SIMILARITY - 0.01)
    assert asks_the_same(QUESTION, [answer], "", ITEM, item_answer, SIMILARITY)


def test_another_answer_needs_more_than_similarity() -> None:
    assert not same("oxygen", 0.8)
    assert same("oxygen", 0.95), "answers come in many forms"


def test_a_part_of_an_answer_is_not_that_answer() -> None:
    assert not asks_the_same(QUESTION, ["the plant's carbon dioxide is used up by night"], "", ITEM, "night", 0.8)
    poet, item = "Which poet of Weimar wrote the tragedy of Faust?", "The tragedy of Faust was the work of which poet?"
    assert asks_the_same(poet, ["Johann Goethe"], "name", item, "Goethe", 0.75)


def test_an_answer_that_the_item_cannot_have_is_another_question_s() -> None:
    item = "When was the harbour bridge of the town opened?"
    assert not asks_the_same("What opened beside the bridge in the harbour of that town?", ["a museum"], "", item, "", ALIKE)
    assert asks_the_same("The bridge in the town's harbour opened in what year?", ["1932"], "date", item, "", ALIKE)


@pytest.mark.parametrize(
    ("text", "core"),
    [
        ("Write a Python function to find the  sum of a list.", "find the sum of a list."),
        ("Write a function that returns the longest word.", "returns the longest word."),
        ("Implement a function counting words.", "counting words."),
        ("Write a function.", "Write a function."),
        ("Who wrote Emma?", "Who wrote Emma?"),
        ("", ""),
    ],
)
def test_what_is_embedded_of_a_question(text: str, core: str) -> None:
    assert core_question(text) == core


def test_a_very_long_question_keeps_its_beginning_and_its_end() -> None:
    core = core_question("Begin. " + "word " * 5000 + "How many?")
    assert len(core) < 1300
    assert core.startswith("Begin.")
    assert core.endswith("How many?")


@given(st.text(), st.text(), st.text(), st.text(), st.floats(-1, 1))
def test_nothing_raises(question: str, answer: str, item: str, item_answer: str, similarity: float) -> None:
    core_question(question)
    assert asks_the_same(question, [answer], "", item, item_answer, similarity) in (True, False)


@given(st.text(max_size=80))
def test_a_question_does_not_differ_from_itself(question: str) -> None:
    assert differs(question, question, 1.0) in ("", "general")


def anything(size: int) -> str:
    return "".join(random.Random(size).choices("aA1 .,'\\{}$", k=size))


@pytest.mark.parametrize(
    "make",
    [*map(repeated, ("Write a ", "a", "1", "How ", "(", "\\frac{")), anything],
    ids=["Write a", "a", "1", "How", "(", "frac", "anything"],
)
def test_a_hostile_text_takes_linear_time(make: Callable[[int], str]) -> None:
    def compare(text: str) -> None:
        asks_the_same(core_question(text), [text[:500]], "", core_question(text)[::-1], text[:2000], 0.9)

    assert_linear(compare, make, 12_500, 200_000)


# --- the labelled set, with vectors of a real model that are kept in the repository


@pytest.mark.parametrize("answers", [False, True], ids=["answers unknown", "answers known"])
def test_the_labelled_set(answers: bool) -> None:
    rows = semantic.read_rows()
    cases = list(semantic.judge(rows, semantic.read_vectors(), answers))
    assert len(cases) >= 60
    for part in semantic.PARTS:
        found = [case.found for case in cases if case.part == part and case.expected]
        flagged = [case.found for case in cases if case.part == part and not case.expected]
        assert sum(found) >= 0.6 * len(found), part
        assert sum(flagged) <= 0.02 * len(flagged), part
