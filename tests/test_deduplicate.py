from itertools import permutations

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from transforms.deduplicate import DeduplicateQA, keep_one, question_key
from transforms.records import DeadLetter, Document, Persona, PersonaTask, QAPair, Rejection, VerifiedQA


def verified(question: str, document: str = "d1", answer: str = "Paris", persona: str = "reader") -> VerifiedQA:
    task = PersonaTask(Document(document, "Paris is a city."), "Other", Persona(persona))
    return VerifiedQA(QAPair(task, question, answer, "place"), "Paris is a city.")


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


def test_the_winner_does_not_depend_on_the_order() -> None:
    pairs = [verified("Q?", "d2"), verified("Q", "d1", persona="a"), verified("q?", "d1", persona="b"), verified("Q?", "d3")]
    kept = set()
    for order in permutations(pairs):
        results = list(keep_one(("q", order)))
        (passed,) = [result for result in results if isinstance(result, VerifiedQA)]
        kept.add(passed)
        assert len(results) == len(pairs)
    assert len(kept) == 1
    assert kept.pop().pair.task.document.id == "d1"


def test_one_of_equal_pairs_is_kept() -> None:
    results = list(keep_one(("q", [verified("Q?")] * 3)))
    assert [type(result) for result in results] == [VerifiedQA, Rejection, Rejection]


def test_deduplicate_qa() -> None:
    first, second, other = verified("Where?", "d1"), verified("where", "d2"), verified("When?", "d2")
    with TestPipeline(runner="FnApiRunner") as pipeline:
        outcome = pipeline | "Pairs" >> beam.Create([second, other, first]) | "Deduplicate" >> DeduplicateQA()
        assert_that(outcome.passed, equal_to([first, other]), "Passed")
        rows = outcome.rejected | "Row" >> beam.Map(lambda r: (r.stage, r.reason, r.document_id, first.id in r.detail))
        assert_that(rows, equal_to([("deduplicate", "duplicate_question", "d2", True)]), "Rejected")
        assert_that(outcome.dead_letters, equal_to([]), "DeadLetters")
        assert outcome.passed.element_type is VerifiedQA
        assert outcome.dead_letters.element_type is DeadLetter
