"""A sampling design in two functions: the probability of each unit, and a draw that keeps to it exactly.

The draw is a systematic pass with unequal probabilities (Madow 1949, Annals of Mathematical Statistics 20:333) over the
units sorted by stratum, strata and units within them in random order. It has one size, gives each unit exactly its
probability, and every stratum its expected number of units rounded down or up. So strata may be as small and as many
as they like: none has to get a unit, none is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..model.errors import RowError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: How much of a unit's weight goes by its uncertainty; the rest is the same for all. So no unit is drawn less than
#: half as often as in a plain sample: where the model is sure and wrong, the corrected figures stay steady.
UNCERTAIN_SHARE = 0.5
#: Sums of probabilities are whole numbers up to rounding.
_ROUNDING = 1e-9


def inclusion_probabilities(n: int, stratum: Ints, error: Floats | None = None, *, equal: bool = False) -> Floats:
    """The probability with which each unit is to be drawn.

    With `error`, units that the model is likely to have wrong are drawn more often. The variance of a corrected figure
    is smallest where the probability is proportional to the expected size of the unit's error (Saerndal, Swensson and
    Wretman 1992, section 12.2; for labels by a model Zrnic and Candes 2024, ICML).

    Args:
        n: units to draw; all are drawn where there are no more.
        stratum: (n_units,) number of each unit's stratum.
        error: (n_units,) expected size of each unit's error, 0 or more; None: all alike.
        equal: as many units from every stratum, instead of in proportion to its size.

    Returns:
        (n_units,) more than 0, at most 1; their sum is `n`, or the number of units if that is less.

    Raises:
        RowError: `n` is less than 1.
    """
    if n < 1:
        raise RowError("nothing to draw", expected="a sample of at least 1", found=str(n))
    n_units = len(stratum)
    if n >= n_units:
        return np.ones(n_units)
    weight = np.ones(n_units)
    if error is not None:
        of_stratum = np.bincount(stratum, error) / np.maximum(np.bincount(stratum), 1)
        mean = of_stratum[stratum] if equal else np.full(n_units, error.mean())
        relative = np.divide(error, mean, out=np.ones(n_units), where=mean > 0)
        weight = 1 - UNCERTAIN_SHARE + UNCERTAIN_SHARE * relative
    if equal:
        weight = weight / np.bincount(stratum)[stratum]
    return _capped(weight, n)


def _capped(weight: Floats, n: int) -> Floats:
    """Probabilities in proportion to the weights, with sum n; who would be above 1 is certain, the others share."""
    p = np.zeros(len(weight))
    certain = np.zeros(len(weight), bool)
    while True:
        left = n - certain.sum()
        p = np.where(certain, 1.0, weight * left / weight[~certain].sum())
        above = (p >= 1) & ~certain
        if not above.any():
            return p
        certain |= above


def draw(p: Floats, stratum: Ints, seed: int) -> Ints:
    """Draw units, each with exactly its probability.

    Args:
        p: (n_units,) more than 0, at most 1, with a whole sum.
        stratum: (n_units,) number of each unit's stratum.
        seed: the same seed draws the same units.

    Returns:
        (round(p.sum()),) numbers of the units, ascending.
    """
    rng = np.random.default_rng(seed)
    certain = np.flatnonzero(p >= 1 - _ROUNDING)
    open_ = np.flatnonzero(p < 1 - _ROUNDING)
    n_open = round(float(p[open_].sum()))
    if n_open == 0:
        return certain
    place = rng.permutation(int(stratum.max()) + 1)
    order = open_[np.lexsort((rng.random(len(open_)), place[stratum[open_]]))]
    ends = np.cumsum(p[order])
    ends *= n_open / ends[-1]
    points = rng.random() + np.arange(n_open)
    drawn = order[np.minimum(np.searchsorted(ends, points, side="right"), len(order) - 1)]
    return np.sort(np.concatenate([certain, drawn]))
