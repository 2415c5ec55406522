"""Light edits of real benchmark questions: each kind of edit by itself, and questions of other benchmarks as clean ones.

Every question of every benchmark beside the repository is edited in each way, the place of the edit drawn by the hash of
the question; a question is looked up in an index of all of them. Those of half of the questions, by hash, are held out.
Clean are questions whose own item, and every item with the same words, has been left out of the index.
"""

import random
import re
from collections.abc import Callable, Iterator
from itertools import chain

from tests.places import SHARED
from tests.quality.cases import HELD_OUT, TUNE, Area, Case, by_kind, read_rows
from transforms.benchmarks.index import BenchmarkIndex, BenchmarkItem, pack_items
from transforms.benchmarks.plain_words import plain_words
from transforms.benchmarks.word_overlap import ContaminationFinder
from transforms.text import stable_seed

NGRAM, SIMILARITY = 13, 0.65  # the defaults of a run
LONGEST = 40  # words of the questions that are edited: a longer one keeps 13 in a row
LEAST = 5  # and a shorter one has nothing to spare
FOLDS = 10


def swap(words: list[str], place: random.Random) -> list[str]:
    """Two neighbours change places."""
    at = place.randrange(len(words) - 1)
    return [*words[:at], words[at + 1], words[at], *words[at + 2 :]]


def drop(words: list[str], place: random.Random) -> list[str]:
    """A word is left out; not a formula, without which nothing is asked."""
    able = [at for at, word in enumerate(words) if re.fullmatch(r"\W?[A-Za-z'-]+\W?", word)]
    at = place.choice(able) if able else len(words)
    return words[:at] + words[at + 1 :]


def slip(words: list[str], place: random.Random) -> list[str]:
    """Two letters inside a longer word change places, or one goes."""
    able = [at for at, word in enumerate(words) if re.fullmatch(r"[A-Za-z]{5,}\W?", word)]
    if not able:
        return words
    at = place.choice(able)
    word = words[at]
    inside = place.randrange(1, len(word) - 2)
    gone = word[:inside] + word[inside + 1 :]
    turned = word[:inside] + word[inside + 1] + word[inside] + word[inside + 2 :]
    return [*words[:at], place.choice([gone, turned]), *words[at + 1 :]]


EDITS: dict[str, Callable[[list[str], random.Random], list[str]]] = {"swap": swap, "drop": drop, "typo": slip}


def items() -> list[BenchmarkItem]:
    """Every question of every benchmark, with its options."""
    return [
        BenchmarkItem(f"{path.name}:{line}", str(row["id"]), row["text"], "\n".join(map(str, row.get("options") or ())))
        for path in sorted((SHARED / "benchmarks").glob("*.jsonl"))
        for line, row in enumerate(read_rows(path), 1)
    ]


def finder_of(some: list[BenchmarkItem]) -> ContaminationFinder:
    return ContaminationFinder(BenchmarkIndex([pack_items(some)], NGRAM), SIMILARITY)


def edited_questions() -> Area:
    """Each kind of edit on every question of a few words; positive means taken from the benchmark."""
    every = items()
    if not every:
        return Area("decontamination, edits", "taken", (), ["../shared/data/benchmarks is not here"])
    cases = list(chain(_edited(every), _clean(every)))
    kinds = ", ".join(
        f"{kind} {right / total:.1%} of {total}"
        for part in (TUNE, HELD_OUT)
        for kind, (right, total) in by_kind(case for case in cases if case.part == part).items()
    )
    return Area("decontamination, edits", "taken", cases, [f"right, then held out: {kinds}"])


def _part(item: BenchmarkItem) -> str:
    return HELD_OUT if stable_seed("part", item.question) % 2 else TUNE


def _edited(every: list[BenchmarkItem]) -> Iterator[Case]:
    finder = finder_of(every)
    for item in every:
        words = item.question.split()
        if not LEAST <= len(words) <= LONGEST:
            continue
        for kind, edit in EDITS.items():
            question = " ".join(edit(list(words), random.Random(stable_seed(kind, item.question))))
            if plain_words(question) == plain_words(item.question):
                continue  # nothing that counts was touched
            match = finder.match(question)
            yield Case(item.name, kind, _part(item), True, bool(match), match.what if match else "clean", question)


def _clean(every: list[BenchmarkItem]) -> Iterator[Case]:
    """Questions looked up in all items but a tenth that holds them."""
    for fold in range(FOLDS):
        inside = [item for item in every if stable_seed("fold", *plain_words(item.question)) % FOLDS == fold]
        finder = finder_of([item for item in every if stable_seed("fold", *plain_words(item.question)) % FOLDS != fold])
        for item in inside:
            if LEAST <= len(item.question.split()) <= LONGEST:
                match = finder.match(item.question)
                said = f"{match.reason} of {match.item}: {match.what}" if match else "clean"
                yield Case(item.name, "clean", _part(item), False, bool(match), said, item.question)
