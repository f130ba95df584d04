"""Hand-labelled articles that are not among the rows: a sign that other rows were sampled than these."""

from __future__ import annotations

import polars as pl

from ..model.errors import RowError, some_of
from .table import Rows, as_polars, typed

#: Articles or groups that a sentence names; it counts the others.
MOST_NAMED = 3


def missing_articles(gold: Rows, table: pl.DataFrame) -> tuple[str, ...]:
    """Hand-labelled articles that are not among the prepared rows, in order.

    Raises:
        RowError: more than half are missing, though not all (of which `gold.match` says more).
    """
    given = typed(as_polars(gold), "gold")["article"].unique().sort()
    missing = given.filter(~given.is_in(table["article"].unique().implode()))
    if len(given) > len(missing) > len(given) / 2:
        raise RowError(
            f"gold: {len(missing)} of {len(given)} hand-labelled articles are not among the rows",
            expected="a sample of these rows, with their article ids",
            found=some_of(missing.to_list(), MOST_NAMED),
            hint="were the articles labelled again under other ids? Give the rows that were sampled",
        )
    return tuple(missing)
