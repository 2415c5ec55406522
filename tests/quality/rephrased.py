"""Benchmark questions in other words, found by rules alone: GSM8K questions that a model rephrased (lm-sys/llm-decontaminator).

Each is looked up twice: among all items of GSM8K, where its own should be found, and among those without the tenth that
holds its own, where nothing should be. The sets lie beside the checkout. A third of the items, by the hash of their ids,
is shut: counted and never shown.
"""

from collections.abc import Iterator
from hashlib import sha1

from tests.places import SHARED
from tests.quality.cases import HELD_OUT, TUNE, Area, Case, by_kind, read_rows
from tests.quality.judged import PARTS
from transforms.benchmarks.index import BenchmarkItem
from transforms.decontaminate import build_index
from transforms.text import stable_seed

REPHRASED = SHARED / "labelled" / "rephrased_gsm8k.jsonl"
BENCHMARK = SHARED / "benchmarks" / "gsm8k_test.jsonl"
FOLDS = 10
TAKEN, OTHER = "rephrased", "of another item"


def part_of(item: str) -> str:
    """The part of an item, by its id."""
    return HELD_OUT if int(sha1(item.encode()).hexdigest(), 16) % 3 == 0 else TUNE


def fold_of(item: str) -> int:
    return stable_seed("fold", item) % FOLDS


def rephrased_questions() -> Area:
    """Positive means taken from an item of the benchmark."""
    name, rows = "decontamination, rephrased", read_rows(REPHRASED)
    items = [BenchmarkItem(f"gsm8k:{line}", row["id"], row["text"]) for line, row in enumerate(read_rows(BENCHMARK), 1)]
    if not rows or not items:
        return Area(name, "taken", (), ["../shared/data/labelled or ../shared/data/benchmarks is not here"])
    # One of the model's answers is empty.
    asked = [(f"gsm8k-test-{row['index']}", row["question"]) for row in rows if row["question"].strip()]
    cases = [*_among_all(asked, items), *_among_others(asked, items)]
    notes = []
    for part, shown in PARTS.items():
        kinds = by_kind(case for case in cases if case.part == part)
        found, false = kinds[TAKEN], kinds[OTHER]
        notes.append(f"{shown}: {found[0]} of {found[1]} found; {false[1] - false[0]} of {false[1]} flagged without their item")
    return Area(name, "taken", cases, notes, PARTS, silent=True)


def _among_all(asked: list[tuple[str, str]], items: list[BenchmarkItem]) -> Iterator[Case]:
    finder, known = build_index(items), {item.id for item in items}
    for item, question in asked:
        if item in known:
            match = finder.match(question)
            said = f"{match.reason} of {match.item}: {match.what}" if match else "clean"
            # To name another item is no find.
            yield Case(item, TAKEN, part_of(item), True, bool(match) and f"({item})" in str(match), said, question)


def _among_others(asked: list[tuple[str, str]], items: list[BenchmarkItem]) -> Iterator[Case]:
    for fold in range(FOLDS):
        finder = build_index([item for item in items if fold_of(item.id) != fold])
        for item, question in asked:
            if fold_of(item) == fold:
                match = finder.match(question)
                said = f"{match.reason} of {match.item}: {match.what}" if match else "clean"
                yield Case(item, OTHER, part_of(item), False, bool(match), said, question)
