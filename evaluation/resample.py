"""Intervals from resampling whole articles.

Sentences of one article hang together, so an interval that resamples sentences would be too narrow; articles are the
unit (cluster bootstrap, percentile interval; Field and Welsh (2007) J. R. Statist. Soc. B 69:369). A sample of
articles is a row of weights, and its counts are the weighted sum of the articles' counts: all samples together are one
matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scores import Floats, Ints

#: Fewer articles than this make intervals that are much too narrow.
FEW_ARTICLES = 10
#: Cells of weighted counts computed at once.
_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval; `low` and `high` are nan where there is nothing to resample."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if math.isnan(self.low):
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_dict(self) -> dict[str, float | None]:
        """Plain data for JSON; what is not defined is None."""
        return {
            key: None if math.isnan(number) else round(number, 4)
            for key, number in (("value", self.value), ("low", self.low), ("high", self.high))
        }


def article_sums(values: NDArray[np.generic], article: Ints, n_articles: int) -> Floats:
    """Sums over each article's sentences.

    Args:
        values: (n_sentences, ...) what is summed.
        article: (n_sentences,) number of the sentence's article.
        n_articles: how many there are.

    Returns:
        (n_articles, ...)
    """
    sums = np.zeros((n_articles, *values.shape[1:]))
    np.add.at(sums, article, values)
    return sums


class Resampler:
    """Samples of articles, drawn once and used for every figure, so that figures may be compared sample by sample.

    Args:
        n_articles: how many there are to draw from.
        n_resamples: samples; with none, or with a single article, intervals are nan.
        seed: of the draws.
    """

    def __init__(self, n_articles: int, n_resamples: int, seed: int) -> None:
        self.n_articles = n_articles
        n_samples = n_resamples if n_articles > 1 else 0
        rng = np.random.default_rng(seed)
        even = np.full(max(n_articles, 1), 1 / max(n_articles, 1))
        #: (n_resamples, n_articles): how often each sample holds each article.
        self.weights: Floats = rng.multinomial(n_articles, even, size=n_samples).astype(np.float64)

    def draws(self, counts: Floats, figures: Callable[[Floats], Floats]) -> Floats:
        """Figures of every sample, (n_resamples, ...).

        Args:
            counts: (n_articles, ...) counts of each article.
            figures: from (n, ...) counts to (n, ...) figures.
        """
        flat = counts.reshape(self.n_articles, -1)
        step = max(1, _BLOCK_CELLS // max(1, flat.shape[1]))
        parts = [
            figures((self.weights[i : i + step] @ flat).reshape(-1, *counts.shape[1:]))
            for i in range(0, len(self.weights), step)
        ]
        return np.concatenate(parts) if parts else figures(counts.sum(0)[None])[:0]

    def intervals(self, counts: Floats, figures: Callable[[Floats], Floats]) -> list[Interval]:
        """Several figures with their intervals; `figures` gives (n, n_figures), the rest is as in `draws`."""
        values = figures(counts.sum(0)[None])[0]
        draws = self.draws(counts, figures)
        return [percentile_interval(float(value), draws[:, i]) for i, value in enumerate(values)]

    def interval(self, counts: Floats, figure: Callable[[Floats], Floats]) -> Interval:
        """One figure with its interval; `figure` gives (n,), the rest is as in `draws`."""
        return self.intervals(counts, lambda sums: figure(sums)[:, None])[0]


def percentile_interval(value: float, draws: Floats) -> Interval:
    """The interval that holds the middle 95 % of the draws; those that are nan (nothing to measure) do not count."""
    known = draws[~np.isnan(draws)]
    if len(known) == 0:
        return Interval(value, math.nan, math.nan)
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(value, float(low), float(high))
