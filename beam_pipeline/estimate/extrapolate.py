"""From a sample to the whole: totals with intervals. No Beam, no network, only arithmetic.

A total is that of a regression estimator: the mean of the sample, moved along a line in the texts' length by as much as
the sample's texts are longer or shorter than all that were screened. Prompt tokens follow the length closely, so their
interval is narrow; what does not follow it is left as it is.

Intervals are those of a bootstrap, from the quantiles of what other samples would have said. What was not drawn at
random adds nothing: the interval of a sample of everything has no width. Where only some files were read, files are
drawn again, with what is in them, because documents of one file are alike; else rows (as far as not all were screened)
and texts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from beam_pipeline.estimate.corpus_sample import CorpusSample

DRAWS = 1000
LEVEL = 0.9
# Replies are counted in so many spans to see how steady their rate is.
SPANS = 10


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate, and what it lies between with a probability of `LEVEL`."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Draws:
    """An estimate and what other samples would have said."""

    estimate: float
    draws: np.ndarray

    def interval(self) -> Interval:
        tail = 100 * (1 - LEVEL) / 2
        low, high = (float(bound) for bound in np.percentile(self.draws, [tail, 100 - tail]))
        return Interval(self.estimate, max(0.0, min(low, self.estimate)), max(high, self.estimate))

    def over(self, other: "Draws") -> "Draws":
        """The share of this in another."""
        return Draws(self.estimate / (other.estimate or 1.0), self.draws / np.where(other.draws == 0, 1.0, other.draws))

    def between(self, other: "Draws", seed: int = 0) -> "Draws":
        """Something of which no more is known than that it lies between this and another."""
        where = np.random.default_rng(seed).uniform(size=len(self.draws))
        draws = self.draws + where * (other.draws - self.draws)
        return Draws((self.estimate + other.estimate) / 2, draws)


def combined(function: Callable[..., Any], *parts: Draws) -> Draws:
    """What a function makes of estimates, and of what other samples would have said."""
    return Draws(function(*(part.estimate for part in parts)), function(*(part.draws for part in parts)))


def totals(sample: CorpusSample, figures: Mapping[str, np.ndarray], seed: int = 0) -> dict[str, Draws]:
    """The totals of the whole corpus: "documents", "texts", and each figure.

    `figures` has arrays with a number for each text of the sample.
    """
    random = np.random.default_rng(seed)
    names = tuple(figures)
    values = np.column_stack([np.zeros((len(sample.texts), 0)), *(np.asarray(figures[name], float) for name in names)])
    lengths = np.array([len(text.text) for text in sample.texts], float)
    files, rows, texts = (np.ones(len(part)) for part in (sample.file_rows, sample.row_file, sample.texts))
    estimate = _estimate(sample, values, lengths, files, rows, texts)
    draws = np.tile(estimate, (DRAWS, 1))
    number = len(texts)
    left_out = max(0.0, 1 - number / max(1, int(sample.row_texts.sum())))
    for draw in range(DRAWS):
        if not sample.read_all:
            draws[draw] = _estimate(sample, values, lengths, _drawn(random, len(files)), rows, texts)
            continue
        again = _estimate(sample, values, lengths, files, rows, _drawn(random, number))
        draws[draw] += np.sqrt(left_out * number / max(1, number - 2)) * (again - estimate)
        if not sample.screened_all:
            unscreened = 1 - len(rows) / sample.file_rows.sum()
            other = _estimate(sample, values, lengths, files, _drawn(random, len(rows)), texts)
            draws[draw] += np.sqrt(unscreened) * (other - estimate)
    return {name: Draws(float(estimate[place]), draws[:, place]) for place, name in enumerate(("documents", "texts", *names))}


def _drawn(random: np.random.Generator, number: int) -> np.ndarray:
    """How often each of so many is drawn, with replacement."""
    return np.bincount(random.integers(0, number, number), minlength=number).astype(float) if number else np.zeros(0)


def _estimate(
    sample: CorpusSample, values: np.ndarray, lengths: np.ndarray, files: np.ndarray, rows: np.ndarray, texts: np.ndarray
) -> np.ndarray:
    """Documents, texts, and the totals of the columns of `values`; files, rows and texts counted as often as is said."""
    rows, texts = rows * files[sample.row_file], texts * files[sample.text_file]
    read = files @ sample.file_bytes
    documents = files @ sample.file_rows * (1.0 if sample.read_all else sample.total_bytes / max(1.0, read))
    passed = documents * (rows @ sample.row_texts) / max(1.0, rows.sum())
    found = np.concatenate([[documents, passed], np.zeros(values.shape[1])])
    weight = texts.sum()
    if not weight:
        return found
    mean, mean_length = texts @ values / weight, texts @ lengths / weight
    all_length = (rows @ sample.row_characters) / max(1.0, rows @ sample.row_texts)
    spread = texts @ (lengths - mean_length) ** 2
    slope = (texts * (lengths - mean_length)) @ (values - mean) / spread if spread else 0.0
    # A line may go below nothing where texts are short.
    found[2:] = passed * np.maximum(0.0, mean + slope * (all_length - mean_length))
    return found


def without_repeats(pairs: Draws, repeats: int, counted: int, share: float, seed: int = 0) -> Draws:
    """What is left of the pairs of the whole when those that repeat one of another text are taken out.

    In a sample that is a `share` of the texts, `repeats` of `counted` pairs did. With the corpus grows the number of
    others that a pair may repeat, so that share of pairs grows as well: a pair that has on average so many equals (a Poisson
    number) is the first of them with the probability (1 - exp(-equals)) / equals. Few repeats are a small number to go
    by, which widens the interval; none in the sample says nothing of a corpus many times its size.
    """
    if not repeats or not counted or share >= 1:
        return pairs
    seen = np.random.default_rng(seed).gamma(repeats, size=len(pairs.draws))
    equals = 2 * np.maximum(seen, 1e-9) / counted / share
    mean = 2 * repeats / counted / share
    return Draws(pairs.estimate * -np.expm1(-mean) / mean, pairs.draws * -np.expm1(-equals) / equals)


def call_rate(answered_at: list[float], seed: int = 0) -> Draws | None:
    """Replies a second while the endpoint is busy: without the first and the last tenth; None of fewer than 50 replies."""
    times = np.sort(np.asarray(answered_at, float))
    if len(times) < 5 * SPANS:
        return None
    middle = times[len(times) // 10 : -(len(times) // 10)]
    borders = middle[np.linspace(0, len(middle) - 1, SPANS + 1).astype(int)]
    spans, replies = np.diff(borders), (len(middle) - 1) / SPANS
    if not spans.sum():
        return None
    again = np.random.default_rng(seed).integers(0, SPANS, (DRAWS, SPANS))
    seconds = spans[again].sum(axis=1)
    return Draws(SPANS * replies / spans.sum(), SPANS * replies / np.where(seconds > 0, seconds, spans.sum()))
