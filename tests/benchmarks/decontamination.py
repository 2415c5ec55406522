"""How long an index of many benchmark items takes, how much memory, and how many pairs a second it looks up.

    python -m tests.benchmarks.decontamination --items 1000000

Items are made up: word problems of 40 words, with names and numbers, the words as rare as Zipf says. Half of the pairs are items
of which half of the words are others, half are new problems. Each shard is packed and kept as a worker gets it.
"""

import argparse
import random
import resource
import time
from collections.abc import Iterator
from itertools import accumulate

from transforms.benchmarks.finder import BenchmarkFinder
from transforms.benchmarks.index import BenchmarkItem, pack_items

WORDS, NAMES, LENGTH = 40_000, 4_000, 40
SHARD = 20_000
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bra cle dri flo gru sta spe tri".split()
_WEIGHTS = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
_NUMBERS = [*range(2, 13), *range(15, 105, 5), *range(100, 1100, 100)]


def word(number: int) -> str:
    """A made-up word by its number."""
    syllables = []
    for _ in range(4):
        number, place = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[place])
    return "".join(syllables)


def problem(seed: int, kept: float = 1.0) -> str:
    """A word problem; with `kept` below 1 the same with other words for the rest of its words."""
    chance, other = random.Random(seed), random.Random(f"other {seed} {kept}")
    numbers = {
        place: chance.choice(_NUMBERS) if chance.random() < 0.8 else chance.randrange(13, 9999) for place in (7, 15, 23, 31)
    }
    name = word(WORDS + chance.randrange(NAMES)).capitalize()
    words = chance.choices(range(WORDS), cum_weights=_WEIGHTS, k=LENGTH)
    drawn = [own if other.random() < kept else other.choices(range(WORDS), cum_weights=_WEIGHTS)[0] for own in words]
    written = [str(numbers[place]) if place in numbers else word(number) for place, number in enumerate(drawn)]
    return f"The {name} {' '.join(written)}?"


def shards(items: int) -> Iterator[list[BenchmarkItem]]:
    for start in range(0, items, SHARD):
        yield [BenchmarkItem("made.jsonl", str(seed), problem(seed)) for seed in range(start, min(start + SHARD, items))]


def resident() -> float:
    """Resident memory in MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=1_000)
    parser.add_argument("--rephrased", type=float, default=1.1, help="0 measures without signatures")
    options = parser.parse_args()
    packed, spent = [], 0.0
    for some in shards(options.items):
        began = time.process_time()
        packed.append(pack_items(some, options.rephrased > 0))
        spent += time.process_time() - began
    print(f"packed {options.items:,} items in {spent:.0f} s of processor, {spent / options.items * 1e6:.0f} us each")
    before, began = resident(), time.process_time()
    finder = BenchmarkFinder(packed, rephrased=options.rephrased)
    print(f"index made in {time.process_time() - began:.0f} s")
    packed.clear()
    print(f"memory: {before:.0f} MB with the shards, {resident():.0f} MB with the index and without them")
    print(f"highest: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")
    for name, questions in (
        ("rephrased", [problem(seed * 7919 % options.items, 0.5) for seed in range(options.pairs)]),
        ("new", [problem(options.items + seed) for seed in range(options.pairs)]),
    ):
        began = time.process_time()
        found = [match.reason for question in questions if (match := finder.match(question))]
        each = (time.process_time() - began) / options.pairs
        kinds = {reason: found.count(reason) for reason in sorted(set(found))}
        print(f"{name} pairs: {1 / each:,.0f} a second, {len(found)} of {options.pairs} flagged {kinds}")


if __name__ == "__main__":
    main()
