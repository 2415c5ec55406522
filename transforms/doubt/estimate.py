"""How likely each key is right, and the share of wrong keys with its interval: learnt from what was said of all keys.

The chances of `explanations.py` are drawn again and again from what the rows allow (Gibbs sampling): explanations for the rows
by the chances, then chances by the explanations. So the interval holds what the rows cannot tell, such as whether wrong
keys or common mistakes are rarer, and is wide where that matters. It assumes that answerers err independently of each
other but for hard questions and common mistakes, and that questions with a wrong key are answered like those with a right one.

More rows than `FULL_WEIGHT` count as that many: the assumptions are only nearly true, and no number of rows makes them truer.
crowd-kit has Dawid and Skene for answerers who choose from the same labels, and brings pandas, nltk and scikit-learn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from transforms.doubt.explanations import CHECKED, TRUTH, Layout, Pattern, explanations, layout_of
from transforms.doubt.said import YES

LEVEL = 0.95
FULL_WEIGHT = 1_000
# A wider interval says nothing that a number should stand for.
WIDEST = 0.15
_CHAINS, _DRAWS, _FIRST = 4, 1_000, 200


@dataclass(frozen=True)
class Estimate:
    """What was learnt.

    Attributes:
        right: the probability that the key is right, by pattern.
        rows: the keys of interest of which something was said.
        error_rate, low, high: the share of wrong ones among them, and its interval of 95%; None where there are none.
        reliabilities: by answerer how often it says the true answer, or by verifier how often yes to a right and to a wrong key.
    """

    right: Mapping[Pattern, float] = field(default_factory=dict)
    rows: int = 0
    error_rate: float | None = None
    low: float | None = None
    high: float | None = None
    reliabilities: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def tells(self) -> bool:
        """Whether the interval is narrow enough to say a rate at all."""
        return self.low is not None and self.high is not None and self.high - self.low <= WIDEST


def estimate(counts: Mapping[Pattern, int], kept: Mapping[Pattern, int] | None = None) -> Estimate:
    """Learn from all rows, by pattern and number; the error rate is that of the `kept` ones, or of all.

    A pattern with `CHECKED` is of rows whose keys a person has looked at.
    """
    patterns = sorted(pattern for pattern in counts if pattern and counts[pattern])
    if not patterns:
        return Estimate()
    wanted = counts if kept is None else kept
    inside = np.array([wanted.get(pattern, 0) for pattern in patterns])
    sampler = _Sampler(patterns, np.array([counts[pattern] for pattern in patterns], float))
    draws, chances = sampler.run()
    right = dict(zip(patterns, (1 - draws.mean(axis=0)).tolist(), strict=True))
    reliabilities = _reliabilities(sampler.layout, chances)
    rows = int(inside.sum())
    if not rows:
        return Estimate(right, reliabilities=reliabilities)
    # Which of the kept keys are wrong is chance as well.
    rates = np.random.default_rng(1).binomial(inside, draws).sum(axis=1) / rows
    low, high = np.quantile(rates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    rate = float((draws.mean(axis=0) * inside).sum() / rows)
    return Estimate(right, rows, rate, min(rate, float(low)), max(rate, float(high)), reliabilities)


class _Sampler:
    """The explanations of some patterns, padded to one number for all, and what is drawn of them."""

    def __init__(self, patterns: Sequence[Pattern], counts: NDArray[np.float64]) -> None:
        self.layout: Layout = layout_of(patterns)
        found = [explanations(pattern) for pattern in patterns]
        most, events = max(map(len, found)), len(self.layout.prior)
        self._events = np.zeros((len(found), most, events))
        self._log = np.full((len(found), most), -np.inf)
        self._wrong = np.zeros((len(found), most))
        for at, ways in enumerate(found):
            self._events[at, : len(ways)] = self.layout.matrix(ways)
            self._log[at, : len(ways)] = [way.log for way in ways]
            self._wrong[at, : len(ways)] = [way.is_wrong for way in ways]
        checked = np.array([any(name == CHECKED for name, _ in pattern) for pattern in patterns])
        # What people have looked at counts in full.
        most_rows = max(1.0, counts[~checked].sum() / FULL_WEIGHT)
        self._counts = np.where(checked, counts, counts / most_rows)

    def run(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draws by patterns of the probability of a wrong key, and the mean chance of each event."""
        kept, total = [], np.zeros(len(self.layout.prior))
        for chain in range(_CHAINS):
            generator = np.random.default_rng(chain)
            chances = self._chances(self.layout.prior, generator)
            for step in range(_FIRST + _DRAWS):
                weights = self._weights(chances)
                # Rows are whole, and their number by pattern may not be.
                whole = np.floor(self._counts + generator.random(len(self._counts))).astype(int)
                drawn = generator.multinomial(whole, weights)
                chances = self._chances(np.einsum("pw,pwe->e", drawn, self._events) + self.layout.prior, generator)
                if step >= _FIRST:
                    kept.append(np.clip((weights * self._wrong).sum(axis=1), 0, 1))
                    total += chances
        return np.array(kept), total / len(kept)

    def _weights(self, chances: NDArray[np.float64]) -> NDArray[np.float64]:
        logs = self._events @ np.log(chances) + self._log
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        normalised: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
        return normalised

    def _chances(self, counted: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
        drawn = np.maximum(generator.standard_gamma(counted), 1e-12)
        for block in self.layout.blocks:
            drawn[block] /= drawn[block].sum()
        return drawn


def _reliabilities(layout: Layout, chances: NDArray[np.float64]) -> dict[str, tuple[float, ...]]:
    found: dict[str, list[float]] = {}
    for (block, name), at in layout.number.items():
        if (block[0] == "answer" and name == TRUTH) or (block[0] == "vote" and name == YES):
            found.setdefault(block[1], []).append(round(float(chances[at]), 3))
    return {name: tuple(values) for name, values in sorted(found.items())}
