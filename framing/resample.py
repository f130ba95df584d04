"""Intervals by resampling whole articles.

Sentences of one article hang together, so the article is what is drawn again: a cluster bootstrap within each group
(Davison and Hinkley 1997, sections 3.2 and 3.8).

Shares are far from normal with few articles (a rare speaker fills some articles and misses most), and percentile
intervals then miss the truth too often. For shares the bootstrap therefore gives the variance, the variance gives the
effective number of sentences, and the interval is Clopper and Pearson's for that number (Korn and Graubard 1998,
Survey Methodology 24:193). Groups of fewer than OWN_EFFECT articles share one design effect, item by item: their own
is too noisy. Other measures get percentile intervals, widened as Hesterberg (2015, The American Statistician 69:371,
section 4.3) proposes so that they are about as wide as t intervals. `simulate` measures what this covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from .layout import Layout
from .measures import Floats, Ints, Scale, Totals

#: Fewer articles than this say too little for an interval; the report says so instead of plotting.
MIN_ARTICLES = 5
#: Groups with at least this many articles use the design effect of their own.
OWN_EFFECT = 100
#: Most elements of one block of bootstrap weights: 32 MB.
_BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class Estimates:
    """A measure for every group, with its interval; the last row is all groups together.

    Attributes:
        value: (n_groups + 1, n_items) sum(y) / sum(x); nan where x is 0.
        se: (n_groups + 1, n_items) bootstrap standard error; nan where there are too few articles.
        low: (n_groups + 1, n_items) lower end of the interval; nan likewise.
        high: (n_groups + 1, n_items) upper end.
        n_articles: (n_groups + 1, n_items) articles with x > 0.
        n_units: (n_groups + 1, n_items) sum(x).
    """

    value: Floats
    se: Floats
    low: Floats
    high: Floats
    n_articles: Floats
    n_units: Floats


def group_sums(values: Floats, layout: Layout) -> Floats:
    """Sums of (n_cells, n_items) by group, the total in the last row: (n_groups + 1, n_items)."""
    sums = np.zeros((len(layout.groups) + 1, values.shape[1]))
    np.add.at(sums, layout.group, values)
    sums[-1] = values[layout.in_total].sum(axis=0)
    return sums


def ratio(y: Floats, x: Floats) -> Floats:
    """y / x, nan where x is 0."""
    return np.asarray(np.divide(y, x, out=np.full(np.shape(y), np.nan), where=x != 0))


def bootstrap_sums(values: Floats, n_resamples: int, seed: tuple[int, ...]) -> Floats:
    """Sums of the rows of (n_articles, n_columns) in each bootstrap sample: (n_resamples, n_columns).

    The same seed and number of articles draw the same samples, whatever the columns.
    """
    n = len(values)
    sums = np.empty((n_resamples, values.shape[1]))
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK // max(n, 1))
    for start in range(0, n_resamples, step):
        n_rows = min(step, n_resamples - start)
        drawn = rng.integers(0, n, (n_rows, n)) + np.arange(n_rows)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=n_rows * n).reshape(n_rows, n)
        sums[start : start + n_rows] = counts.astype(np.float64) @ values
    return sums


def estimate(totals: Totals, layout: Layout, scale: Scale, resamples: int, seed: int) -> Estimates:
    """A measure of every group and of all together, with 95 % intervals.

    Args:
        totals: the measure's sums by cell.
        layout: which cell is of which group.
        scale: of the measure.
        resamples: number of bootstrap samples.
        seed: of the bootstrap.
    """
    y, x = group_sums(totals.y, layout), group_sums(totals.x, layout)
    support = group_sums((totals.x > 0).astype(np.float64), layout)
    value = ratio(y, x)
    se, low, high = (np.full(value.shape, np.nan) for _ in range(3))
    columns = np.hstack([totals.y, totals.x])
    for row, cells in enumerate(members(layout)):
        enough = support[row] >= MIN_ARTICLES
        if not enough.any():
            continue
        sums = bootstrap_sums(_by_article(columns[cells], cells, layout), resamples, (seed, row))
        draws = ratio(*np.hsplit(sums, 2))
        ends = expanded_percentiles(draws, support[row])
        se[row], low[row], high[row] = (np.where(enough, found, np.nan) for found in ends)
    if scale.share:
        low, high = share_intervals(value, se, support, x)
    return Estimates(value, se, low, high, support, x)


def members(layout: Layout) -> list[Ints]:
    """Cells of every group, and in the last place those that count in the total."""
    order = np.argsort(layout.group, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(layout.group, minlength=len(layout.groups)))[:-1])
    return [*groups, np.flatnonzero(layout.in_total)]


def _by_article(columns: Floats, cells: Ints, layout: Layout) -> Floats:
    """Rows of cells that are of one article added up (only in the total, where groups cut articles in parts)."""
    if layout.nested:
        return columns
    _, article = np.unique(np.array(layout.articles)[cells], return_inverse=True)
    sums = np.zeros((article.max() + 1, columns.shape[1]))
    np.add.at(sums, article, columns)
    return sums


def expanded_percentiles(draws: Floats, n_articles: Floats) -> tuple[Floats, Floats, Floats]:
    """Standard error and expanded 95 % percentile interval of each item, (n_items,) each.

    Args:
        draws: (n_resamples, n_items) the value in each bootstrap sample, nan where it has none.
        n_articles: (n_items,) articles behind it; under 2 gives nan.
    """
    se, low, high = np.full((3, draws.shape[1]), np.nan)
    n = np.maximum(n_articles, 2.0)
    widen = np.sqrt(n / (n - 1))
    tail = special.ndtr(widen * special.stdtrit(n - 1, 0.025))
    for i in np.flatnonzero(n_articles >= 2):
        sample = draws[np.isfinite(draws[:, i]), i]
        se[i] = sample.std() * widen[i]
        low[i], high[i] = np.quantile(sample, [tail[i], 1 - tail[i]])
    return se, low, high


def share_intervals(value: Floats, se: Floats, n_articles: Floats, n_units: Floats) -> tuple[Floats, Floats]:
    """Intervals of shares from their bootstrap standard errors.

    Args:
        value: (n_groups + 1, n_items) shares, the total in the last row; likewise the others.
        se: standard errors; nan where there are too few articles.
        n_articles: articles behind each share.
        n_units: sentences (words, articles) behind each share.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        simple = value * (1 - value) / n_units
        effect = se**2 / simple
        small = np.isfinite(se) & (n_articles < OWN_EFFECT)
        small[-1] = False
        together = [np.where(small, part, 0.0)[:-1].sum(axis=0) for part in (se**2, simple, n_articles - 1)]
        shared = together[0] / together[1]
        effect = np.where(small, shared, effect)
        # A share that is 0 or 1 everywhere shows no variance: each article then counts as one observation.
        n_effective = np.where(effect > 0, n_units / effect, n_articles)
        df = np.where(small & (effect > 0), together[2], n_articles - 1)
    low, high = korn_graubard(value, np.minimum(n_effective, n_units), df)
    return np.where(np.isfinite(se), low, np.nan), np.where(np.isfinite(se), high, np.nan)


def korn_graubard(share: Floats, n_effective: Floats, df: Floats) -> tuple[Floats, Floats]:
    """95 % Clopper-Pearson interval of a share for an effective number of observations.

    Args:
        share: 0 to 1.
        n_effective: observations that would give the share's variance if they were independent.
        df: degrees of freedom of that variance.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        n = n_effective * (special.ndtri(0.975) / special.stdtrit(df, 0.975)) ** 2
        hits = share * n
        low = np.where(hits > 0, special.betaincinv(hits, n - hits + 1, 0.025), 0.0)
        high = np.where(hits < n, special.betaincinv(hits + 1, n - hits, 0.975), 1.0)
    there = np.isfinite(share)
    return np.where(there, low, np.nan), np.where(there, high, np.nan)
