"""Do intervals cover and do discoveries hold where the truth is known? Simulated newspapers, labelled and mislabelled.

`python -m sayso.framing.simulate` prints the table of docs/framing.md. Where outlets do not differ at all, every
difference found is false, and the share of false ones is the share of corpora in which any is found.

A newspaper has a true share for each speaker. An article draws its own shares around them (Dirichlet; this is what
makes sentences of an article hang together: a design effect of about 7), then its sentences. The model mislabels
them at rates that differ between newspapers and between articles. A sample of articles is labelled by hand.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .correction import GoldSample, comparable_se, correct, gold_only
from .layout import Layout
from .measures import MEASURES, Floats, Scale, Totals
from .pairs import borrowed_se, differences
from .resample import estimate, share_intervals

N_SPEAKERS = 6
_ITEMS = tuple(f"speaker_{i}" for i in range(N_SPEAKERS))
#: True shares of the first kind of newspaper, and of the second, which differs in four of six speakers.
SHARES = np.array([[0.10, 0.18, 0.12, 0.05, 0.15, 0.40], [0.05, 0.26, 0.12, 0.05, 0.10, 0.42]])
#: Dirichlet concentration of an article's shares: intra-class correlation 1 / (1 + 2.3) = 0.3.
CONCENTRATION = 2.3
MEAN_SENTENCES = 21


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated.

    Attributes:
        n_outlets: newspapers; every second one is of the second kind if `differ`.
        n_articles: articles of each.
        differ: whether the two kinds differ (otherwise every discovery is false).
        gold: share of the articles of each newspaper that is labelled by hand.
        resamples: bootstrap samples.
    """

    n_outlets: int
    n_articles: int
    differ: bool = True
    gold: float = 0.2
    resamples: int = 1000

    @property
    def truth(self) -> Floats:
        """(n_outlets, n_items) true shares."""
        kind = np.arange(self.n_outlets) % 2 if self.differ else np.zeros(self.n_outlets, int)
        return np.asarray(SHARES[kind])


@dataclass(frozen=True, slots=True)
class Draw:
    """One simulated corpus.

    Attributes:
        layout: articles by newspaper.
        human: true labels of everything.
        model: the model's labels of everything.
        gold: articles labelled by hand.
        inclusion: probability with which each article was drawn.
    """

    layout: Layout
    human: Totals
    model: Totals
    gold: NDArray[np.int64]
    inclusion: float


def draw(plan: Plan, rng: np.random.Generator) -> Draw:
    """Simulate one corpus with its model labels and its hand-labelled sample."""
    outlet = np.repeat(np.arange(plan.n_outlets), plan.n_articles)
    n_sentences = 5 + rng.poisson(rng.gamma(2.0, (MEAN_SENTENCES - 5) / 2.0, len(outlet)))
    shares = rng.standard_gamma(plan.truth[outlet] * CONCENTRATION)
    shares /= shares.sum(axis=1, keepdims=True)
    human = rng.multinomial(n_sentences, shares)
    model = _mislabelled(human, outlet, rng)
    n_gold = max(1, round(plan.gold * plan.n_articles))
    order = rng.random((plan.n_outlets, plan.n_articles)).argsort(axis=1)[:, :n_gold]
    gold = np.sort((order + np.arange(plan.n_outlets)[:, None] * plan.n_articles).ravel())
    layout = Layout(
        groups=tuple(f"outlet_{i:02d}" for i in range(plan.n_outlets)),
        group=outlet,
        articles=tuple(map(str, range(len(outlet)))),
        in_total=np.zeros(len(outlet), bool),  # no total: nothing here looks at it
        nested=True,
        n_copies=0,
    )
    return Draw(layout, _totals(human), _totals(model), gold, n_gold / plan.n_articles)


def _mislabelled(human: NDArray[np.int64], outlet: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """The model's counts: 10 to 25 % wrong by newspaper, varying by article, most of it towards the outlet's voice."""
    wrong = 0.10 + 0.15 * (outlet % 3) / 2
    rate = rng.beta(8 * wrong, 8 * (1 - wrong))
    towards = np.array([0.02, 0.13, 0.02, 0.01, 0.12, 0.70])
    model = np.zeros_like(human)
    for speaker in range(N_SPEAKERS):
        others = np.delete(towards, speaker) / np.delete(towards, speaker).sum()
        missed = rng.binomial(human[:, speaker], rate)
        model[:, speaker] += human[:, speaker] - missed
        model[:, np.delete(np.arange(N_SPEAKERS), speaker)] += rng.multinomial(missed, others)
    return model


def _totals(counts: NDArray[np.int64]) -> Totals:
    y = counts.astype(np.float64)
    size = y.sum(axis=1)
    return Totals("speaker", _ITEMS, y, np.repeat(size[:, None], N_SPEAKERS, axis=1), size)


def rows_of(totals: Totals, rows: NDArray[np.int64], weight: float) -> Totals:
    """Some rows of the totals, weighted."""
    return Totals(
        totals.measure, totals.items, totals.y[rows] * weight, totals.x[rows] * weight, totals.size[rows] * weight
    )


#: What one corpus shows, averaged over corpora, and how the table calls it.
FIGURES = {
    "human_covers": "true labels",
    "naive_covers": "uncorrected",
    "corrected_covers": "corrected",
    "corpus_covers": "corpus",
    "gold_covers": "sample alone",
    "difference_covers": "differences",
    "corrected_difference_covers": "corrected differences",
    "human_false": "false, true labels",
    "naive_false": "false, uncorrected",
    "corrected_false": "false, corrected",
    "corrected_width": "width, corrected",
    "gold_width": "width, sample alone",
}
#: What three rules are for: each figure beside what it would be without the rule.
RULES = {
    "human_covers": "true labels",
    "percentile_covers": "by percentiles",
    "corrected_covers": "corrected",
    "own_spread_covers": "by each group's own spread",
    "corrected_false": "false, corrected",
    "any_sample_false": "with samples of any size",
}


def one(plan: Plan, seed: int) -> dict[str, float]:
    """Simulate one corpus and check every interval and discovery against the truth."""
    rng = np.random.default_rng([seed, plan.n_outlets, plan.n_articles, int(plan.differ)])
    data = draw(plan, rng)
    first, second = np.triu_indices(plan.n_outlets, 1)
    gap = plan.truth[first] - plan.truth[second]
    return _by_labels(plan, data, gap, seed) | _by_sample(plan, data, gap)


def _by_labels(plan: Plan, data: Draw, gap: Floats, seed: int) -> dict[str, float]:
    """What intervals hold that take the true labels, or the model's, as they are."""
    out: dict[str, float] = {}
    for name, totals in (("human", data.human), ("naive", data.model)):
        # The bootstrap of `estimate` once: its percentiles, and the intervals that it gives for shares.
        found = estimate(totals, data.layout, Scale(share=False), plan.resamples, seed)
        low, high = share_intervals(found.value, found.se, found.n_articles, found.n_units)
        out[f"{name}_covers"] = _covers(low[:-1], high[:-1], plan.truth)
        pairs = differences(found.value[:-1], borrowed_se(found), found.n_articles[:-1] - 1)
        out[f"{name}_false"] = _false(pairs.q, gap)
        if name == "human":
            out["percentile_covers"] = _covers(found.low[:-1], found.high[:-1], plan.truth)
            out["difference_covers"] = _covers(pairs.low, pairs.high, gap)
    return out


def _by_sample(plan: Plan, data: Draw, gap: Floats) -> dict[str, float]:
    """What intervals hold that the sample corrects, or that come from it alone."""
    truth, scale = plan.truth, MEASURES["speaker"].scale
    sample = GoldSample(data.gold, np.full(len(data.gold), 1 - data.inclusion), "article", data.human.size[data.gold])
    model, human = (rows_of(t, data.gold, 1 / data.inclusion) for t in (data.model, data.human))
    corrected = correct(data.model, model, human, sample, data.layout, scale, "coverage")
    own = correct(data.model, model, human, sample, data.layout, scale, "coverage", own_spread=0)
    within = correct(data.model, model, human, sample, data.layout, scale, "corpus")
    alone = gold_only(data.model, human, sample, data.layout, scale, "coverage")
    pairs = differences(corrected.value[:-1], comparable_se(corrected), corrected.df[:-1])
    every_pair = differences(corrected.value[:-1], corrected.se[:-1], corrected.df[:-1])
    by_hand = data.human.y.reshape(plan.n_outlets, plan.n_articles, -1).sum(axis=1)
    by_hand /= by_hand.sum(axis=1, keepdims=True)
    return {
        "corrected_covers": _covers(corrected.low[:-1], corrected.high[:-1], truth),
        "own_spread_covers": _covers(own.low[:-1], own.high[:-1], truth),
        "corpus_covers": _covers(within.low[:-1], within.high[:-1], by_hand),
        "gold_covers": _covers(alone.low[:-1], alone.high[:-1], truth),
        "corrected_difference_covers": _covers(pairs.low, pairs.high, gap),
        "corrected_false": _false(pairs.q, gap),
        "any_sample_false": _false(every_pair.q, gap),
        "corrected_width": _mean(list((corrected.high - corrected.low)[:-1].ravel())),
        "gold_width": _mean(list((alone.high - alone.low)[:-1].ravel())),
    }


def _covers(low: Floats, high: Floats, truth: Floats) -> float:
    """Share of the intervals that hold the truth; nan if there is none."""
    there = np.isfinite(low)
    held = (low <= truth + 1e-12) & (truth - 1e-12 <= high)
    return float(held[there].mean()) if there.any() else np.nan


def _false(q: Floats, gap: Floats) -> float:
    """False discoveries among the discoveries: 0 if there are none, nan if nothing was tested."""
    if not np.isfinite(q).any():
        return np.nan
    found = q <= 0.05
    return float((found & (gap == 0)).sum() / max(found.sum(), 1))


def table(plans: list[Plan], n_corpora: int, seed: int) -> Iterator[tuple[Plan, dict[str, float]]]:
    """Means over simulated corpora, plan by plan."""
    for plan in plans:
        results = [one(plan, seed + i) for i in range(n_corpora)]
        yield plan, {name: _mean([r[name] for r in results]) for name in results[0]}


def _mean(values: list[float]) -> float:
    """Mean of what there is; nan if nothing."""
    there = [value for value in values if np.isfinite(value)]
    return float(np.mean(there)) if there else np.nan


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sayso.framing.simulate", description=__doc__.splitlines()[0])
    parser.add_argument("--outlets", type=int, nargs="+", default=[2, 7, 30])
    parser.add_argument("--articles", type=int, nargs="+", default=[10, 30, 100, 300, 1000])
    parser.add_argument("--differ", choices=["yes", "no"], nargs="+", default=["yes", "no"], help="do outlets differ?")
    parser.add_argument("--corpora", type=int, default=200, help="simulated corpora for each line")
    parser.add_argument("--gold", type=float, default=0.2, help="share of the articles labelled by hand")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rules", action="store_true", help="print what three rules are for instead")
    return parser.parse_args()


def main() -> None:
    """Print the table, a line a plan."""
    options = _options()
    plans = [
        Plan(n_outlets, n_articles, differ == "yes", options.gold, options.resamples)
        for differ in options.differ
        for n_outlets in options.outlets
        for n_articles in options.articles
    ]
    figures = RULES if options.rules else FIGURES
    print("| outlets differ | outlets | articles each | " + " | ".join(figures.values()) + " | seconds |")
    print("| --- " * (len(figures) + 4) + "|")
    start = time.process_time()
    for plan, means in table(plans, options.corpora, options.seed):
        cells = " | ".join("–" if np.isnan(means[name]) else f"{100 * means[name]:.1f}" for name in figures)
        seconds = time.process_time() - start
        differ = "yes" if plan.differ else "no"
        print(f"| {differ} | {plan.n_outlets} | {plan.n_articles} | {cells} | {seconds:.0f} |", flush=True)
        start = time.process_time()


if __name__ == "__main__":
    main()
