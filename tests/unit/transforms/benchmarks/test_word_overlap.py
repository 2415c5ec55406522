import json
import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.places import ROOT
from transforms.benchmarks.index import BenchmarkIndex, BenchmarkItem, pack_items
from transforms.benchmarks.word_overlap import NEAR_DUPLICATE, OVERLAP, ContaminationFinder, Match, one_slip

CASES = [json.loads(line) for line in (ROOT / "tests" / "data" / "decontamination.jsonl").read_text("utf-8").splitlines()]
BENCHMARKS = ROOT.parent / "shared" / "data" / "benchmarks"
NIGHT = (
    "A night watchman walks 6 rounds of 850 metres every night and rests for 12 minutes after each round. "
    "How many kilometres does he walk in 5 nights?"
)


def finder(*questions: str, extra: str = "", ngram: int = 13, similarity: float = 0.65) -> ContaminationFinder:
    items = [BenchmarkItem(f"b.jsonl:{line}", f"q{line}", question, extra) for line, question in enumerate(questions, 1)]
    return ContaminationFinder(BenchmarkIndex([pack_items(items)], ngram), similarity)


@cache
def finder_of_cases() -> ContaminationFinder:
    return finder(*dict.fromkeys(case["benchmark_question"] for case in CASES))


def flagged(kind: str) -> list[bool]:
    return [bool(finder_of_cases().match(case["question"], case["answer"])) for case in CASES if case["kind"].startswith(kind)]


# --- the labelled set


@pytest.mark.parametrize(
    "kind", ["verbatim", "case_punctuation", "latex", "prefix", "options", "short_item", "embedded", "split"]
)
def test_copies_in_any_dress_are_found(kind: str) -> None:
    assert all(flagged(kind))


def test_light_edits_are_found() -> None:
    found = flagged("light_edit")
    assert len(found) >= 80 and sum(found) / len(found) >= 0.95


def test_look_alikes_pass() -> None:
    found = flagged("look_alike")
    assert len(found) >= 100 and sum(found) / len(found) <= 0.02


def test_the_labelled_set_is_whole() -> None:
    assert {case["split"] for case in CASES} == {"tune", "held_out"}
    assert all(case["contaminated"] == (not case["kind"].startswith("look_alike")) for case in CASES)


# --- the rules


def test_a_match_names_the_item_and_what_matched() -> None:
    match = finder("Who was it?", NIGHT).match("Here is a puzzle. " + NIGHT)
    assert match == Match(OVERLAP, "b.jsonl:2 (q2)", match.what if match else "")
    assert match and match.what.startswith('28 words in a row: "a night watchman walks 6 rounds')


def test_ngram_decides_how_long_a_copy_is() -> None:
    shared = "every night and rests for 12 minutes after each round"
    question = f"What does a nurse drink who works {shared} in the ward?"
    assert finder(NIGHT).match(question) is None
    match = finder(NIGHT, ngram=10).match(question)
    assert match and match.reason == OVERLAP


def test_an_overlap_with_the_options_counts() -> None:
    option = "the buyer may keep the goods and claim the difference in value from the seller of them"
    match = finder("Which of these is true?", extra=f"Nothing at all\n{option}").match("What may a buyer do?", option)
    assert match and match.reason == OVERLAP


def test_question_and_answer_are_looked_at_together() -> None:
    statement = "The old bridge was closed because its middle arch had sunk into the river bed after the flood"
    assert finder(statement).match("Was the old bridge closed because its middle arch had cracks?") is None
    match = finder(statement).match(
        "The old bridge was closed because its middle", "arch had sunk into the river bed after the flood"
    )
    assert match and match.reason == OVERLAP


def test_a_short_question_counts_as_a_whole() -> None:
    made = finder("Which metal is liquid at room temperature?", "Which of the following statements is true?")
    assert made.match("In a laboratory, which metal is liquid at room temperature?") is not None
    assert made.match("Which of the following statements is true?") is not None
    assert made.match("Which of the following statements is true of the lungs of a frog?") is None
    assert made.match("Which metal is liquid at a temperature of 30 degrees?") is None


def test_similarity_decides_about_near_duplicates() -> None:
    edited = NIGHT.replace("night watchman", "guard").replace("rests", "pauses").replace("does he walk", "does she cover")
    match = finder(NIGHT).match(edited)
    assert match and match.reason == NEAR_DUPLICATE
    assert 0.65 <= match.similarity < 1 and match.what.startswith("similarity 0.")
    assert finder(NIGHT, similarity=0.95).match(edited) is None
    assert finder(NIGHT, similarity=0).match(edited) is None


def test_a_word_problem_with_other_numbers_is_a_variant() -> None:
    other = NIGHT.replace("6", "9").replace("850", "1200").replace("12", "20").replace("5 nights", "8 nights")
    match = finder(NIGHT).match(other)
    assert match and match.reason == NEAR_DUPLICATE


@pytest.mark.parametrize(
    ("benchmark", "question"),
    [
        ("What is 15% of 80?", "What is 20% of 60?"),
        ("Solve $3x - 7 = 20$.", "Solve 5x + 4 = 39."),
        ("What is the capital of Portugal?", "What is the capital of France?"),
        ("What is the boiling point of ethanol?", "What is the boiling point of methanol?"),
        (
            "Name the process by which a solid turns directly into a gas.",
            "Name the process by which a gas turns directly into a solid.",
        ),
    ],
)
def test_another_fact_in_the_same_words_is_another_question(benchmark: str, question: str) -> None:
    assert finder(benchmark, NIGHT).match(question) is None


def test_words_scattered_over_a_long_text_are_no_copy() -> None:
    words = NIGHT.split()
    scattered = " ".join(f"{word} {' '.join(f'other{place}x{n}' for n in range(12))}" for place, word in enumerate(words))
    assert finder(NIGHT).match(scattered) is None


def test_nothing_matches_without_benchmarks() -> None:
    assert finder().match("What is the capital of France?", "Paris") is None


@given(st.text(), st.text())
def test_any_question_may_be_asked(question: str, answer: str) -> None:
    finder_of_cases().match(question, answer)


@pytest.mark.parametrize(
    ("one", "other"), [("gardener", "gardner"), ("tissue", "tisue"), ("alaska", "alsaka"), ("their", "thier")]
)
def test_slips(one: str, other: str) -> None:
    assert one_slip(one, other) and one_slip(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("ethanol", "methanol"), ("cat", "car"), ("1911", "1912"), ("mitosis", "meiosis"), ("gold", "bold")]
)
def test_no_slips(one: str, other: str) -> None:
    assert not one_slip(one, other)


# --- real benchmarks


@pytest.mark.skipif(not BENCHMARKS.exists(), reason="the shared benchmarks are not here")
def test_real_benchmarks_find_their_own_items_and_no_others() -> None:
    items = [
        BenchmarkItem(f"{path.name}:{line}", "", json.loads(row)["text"])
        for path in sorted(BENCHMARKS.glob("*.jsonl"))
        for line, row in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]
    random.Random(0).shuffle(items)
    made = ContaminationFinder(BenchmarkIndex([pack_items(items)]))
    assert all(made.match(item.question) for item in items[:1000])
    assert all(made.match(f"Question: {item.question.upper()}\nAnswer:") for item in items[:100])
    gsm8k = [item for item in items if item.where.startswith("gsm8k")]
    half = ContaminationFinder(BenchmarkIndex([pack_items(gsm8k[::2])]))
    assert sum(half.match(item.question) is not None for item in gsm8k[1::2]) <= 0.02 * len(gsm8k[1::2])
