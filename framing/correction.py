"""Figures corrected for the model's errors, from a hand-labelled sample drawn with known probabilities.

The corrected sum of a measure is the sum over the model's labels plus the weighted sum of its errors in the sample:
the difference estimator of survey sampling (Saerndal, Swensson and Wretman 1992, section 6.3), known as
prediction-powered inference (Angelopoulos et al. 2023, Science 382:669) and, for text labelled by a model,
design-based supervised learning (Egami et al. 2023, NeurIPS). It needs no assumption about the model: a bad model
widens the interval, it does not shift it. Articles are the clusters, in the sample and in the corpus.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .layout import Layout
from .measures import Floats, Ints, Scale, Totals
from .resample import MIN_ARTICLES, korn_graubard
from .resample import members as group_members

#: With fewer hand-labelled articles than this the spread of errors in a group is taken to be at least that of all
#: groups: so few articles often show no error where there are some (`simulate --rules` shows what that is worth).
OWN_SPREAD = 30
#: The same for a sample of sentences, however many articles they come from: as many as 30 articles of 20 hold. With
#: 150, 300 and 600 sentences a group drawn with unequal probabilities, intervals by a group's own spread cover 85, 92
#: and 92 %, by that of all groups at least 96, 97 and 97 % (100 simulated draws).
OWN_SENTENCES = 600
#: Fewest degrees of freedom that an error variance needs.
MIN_DF = 4
#: Fewest hand-labelled articles of a group that have what is measured, such as a sentence by the speaker.
MIN_SUPPORT = 2
#: An interval of a share that is wider than this says nothing: it is left out.
WIDEST = 0.95
TARGETS = ("coverage", "corpus")


@dataclass(frozen=True, slots=True)
class GoldSample:
    """How the hand-labelled sentences were drawn; their sums are weighted by 1 / inclusion probability.

    Attributes:
        cell: (n_gold,) cell of each article of which something was labelled by hand.
        open: (n_gold,) the part of the article that chance left open: 1 - its inclusion probability where articles
            were drawn, 1 where sentences were.
        unit: `article` or `sentence`: what was drawn.
        n_sentences: (n_gold,) sentences of the article labelled by hand.
        beyond: (n_cells,) articles that had no chance to be drawn; None: every article had one.
    """

    cell: Ints
    open: Floats
    unit: str
    n_sentences: Floats
    beyond: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """Corrected values of every group; the last row is all groups together.

    Attributes:
        value: (n_groups + 1, n_items) corrected estimate; nan where the sample says nothing.
        se: (n_groups + 1, n_items) its standard error; nan where the sample says too little.
        df: (n_groups + 1, n_items) degrees of freedom of `se`.
        low: (n_groups + 1, n_items) lower end of the interval, within the measure's bounds.
        high: (n_groups + 1, n_items) upper end.
        n_gold: (n_groups + 1,) articles with hand labels.
        borrowed: (n_groups + 1,) whether the spread of errors is taken to be at least that of all groups.
        n_support: (n_groups + 1, n_items) articles with hand labels that have the item's denominator.
        model_weight: (n_groups + 1, n_items) what the model's labels count for: 0 the hand labels alone, 1 in full.
        too_wide: (n_groups + 1, n_items) whether an interval is left out because it says nothing (`WIDEST`).
    """

    value: Floats
    se: Floats
    df: Floats
    low: Floats
    high: Floats
    n_gold: Ints
    borrowed: NDArray[np.bool_]
    n_support: Floats
    model_weight: Floats
    too_wide: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Group:
    """What one group's articles say about its corrected value, in units of the value.

    Attributes:
        value: (n_items,) the corrected estimate.
        n: articles in the group.
        corpus_var: (n_items,) variance that comes from which articles there are.
        error: (n_gold, n_items) each sampled article's error less the mean error; mean 0.
        both: (n_items,) sum of `error` times the same articles' deviation by the model's labels.
        n_support: (n_items,) sampled articles that have the item's denominator by hand.
        open: (n_gold,) as in GoldSample.
        least: (n_items,) what one error more would change.
    """

    value: Floats
    n: int
    corpus_var: Floats
    error: Floats
    both: Floats
    n_support: Floats
    open: Floats
    least: Floats


def correct(
    corpus: Totals,
    model: Totals,
    human: Totals,
    sample: GoldSample,
    layout: Layout,
    scale: Scale,
    target: str,
    own_spread: int = OWN_SPREAD,
    *,
    own_sentences: int = OWN_SENTENCES,
    tune: bool = True,
) -> Corrected:
    """Correct a measure by a hand-labelled sample, with 95 % intervals.

    Args:
        corpus: the measure's sums by cell, from the model's labels of everything.
        model: the same from the model's labels of the sampled sentences only, weighted; row i is of `sample.cell[i]`.
        human: the same from the human labels of these sentences.
        sample: how they were drawn.
        layout: which cell is of which group.
        scale: of the measure.
        target: `coverage`: these articles stand for more like them (as the naive intervals take it); `corpus`: what
            would be found if all of these articles were labelled by hand.
        own_spread: hand-labelled articles from which on a group's own spread of errors is trusted.
        own_sentences: the same for sentences, where sentences were drawn.
        tune: for a share, weigh the model's labels by what they are worth (`_model_weights`), instead of in full.
    """
    members = list(zip(group_members(layout), _drawn_by_group(sample, layout), strict=True))
    n_gold = np.array([len(drawn) for _, drawn in members])
    few = n_gold < own_spread
    if sample.unit == "sentence":
        few |= np.array([sample.n_sentences[drawn].sum() for _, drawn in members]) < own_sentences
    borrowed = few & (n_gold > 0)
    borrowed[-1] = False
    weight = np.ones((len(members), corpus.y.shape[1]))
    if tune and scale.share:
        weight = _model_weights(model, human, [drawn for _, drawn in members], borrowed)
    groups = [
        _group(_scaled(corpus, own), _scaled(model, own), human, sample, *of, per_sentence=not scale.whole_articles)
        for of, own in zip(members, weight, strict=True)
    ]
    # A weight that was fitted to the sample costs it a degree of freedom.
    fitted = ((weight > 0) & (weight < 1)).astype(np.float64)
    spread = [_own_spread(group, target, spent) for group, spent in zip(groups, fitted, strict=True)]
    shared = _shared_spread(groups[:-1])
    for g in map(int, np.flatnonzero(borrowed)):
        chance = groups[g].open.mean() if target == "corpus" else 1.0
        with np.errstate(divide="ignore", invalid="ignore"):
            var = shared.var * chance * n_gold[g] / groups[g].n_support
        spread[g] = replace(shared, var=np.fmax(var, spread[g].var))
    said = ~beyond_groups(sample, layout)[:, None]
    value = np.where(said, np.stack([group.value for group in groups]), np.nan)
    se, df = _errors(groups, spread, target)
    se = np.where(said, se, np.nan)
    value = np.clip(value, scale.low, scale.high)
    too_wide = np.zeros(value.shape, bool)
    if scale.share:
        # A share next to 0 or 1 has no variance of its own to go by: it is taken one standard error away from there.
        inside = np.clip(value, np.minimum(se, 0.5), np.maximum(1 - se, 0.5))
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = korn_graubard(value, inside * (1 - inside) / se**2, df)
        low, high = (np.where(np.isfinite(se), np.where(se == 0, value, end), np.nan) for end in (low, high))
        too_wide = high - low > WIDEST
        se, low, high = (np.where(too_wide, np.nan, part) for part in (se, low, high))
    else:
        reach = special.stdtrit(df, 0.975) * se
        low, high = (np.clip(value + sign * reach, scale.low, scale.high) for sign in (-1, 1))
    n_support = np.stack([group.n_support for group in groups])
    return Corrected(value, se, df, low, high, n_gold, borrowed, n_support, weight, too_wide)


def _drawn_by_group(sample: GoldSample, layout: Layout) -> list[Ints]:
    """Rows of the sample in every group, and in the last place those that count in the total."""
    group = layout.group[sample.cell]
    ends = np.cumsum(np.bincount(group, minlength=len(layout.groups)))[:-1]
    groups = np.split(np.argsort(group, kind="stable"), ends)
    return [*groups, np.flatnonzero(layout.in_total[sample.cell])]


def beyond_groups(sample: GoldSample, layout: Layout) -> NDArray[np.bool_]:
    """Which groups hold articles that had no chance to be drawn, the total last: nothing corrects these."""
    if sample.beyond is None:
        return np.zeros(len(layout.groups) + 1, bool)
    beyond = np.bincount(layout.group[sample.beyond], minlength=len(layout.groups)) > 0
    return np.append(beyond, (sample.beyond & layout.in_total).any())


def comparable_se(found: Corrected) -> Floats:
    """Standard errors of the groups, (n_groups, n_items), nan where a group is not to be compared with others.

    From two or three hand-labelled articles an interval can be had, as its spread is borrowed. Comparisons of many
    such groups look at the far tail of a distribution that so few articles do not show (`simulate --rules`).
    """
    return np.where(found.n_support[:-1] >= MIN_ARTICLES, found.se[:-1], np.nan)


def gold_only(
    corpus: Totals, human: Totals, sample: GoldSample, layout: Layout, scale: Scale, target: str
) -> Corrected:
    """The measure from the hand-labelled sample alone: the correction of a model that finds nothing."""
    nothing = replace(corpus, y=np.zeros_like(corpus.y), x=np.zeros_like(corpus.x))
    none = replace(human, y=np.zeros_like(human.y), x=np.zeros_like(human.x))
    # What the sample alone says does not hang on a few rare errors, as a correction does.
    return correct(nothing, none, human, sample, layout, scale, target, own_sentences=0)


def _scaled(totals: Totals, weight: Floats) -> Totals:
    return replace(totals, y=totals.y * weight, x=totals.x * weight)


def _model_weights(model: Totals, human: Totals, drawn: list[Ints], borrowed: NDArray[np.bool_]) -> Floats:
    """What the model's labels count for in every group and item, 0 to 1: (n_groups + 1, n_items).

    With the weight w the corrected sums are w times the model's sums of everything plus the sample's sums of (human
    less w times model). 0 is the hand-labelled sample alone, 1 the plain difference estimator, and each is unbiased.
    The least variance has the slope of the humans' sums on the model's over the sampled articles (power tuning:
    Angelopoulos, Duchi and Zrnic 2023, PPI++, arXiv:2311.01453, section 6), both linearised at the value that the
    sample alone gives, since a measure is a ratio. A ratio within a domain, such as the share of one speaker's
    sentences that is vouched for, often has a slope near 0: the model errs as much about who speaks as the share
    varies. Groups of few hand-labelled articles (`borrowed`) share a slope, and so do the items that divide one
    whole, so that their shares still add up.
    """
    moments = np.stack([_moments(model, human, rows) for rows in drawn])
    moments[borrowed] = moments[:-1].sum(axis=0)
    _, whole = np.unique(human.x, axis=1, return_inverse=True)
    together = whole.ravel()[:, None] == whole.ravel()
    both, squares, plain = np.moveaxis(moments @ together, 1, 0)
    weight = np.clip(np.divide(both, squares, out=np.where(plain > 0, 0.0, 1.0), where=squares > 0), 0.0, 1.0)
    # From few articles of the group's own, a weight must save more than the degree of freedom that fitting it costs.
    df = np.stack([(human.x[rows] > 0).sum(axis=0) for rows in drawn]) - 1.0
    fitted = (weight > 0) & (weight < 1)
    pays = _reach(plain - 2 * weight * both + weight**2 * squares, df - fitted) <= _reach(plain, df)
    return np.asarray(np.where(pays | borrowed[:, None], weight, 0.0))


def _reach(squares: Floats, df: Floats) -> Floats:
    """The square of half an interval's width, up to a factor; infinite where there are too few degrees of freedom."""
    enough = np.maximum(df, MIN_DF)
    return np.where(df < MIN_DF, np.inf, squares / enough * special.stdtrit(enough, 0.975) ** 2)


def _moments(model: Totals, human: Totals, rows: Ints) -> Floats:
    """Sums over sampled articles, (3, n_items): human times model deviations, model squared, human squared."""
    y, x, size = human.y[rows], human.x[rows], human.size[rows, None]
    there = x.sum(axis=0) > 0
    whole = np.where(there, x.sum(axis=0), 1.0)
    value = y.sum(axis=0) / whole
    by_hand, by_model = (
        np.where(there, (of - of.sum(axis=0) / max(size.sum(), 1.0) * size) / whole, 0.0)
        for of in (y - value * x, model.y[rows] - value * model.x[rows])
    )
    return np.stack([(by_hand * by_model).sum(axis=0), (by_model**2).sum(axis=0), (by_hand**2).sum(axis=0)])


def _group(
    corpus: Totals, model: Totals, human: Totals, sample: GoldSample, cells: Ints, drawn: Ints, *, per_sentence: bool
) -> _Group:
    """Estimate and influences of one group.

    The sampled error rate is multiplied by the size of the corpus: as long articles hold more errors and the sampled
    ones differ in length, this is steadier than the weighted sum of errors alone (the ratio form of the estimator).
    """
    size, sampled = corpus.size[cells].sum(), human.size[drawn]
    n, n_gold, n_items = len(cells), len(drawn), corpus.y.shape[1]
    if n_gold == 0 or n == 0:
        nothing = np.full(n_items, np.nan)
        return _Group(nothing, n, nothing, np.zeros((0, n_items)), nothing, np.zeros(n_items), sampled, nothing)
    grow = size / sampled.sum()
    error_y, error_x = human.y[drawn] - model.y[drawn], human.x[drawn] - model.x[drawn]
    y = corpus.y[cells].sum(axis=0) + grow * error_y.sum(axis=0)
    x = corpus.x[cells].sum(axis=0) + grow * error_x.sum(axis=0)
    x = np.where(x > 0, x, np.nan)
    value = y / x
    # Linearised: what article i adds to the value, with the labels of the model (h) and by its errors (g).
    h = corpus.y[cells] - value * corpus.x[cells]
    deviation = (h - h.sum(axis=0) / size * corpus.size[cells, None]) * n / x
    g = error_y - value * error_x
    error = (g - g.sum(axis=0) / sampled.sum() * sampled[:, None]) * (n_gold / sampled.sum()) * size / x
    n_units = sample.n_sentences[drawn].sum() if per_sentence else float(n_gold)
    return _Group(
        value=value,
        n=n,
        corpus_var=(deviation**2).sum(axis=0) / (n * max(n - 1, 1)),
        error=error,
        both=(error * deviation[np.searchsorted(cells, sample.cell[drawn])]).sum(axis=0),
        n_support=(human.x[drawn] > 0).sum(axis=0).astype(np.float64),
        open=sample.open[drawn],
        least=size / x / n_units,
    )


@dataclass(frozen=True, slots=True)
class _Spread:
    """Spread of one sampled article's error: variance, covariance with its deviation, degrees of freedom, least step.

    Each is (n_items,).
    """

    var: Floats
    cov: Floats
    df: Floats
    least: Floats


def _own_spread(group: _Group, target: str, spent: Floats) -> _Spread:
    n = len(group.open)
    df = np.maximum(group.n_support - 1 - spent, 0.0)
    chance = group.open[:, None] if target == "corpus" else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        # Articles without the denominator show no spread: those with it count (n - 1 where all have it).
        var = (chance * group.error**2).sum(axis=0) / n * group.n_support / df
        # Without a degree of freedom nothing is known, whatever the errors: the spread of all groups stands alone.
        return _Spread(np.where(df > 0, var, np.nan), group.both / (n - 1), df, group.least)


def _shared_spread(groups: list[_Group]) -> _Spread:
    """The spread within groups, taken to be the same in all, of an article that has the denominator."""
    having = [group for group in groups if len(group.open)]
    n = np.float64(sum(len(group.open) - 1 for group in having))
    part = [group.n_support / len(group.open) for group in having]
    squares = np.nansum([(group.error**2).sum(axis=0) * p**2 for group, p in zip(having, part, strict=True)], axis=0)
    both = np.nansum([group.both for group in having], axis=0)
    df = np.sum([np.maximum(group.n_support - 1, 0.0) for group in having], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        least = 1 / np.nansum([1 / group.least for group in having], axis=0)
        return _Spread(np.asarray(squares / df), np.asarray(both / n), df, least)


def _errors(groups: list[_Group], spread: list[_Spread], target: str) -> tuple[Floats, Floats]:
    """Standard error and degrees of freedom of every group and item."""
    se, df = np.full((2, len(groups), len(groups[0].value)), np.nan)
    for g, (group, errors) in enumerate(zip(groups, spread, strict=True)):
        n_gold = len(group.open)
        if n_gold == 0:
            continue
        # No error in the sample does not mean none anywhere: one more is thought possible, unless all was read.
        least = np.where((errors.var == 0) & (group.open.max() > 0), errors.least**2, 0.0)
        sampling = errors.var / n_gold + least
        if target == "corpus":
            var, corpus_var = sampling, np.zeros_like(sampling)
        else:
            corpus_var = group.corpus_var
            # Nothing is known of items without a degree of freedom (infinite): they are left out below.
            with np.errstate(invalid="ignore"):
                var = np.maximum(corpus_var + sampling + 2 * errors.cov / group.n, sampling * (1 - n_gold / group.n))
        enough = (errors.df >= MIN_DF) & (group.n_support >= MIN_SUPPORT)
        with np.errstate(divide="ignore", invalid="ignore"):
            df[g] = var**2 / (corpus_var**2 / max(group.n - 1, 1) + sampling**2 / errors.df)
        df[g] = np.where(var == 0, errors.df, np.maximum(df[g], 1.0))
        se[g] = np.where(enough, np.sqrt(var), np.nan)
    return se, df
