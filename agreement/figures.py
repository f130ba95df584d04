"""Every figure of agreement with its interval: alpha of all coders, kappa of each pair, all labels and each label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..formats.base import needs
from . import coefficients as co
from .coding import HEADS, Coding, Ints
from .coefficients import Floats

#: Bootstrap samples of articles behind each interval.
N_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of agreement.

    Attributes:
        measure: `alpha`, `kappa`, or `agreement` (the share of pairs of labels that are equal).
        head: `speaker`, `stance` or `both`.
        label: the label set against all others; None: all labels.
        coders: whose agreement it is.
        value: 1 perfect, 0 as by chance (alpha, kappa); nan where it is not defined: only one label was given.
        low: lower end of the 95 % interval, by resampling whole articles; nan with fewer than MIN_ARTICLES.
        high: upper end.
        n_sentences: sentences that at least two of the coders labelled.
        n_articles: articles that these are of.
        n_label: how often the label was given in these sentences; None for all labels.
    """

    measure: str
    head: str
    label: str | None
    coders: tuple[str, ...]
    value: float
    low: float
    high: float
    n_sentences: int
    n_articles: int
    n_label: int | None = None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Sentences by the label of one coder and that of another: `counts[i, j]`, i of the first, j of the second."""

    head: str
    first: str
    second: str
    labels: tuple[str, ...]
    counts: Ints


@dataclass(frozen=True, slots=True)
class Agreement:
    """All figures, and who mistook what for what."""

    figures: tuple[Figure, ...]
    confusions: tuple[Confusion, ...]
    notes: tuple[str, ...]

    def figure(self, measure: str, head: str, label: str | None = None) -> Figure:
        """The first figure of this kind (with several pairs of coders: the first pair's).

        Raises:
            KeyError: there is none.
        """
        for figure in self.figures:
            if (figure.measure, figure.head, figure.label) == (measure, head, label):
                return figure
        raise KeyError((measure, head, label))


def measure(coding: Coding, seed: int = 0) -> Agreement:
    """Measure agreement.

    Args:
        coding: from `code`.
        seed: of the resampling of articles.
    """
    figures: list[Figure] = []
    confusions: list[Confusion] = []
    for head in HEADS:
        labels, size = coding.labels[head], len(coding.values[head])
        table = co.coincidences(labels, coding.article, coding.n_articles, size)
        everybody = _Tables(coding, head, coding.coders, table, labels)
        figures += everybody.figures("agreement", co.shares(table.sum(axis=0)), co.shares, seed)
        figures += everybody.figures("alpha", krippendorff_alphas(labels, size), co.alphas, seed)
        for a, b in combinations(range(len(coding.coders)), 2):
            table = co.confusions(labels[a], labels[b], coding.article, coding.n_articles, size)
            if table.sum() == 0:
                continue
            first, second = coding.coders[a], coding.coders[b]
            pair = _Tables(coding, head, (first, second), table, labels[[a, b]])
            figures += pair.figures("kappa", co.kappas(table.sum(axis=0)), co.kappas, seed)
            counts = table.sum(axis=0).astype(np.int64)
            confusions.append(Confusion(head, first, second, coding.values[head], counts))
    return Agreement(tuple(figures), tuple(confusions), coding.notes)


@dataclass(frozen=True, slots=True)
class _Tables:
    """One head's tables of some coders; `tables` is (n_articles, n_values, n_values), `labels` (n_coders, n_units)."""

    coding: Coding
    head: str
    coders: tuple[str, ...]
    tables: Floats
    labels: Ints

    def figures(self, measure: str, points: Floats, statistic: Callable[[Floats], Floats], seed: int) -> list[Figure]:
        """Figures of one measure.

        Args:
            measure: its name.
            points: (n_figures,) its values: of all labels, then of each label that there is.
            statistic: the same from tables, for the intervals.
            seed: of the resampling.
        """
        compared = (self.labels >= 0).sum(axis=0) > 1
        n_articles = len(np.unique(self.coding.article[compared]))
        there = self.tables[self.tables.sum(axis=(1, 2)) > 0]
        draws = statistic(co.resampled(there, N_RESAMPLES, seed))
        given = np.bincount(self.labels[:, compared][self.labels[:, compared] >= 0], minlength=self.tables.shape[1])
        figures = []
        for i, label in enumerate((None, *self.coding.values[self.head])[: len(points)]):
            if label is not None and given[i - 1] == 0:
                continue
            low, high = co.interval(draws[:, i], n_articles)
            n_label = None if label is None else int(given[i - 1])
            value = float(points[i])
            n = int(compared.sum())
            figures.append(Figure(measure, self.head, label, self.coders, value, low, high, n, n_articles, n_label))
        return figures


def krippendorff_alphas(labels: Ints, n_values: int) -> Floats:
    """Alpha of all labels, then of each against all the others, by the package `krippendorff`.

    It is exact but takes a table of all sentences each time, which thousands of resamples do not allow;
    `coefficients.alphas` gives the intervals, and a test holds the two equal.

    Args:
        labels: (n_coders, n_units), -1 where a coder said nothing.
        n_values: number of labels.

    Returns:
        (1 + n_values,); nan where only one label was given.
    """
    with needs("krippendorff", "agreement figures"):
        import krippendorff
    counts = np.stack([(labels == value).sum(axis=0) for value in range(n_values)], axis=1)
    counts = counts[counts.sum(axis=1) > 1]
    versions = [counts, *(np.stack([own, counts.sum(axis=1) - own], axis=1) for own in counts.T)]
    return np.array(
        [
            krippendorff.alpha(value_counts=version, level_of_measurement="nominal")
            if (version.sum(axis=0) > 0).sum() > 1
            else np.nan
            for version in versions
        ]
    )
