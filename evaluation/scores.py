"""Figures that tell predicted labels from gold ones: counts in, figures out.

Every figure is computed from counts that add up over sentences, so that it can be computed for thousands of samples of
articles at once (see `resample`): counts may have any number of leading axes, one for each sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Bins of the calibration error.
N_BINS = 10


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Precision, recall and F1 of one label, 0 to 1, and how often gold and prediction have it."""

    label: str
    precision: float
    recall: float
    f1: float
    n_gold: int
    n_predicted: int


def confusion(gold: Ints, predicted: Ints, n_labels: int) -> Ints:
    """Counts, (n_labels, n_labels): gold by row, prediction by column."""
    return np.bincount(gold * n_labels + predicted, minlength=n_labels * n_labels).reshape(n_labels, n_labels)


def precision_by_label(counts: NDArray[np.generic]) -> Floats:
    """Of the sentences predicted to have a label, the share that has it.

    Args:
        counts: (..., n_labels, n_labels) from `confusion`.

    Returns:
        (..., n_labels), nan for a label that is never predicted: there is nothing to take a share of.
    """
    table = counts.astype(np.float64)
    hits, _, n_predicted = _margins(table)
    return np.where(n_predicted == 0, np.nan, hits / np.maximum(n_predicted, 1))


def recall_by_label(counts: NDArray[np.generic]) -> Floats:
    """Of the sentences that have a label, the share predicted to have it; nan for a label that none has."""
    table = counts.astype(np.float64)
    hits, n_gold, _ = _margins(table)
    return np.where(n_gold == 0, np.nan, hits / np.maximum(n_gold, 1))


def f1_by_label(counts: NDArray[np.generic]) -> Floats:
    """F1 of each label, (..., n_labels), nan for a label that neither gold nor prediction has.

    Args:
        counts: (..., n_labels, n_labels) from `confusion`.
    """
    table = counts.astype(np.float64)
    hits, n_gold, n_predicted = _margins(table)
    return np.where(n_gold + n_predicted == 0, np.nan, 2 * hits / np.maximum(n_gold + n_predicted, 1))


def _margins(table: Floats) -> tuple[Floats, Floats, Floats]:
    return np.diagonal(table, axis1=-2, axis2=-1), table.sum(-1), table.sum(-2)


def macro_f1s(counts: NDArray[np.generic]) -> Floats:
    """Mean F1 over the labels in gold or prediction (scikit-learn's `f1_score(average="macro")`), (...,).

    Args:
        counts: (..., n_labels, n_labels) from `confusion`.
    """
    f1 = f1_by_label(counts)
    there = ~np.isnan(f1)
    return np.asarray(np.where(there, f1, 0.0).sum(-1) / np.maximum(there.sum(-1), 1), np.float64)


def macro_f1s_of_samples(whole: NDArray[np.generic]) -> Callable[[Floats], Floats]:
    """`macro_f1s` for resamples of one set of articles: the mean is always over the labels of the whole set.

    A resample may lack all sentences of a rare label. Were the label dropped from its mean, a label that the model
    never gets right would raise the macro-F1 of every resample without it, above the figure itself; an F1 of 0 would
    err the other way. There the label keeps the F1 that it has in the whole set, which moves the mean neither way. The
    limit: such a resample says nothing of how much that label's F1 may vary, so that an interval with a label of one or
    two articles is too narrow.

    Args:
        whole: (n_labels, n_labels) from `confusion`, of all articles.

    Returns:
        From (..., n_labels, n_labels) counts to (...,) figures; of `whole` itself it is `macro_f1s`.
    """
    own = f1_by_label(whole)
    labels = np.flatnonzero(~np.isnan(own))

    def figure(counts: Floats) -> Floats:
        f1 = f1_by_label(counts)[..., labels]
        return np.asarray(np.where(np.isnan(f1), own[labels], f1).sum(-1) / max(len(labels), 1), np.float64)

    return figure


def macro_f1(counts: NDArray[np.generic]) -> float:
    """`macro_f1s` of one table."""
    return float(macro_f1s(counts))


def accuracies(counts: NDArray[np.generic]) -> Floats:
    """Share of sentences whose label is right, (...,), 0 where there is no sentence."""
    table = counts.astype(np.float64)
    return np.asarray(np.trace(table, axis1=-2, axis2=-1) / np.maximum(table.sum((-2, -1)), 1), np.float64)


def shares(counts: Floats) -> Floats:
    """First count by second, (..., 2) to (...,)."""
    return np.asarray(counts[..., 0] / np.maximum(counts[..., 1], 1), np.float64)


def label_scores(counts: Ints, labels: Sequence[str]) -> list[LabelScore]:
    """Scores of every label that occurs in gold or prediction; a precision or recall of nothing is 0.

    Args:
        counts: (n_labels, n_labels) from `confusion`.
        labels: their names.
    """
    precision, recall = (np.nan_to_num(share(counts)) for share in (precision_by_label, recall_by_label))
    f1 = f1_by_label(counts)
    return [
        LabelScore(
            label,
            float(precision[i]),
            float(recall[i]),
            float(f1[i]),
            int(counts[i].sum()),
            int(counts[:, i].sum()),
        )
        for i, label in enumerate(labels)
        if counts[i].sum() + counts[:, i].sum() > 0
    ]


def calibration_bins(p: Floats, right: NDArray[np.bool_], n_bins: int = N_BINS) -> Floats:
    """Each sentence's share in the bins of the calibration error.

    Args:
        p: (n,) probability of the label given.
        right: (n,) whether it was right.
        n_bins: bins of equal width between 0 and 1.

    Returns:
        (n, n_bins, 3): 1, p and `right` in the sentence's bin, 0 elsewhere; sums of these say all about a bin.
    """
    bins = np.zeros((len(p), n_bins, 3))
    number = np.minimum((p * n_bins).astype(int), n_bins - 1)
    bins[np.arange(len(p)), number] = np.stack([np.ones(len(p)), p, right], axis=1)
    return bins


def calibration_errors(bins: Floats) -> Floats:
    """Expected calibration error, 0 to 1, (...,): mean distance of confidence and accuracy (Guo et al., 2017).

    Args:
        bins: (..., n_bins, 3), sums of `calibration_bins`.
    """
    n = np.maximum(bins[..., 0].sum(-1), 1)
    return np.asarray(np.abs(bins[..., 1] - bins[..., 2]).sum(-1) / n, np.float64)


def calibration_error(p: Floats, right: NDArray[np.bool_], n_bins: int = N_BINS) -> float:
    """Expected calibration error of one set of sentences; arguments as in `calibration_bins`."""
    return float(calibration_errors(calibration_bins(p, right, n_bins).sum(0)))
