"""Would the correction have found the truth? Replayed on a corpus that was labelled by hand from end to end.

A share of the articles of each group is drawn as the hand-labelled sample, again and again; the corrected interval of
each draw is held against what the hand labels of all articles say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from ..model.errors import RowError
from ..model.scheme import Scheme
from .correction import Corrected, GoldSample, correct, gold_only
from .gold import Gold
from .layout import ALL, Layout
from .measures import Floats, Ints, Scale, Totals, measure_named
from .resample import estimate, group_sums, ratio
from .study import prepare, study_of
from .table import Rows, as_polars, typed


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What is replayed.

    Attributes:
        measure: a name of `MEASURES`.
        by: the column that makes the groups.
        share: share of the articles of each group that is drawn.
        draws: how often.
        seed: of the draws and of the bootstrap.
    """

    measure: str = "stance"
    by: str = "outlet"
    share: float = 0.2
    draws: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or self.draws < 1:
            raise RowError(
                "nothing to replay", expected="0 < share < 1, draws >= 1", found=f"{self.share}, {self.draws}"
            )


def replay(rows: Rows, human: Rows, scheme: Scheme | str | Path | None, plan: ReplayPlan) -> pl.DataFrame:
    """Replay the correction over random draws.

    Args:
        rows: the model's rows.
        human: hand labels of every one of these articles. For the measure `stance` their speakers may be of another
            scheme.
        scheme: the labels, as for `shares`.
        plan: what to replay. Where `rows` lack its column, that of `human` makes the groups.

    Returns:
        One row for each group and item, `(all)` last: truth, naive (with interval, and whether it covers the truth),
        and of the corrected estimate and of the sample alone: mean, share of draws whose 95 % interval covers the
        truth, mean width of the interval.

    Raises:
        RowError: an article has no hand labels, or rows do not match.
    """
    table, found = prepare(_with_groups(rows, human, plan.by), scheme)
    given = pl.lit(1.0).alias("inclusion_p"), pl.lit("article").alias("sample_unit")
    hand = as_polars(human).with_columns(given)
    if plan.measure == "stance":
        hand = hand.with_columns(pl.lit(found.outlet).alias("speaker"))
    study = study_of(table, hand, found, plan.by, "all")
    gold, layout = study.gold, study.layout
    if gold is None or len(gold.sample.cell) < layout.n_cells:
        n_found = 0 if gold is None else len(gold.sample.cell)
        raise RowError("not every article has hand labels", expected=str(layout.n_cells), found=str(n_found))
    measure = measure_named(plan.measure, found, None)
    corpus, truth = measure.count(gold.model), measure.count(gold.human)
    results = [_draw(corpus, truth, gold, layout, measure.scale, plan, i) for i in range(plan.draws)]
    naive = estimate(corpus, layout, measure.scale, 1000, plan.seed)
    right = ratio(group_sums(truth.y, layout), group_sums(truth.x, layout))
    columns: dict[str, Floats] = {
        "truth": right,
        "naive": naive.value,
        "naive_low": naive.low,
        "naive_high": naive.high,
        "naive_covers": ((naive.low <= right) & (right <= naive.high)).astype(np.float64),
    }
    for name, drawn in (("corrected", [r[0] for r in results]), ("gold_only", [r[1] for r in results])):
        columns |= _summary(name, drawn, right)
    groups, n_items = [*layout.groups, ALL], len(corpus.items)
    return pl.DataFrame(
        {
            "group": np.repeat(groups, n_items).tolist(),
            "item": list(corpus.items) * len(groups),
            **{name: values.ravel() for name, values in columns.items()},
        }
    )


def _with_groups(rows: Rows, human: Rows, by: str) -> pl.DataFrame:
    """The model's rows, with the grouping column of the hand-labelled ones if they have none of their own.

    Articles are often labelled from bare text files, which do not say who published them.
    """
    table, hand = typed(as_polars(rows), "rows"), typed(as_polars(human), "gold")
    given = by in table.columns and table[by].null_count() < table.height
    if given or by not in hand.columns:
        return table
    groups = hand.group_by("article").agg(pl.col(by).first())
    return table.drop(by, strict=False).join(groups, on="article", how="left")


def _draw(
    corpus: Totals, truth: Totals, gold: Gold, layout: Layout, scale: Scale, plan: ReplayPlan, number: int
) -> tuple[Corrected, Corrected]:
    """Draw articles in each group, as many as the share says on average, and correct with them."""
    rng = np.random.default_rng((plan.seed, number))
    sizes = np.bincount(layout.group)
    wanted = np.maximum(1, np.floor(plan.share * sizes + rng.random(len(sizes)))).astype(np.int64)
    drawn: Ints = np.sort(
        np.concatenate([rng.choice(np.flatnonzero(layout.group == g), n, replace=False) for g, n in enumerate(wanted)])
    )
    inclusion = (wanted / sizes)[layout.group[drawn]]
    sample = GoldSample(drawn, 1 - inclusion, "article", gold.sample.n_sentences[drawn])
    model, human = (
        replace(
            totals,
            y=totals.y[drawn] / inclusion[:, None],
            x=totals.x[drawn] / inclusion[:, None],
            size=totals.size[drawn] / inclusion,
        )
        for totals in (corpus, truth)
    )
    return (
        correct(corpus, model, human, sample, layout, scale, "corpus"),
        gold_only(corpus, human, sample, layout, scale, "corpus"),
    )


def _summary(name: str, drawn: list[Corrected], right: Floats) -> dict[str, Floats]:
    value, low, high = (np.stack([getattr(d, part) for d in drawn]) for part in ("value", "low", "high"))
    held = np.where(np.isfinite(low), (low <= right + 1e-12) & (right - 1e-12 <= high), np.nan)
    return {name: _mean(value), f"{name}_covers": _mean(held), f"{name}_width": _mean(high - low)}


def _mean(drawn: Floats) -> Floats:
    """Mean over draws, (n_draws, n_groups + 1, n_items), of what there is; nan where no draw has anything."""
    there = np.isfinite(drawn)
    return ratio(np.where(there, drawn, 0.0).sum(axis=0), there.sum(axis=0).astype(np.float64))
