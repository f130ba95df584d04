"""The three functions for notebooks: `shares`, `compare`, `corrected`. A table of rows in, a tidy table out."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import polars as pl

from ..model.errors import some_of
from ..model.scheme import Scheme
from .measures import measure_named
from .missing import MOST_NAMED, missing_articles
from .study import (
    correct_study,
    corrected_table,
    differences_table,
    estimates_table,
    prepare,
    study_of,
)
from .table import Rows, like


def shares(
    rows: Rows,
    *,
    measure: str = "speaker",
    by: str = "outlet",
    scheme: Scheme | str | Path | None = None,
    lean: tuple[str, str] | None = None,
    wire: str = "once",
    resamples: int = 1000,
    seed: int = 0,
) -> Any:
    """A measure of every group, with 95 % intervals from resampling whole articles.

    The model's errors are not corrected: `corrected` does that.

    Args:
        rows: labelled rows as a polars or pandas table: `article`, `sentence`, `text`, `speaker`, `stance`, and
            `outlet`, `date`, or whatever column `by` names; `cluster` marks wire copy.
        measure: a name of `sayso.framing.MEASURES`, or `lean`.
        by: a column; `year` and `month` are cut from `date`.
        scheme: the labels, a scheme's name or its file; None: the shipped scheme that has these labels.
        lean: for the measure `lean`, the two speakers.
        wire: `once`, `apart` or `all`: how copies of one story count (`layout.lay_out`).
        resamples: bootstrap samples.
        seed: of the bootstrap.

    Returns:
        One row for each group and item, `(all)` last, in the library of `rows`: by, measure, group, item, n_articles,
        n_units, estimate, low, high, se, design_effect, note. Where `note` says that there are too few articles,
        low, high and se are null.

    Raises:
        RowError: a column is missing or wrong, or an argument is unknown.
        SchemeError: a label is not of the scheme.
    """
    table, found = prepare(rows, scheme)
    study = study_of(table, None, found, by, wire)
    return like(estimates_table(study, measure_named(measure, found, lean), resamples, seed)[0], rows)


def corrected(
    rows: Rows,
    gold: Rows,
    *,
    measure: str = "speaker",
    by: str = "outlet",
    scheme: Scheme | str | Path | None = None,
    lean: tuple[str, str] | None = None,
    wire: str = "once",
    target: str = "coverage",
) -> Any:
    """A measure of every group, corrected for the model's errors by a hand-labelled sample.

    The method is the difference estimator of survey sampling, known as prediction-powered inference (Angelopoulos et
    al. 2023) and design-based supervised learning (Egami et al. 2023): see `correction`.

    Args:
        rows: the model's rows, as for `shares`.
        gold: hand-labelled rows of some of these articles (or sentences), with `inclusion_p`, the probability with
            which each was drawn, and `sample_unit`, `article` or `sentence`. Without `inclusion_p` a simple random
            sample of articles within each group is assumed.
        measure: as for `shares`.
        by: as for `shares`.
        scheme: as for `shares`.
        lean: as for `shares`.
        wire: as for `shares`.
        target: `coverage`: the articles stand for the group's coverage at large; `corpus`: these very articles.

    Returns:
        The rows of `shares` without `se` and the bootstrap's columns, with corrected, corrected_low, corrected_high,
        corrected_se, the same from the sample alone (gold_only ...), n_gold_articles, model_weight (what the model's
        labels count for: 0 the hand labels alone, 1 in full), and corrected_note.

    Raises:
        RowError: as `shares`; or gold rows do not match, or cannot correct this measure.
        SchemeError: a label is not of the scheme.
    """
    table, found = prepare(rows, scheme)
    _warn_of_missing(gold, table)
    study = study_of(table, gold, found, by, wire)
    return like(corrected_table(study, measure_named(measure, found, lean), target)[0], rows)


def compare(
    rows: Rows,
    *,
    gold: Rows | None = None,
    measure: str = "speaker",
    by: str = "outlet",
    scheme: Scheme | str | Path | None = None,
    lean: tuple[str, str] | None = None,
    wire: str = "once",
    resamples: int = 1000,
    seed: int = 0,
) -> Any:
    """Differences between every pair of groups, with false discoveries controlled over all of them.

    Args:
        rows: as for `shares`.
        gold: as for `corrected`; None: uncorrected differences only.
        measure: as for `shares`.
        by: as for `shares`; the groups must not share articles.
        scheme: as for `shares`.
        lean: as for `shares`.
        wire: as for `shares`.
        resamples: as for `shares`.
        seed: as for `shares`.

    Returns:
        One row for each pair and item: by, measure, group, versus, item, difference (a risk difference where the
        measure is a share), low, high, p, q (Benjamini-Hochberg over the table), discovery (q <= 0.05), and, with
        `gold`, the same corrected.

    Raises:
        RowError: as `shares` and `corrected`; or the groups share articles.
        SchemeError: a label is not of the scheme.
    """
    table, found = prepare(rows, scheme)
    if gold is not None:
        _warn_of_missing(gold, table)
    study = study_of(table, gold, found, by, wire)
    chosen = measure_named(measure, found, lean)
    _, naive = estimates_table(study, chosen, resamples, seed)
    right = None if gold is None else correct_study(study, chosen, "coverage")[0]
    return like(differences_table(study, chosen, naive, right), rows)


def _warn_of_missing(gold: Rows, table: pl.DataFrame) -> None:
    missing = missing_articles(gold, table)
    if missing:
        named = some_of(missing, MOST_NAMED)
        warnings.warn(f"{len(missing)} hand-labelled articles are not among the rows: {named}", stacklevel=3)
