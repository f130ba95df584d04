"""Krippendorff's alpha and Cohen's kappa from tables that add up over articles.

A table of who-said-what is a sum over sentences, so an article's table is computed once, and a bootstrap sample of
articles is a weighted sum of tables: thousands of samples cost one matrix product.

Sources: Krippendorff (2019) Content Analysis, 4th edition, chapter 12, for alpha from coincidences and for its value by
label (all other labels taken together); Cohen (1960) Educational and Psychological Measurement 20:37 for kappa.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ..formats.base import needs
from .coding import Ints

Floats = NDArray[np.float64]
#: Fewer articles than this say too little for an interval.
MIN_ARTICLES = 5
_BLOCK = 256
#: Sums of sixths and the like are not exactly 0 where they should be.
_NOTHING = 1e-9


def coincidences(labels: Ints, article: Ints, n_articles: int, n_values: int) -> Floats:
    """Pairs of labels that two coders gave one sentence, by article.

    Args:
        labels: (n_coders, n_units), -1 where a coder said nothing.
        article: (n_units,) number of the sentence's article.
        n_articles: how many there are.
        n_values: number of labels.

    Returns:
        (n_articles, n_values, n_values), symmetric. Each sentence counts as many times as it has labels, 0 if it has
        one only.
    """
    n_labels = (labels >= 0).sum(axis=0)
    weight = 1.0 / np.maximum(n_labels - 1, 1)
    found = np.zeros(n_articles * n_values * n_values)
    for a, b in permutations(range(len(labels)), 2):
        found += _counts(labels[a], labels[b], article, n_articles, n_values, weight)
    return found.reshape(n_articles, n_values, n_values)


def confusions(first: Ints, second: Ints, article: Ints, n_articles: int, n_values: int) -> Floats:
    """Sentences by the first and the second coder's label, by article: (n_articles, n_values, n_values)."""
    counts = _counts(first, second, article, n_articles, n_values, np.ones(len(first)))
    return counts.reshape(n_articles, n_values, n_values)


def _counts(first: Ints, second: Ints, article: Ints, n_articles: int, n_values: int, weight: Floats) -> Floats:
    both = (first >= 0) & (second >= 0)
    cell = (article[both] * n_values + first[both]) * n_values + second[both]
    counts = np.bincount(cell, weight[both], minlength=n_articles * n_values * n_values)
    return counts.astype(np.float64)


def alphas(table: Floats) -> Floats:
    """Krippendorff's alpha for nominal labels: of all labels, then of each label against all the others.

    Args:
        table: (..., n_values, n_values) coincidences.

    Returns:
        (..., 1 + n_values): 1 perfect, 0 as by chance; nan where only one label was given (or not the label).
    """
    given = table.sum(axis=-1)
    n = given.sum(axis=-1, keepdims=True)
    apart = given - np.diagonal(table, axis1=-2, axis2=-1)
    others = given * (n - given)
    observed = np.concatenate([apart.sum(axis=-1, keepdims=True), apart], axis=-1)
    expected = np.concatenate([others.sum(axis=-1, keepdims=True), others], axis=-1)
    return np.asarray(1 - (n - 1) * _divide(observed, expected))


def kappas(table: Floats) -> Floats:
    """Cohen's kappa of two coders: of all labels, then of each label against all the others.

    Args:
        table: (..., n_values, n_values) sentences by the first and the second coder's label.

    Returns:
        (..., 1 + n_values): 1 perfect, 0 as by chance; nan where both gave one and the same label only.
    """
    n = table.sum(axis=(-2, -1))[..., None]
    first, second = table.sum(axis=-1), table.sum(axis=-2)
    same = np.diagonal(table, axis1=-2, axis2=-1)
    agreed = np.concatenate([same.sum(axis=-1, keepdims=True), n - first - second + 2 * same], axis=-1)
    by_label = first * second + (n - first) * (n - second)
    chance = _divide(np.concatenate([(first * second).sum(axis=-1, keepdims=True), by_label], axis=-1), n)
    return _divide(agreed - chance, n - chance)


def shares(table: Floats) -> Floats:
    """Share of pairs of labels that are equal, from coincidences: (..., 1)."""
    return _divide(np.trace(table, axis1=-2, axis2=-1), table.sum(axis=(-2, -1)))[..., None]


def resampled(tables: Floats, n_resamples: int, seed: int) -> Floats:
    """Tables of bootstrap samples of whole articles.

    Args:
        tables: (n_articles, n_values, n_values).
        n_resamples: how many samples.
        seed: the same seed and number of articles draw the same samples.

    Returns:
        (n_resamples, n_values, n_values).
    """
    n = len(tables)
    flat = tables.reshape(n, -1)
    rng = np.random.default_rng(seed)
    blocks = []
    for start in range(0, n_resamples, _BLOCK):
        counts = rng.multinomial(n, np.full(n, 1 / n), size=min(_BLOCK, n_resamples - start))
        blocks.append(counts.astype(np.float64) @ flat)
    return np.concatenate(blocks).reshape(n_resamples, *tables.shape[1:])


def interval(draws: Floats, n_articles: int) -> tuple[float, float]:
    """95 % interval of a figure from its value in each bootstrap sample; nan with fewer than MIN_ARTICLES articles.

    Percentiles of few articles are too narrow. They are taken further out, as far as a t interval is wider than a
    normal one (Hesterberg 2015, The American Statistician 69:371, section 4.3).

    Args:
        draws: (n_resamples,) the figure in each sample, nan where it is not defined.
        n_articles: articles resampled.
    """
    known = draws[np.isfinite(draws)]
    if n_articles < MIN_ARTICLES or len(known) == 0:
        return float("nan"), float("nan")
    with needs("scipy", "intervals"):
        from scipy import stats
    tail = float(stats.norm.cdf(np.sqrt(n_articles / (n_articles - 1)) * stats.t.ppf(0.025, n_articles - 1)))
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _divide(above: Floats, below: Floats) -> Floats:
    """above / below, nan where below is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, np.float64), np.asarray(below, np.float64))
    return np.asarray(np.divide(above, below, out=np.full(below.shape, np.nan), where=below > _NOTHING))
