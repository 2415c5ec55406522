"""How likely keys are right: chances add up, planted keys are found, and what cannot be told is not told."""

import random
from collections import Counter
from itertools import product

import numpy as np
import pytest

from transforms.doubt.estimate import Estimate, estimate
from transforms.doubt.explanations import CHECKED, RIGHT, WRONG, Pattern, explanations, layout_of
from transforms.doubt.said import ALONE, GATHERED, KEY

Row = tuple[Pattern, bool]


def made(seed: int, rows: int, wrong: float, easy: tuple[float, ...], hard: tuple[float, ...], common: float = 0.3) -> list[Row]:
    """Rows with who said what, and whether the key is wrong; a third of the questions is hard."""
    generator, found = random.Random(seed), []
    for _ in range(rows):
        is_wrong, chances = generator.random() < wrong, hard if generator.random() < 1 / 3 else easy
        key = "own" if is_wrong else "truth"
        said = [
            "truth" if generator.random() < chance else "mistake" if generator.random() < common else f"alone {at}"
            for at, chance in enumerate(chances)
        ]
        others = Counter(text for text in said if text != key)
        letters = dict(zip((text for text, number in others.most_common() if number > 1), GATHERED, strict=False))
        labels = [KEY if text == key else letters.get(text, ALONE) for text in said]
        found.append((tuple((f"answerer {at}", label) for at, label in enumerate(labels)), is_wrong))
    return found


def learnt(rows: list[Row]) -> Estimate:
    return estimate(Counter(pattern for pattern, _ in rows))


def every_pattern(answerers: int) -> list[Pattern]:
    """All patterns of so many answerers, with letters as they are given: the larger group first."""
    found = set()
    for labels in product((KEY, ALONE, "a", "b"), repeat=answerers):
        first, second = labels.count("a"), labels.count("b")
        tied = first == second > 0 and labels.index("b") < labels.index("a")
        if first != 1 and second != 1 and second <= first and not tied:
            found.add(tuple((f"answerer {at}", label) for at, label in enumerate(labels)))
    return sorted(found)


@pytest.mark.parametrize("answerers", [1, 2, 3, 4])
def test_the_chances_of_all_patterns_add_up(answerers: int) -> None:
    """Else a wrong key would seem likelier or less likely than it is, by as much as is missing, for each row anew."""
    patterns = every_pattern(answerers)
    layout = layout_of(patterns)
    chances = layout.prior.copy()
    for block in layout.blocks:
        chances[block] /= chances[block].sum()
    total = {True: 0.0, False: 0.0}
    for pattern in patterns:
        ways = explanations(pattern)
        logs = layout.matrix(ways) @ np.log(chances) + [way.log for way in ways]
        for way, chance in zip(ways, np.exp(logs), strict=True):
            total[way.is_wrong] += float(chance)
    assert total[True] / 0.1 == pytest.approx(1, abs=0.02)
    assert total[False] / 0.9 == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("answerers", [2, 5])
def test_planted_keys_are_found_and_their_share_is_in_the_interval(answerers: int, seed: int) -> None:
    rows = made(seed, 800, 0.05, (0.9,) * answerers, (0.35,) * answerers)
    found = learnt(rows)
    share = sum(wrong for _, wrong in rows) / len(rows)
    assert found.low is not None and found.high is not None and found.tells
    assert found.low <= share <= found.high
    worst = sorted(rows, key=lambda row: found.right[row[0]])[:80]
    assert sum(wrong for _, wrong in worst) >= 0.5 * share * len(rows)


@pytest.mark.parametrize("seed", range(3))
def test_shared_failure_on_hard_questions_is_no_wrong_key(seed: int) -> None:
    """Where plain Dawid and Skene say a third: nobody knows the hard questions, and the answers scatter."""
    found = learnt(made(seed, 800, 0.0, (0.95,) * 4, (0.05,) * 4, common=0.1))
    assert found.error_rate is not None and found.error_rate < 0.03


def test_one_answerer_cannot_tell() -> None:
    found = learnt(made(0, 800, 0.05, (0.75,), (0.2,)))
    assert found.low is not None and found.high is not None
    assert found.low < 0.05 < found.high and found.high - found.low > 0.1


def test_rows_that_a_person_checked_narrow_it() -> None:
    rows = made(0, 800, 0.05, (0.75,), (0.2,))
    before = learnt(rows)
    known = [
        ((*pattern, (CHECKED, WRONG if wrong else RIGHT)), wrong) if at < 200 else (pattern, wrong)
        for at, (pattern, wrong) in enumerate(rows)
    ]
    after = learnt([(tuple(sorted(pattern)), wrong) for pattern, wrong in known])
    assert after.high is not None and after.low is not None and before.high is not None and before.low is not None
    assert after.high - after.low < 0.7 * (before.high - before.low)
    assert after.low <= sum(wrong for _, wrong in rows) / len(rows) <= after.high
    for pattern, chance in after.right.items():
        if (CHECKED, WRONG) in pattern:
            assert chance == pytest.approx(0, abs=1e-9)


def test_the_rate_is_that_of_the_kept_rows() -> None:
    rows = made(1, 800, 0.05, (0.9,) * 3, (0.35,) * 3)
    kept = Counter(pattern for pattern, _ in rows if dict(pattern)["answerer 0"] == KEY)
    all_of_them, some = learnt(rows), estimate(Counter(pattern for pattern, _ in rows), kept)
    assert some.rows == kept.total() < all_of_them.rows
    assert some.error_rate is not None and all_of_them.error_rate is not None and some.error_rate < all_of_them.error_rate / 3


def test_the_same_rows_give_the_same_estimate_in_any_order() -> None:
    rows = made(2, 200, 0.05, (0.9,) * 2, (0.35,) * 2)
    assert learnt(rows) == learnt(rows[::-1])


def test_a_million_rows_cost_no_more_than_a_thousand() -> None:
    counts = Counter(pattern for pattern, _ in made(0, 1_000, 0.05, (0.9,) * 3, (0.35,) * 3))
    many = estimate({pattern: 1_000 * number for pattern, number in counts.items()})
    few = estimate(counts)
    assert many.high is not None and few.high is not None and many.low is not None and few.low is not None
    assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.3), "the assumptions are not truer of more rows"


def test_nothing_said_is_nothing_learnt() -> None:
    assert estimate({}) == Estimate() == estimate({(): 5})
