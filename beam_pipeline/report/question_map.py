"""A map of questions: those with words in common lie close together.

Weighted words (TF-IDF), their main directions (truncated SVD), and of these a map in the plane (t-SNE); all of
scikit-learn, seeded, so that the same questions make the same map. Distances across the map mean nothing, neighbours do.
"""

from collections.abc import Sequence

import numpy as np

LEAST = 8
DIRECTIONS = 32
PERPLEXITY = 25.0
ITERATIONS = 500


def place_questions(questions: Sequence[str]) -> list[tuple[float, float]]:
    """Coordinates from 0 to 1, one pair for each question; [] for fewer than `LEAST`, or where they share no words."""
    if len(questions) < LEAST:
        return []
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import normalize

    words = TfidfVectorizer(stop_words="english", sublinear_tf=True, max_features=20_000, token_pattern=r"(?u)\b\w+\b")
    try:
        weighted = words.fit_transform(questions)
    except ValueError:  # not one word
        return []
    directions = min(DIRECTIONS, min(weighted.shape) - 1)
    if directions < 2:
        return []
    reduced = normalize(TruncatedSVD(directions, random_state=0).fit_transform(weighted))
    # Questions that share nothing would all lie at one point, and t-SNE starts from distances that differ.
    reduced = reduced + np.random.default_rng(0).normal(0, 1e-4, reduced.shape)
    perplexity = min(PERPLEXITY, (len(questions) - 1) / 3)
    # The first two directions as the start: PCA's own could turn round from one build of BLAS to another.
    start = reduced[:, :2] / np.std(reduced[:, 0]) * 1e-4
    tsne = TSNE(2, perplexity=perplexity, init=start.astype(np.float32), max_iter=ITERATIONS, random_state=0, n_jobs=1)
    placed = tsne.fit_transform(reduced)
    low, high = placed.min(axis=0), placed.max(axis=0)
    scaled = (placed - low) / np.maximum(high - low, 1e-9)
    return [(round(float(x), 4), round(float(y), 4)) for x, y in scaled]
