"""The slowest patterns and rules, with sizes: `python -m tests.pumping --size 100000`.

Each is pumped with what tests use and `--pumps` others by chance; printed are what each of the slowest cost, and how often
that of a text of a quarter: 4 where growth is linear.
"""

import argparse
import random
from collections.abc import Callable, Iterator

from tests.pumping.measure import MOST_S, cost, growth
from tests.pumping.patterns import BOUNDED, find_patterns
from tests.pumping.rules import KINDS, WORDS, rules_of
from tests.pumping.texts import Pump, pumps_for, pumps_for_texts

Worst = tuple[float, float, int, str, str]  # seconds, times that of a quarter, characters, what, of what


def patterns(size: int, pumps: int, seed: int) -> Iterator[Worst]:
    """Each pattern with the text that was slowest for it."""
    for one in find_patterns():
        draw = random.Random(f"{seed} {one.pattern.pattern}")
        made = list(pumps_for(one.pattern, draw, others=pumps))
        for method in sorted(one.methods):
            yield _worst(f"{one.name}.{method}", one.call(method), made, min(size, BOUNDED.get(one.name, size)))


def rules(kind: str, size: int, pumps: int, seed: int) -> Iterator[Worst]:
    """Each rule on texts of a kind, with the text that was slowest for it."""
    for rule in rules_of(kind):
        made = list(pumps_for_texts(random.Random(f"{seed} {rule.name}"), pumps, WORDS))
        yield _worst(rule.name, rule.call, made, size)


def _worst(name: str, call: Callable[[str], object], pumps: list[Pump], size: int) -> Worst:
    slowest, pump = 0.0, pumps[0]
    for number, made in enumerate(pumps):
        spent = cost(call, made(size + 3 * number))
        if spent > slowest:
            slowest, pump = spent, made
        if spent >= MOST_S:
            return slowest, float("inf"), size, name, str(pump)
    seconds, times = growth(call, pump, size)
    return seconds, times, size, name, str(pump)


def main() -> None:
    """Pump, and print the slowest of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", choices=("patterns", *KINDS), nargs="*", default=["patterns", *KINDS])
    parser.add_argument("--size", type=int, default=2000, help="characters of a text")
    parser.add_argument("--pumps", type=int, default=12, help="texts by chance for each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--top", type=int, default=8, help="how many of each are printed")
    args = parser.parse_args()
    for what in args.what:
        made = patterns(args.size, args.pumps, args.seed) if what == "patterns" else rules(what, args.size, args.pumps, args.seed)
        print(f"{what}, {args.size:,} characters:")
        for seconds, times, size, name, pump in sorted(made, reverse=True)[: args.top]:
            spent = "cut off" if seconds >= MOST_S else f"{1e3 * seconds:.1f} ms, x{times:.1f}"
            print(f"  {spent:>16}  {size:,}  {name}: {pump}", flush=True)


if __name__ == "__main__":
    main()
