"""How much worse a model gets when the text changes and the labels do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..model.scheme import Scheme
from .gold import GoldArticle
from .judge import Judged, Predictor, judge
from .measure import both_counts, confusions, heads_of
from .perturb import CHANGES
from .resample import Interval, Resampler, percentile_interval
from .scores import Floats, macro_f1s_of_samples, shares


@dataclass(frozen=True, slots=True)
class Drop:
    """What a change does to one figure.

    Attributes:
        figure: macro-F1 of a head, by its name, or `both`.
        before: the figure on the articles as they are.
        after: on the changed ones.
        drop: before less after, with an interval from the same samples of articles; positive is worse.
    """

    figure: str
    before: float
    after: float
    drop: Interval


@dataclass(frozen=True, slots=True)
class Robustness:
    """What one change does.

    Attributes:
        change: its name.
        n_changed: sentences whose text or paragraph it changed.
        drops: one a figure.
    """

    change: str
    n_changed: int
    drops: tuple[Drop, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        plain = asdict(self)
        plain["drops"] = [
            {"figure": d.figure, "before": round(d.before, 4), "after": round(d.after, 4), "drop": d.drop.to_dict()}
            for d in self.drops
        ]
        return plain


def robustness(
    labeller: Predictor,
    judged: Sequence[Judged],
    n_resamples: int = 1000,
    seed: int = 0,
    done: Callable[[int], None] = lambda n: None,
) -> Iterator[Robustness]:
    """Try every change of `perturb.CHANGES`.

    Args:
        labeller: the model.
        judged: its labels of the articles as they are.
        n_resamples: samples of articles behind the intervals.
        seed: of the samples, and of what is random in the changes.
        done: told after each article how many of the present change's are done.
    """
    scheme = labeller.scheme
    resampler = Resampler(len(judged), n_resamples, seed)
    gold = [j.gold for j in judged]
    for name, change in CHANGES.items():
        rng = np.random.default_rng(seed)
        changed = [change(article, scheme, rng) for article in gold]
        after = judge(labeller, changed, done)
        n_changed = sum(_differ(a, b) for a, b in zip(gold, changed, strict=True))
        yield Robustness(name, n_changed, tuple(_drops(judged, after, scheme, resampler)))


def _differ(one: GoldArticle, other: GoldArticle) -> int:
    return sum((a.text, a.paragraph) != (b.text, b.paragraph) for a, b in zip(one.rows, other.rows, strict=True))


def _drops(before: Sequence[Judged], after: Sequence[Judged], scheme: Scheme, resampler: Resampler) -> Iterator[Drop]:
    for head in heads_of(before):
        tables = confusions(before, scheme, head), confusions(after, scheme, head)
        was, now = (macro_f1s_of_samples(counts.sum(0)) for counts in tables)
        yield _drop(head, *tables, was, now, resampler)
    if "speaker" in heads_of(before):
        yield _drop("both", both_counts(before), both_counts(after), shares, shares, resampler)


def _drop(
    name: str,
    before: Floats,
    after: Floats,
    figure_before: Callable[[Floats], Floats],
    figure_after: Callable[[Floats], Floats],
    resampler: Resampler,
) -> Drop:
    was, now = float(figure_before(before.sum(0))), float(figure_after(after.sum(0)))
    draws = resampler.draws(before, figure_before) - resampler.draws(after, figure_after)
    return Drop(name, was, now, percentile_interval(was - now, draws))
