"""A stage that passes next to nothing is found by its first elements, and no healthy one is taken for it."""

import random
from dataclasses import replace

import pytest

from transforms.errors import ElementError, NotStarted
from transforms.inference.call import dead_letter
from transforms.inference.config import FIRST
from transforms.inference.scheduling.min_yield import LowYield, Yields
from transforms.records import NOT_STARTED, DeadLetter, Document, Fault, Persona, PersonaTask, QAPair, Stamp, reject

LEAST = 0.02


def document(number: int) -> Document:
    return Document(f"d{number}", "text")


def draft(number: int) -> QAPair:
    return QAPair(PersonaTask(document(number), "Other", Persona("p")), "q?", "a", "term")


def lost(number: int, error: str) -> DeadLetter:
    one = document(number)
    return dead_letter(one, type(error, (ElementError,), {})("why"), 1, Stamp("filter", "m", 1, ""), "why")


def run(passing: set[int], least: float = LEAST, elements: int = 2 * FIRST, replayed: range = range(0)) -> Yields:
    """All elements are asked about at once, and those that do not pass end first."""
    yields = Yields()
    for number in range(elements):
        yields.asked("filter", f"d{number}", least)
    for number in sorted(range(elements), key=lambda number: number in passing):
        one = document(number)
        result = one if number in passing else reject("filter", "not_informative", one)
        yields.ended("filter", one.id, [result], number in replayed)
    return yields


def test_a_stage_that_passes_too_little_stops_the_asking() -> None:
    yields = run({5, 6, 7})
    assert yields.low == LowYield("filter", 0, 197, "not_informative", 197), "three could not make enough"
    with pytest.raises(NotStarted, match="--min_stage_yield: filter passed 0 of its first 197"):
        yields.check()


def test_short_replies_that_come_first_and_say_no_stop_nothing() -> None:
    yields = run(set(random.Random(1).sample(range(2 * FIRST), FIRST // 5)))
    assert yields.low is None
    yields.check()


@pytest.mark.parametrize(("passing", "least", "stops"), [(4, 0.02, False), (3, 0.02, True), (0, 0, False), (199, 1, True)])
def test_the_share_is_kept_to(passing: int, least: float, stops: bool) -> None:
    assert (run(set(range(passing)), least).low is not None) == stops


def test_fewer_elements_than_are_looked_at_stop_nothing() -> None:
    assert run(set(), elements=FIRST - 1).low is None


def test_what_the_journal_answers_does_not_count() -> None:
    assert run(set(), elements=FIRST, replayed=range(10)).low is None
    yields = run(set(), elements=FIRST, replayed=range(FIRST))
    for number in range(1000, 1000 + FIRST):
        assert yields.low is None
        yields.asked("filter", f"d{number}", LEAST)
        yields.ended("filter", f"d{number}", [reject("filter", "not_informative", document(number))])
    assert yields.low is not None


def test_what_was_not_begun_does_not_count_and_what_failed_does() -> None:
    for error, stops in ((NOT_STARTED, False), ("ReplyTruncated", True)):
        yields = Yields()
        for number in range(FIRST):
            yields.asked("filter", f"d{number}", LEAST)
            yields.ended("filter", f"d{number}", [lost(number, error)])
        assert (yields.low is not None) == stops


@pytest.mark.parametrize("replayed", [False, True])
def test_drafts_that_the_rules_reject_count_where_they_were_paid_for(replayed: bool) -> None:
    yields = Yields()
    for number in range(FIRST):
        pair = draft(number)
        yields.asked("synthesize", pair.task.id, LEAST)
        yields.ended("synthesize", pair.task.id, [pair], replayed)
        yields.saw("check", reject("check", "answer_too_long" if number % 3 else "answer_empty", pair))
        yields.saw("verify", reject("verify", "incorrect", pair))
    assert yields.low == (None if replayed else LowYield("check", 0, 200, "answer_too_long", 133))


@pytest.mark.parametrize("mended", [0, 10])
def test_a_draft_that_is_written_anew_counts_when_the_rules_have_seen_it_again(mended: int) -> None:
    yields = Yields()
    for number in range(FIRST):
        pair = draft(number)
        yields.asked("synthesize", pair.task.id, LEAST)
        yields.ended("synthesize", pair.task.id, [pair])
        yields.saw("check", replace(pair, fault=Fault("answer_not_in_document", "a")))
        yields.asked("repair", pair.task.id, LEAST)
        result = pair if number < mended else reject("repair", "answer_not_in_document", pair)
        yields.ended("repair", pair.task.id, [result])
    assert yields.low == (None if mended else LowYield("check", 0, 200, "answer_not_in_document", 200))


def test_drafts_that_cannot_be_mended_stop_no_run_whose_other_drafts_pass() -> None:
    yields = Yields()
    for number in range(3 * FIRST):
        pair, good = draft(number), number % 3 == 0
        yields.asked("synthesize", pair.task.id, LEAST)
        yields.ended("synthesize", pair.task.id, [pair])
        yields.saw("check", pair if good else replace(pair, fault=Fault("answer_not_in_document", "a")))
        if not good:
            yields.asked("repair", pair.task.id, LEAST)
            yields.ended("repair", pair.task.id, [reject("repair", "answer_not_in_document", pair)])
    assert yields.low is None
