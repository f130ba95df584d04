"""Where the model errs, by group, and whether it errs differently for the groups compared.

Corrected figures stay right when it does; uncorrected differences between the groups do not.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import stats

from .correction import Corrected, gold_only
from .gold import Gold
from .layout import ALL
from .measures import MEASURES, Floats, Scale, Totals
from .pairs import false_discovery
from .study import Study

HEADS = ("speaker", "stance")
_RATE = Scale()
_BIAS = Scale(low=-1.0, share=False)


def confusion_table(gold: Gold) -> pl.DataFrame:
    """Human against model labels in every group and in all.

    Returns:
        One row for each head, group, human and model label that occurs: n sentences, and the weighted share of the
        human label's sentences that the model labels so.
    """
    weighted = gold.rows.with_columns((1 / pl.col("inclusion_p")).alias("weight"))
    whole = weighted.with_columns(pl.lit(ALL).alias("group"))
    parts = []
    for head in HEADS:
        both = pl.concat([weighted, whole]).rename({f"human_{head}": "human", head: "model"})
        counts = both.group_by("group", "human", "model").agg(pl.len().alias("n"), pl.col("weight").sum())
        share = pl.col("weight") / pl.col("weight").sum().over("group", "human")
        counts = counts.with_columns(pl.lit(head).alias("head"), share.alias("share")).sort("group", "human", "model")
        parts.append(counts.select("head", "group", "human", "model", "n", "share"))
    return pl.concat(parts)


def scores_table(study: Study, gold: Gold) -> pl.DataFrame:
    """How often the model is right, by group: weighted to the whole corpus, 95 % intervals by article.

    Returns:
        One row for each head (`both`: speaker and stance together) and group: n_sentences, n_articles, accuracy,
        low, high, and macro_f1 over the labels that occur (of the sample, weighted; not for `both`).
    """
    rates = error_rates(study, gold)
    of_group = {key[0]: rows for key, rows in gold.rows.partition_by("group", as_dict=True).items()}
    parts = []
    for i, head in enumerate((*HEADS, "both")):
        for g, group in enumerate((*study.layout.groups, ALL)):
            inside = gold.rows if group == ALL else of_group.get(group, gold.rows.clear())
            parts.append(
                {
                    "head": head,
                    "group": group,
                    "n_sentences": inside.height,
                    "n_articles": int(rates.n_gold[g]),
                    "accuracy": 1 - rates.value[g, i],
                    "low": 1 - rates.high[g, i],
                    "high": 1 - rates.low[g, i],
                    "macro_f1": None if head == "both" or np.isnan(rates.value[g, i]) else _macro_f1(inside, head),
                }
            )
    return pl.DataFrame(parts).with_columns(pl.col(pl.Float64).fill_nan(None))


def _macro_f1(rows: pl.DataFrame, head: str) -> float:
    weight = 1 / rows["inclusion_p"].to_numpy()
    human, model = rows[f"human_{head}"].to_numpy(), rows[head].to_numpy()
    found = []
    for label in sorted(set(human) | set(model)):
        hit = weight[(human == label) & (model == label)].sum()
        found.append(2 * hit / (weight[human == label].sum() + weight[model == label].sum()))
    return float(np.mean(found))


def error_rates(study: Study, gold: Gold) -> Corrected:
    """Weighted share of wrong labels: items speaker, stance, both."""
    wrong = np.stack(
        [
            gold.human.speaker != gold.model.speaker,
            gold.human.stance != gold.model.stance,
            (gold.human.speaker != gold.model.speaker) | (gold.human.stance != gold.model.stance),
        ],
        axis=1,
    )
    counts = np.zeros((study.layout.n_cells, 3))
    np.add.at(counts, gold.human.cell, wrong * gold.human.weight[:, None])
    _, sentences = gold.totals(MEASURES["stance"])
    weight = sentences.size / np.bincount(gold.human.cell, gold.human.weight)[gold.sample.cell]
    y = counts[gold.sample.cell] * weight[:, None]
    return _from_sample(study, gold, _RATE, (*HEADS, "both"), y, sentences.size)


def error_tests(study: Study, gold: Gold) -> pl.DataFrame:
    """Does the model err differently for the groups? One test a label, false discoveries controlled.

    Tested are the error rates of both heads and, for each label, the bias of its share (human less model). The test
    is Welch's (1951) analysis of variance over groups, with variances by article.

    Returns:
        One row a test: kind (`error_rate` or `bias`), head, item, f, p, q, differs (q <= 0.05), and the lowest and
        highest group with their values. No rows if fewer than two groups can be tested.
    """
    found = []
    rates = error_rates(study, gold)
    found += [("error_rate", head, "", rates, i) for i, head in enumerate(HEADS)]
    for head in HEADS:
        model, human = gold.totals(MEASURES[head])
        bias = _from_sample(study, gold, _BIAS, human.items, human.y - model.y, human.size)
        found += [("bias", head, item, bias, i) for i, item in enumerate(human.items)]
    rows = []
    for kind, head, item, rate, i in found:
        value, se, df = rate.value[:-1, i], rate.se[:-1, i], rate.df[:-1, i]
        there = np.flatnonzero(np.isfinite(se) & (se > 0))
        if len(there) < 2:
            continue
        f, p = welch_anova(value[there], se[there], df[there])
        least, most = there[value[there].argmin()], there[value[there].argmax()]
        names = study.layout.groups
        rows.append((kind, head, item, f, p, names[least], value[least], names[most], value[most]))
    columns = ["kind", "head", "item", "f", "p", "lowest", "lowest_value", "highest", "highest_value"]
    table = pl.DataFrame(rows, schema=columns, orient="row")
    if table.height == 0:
        return table.with_columns(pl.lit(None, pl.Float64).alias("q"), pl.lit(None, pl.Boolean).alias("differs"))
    q = false_discovery(table["p"].to_numpy())
    return table.with_columns(pl.Series("q", q), pl.Series("differs", q <= 0.05))


def welch_anova(value: Floats, se: Floats, df: Floats) -> tuple[float, float]:
    """Welch's (1951) test that all groups have one mean: F and p.

    Args:
        value: (n_groups,) estimates.
        se: (n_groups,) standard errors, more than 0.
        df: (n_groups,) degrees of freedom of the standard errors.
    """
    n = len(value)
    weight = 1 / se**2
    mean = (weight * value).sum() / weight.sum()
    spare = (((1 - weight / weight.sum()) ** 2) / df).sum()
    f = (weight * (value - mean) ** 2).sum() / (n - 1) / (1 + 2 * (n - 2) / (n**2 - 1) * spare)
    return float(f), float(stats.f.sf(f, n - 1, (n**2 - 1) / (3 * spare)))


def _from_sample(study: Study, gold: Gold, scale: Scale, items: tuple[str, ...], y: Floats, size: Floats) -> Corrected:
    """A rate per sentence, estimated from the sample alone."""
    n_cells = study.layout.n_cells
    nothing = np.zeros((n_cells, len(items)))
    sentences = np.bincount(study.data.cell, minlength=n_cells).astype(np.float64)
    corpus = Totals("error", items, nothing, nothing, sentences)
    human = Totals("error", items, y, np.repeat(size[:, None], len(items), axis=1), size)
    return gold_only(corpus, human, gold.sample, study.layout, scale, "coverage")
