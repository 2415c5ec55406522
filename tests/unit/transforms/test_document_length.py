"""No stage is quadratic in the length of a document: one of 16 times the length costs about 16 times as much."""

import random
from collections.abc import Callable

import pytest

from tests.fakes.growth import assert_linear, repeated
from transforms.benchmarks.index import BenchmarkIndex, BenchmarkItem, pack_items
from transforms.benchmarks.word_overlap import ContaminationFinder
from transforms.check import check_pair
from transforms.document_rules.chunking import cut_text, split_text
from transforms.duplicates.document_copies import Fingerprint
from transforms.duplicates.same_question import Asking, find_keys
from transforms.grounding.find import find_in_text
from transforms.grounding.quotes import find_quote
from transforms.pair_rules.leakage import find_leak
from transforms.records import Document, Persona, PersonaTask, QAPair
from transforms.screen import ScreenConfig, screen_document, screen_text
from transforms.text import neutralise

SMALL = 40_000
WORDS = (
    "the bridge was opened in 1894 after eight years of work by more than four hundred men and it carried carts trams cars of "
    "twelve towns across the river Severn for £300,000 or 3,264 metres on 28 December 1879 said Dr. Émile Durkheim (1858–1917)"
).split()


def prose(size: int) -> str:
    """Words in no order, so that nothing repeats for long."""
    return " ".join(random.Random(size).choices(WORDS, k=size // 5))[:size]


SHAPES: dict[str, Callable[[int], str]] = {
    "prose": prose,
    "one word": repeated("a"),
    "spaces": repeated(" "),
    "a factor and spaces": lambda size: "2" + " " * (size - 1),
    "a question": repeated("What is the value of x "),
    "punctuation": repeated("!?.,;:-"),
    "short words": repeated("a "),
    "nested brackets": lambda size: repeated("([{<")(size // 2) + repeated(">}])")(size - size // 2),
    "digits": repeated("1234567890"),
    "quotes": repeated("\u201ca\u2019s "),
    "Chinese": repeated("\u5317\u4eac\u662f\u4e2d\u56fd"),
}


def check(text: str, answer: str, answer_type: str) -> None:
    """All rules on a pair whose question has no fault, so that the last one is reached."""
    task = PersonaTask(Document("d", text), "Other", Persona("reader"))
    question = "Which engineer whose plans were copied in London drew the girders of the old Severn crossing?"
    check_pair(QAPair(task, question, answer, answer_type, ("Durkheim", "E. D.")))


def leak(text: str) -> None:
    """The document only, then question and answer as long as it, too."""
    for answer in ("World Health Organization", "WHO", "12 km"):
        find_leak("Which agency of Geneva declared smallpox extinct in 1980?", answer, ("W.H.O.",), text)
    find_leak(text, text, (text,), text)


FINDER = ContaminationFinder(
    BenchmarkIndex([pack_items([BenchmarkItem("b:1", "", "What is the value of x when y is 5 and the value of z is 7?", "12")])])
)

CALLS: dict[str, Callable[[str], object]] = {
    "screen_text": lambda text: screen_text(text, ScreenConfig(languages=())),
    "screen_document": lambda text: list(screen_document(Document("d", text), ScreenConfig(languages=()))),
    "fingerprint": lambda text: list(Fingerprint(text, "file:1", "d").buckets(True, 0.85)),
    "split_text": lambda text: split_text(text, 2000, 50),
    "cut_text": lambda text: cut_text(text, 2000, 50),
    "find_in_text": lambda text: find_in_text("29 December 1879", text, "date"),
    "find_leak": leak,
    "find_quote": lambda text: find_quote("The Tay Bridge, which was painted red, was opened in 1878 and fell in 1879.", text),
    "neutralise": neutralise,
    "check_pair, a number": lambda text: check(text, "12 km/h", "number"),
    "check_pair, a formula": lambda text: check(text, "2*x", "expression"),
    "find_contamination": lambda text: FINDER.find(text, text),
    "find_keys": lambda text: find_keys(Asking(text, text, "term", (text,))),
    "check_pair, some text": lambda text: check(text, text[:100], "term"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_with_the_length_of_one_line_and_not_with_its_square(shape: str) -> None:
    costly = {}
    for number, (name, call) in enumerate(CALLS.items()):
        small = SMALL + 300 * number  # another text for each of them, so that none finds what another remembered
        try:
            assert_linear(call, SHAPES[shape], small, 16 * small)
        except AssertionError as error:
            costly[name] = str(error)
    assert not costly
