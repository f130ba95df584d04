"""One corpus, grouped one way: what every table of it is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ..model.errors import RowError
from ..model.scheme import Scheme
from .correction import TARGETS, Corrected, beyond_groups, comparable_se, correct, gold_only
from .design import strata_of
from .gold import Gold, match
from .layout import ALL, Layout, lay_out
from .measures import Floats, Measure, Sentences, sentence_arrays
from .pairs import Differences, borrowed_se, differences
from .resample import MIN_ARTICLES, Estimates, estimate
from .table import Rows, as_polars, prepared, scheme_of, typed


@dataclass(frozen=True, slots=True)
class Study:
    """A prepared corpus with its groups and, if there is one, its hand-labelled sample.

    Attributes:
        by: the column that makes the groups.
        table: the rows that count.
        layout: their cells.
        data: their labels as arrays.
        gold: the sample, or None.
        scheme: the labels.
    """

    by: str
    table: pl.DataFrame
    layout: Layout
    data: Sentences
    gold: Gold | None
    scheme: Scheme


def study_of(
    table: pl.DataFrame, gold: Rows | None, scheme: Scheme, by: str, wire: str, every_by: tuple[str, ...] = ()
) -> Study:
    """Lay out a prepared table and match its gold rows.

    Args:
        table: prepared rows.
        gold: hand-labelled rows of some of them, or None.
        scheme: the labels.
        by: the column that makes the groups.
        wire: how wire copy counts.
        every_by: the columns of the whole report, of which the first says within which groups a sample is assumed to
            be drawn that does not say it; none: `by`.
    """
    rows, layout = lay_out(table, by, wire)
    data = sentence_arrays(rows, layout.n_cells, scheme)
    matched = None
    if gold is not None:
        strata = [(column, strata_of(table, column)) for column in every_by or (by,)]
        matched = match(gold, rows, layout, scheme, strata)
    return Study(by, rows, layout, data, matched, scheme)


def prepare(rows: Rows, scheme: Scheme | str | Path | None) -> tuple[pl.DataFrame, Scheme]:
    """Rows as a prepared table, and the scheme that was named or fits."""
    found = scheme_of(typed(as_polars(rows), "rows"), scheme)
    return prepared(rows, found), found


def check_whole(study: Study, measure: Measure) -> None:
    """Raise RowError where groups cut articles in parts and the measure needs them whole."""
    if measure.scale.whole_articles and not study.layout.nested:
        raise _crossed(study, f"{measure.name} needs whole articles")


def _crossed(study: Study, problem: str) -> RowError:
    return RowError(
        f"{problem}, and {study.by!r} differs within an article",
        expected="to group by a column with one value for each article",
    )


def estimates_table(study: Study, measure: Measure, resamples: int, seed: int) -> tuple[pl.DataFrame, Estimates]:
    """A measure of every group, uncorrected: the tidy table and the arrays behind it.

    Raises:
        RowError: the measure needs whole articles, or nothing can be drawn so often or from such a seed.
    """
    check_whole(study, measure)
    if resamples < 2 or seed < 0:
        raise RowError(
            "no bootstrap", expected="resamples of 2 or more, a seed of 0 or more", found=f"{resamples}, {seed}"
        )
    totals = measure.count(study.data)
    found = estimate(totals, study.layout, measure.scale, resamples, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = found.se**2 / (found.value * (1 - found.value) / found.n_units)
    columns = {
        "n_articles": found.n_articles.astype(np.int64),
        "n_units": found.n_units.astype(np.int64),
        "estimate": found.value,
        "low": found.low,
        "high": found.high,
        "se": found.se,
        "design_effect": np.where(effect > 0, effect, np.nan) if measure.scale.share else np.full(effect.shape, np.nan),
    }
    few = [_few(n) for n in found.n_articles.ravel()]
    return _tidy(study, measure, totals.items, columns).with_columns(pl.Series("note", few, dtype=pl.String)), found


def _few(n_articles: float) -> str | None:
    if n_articles >= MIN_ARTICLES:
        return None
    return f"too few articles: {n_articles:.0f}" if n_articles else "none"


def _tidy(study: Study, measure: Measure, items: tuple[str, ...], columns: dict[str, Floats]) -> pl.DataFrame:
    """(n_groups + 1, n_items) arrays as rows of a table, nan as null."""
    groups = [*study.layout.groups, ALL]
    table = pl.DataFrame(
        {
            "by": [study.by] * len(groups) * len(items),
            "measure": [measure.name] * len(groups) * len(items),
            "group": np.repeat(groups, len(items)).tolist(),
            "item": list(items) * len(groups),
            **{name: values.ravel() for name, values in columns.items()},
        }
    )
    return table.with_columns(pl.col(pl.Float64).fill_nan(None))


def correct_study(study: Study, measure: Measure, target: str) -> tuple[Corrected, Corrected]:
    """A measure corrected by the study's sample, and from the sample alone.

    Raises:
        RowError: there is no sample, or a sample of sentences cannot correct this measure.
    """
    if study.gold is None:
        raise RowError("nothing to correct with", expected="hand-labelled rows of a sample")
    if target not in TARGETS:
        raise RowError("unknown target", expected=f"one of {', '.join(TARGETS)}", found=repr(target))
    if not study.layout.nested:
        raise _crossed(study, "the correction needs whole articles")
    if not study.gold.corrects(measure):
        what = "is one of sentences" if study.gold.sample.unit == "sentence" else "has no article labelled to the end"
        raise RowError(
            f"{measure.name} needs whole articles, and the hand-labelled sample {what}",
            hint="draw articles: `sayso sample --unit article`",
        )
    sample = study.gold.sample_of(measure)
    corpus = measure.count(study.data)
    model, human = study.gold.totals(measure)
    found = correct(corpus, model, human, sample, study.layout, measure.scale, target)
    return found, gold_only(corpus, human, sample, study.layout, measure.scale, target)


def corrected_table(study: Study, measure: Measure, target: str) -> tuple[pl.DataFrame, Corrected]:
    """The columns that correction adds, in the row order of `estimates_table`."""
    found, alone = correct_study(study, measure, target)
    n_items = found.value.shape[1]
    columns = {
        "corrected": np.where(np.isfinite(found.se), found.value, np.nan),
        "corrected_low": found.low,
        "corrected_high": found.high,
        "corrected_se": found.se,
        "gold_only": np.where(np.isfinite(alone.se), alone.value, np.nan),
        "gold_only_low": alone.low,
        "gold_only_high": alone.high,
        "n_gold_articles": np.repeat(found.n_gold[:, None], n_items, axis=1),
        "model_weight": np.where(np.isfinite(found.se), found.model_weight, np.nan),
    }
    table = _tidy(study, measure, measure.count(study.data).items, columns)
    beyond = [False] * len(found.value) if study.gold is None else beyond_groups(study.gold.sample, study.layout)
    unit = "article" if study.gold is None else study.gold.sample.unit
    notes = [
        "holds groups without hand labels" if beyond[g] and found.n_gold[g] else _gold_note(found, g, i, unit)
        for g in range(len(found.value))
        for i in range(n_items)
    ]
    return table.with_columns(pl.Series("corrected_note", notes, dtype=pl.String)), found


def _gold_note(found: Corrected, group: int, item: int, unit: str) -> str | None:
    n_gold, n_support = int(found.n_gold[group]), int(found.n_support[group, item])
    if n_gold == 0:
        return "no hand-labelled article"
    if found.too_wide[group, item]:
        return "no figure: its interval would be wider than 95 points"
    if not np.isfinite(found.se[group, item]):
        what = "" if n_support == n_gold else " that have what is measured"
        return f"too few hand-labelled articles{what}: {n_support}"
    few = f"few hand-labelled {unit}s: spread of errors at least that of all groups"
    return few if found.borrowed[group] else None


def differences_table(study: Study, measure: Measure, found: Estimates, corrected: Corrected | None) -> pl.DataFrame:
    """All pairs of groups: naive differences and, with a sample, corrected ones.

    Raises:
        RowError: the groups share articles, so that they are not independent.
    """
    if not study.layout.nested:
        raise _crossed(study, "a comparison needs groups that share no article")
    naive = differences(found.value[:-1], borrowed_se(found), found.n_articles[:-1] - 1)
    table = _pair_rows(study, measure, naive, "")
    if corrected is not None:
        right = differences(corrected.value[:-1], comparable_se(corrected), corrected.df[:-1])
        columns = _pair_rows(study, measure, right, "corrected_")
        table = table.with_columns(columns[c] for c in columns.columns if c.startswith("corrected_"))
    return table


def _pair_rows(study: Study, measure: Measure, found: Differences, prefix: str) -> pl.DataFrame:
    items = measure.count(study.data).items
    names = np.array(study.layout.groups)
    n_pairs = len(found.first)
    values = {"difference": found.value, "low": found.low, "high": found.high, "p": found.p, "q": found.q}
    table = pl.DataFrame(
        {
            "by": [study.by] * n_pairs * len(items),
            "measure": [measure.name] * n_pairs * len(items),
            "group": np.repeat(names[found.first], len(items)).tolist(),
            "versus": np.repeat(names[found.second], len(items)).tolist(),
            "item": list(items) * n_pairs,
            **{prefix + name: array.ravel() for name, array in values.items()},
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    return table.with_columns((pl.col(f"{prefix}q") <= 0.05).fill_null(value=False).alias(f"{prefix}discovery"))
