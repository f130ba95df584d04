"""Scores of labels against gold, with intervals from resampling whole articles.

Sentences of one article hang together, so an interval that resamples sentences would be too narrow; articles are the
unit (cluster bootstrap, percentile interval; Field and Welsh, 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Precision, recall and F1 of one label, 0 to 1, and how often gold and prediction have it."""

    label: str
    precision: float
    recall: float
    f1: float
    n_gold: int
    n_predicted: int


def confusion(gold: NDArray[np.int64], predicted: NDArray[np.int64], n_labels: int) -> NDArray[np.int64]:
    """Counts, (n_labels, n_labels): gold by row, prediction by column."""
    return np.bincount(gold * n_labels + predicted, minlength=n_labels * n_labels).reshape(n_labels, n_labels)


def f1_by_label(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each label, (n_labels,), nan for a label that neither gold nor prediction has.

    Args:
        counts: (..., n_labels, n_labels) confusion counts.
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1).astype(float)
    either = counts.sum(-1) + counts.sum(-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * hits / either, dtype=np.float64)


def macro_f1(counts: NDArray[np.int64]) -> float:
    """Mean F1 over the labels that occur in gold or prediction (as scikit-learn's `f1_score(average="macro")`)."""
    f1 = f1_by_label(counts)
    return float(np.nanmean(f1)) if not np.isnan(f1).all() else 0.0


def label_scores(counts: NDArray[np.int64], labels: Sequence[str]) -> list[LabelScore]:
    """Scores of every label that occurs in gold or prediction."""
    scores = []
    for i, label in enumerate(labels):
        n_gold, n_predicted, hits = int(counts[i].sum()), int(counts[:, i].sum()), int(counts[i, i])
        if n_gold + n_predicted == 0:
            continue
        precision = hits / n_predicted if n_predicted else 0.0
        recall = hits / n_gold if n_gold else 0.0
        scores.append(LabelScore(label, precision, recall, 2 * hits / (n_gold + n_predicted), n_gold, n_predicted))
    return scores


def calibration_error(p: NDArray[np.float64], right: NDArray[np.bool_], n_bins: int = 10) -> float:
    """Expected calibration error, 0 to 1, over bins of equal width (Guo et al., 2017).

    Args:
        p: (n,) probability of the label given.
        right: (n,) whether it was right.
        n_bins: bins between 0 and 1.
    """
    bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
    error = 0.0
    for b in range(n_bins):
        inside = bins == b
        if inside.any():
            error += float(inside.mean()) * abs(float(right[inside].mean()) - float(p[inside].mean()))
    return error


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def by_article(
    articles: Sequence[str], figure: Callable[[NDArray[np.int64]], float], n_resamples: int, seed: int
) -> Interval:
    """A figure and its interval from resampling whole articles.

    Args:
        articles: (n,) article of each sentence.
        figure: computes the figure from the numbers of the sentences to use, repeats included.
        n_resamples: draws; with a single article there is nothing to resample and the interval is nan.
        seed: of the draws.
    """
    groups: dict[str, list[int]] = {}
    for i, article in enumerate(articles):
        groups.setdefault(article, []).append(i)
    members = [np.array(g, np.int64) for g in groups.values()]
    value = figure(np.arange(len(articles), dtype=np.int64))
    if len(members) < 2 or n_resamples < 1:
        return Interval(value, float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    draws = [
        figure(np.concatenate([members[j] for j in rng.integers(len(members), size=len(members))]))
        for _ in range(n_resamples)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(value, float(low), float(high))
