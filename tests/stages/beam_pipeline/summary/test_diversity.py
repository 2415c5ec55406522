"""Diversity: the figures say what they say they do, whatever the order and however the pairs are split."""

import json
import math
import pickle
import random
from collections import Counter
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_pipeline.summary import diversity
from beam_pipeline.summary.diversity import (
    KEPT_HASHES,
    DistinctCount,
    DiversityFn,
    Figures,
    ValueCounts,
    question_word,
    word_hashes,
)
from transforms.records import Document, Persona, PersonaTask, QAPair, VerifiedQA


def verified(
    question: str, answer: str = "yes", answer_type: str = "term", domain: str = "Math", persona: str = "p"
) -> VerifiedQA:
    task = PersonaTask(Document("d", "A text."), domain, Persona(persona))
    return VerifiedQA(QAPair(task, question, answer, answer_type), "A text.")


def combine(parts: list[list[VerifiedQA]]) -> Figures:
    """What a runner makes of several bundles."""
    fn = DiversityFn()
    accumulators = []
    for part in parts:
        figures = fn.create_accumulator()
        for qa in part:
            figures = fn.add_input(figures, qa)
        accumulators.append(pickle.loads(pickle.dumps(figures)))
    return fn.merge_accumulators(accumulators)


def measure(pairs: list[VerifiedQA]) -> dict[str, Any]:
    """The figures of one bundle."""
    return DiversityFn().extract_output(combine([pairs]))


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("What is it?", "what"),
        ("In which year did it open?", "which"),
        ("By whom was it found?", "who"),
        ("WHOSE theorem is it?", "whose"),
        ("The bridge was opened in what year?", "what"),
        ("How many are there?", "how many"),
        ("For how long did it last?", "how long"),
        ("How is it made?", "how"),
        ("When was it, and how often?", "when"),
        ("Where's the harbour?", "where"),
        ("Is the man who wrote it alive?", "yes/no"),
        ("Didn't it rain?", "yes/no"),
        ("Name the process.", "other"),
        ("Show what whatever does.", "what"),
        ("", "other"),
        ("?!", "other"),
    ],
)
def test_question_word(question: str, word: str) -> None:
    assert question_word(question) == word


@given(st.text(max_size=60))
def test_any_question_can_be_counted(question: str) -> None:
    json.dumps(measure([verified(question, answer=question, persona=question)]))


def test_figures() -> None:
    pairs = [
        verified("What is a cat?", "an animal", "term", "Math", "Reader"),
        verified("What is a dog?", "animal", "term", "Math", "reader"),
        verified("How many are there?", "5", "number", "Coding", "writer"),
        verified("Who?", "Ada King", "name", "Other", "Reader"),
    ]
    figures = measure(pairs)
    assert figures == {
        "pairs": 4,
        "distinct_1": round(10 / 13, 4),  # what is a cat dog how many are there who
        "distinct_2": round(7 / 9, 4),
        "question_length_mean": 13 / 4,
        "answer_length_mean": 6 / 4,
        "domains": {
            "distinct": 3, "entropy_bits": 1.5, "entropy_normalised": round(1.5 / math.log2(3), 4),
            "most_common": "Math", "most_common_share": 0.5,
        },
        "personas": {
            "distinct": 2, "entropy_bits": 0.8113, "entropy_normalised": 0.8113,
            "most_common": "reader", "most_common_share": 0.75,
        },
        "answer_types": {
            "distinct": 3, "entropy_bits": 1.5, "entropy_normalised": round(1.5 / math.log2(3), 4),
            "most_common": "term", "most_common_share": 0.5,
        },
        "question_words": {
            "distinct": 3, "entropy_bits": 1.5, "entropy_normalised": round(1.5 / math.log2(3), 4),
            "most_common": "what", "most_common_share": 0.5, "counts": {"what": 2, "how many": 1, "who": 1},
        },
    }  # fmt: skip
    assert json.loads(json.dumps(figures)) == figures


def test_no_pairs() -> None:
    figures = measure([])
    assert figures["pairs"] == figures["distinct_1"] == figures["domains"]["distinct"] == 0
    assert figures["domains"]["most_common"] is None
    json.dumps(figures)


def test_one_kind_has_no_entropy() -> None:
    figures = measure([verified("What?")] * 5)
    assert figures["domains"] == {
        "distinct": 1, "entropy_bits": 0.0, "entropy_normalised": 0.0, "most_common": "Math", "most_common_share": 1.0,
    }  # fmt: skip


# --- Split and merged ----------------------------------------------------------------------------

WORDS = st.sampled_from("what which how many is the cat dog of in a b c d e f".split())
PAIRS = st.builds(
    verified,
    st.lists(WORDS, max_size=6).map(" ".join),
    st.sampled_from(["5", "a b"]),
    st.sampled_from(["term", "number"]),
    st.sampled_from("xyz"),
    st.integers(0, 30).map(str),
)


@pytest.mark.parametrize("bound", [4, 1_000], ids=["estimated", "exact"])
@given(st.lists(PAIRS, max_size=30), st.data())
@settings(max_examples=60)
def test_the_same_figures_whatever_the_order_and_the_split(bound: int, pairs: list[VerifiedQA], data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diversity, "KEPT_HASHES", bound)
        patch.setattr(diversity, "NAMED", bound)
        shuffled = data.draw(st.permutations(pairs))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(pairs)), min_size=2, max_size=2)))
        parts = [shuffled[: cuts[0]], shuffled[cuts[0] : cuts[1]], shuffled[cuts[1] :]]
        whole = measure(pairs)
        assert combine(parts).as_row() == whole
        fn = DiversityFn()
        left = fn.merge_accumulators([combine(parts[:2]), combine(parts[2:])])
        right = fn.merge_accumulators([combine(parts[:1]), combine(parts[1:])])
        assert left.as_row() == right.as_row() == whole


# --- Beyond the bounds ---------------------------------------------------------------------------


def distinct(count: int, seed: int) -> int:
    counted = DistinctCount()
    hashes = np.random.default_rng(seed).integers(0, 2**64, count, np.uint64)
    for start in range(0, count, 1000):
        counted.add(np.concatenate([hashes[start : start + 1000], hashes[:10]]))  # some of them again and again
    return counted.value()


@pytest.mark.parametrize("count", [0, 1, 100, KEPT_HASHES - 1])
def test_few_are_counted_exactly(count: int) -> None:
    assert distinct(count, 1) == count


def test_many_are_estimated_within_the_error_that_is_claimed() -> None:
    errors = [distinct(200_000, seed) / 200_000 - 1 for seed in range(12)]
    assert abs(sum(errors) / len(errors)) < 0.008
    assert math.sqrt(sum(error**2 for error in errors) / len(errors)) < 0.013


def test_hashes_of_words_are_spread_evenly() -> None:
    """An estimate from the smallest hashes is only as good as the hashes: these are words that look alike."""
    counted = DistinctCount()
    for start in range(0, 60_000, 5):
        words = " ".join(f"w{number}" for number in range(start, start + 5))
        counted.add(word_hashes(words)[0])
    assert counted.value() == pytest.approx(60_000, rel=0.025)


def test_many_personas_are_counted_without_their_names() -> None:
    values = ValueCounts()
    names = [f"persona {number}" for number in range(30_000)] + ["everybody"] * 10_000
    random.Random(2).shuffle(names)
    for name in names:
        values.add(name)
    spread = values.spread()
    assert spread["distinct"] == pytest.approx(30_001, rel=0.025)
    assert 0.25 <= spread["most_common_share"] < 0.2505
    assert spread["most_common"] is None and values.table() is None
    counts = np.array(list(Counter(names).values()))
    exact = -(counts / 40_000 * np.log2(counts / 40_000)).sum()
    assert exact - 1.5 < spread["entropy_bits"] <= exact


def test_memory_is_bounded() -> None:
    figures = Figures()
    generator = random.Random(3)
    for number in range(30_000):
        question = " ".join(f"{generator.getrandbits(24):x}" for _ in range(8))
        figures.add(verified(question, persona=f"persona {number}"))
    assert len(pickle.dumps(figures)) < 620_000


def test_a_small_run_is_encoded_small() -> None:
    assert len(pickle.dumps(combine([[verified("What is a cat?")]]))) < 3_000


def test_diversity_fn_in_a_pipeline() -> None:
    pairs = [verified(f"What is {number}?", domain="ab"[number % 2], persona=str(number % 7)) for number in range(50)]
    with TestPipeline(runner="FnApiRunner") as pipeline:
        figures = pipeline | beam.Create(pairs) | beam.CombineGlobally(DiversityFn())
        assert_that(figures, equal_to([measure(pairs)]))
