"""No stage is quadratic in the length of a document: 5 MB on one line cost each of them less than 5 seconds."""

import random
import time
from collections.abc import Callable

import pytest

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

SIZE = 5_000_000
LIMIT_S = 5.0
WORDS = (
    "the bridge was opened in 1894 after eight years of work by more than four hundred men and it carried carts trams cars of "
    "twelve towns across the river Severn for £300,000 or 3,264 metres on 28 December 1879 said Dr. Émile Durkheim (1858–1917)"
).split()


def prose() -> str:
    """Words in no order, so that nothing repeats for long."""
    return " ".join(random.Random(0).choices(WORDS, k=SIZE // 5))[:SIZE]


SHAPES: dict[str, Callable[[], str]] = {
    "prose": prose,
    "one word": lambda: "a" * SIZE,
    "spaces": lambda: " " * SIZE,
    "a factor and spaces": lambda: "2" + " " * (SIZE - 1),
    "a question": lambda: "What is the value of x " * (SIZE // 23),
    "punctuation": lambda: "!?.,;:-" * (SIZE // 7),
    "short words": lambda: "a " * (SIZE // 2),
    "nested brackets": lambda: "([{<" * (SIZE // 8) + ">}])" * (SIZE // 8),
    "digits": lambda: "1234567890" * (SIZE // 10),
    "quotes": lambda: "\u201ca\u2019s " * (SIZE // 5),
    "Chinese": lambda: "\u5317\u4eac\u662f\u4e2d\u56fd" * (SIZE // 5),
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
    "split_text": lambda text: split_text(text, 8000, 50),
    "cut_text": lambda text: cut_text(text, 8000, 50),
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


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_five_megabytes_on_one_line(shape: str) -> None:
    text = SHAPES[shape]()
    for name, call in CALLS.items():
        started = time.process_time()
        call(text)
        assert time.process_time() - started < LIMIT_S, name
