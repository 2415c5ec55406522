"""Deduplicate: one pair a question, whatever the order, the windows and the wording."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import permutations
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing import test_stream
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from hypothesis import given
from hypothesis import strategies as st

from tests.places import ROOT
from transforms.deduplicate import REASONS, DeduplicateQA, best_pairs, find_losses, make_prints, question_key
from transforms.duplicates import same_question as near_questions
from transforms.duplicates.same_question import Asking, find_keys, find_repeated, repeats, same_question
from transforms.flow.outcome import Outcome
from transforms.records import DeadLetter, Document, Persona, PersonaTask, QAPair, Rejection, VerifiedQA

LABELLED = ROOT / "tests" / "data" / "questions.jsonl"
ROWS = [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()]
LABELLED_ANSWERS = [json.loads(line) for line in (LABELLED.parent / "answers.jsonl").read_text("utf-8").splitlines()]
SPLITS = ("tune", "held_out")

BRIDGE = "In what year was the Harrow Bridge opened?"
BRIDGE_AGAIN = "When did the Harrow Bridge open?"


def verified(
    question: str, document: str = "d1", answer: str = "Paris", answer_type: str = "place", persona: str = "reader", **fields: Any
) -> VerifiedQA:
    task = PersonaTask(Document(document, "Paris is a city."), "Other", Persona(persona))
    return VerifiedQA(QAPair(task, question, answer, answer_type, **fields), "Paris is a city.")


def askings(row: dict[str, Any]) -> tuple[Asking, Asking]:
    return (
        Asking(row["question"], row["answer"], row["answer_type"]),
        Asking(row["other_question"], row["other_answer"], row["answer_type"]),
    )


# --- Equal questions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is the capital of France?", "what is the CAPITAL of  France"),
        ("Who wrote “Hamlet”?", 'Who wrote "Hamlet" ?'),
        ("In 1912, who sank?", "In 1912 who sank?"),
        ("What is Newton's law?", "What is Newton’s law?"),
    ],
)
def test_the_same_question(one: str, other: str) -> None:
    assert question_key(one) == question_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 2 + 2?", "What is 2 - 2?"),
        ("Who created C?", "Who created C++?"),
        ("What is 3.5 plus 1?", "What is 35 plus 1?"),
        ("What is (a+b)c?", "What is a+(bc)?"),
        ("???", "!"),
    ],
)
def test_another_question(one: str, other: str) -> None:
    assert question_key(one) != question_key(other)


# --- Near questions: the labelled set ------------------------------------------------------------


def test_the_labelled_set_is_large_and_balanced() -> None:
    assert len(ROWS) >= 80
    for split in SPLITS:
        same = [row["same"] for row in ROWS if row["split"] == split]
        assert len(same) >= 40 and 0.4 <= sum(same) / len(same) <= 0.6
    assert len({row["id"] for row in ROWS}) == len({(row["question"], row["other_question"]) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("split", SPLITS)
def test_precision_and_recall_on_the_labelled_set(split: str) -> None:
    rows = [row for row in ROWS if row["split"] == split]
    found = {row["id"]: repeats(*askings(row)) for row in rows}
    wrong = [(row["id"], row["kind"]) for row in rows if found[row["id"]] != row["same"]]
    right = sum(found[row["id"]] and row["same"] for row in rows)
    assert right / sum(found.values()) >= 0.95, wrong
    assert right / sum(row["same"] for row in rows) >= 0.85, wrong


def meet(one: Asking, other: Asking) -> bool:
    """Whether they do not repeat each other, or are looked for in one place."""
    return not repeats(one, other) or bool(find_keys(one) & find_keys(other))


def test_what_repeats_is_looked_for_in_one_place() -> None:
    assert sum(repeats(*askings(row)) for row in ROWS) > 50
    assert [row["id"] for row in ROWS if not meet(*askings(row))] == []


def test_answers_that_match_share_a_key() -> None:
    apart = []
    for row in LABELLED_ANSWERS:
        one = Asking(BRIDGE, row["given"], row["answer_type"])
        for answer_type in (row["answer_type"], "term"):
            if not meet(one, Asking(BRIDGE_AGAIN, row["stored"], answer_type, tuple(row["aliases"]))):
                apart.append((row["id"], answer_type))
    assert apart == []


def test_few_keys_a_question() -> None:
    counts = [len(find_keys(asking)) for row in ROWS for asking in askings(row)]
    assert sum(counts) / len(counts) < 6


# --- Near questions: what tells them apart -------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BRIDGE, BRIDGE_AGAIN),
        ("Which gas do plants absorb?", "Which gas is absorbed by plants?"),
        ("Who discovered polonium?", "By whom was polonium discovered?"),
        ("How long did the siege of Malaga last?", "For how many months did the siege of Malaga last?"),
        ("Which of the 4 DNA bases pairs with thymine?", "Which of the four DNA bases pairs with thymine?"),
        ("Who led the 19th-century survey?", "Who led the nineteenth-century survey?"),
        ("Which metal doesn't rust?", "Which metal does not rust?"),
        ("Where is the UN based?", "Where is the United Nations based?"),
    ],
)
def test_same_question_in_other_words(one: str, other: str) -> None:
    assert same_question(one, other) and same_question(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(BRIDGE, BRIDGE.replace("opened", "closed"), id="opposite"),
        pytest.param(BRIDGE, BRIDGE.replace("Harrow", "Selby"), id="name"),
        pytest.param("Who won in Oslo in 1958?", "Who won in Oslo in 1962?", id="number"),
        pytest.param("Who chaired the second session?", "Who chaired the third session?", id="ordinal"),
        pytest.param("Which metal reacts with the acid?", "Which metal doesn't react with the acid?", id="negation"),
        pytest.param("What is the length of Lake Orsa?", "What is the depth of Lake Orsa?", id="attribute"),
        pytest.param("Which team beat Arsenal?", "Which team did Arsenal beat?", id="role"),
        pytest.param("Who succeeded Sulla?", "Who was succeeded by Sulla?", id="role in the passive"),
        pytest.param("Is lead heavier than iron?", "Is iron heavier than lead?", id="comparison"),
        pytest.param("How far is it from Ely to Soham?", "How far is it from Soham to Ely?", id="direction"),
        pytest.param("How do you convert miles to feet?", "How do you convert feet to miles?", id="conversion"),
        pytest.param("What is 2 - 3?", "What is 3 - 2?", id="formula"),
        pytest.param("What does len(a) return for a list?", "What does sum(a) return for a list?", id="code"),
        pytest.param("Which gas do leaves give off at night?", "Which gas do leaves take in at night?", id="particle"),
        pytest.param("What is the population of Norland?", "What is the population density of Norland?", id="density"),
        pytest.param("Who?", "What is it?", id="nothing to compare"),
    ],
)
def test_another_question_although_words_are_shared(one: str, other: str) -> None:
    if one != "Who?":
        assert not same_question(one, other) and not same_question(other, one)
    assert same_question(one, one)


def test_in_another_language_no_word_may_stand_in_place_of_another() -> None:
    opened, closed = (f"In welchem Jahr wurde die Brücke von Remagen {word}?" for word in ("eröffnet", "geschlossen"))
    assert not same_question(opened, closed) and same_question(opened, opened)
    assert same_question(opened, "In welchem Jahr wurde die große Brücke von Remagen eröffnet?")


def test_a_long_passage_in_front_does_not_make_questions_one() -> None:
    passage = "The quarry at Orsa worked from the age of sail until the railway came and the harbour silted up with clay. "
    assert not same_question(
        passage + "Which rock did masons cut there for churches?", passage + "What ended the trade by ships?"
    )
    long = passage * 30
    assert same_question(long, long) and not same_question(long + "Why?", long + "How?")


def test_answers_must_agree() -> None:
    one = Asking(BRIDGE, "1932", "date")
    assert repeats(one, Asking(BRIDGE_AGAIN, "1932", "number"))
    assert not repeats(one, Asking(BRIDGE_AGAIN, "1933", "date"))


@pytest.mark.parametrize(
    ("one", "other", "answer_type", "aliases"),
    [
        ("8,849 m", "8849 metres", "number", ()),
        ("1.5 km", "1500 m", "number", ()),
        ("155", "155 km", "number", ()),
        ("4 May 1923", "May 4, 1923", "date", ()),
        ("J. Smith", "Dr. John Smith", "name", ()),
        ("Curie, Marie", "Marie Curie", "name", ()),
        ("a, b and c", "c, b, a", "list", ()),
        ("Yes", "yes, it does", "yes_no", ()),
        ("New York", "NYC", "place", ("New York", "the Big Apple")),
    ],
)
def test_answers_that_match_are_looked_for_in_one_place(one: str, other: str, answer_type: str, aliases: tuple[str, ...]) -> None:
    first, second = Asking(BRIDGE, one, answer_type), Asking(BRIDGE_AGAIN, other, answer_type, aliases)
    assert repeats(first, second) and repeats(second, first)
    assert find_keys(first) & find_keys(second)


WORDS = (
    "when did the open opened closed bridge Harrow Selby not 1932 four 4 first second in which year who wrote by was discover "
    "discovered from to than larger length width of what how many U.S. x = 2 + ( ) is len sum don't largest Paris, population"
).split()
QUESTIONS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join) | st.text(max_size=40)
ANSWERS = st.sampled_from(["1932", "Paris", "yes", "12 km", "12,000 m", "J. Smith", "John Smith", "", "a, b", "x^2"])
ASKINGS = st.builds(Asking, QUESTIONS, ANSWERS, st.sampled_from(["number", "name", "list", "term", "date", "yes_no", "odd"]))


@given(ASKINGS, ASKINGS)
def test_repeating_is_symmetric_and_has_a_place_to_meet(one: Asking, other: Asking) -> None:
    assert same_question(one.question, one.question)
    assert repeats(one, other) == repeats(other, one)
    if repeats(one, other):
        assert find_keys(one) & find_keys(other)


@given(st.lists(ASKINGS, max_size=8))
def test_the_first_repeated_is_found_without_comparing_all(several: list[Asking]) -> None:
    kept: list[int] = []
    expected = {}
    for place, asking in enumerate(several):
        winner = next((other for other in kept if repeats(several[other], asking)), None)
        if winner is None:
            kept.append(place)
        else:
            expected[place] = winner
    assert dict(find_repeated(several)) == expected


def test_many_questions_of_one_kind_are_not_all_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def count(one: Asking, other: Asking) -> bool:
        nonlocal compared
        compared += 1
        return repeats(one, other)

    monkeypatch.setattr(near_questions, "repeats", count)
    several = [Asking(f"Is Place{number}ville in the north of England?", "yes", "yes_no") for number in range(3_000)]
    assert list(find_repeated([*several, several[2_500]])) == [(3_000, 2_500)]
    assert compared < 3_000 * 250  # of 4.5 million
    keys = Counter(key for asking in several for key in find_keys(asking))
    assert sum(number for number in keys.values() if number == 1) >= 3_000


# --- The stage -----------------------------------------------------------------------------------


def run(pairs: list[VerifiedQA], near: bool = True) -> list[VerifiedQA | Rejection]:
    """The stage without a runner."""
    buckets: dict[bytes, list[Any]] = {}
    joined: dict[Any, Any] = {}
    for qa in pairs:
        for key, print_ in make_prints(qa, near):
            buckets.setdefault(key, []).append(print_)
            rank = print_[0]
        joined.setdefault(rank, []).append(([qa], []))
    for bucket in buckets.items():
        for rank, loss in find_losses(bucket):
            joined[rank].append(([], [loss]))
    return [result for group in joined.items() for result in best_pairs(near).settle(group)]


PAIRS = [
    verified(BRIDGE_AGAIN, "d2", "1932", "number"),
    verified(BRIDGE, "d1", "1932", "date", persona="a"),
    verified(BRIDGE.upper(), "d1", "1932", "date", persona="b"),
    verified("In which year was the Harrow Bridge opened?", "d3", "1932", "date"),
    verified("In what year was the Selby Bridge opened?", "d3", "1932", "date"),
]


def test_the_winner_does_not_depend_on_the_order() -> None:
    kept = set()
    for order in permutations(PAIRS):
        results = run(list(order))
        assert len(results) == len(PAIRS)
        kept.add(frozenset(result.id for result in results if isinstance(result, VerifiedQA)))
    (winners,) = kept
    assert winners == {min(PAIRS[1].id, PAIRS[2].id), PAIRS[4].id}


def test_the_kept_pair_is_named() -> None:
    results = run(PAIRS)
    winner = min(PAIRS[1], PAIRS[2], key=lambda qa: qa.id)
    rejected = [result for result in results if isinstance(result, Rejection)]
    assert {result.detail for result in rejected} == {f"asked by {winner.id} of document d1"}
    assert sorted((result.document_id, result.reason) for result in rejected) == [
        ("d1", "duplicate_question"),
        ("d2", "near_duplicate_question"),
        ("d3", "near_duplicate_question"),
    ]


def test_one_of_equal_pairs_is_kept() -> None:
    results = run([verified("Q?")] * 3)
    assert [type(result) for result in results] == [VerifiedQA, Rejection, Rejection]


def test_a_pair_told_twice_does_not_lose_to_itself() -> None:
    results = run([verified(BRIDGE, answer="1932"), verified(BRIDGE, answer="1932", aliases=("AD 1932",))])
    assert sorted(type(result).__name__ for result in results) == ["Rejection", "VerifiedQA"]


def test_near_duplicates_can_be_kept() -> None:
    kept = [result for result in run(PAIRS, near=False) if isinstance(result, VerifiedQA)]
    assert {qa.pair.task.document.id for qa in kept} == {"d1", "d2", "d3"} and len(kept) == 4


@given(st.lists(st.builds(verified, QUESTIONS, st.sampled_from("abc"), ANSWERS), max_size=8), st.booleans())
def test_every_pair_has_one_verdict_and_every_question_one_pair(pairs: list[VerifiedQA], near: bool) -> None:
    results = run(pairs, near)
    assert len(results) == len(pairs)
    kept = [question_key(result.pair.question) for result in results if isinstance(result, VerifiedQA)]
    assert len(kept) == len(set(kept))
    if not near:
        assert set(kept) == {question_key(qa.pair.question) for qa in pairs}
    assert bool(kept) == bool(pairs)


def test_deduplicate_qa(run_transform: Callable[..., Outcome]) -> None:
    outcome = run_transform(DeduplicateQA(), PAIRS)
    winner = min(PAIRS[1], PAIRS[2], key=lambda qa: qa.id)
    assert sorted(outcome.passed, key=lambda qa: qa.id) == sorted([winner, PAIRS[4]], key=lambda qa: qa.id)
    assert {rejection.reason for rejection in outcome.rejected} == set(REASONS)
    assert {rejection.stage for rejection in outcome.rejected} == {"deduplicate"}
    assert outcome.dead_letters == []
    assert run_transform.counters("deduplicate") == {  # type: ignore[attr-defined]
        "passed": 2,
        "rejected/duplicate_question": 1,
        "rejected/near_duplicate_question": 2,
    }


def test_outputs_are_typed() -> None:
    with TestPipeline(runner="FnApiRunner") as pipeline:
        outcome = pipeline | beam.Create(PAIRS) | DeduplicateQA()
        assert outcome.passed.element_type is VerifiedQA
        assert outcome.rejected.element_type is Rejection
        assert outcome.dead_letters.element_type is DeadLetter


def test_windows_are_de_duplicated_apart(run_transform: Callable[..., Outcome]) -> None:
    stamped = [TimestampedValue(qa, second) for qa, second in zip(PAIRS, (1, 2, 61, 62, 63), strict=True)]
    outcome = run_transform(DeduplicateQA(), stamped, windows=FixedWindows(60))
    assert {qa.pair.question for qa in outcome.passed} == {BRIDGE, BRIDGE.upper(), PAIRS[4].pair.question}
    assert [rejection.document_id for rejection in outcome.rejected] in (["d2", "d3"], ["d3", "d2"])


def test_a_stream_is_de_duplicated() -> None:
    stream = test_stream.TestStream().advance_watermark_to(0)
    for second, qa in enumerate(PAIRS):
        stream = stream.add_elements([TimestampedValue(qa, second)])
    winner = min(PAIRS[1], PAIRS[2], key=lambda qa: qa.id)
    options = beam.options.pipeline_options.PipelineOptions(streaming=True)
    with TestPipeline(runner="BundleBasedDirectRunner", options=options) as pipeline:
        pairs = pipeline | stream.advance_watermark_to_infinity() | "Window" >> beam.WindowInto(FixedWindows(60))
        outcome = pairs | "Deduplicate" >> DeduplicateQA()
        ids = outcome.passed | beam.Map(lambda qa: qa.id)
        assert_that(ids, equal_to([winner.id, PAIRS[4].id]))
