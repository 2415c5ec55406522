"""Benchmark questions in other words, found by rules alone: GSM8K questions that a model rephrased (lm-sys/llm-decontaminator).

Each is looked up twice: among all items of GSM8K, where its own should be found, and among those without the tenth that
holds its own, where nothing should be. The sets lie beside the checkout. A third of the items, by the hash of their ids,
is shut: counted and never shown.

    make quality QUALITY_ARGS=decontamination
    python -m tests.quality.rephrased --endpoint http://127.0.0.1:8001/v1 --model all-MiniLM-L6-v2

The second command adds the tier of embeddings behind the rules, with a model that an endpoint serves (`embedding_server`).
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from hashlib import sha1

from tests.places import SHARED
from tests.quality.cases import HELD_OUT, TUNE, Area, Case, by_kind, read_rows
from tests.quality.judged import PARTS
from tests.quality.semantic import Vectors, ask_vectors
from transforms.benchmarks.index import BenchmarkItem
from transforms.benchmarks.paraphrase import SIMILARITY, asks_the_same, core_question
from transforms.decontaminate import build_index
from transforms.text import stable_hash, stable_seed

REPHRASED = SHARED / "labelled" / "rephrased_gsm8k.jsonl"
BENCHMARK = SHARED / "benchmarks" / "gsm8k_test.jsonl"
FOLDS = 10
TAKEN, OTHER = "rephrased", "of another item"


def part_of(item: str) -> str:
    """The part of an item, by its id."""
    return HELD_OUT if int(sha1(item.encode()).hexdigest(), 16) % 3 == 0 else TUNE


def fold_of(item: str) -> int:
    return stable_seed("fold", item) % FOLDS


def _read() -> tuple[list[tuple[str, str]], list[BenchmarkItem]]:
    """The rephrased questions, each with the id of its item, and the items."""
    items = [BenchmarkItem(f"gsm8k:{line}", row["id"], row["text"]) for line, row in enumerate(read_rows(BENCHMARK), 1)]
    # One of the model's answers is empty.
    return [(f"gsm8k-test-{row['index']}", row["question"]) for row in read_rows(REPHRASED) if row["question"].strip()], items


def rephrased_questions() -> Area:
    """Positive means taken from an item of the benchmark."""
    name, (asked, items) = "decontamination, rephrased", _read()
    if not asked or not items:
        return Area(name, "taken", (), ["../shared/data/labelled or ../shared/data/benchmarks is not here"])
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


def _by_meaning(question: str, items: list[BenchmarkItem], vectors: Vectors) -> set[str]:
    """The ids of the items that ask the same by their vectors, as `DecontaminateSemantically` decides it."""
    asked = vectors[stable_hash(core_question(question))]
    near = ((item, float(asked @ vectors[stable_hash(core_question(item.question))])) for item in items)
    return {
        item.id
        for item, cosine in near
        if cosine >= SIMILARITY and asks_the_same(question, [""], "", item.question, "", cosine, SIMILARITY)
    }


def main() -> None:
    """Print what rules and vectors find together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--model", required=True)
    options = parser.parse_args()
    asked, items = _read()
    if not asked or not items:
        raise SystemExit("../shared/data/labelled or ../shared/data/benchmarks is not here")
    texts = [core_question(text) for text in (*(item.question for item in items), *(question for _, question in asked))]
    vectors = ask_vectors(options.endpoint, options.model, list(dict.fromkeys(texts)))
    by_rules = {(case.kind, case.id): case.found for case in (*_among_all(asked, items), *_among_others(asked, items))}
    counts: dict[str, Counter[str]] = {part: Counter() for part in PARTS}
    for item, question in asked:
        same, count = _by_meaning(question, items, vectors), counts[part_of(item)]
        if (TAKEN, item) in by_rules:
            count.update(own=1, found=by_rules[TAKEN, item] or item in same)
        others = {one.id for one in items if one.id in same and fold_of(one.id) != fold_of(item)}
        count.update(asked=1, false=by_rules[OTHER, item] or bool(others))
    for part, shown in PARTS.items():
        count = counts[part]
        print(
            f"{shown}: {count['found']} of {count['own']} found by rules and vectors ({count['found'] / count['own']:.1%}); "
            f"{count['false']} of {count['asked']} flagged without their item"
        )


if __name__ == "__main__":
    main()
