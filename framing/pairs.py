"""Differences between groups: every pair, with interval, effect size and control of false discoveries.

The standard error of a difference comes from the article bootstrap of both groups; its reference distribution is t
with Welch's degrees of freedom. p-values of all pairs and items of one measure form one family, for which the
false-discovery rate is controlled as Benjamini and Hochberg (1995) do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from .measures import Floats, Ints
from .resample import Estimates


@dataclass(frozen=True, slots=True)
class Differences:
    """Value of group `first` minus value of group `second`, for every pair of groups.

    Attributes:
        first: (n_pairs,) index of the group.
        second: (n_pairs,) index of the group it is compared with.
        value: (n_pairs, n_items) the difference; nan where a group has too few articles.
        low: (n_pairs, n_items) lower end of the interval.
        high: (n_pairs, n_items) upper end.
        p: (n_pairs, n_items) two-sided p-value; nan where nothing was tested.
        q: (n_pairs, n_items) the same, adjusted for all tests here (`false_discovery`).
    """

    first: Ints
    second: Ints
    value: Floats
    low: Floats
    high: Floats
    p: Floats
    q: Floats


def differences(value: Floats, se: Floats, df: Floats) -> Differences:
    """Compare all pairs of independent groups, with 95 % intervals.

    Args:
        value: (n_groups, n_items) estimates.
        se: (n_groups, n_items) their standard errors; nan: not to be compared.
        df: (n_groups, n_items) degrees of freedom of the standard errors.
    """
    first, second = np.triu_indices(len(value), 1)
    difference = value[first] - value[second]
    var_a, var_b = se[first] ** 2, se[second] ** 2
    spread = np.sqrt(var_a + var_b)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Welch (1947), Satterthwaite (1946).
        pair_df = (var_a + var_b) ** 2 / (var_a**2 / df[first] + var_b**2 / df[second])
        p = 2 * special.stdtr(pair_df, -np.abs(difference) / spread)
        reach = special.stdtrit(pair_df, 0.975) * spread
    tested = spread > 0
    difference = np.where(np.isfinite(spread), difference, np.nan)
    p = np.where(tested, p, np.nan)
    low, high = (np.where(tested, difference + sign * reach, np.nan) for sign in (-1, 1))
    return Differences(first, second, difference, low, high, p, false_discovery(p))


def false_discovery(p: Floats) -> Floats:
    """Benjamini-Hochberg adjusted p-values, nan where p is nan.

    Reporting those of at most 0.05 as differences keeps the expected share of false ones among them to at most 5 %.
    """
    q = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    if tested.any():
        q[tested] = stats.false_discovery_control(p[tested], method="bh")
    return q


def borrowed_se(estimates: Estimates) -> Floats:
    """Standard errors of the groups, (n_groups, n_items), none of them 0 without reason.

    A group in which no article (or every article) has the item has a bootstrap standard error of 0, which would make
    any difference significant. Such a group is taken to vary as all articles together do.
    """
    se, n = estimates.se, estimates.n_articles
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = se[-1] * np.sqrt(n[-1] / n[:-1])
    return np.where(se[:-1] == 0, whole, se[:-1])


def cramers_v(counts: Floats, n_effective: Floats) -> tuple[Floats, Floats]:
    """Cramer's V between every pair of groups, plain and corrected for its bias.

    Args:
        counts: (n_groups, n_items) sentences by item.
        n_effective: (n_groups,) sentences divided by the design effect: what they are worth as evidence.

    Returns:
        v: (n_pairs,) association of group and item, 0 none to 1; pairs in the order of `np.triu_indices`.
        v_corrected: (n_pairs,) the same less what chance alone would give (Bergsma 2013), with the effective number
            of sentences in place of the number of sentences.
    """
    first, second = np.triu_indices(len(counts), 1)
    plain, corrected = np.empty(len(first)), np.empty(len(first))
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        table = counts[[a, b]]
        table = table[:, table.sum(axis=0) > 0]
        n = table.sum()
        if n == 0 or table.sum(axis=1).min() == 0 or table.shape[1] < 2:
            plain[i] = corrected[i] = np.nan
            continue
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
        phi2 = ((table - expected) ** 2 / expected).sum() / n
        plain[i] = np.sqrt(phi2)
        m, k = max(n_effective[a] + n_effective[b], 2.0), table.shape[1]
        rows, columns = 2 - 1 / (m - 1), k - (k - 1) ** 2 / (m - 1)
        smallest = min(rows, columns) - 1
        corrected[i] = np.sqrt(max(0.0, phi2 - (k - 1) / (m - 1)) / smallest) if smallest > 0 else 0.0
    return plain, np.minimum(corrected, 1.0)
