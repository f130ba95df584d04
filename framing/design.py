"""What a hand-labelled sample was drawn from: what it can stand for, and the probabilities assumed without any given.

A corrected total holds only where every article had a chance to be drawn. A group without hand labels may have been
missed by chance, or never been among those drawn from. The sample tells which: 1 / inclusion probability, added up
over what was drawn, estimates the size of what it was drawn from (Horvitz and Thompson 1952, J. Am. Stat. Assoc.
47:663). It is taken to leave the groups without hand labels out if that sum lies nearer the size of the others.
"""

from __future__ import annotations

import polars as pl

from .table import grouped

#: The one stratum of a column that has several values within an article.
_ONE = "(all)"


def strata_of(table: pl.DataFrame, by: str) -> pl.DataFrame:
    """The group of each article, whatever is counted: `article`, `stratum`, and `n_sentences`.

    Where the column has several values within an article, all articles are of one stratum.

    Args:
        table: prepared rows, copies included.
        by: a column, or `year` or `month`.

    Raises:
        RowError: no such column.
    """
    found = (
        grouped(table, by)
        .group_by("article")
        .agg(
            pl.col("group").first().alias("stratum"),
            pl.col("group").n_unique().alias("n_groups"),
            pl.len().alias("n_sentences"),
        )
    )
    if (found["n_groups"] > 1).any():
        found = found.with_columns(pl.lit(_ONE).alias("stratum"))
    return found.drop("n_groups").sort("article")


def assumed_probabilities(strata: pl.DataFrame, drawn: pl.Series) -> pl.DataFrame:
    """`article` and `inclusion_p` of hand-labelled articles, as of a simple random sample within each stratum.

    Args:
        strata: of `strata_of`.
        drawn: ids of the hand-labelled articles, copies included.
    """
    labelled = pl.col("article").is_in(drawn.unique().implode())
    p = (labelled.sum() / pl.len()).over("stratum").alias("inclusion_p")
    return strata.select("article", p).filter(labelled)


def assumption(strata: pl.DataFrame, by: str) -> str:
    """The sample that `assumed_probabilities` assumes, in words."""
    within = "" if strata["stratum"].eq(_ONE).all() else f" within each {by}"
    return f"a simple random sample of articles{within}"


def left_out(strata: pl.DataFrame, rows: pl.DataFrame, unit: str, *, assumed: bool) -> list[str]:
    """The strata that the sample was evidently not drawn from: nothing of them is labelled, and not by chance.

    Args:
        strata: of `strata_of`, of the articles that count.
        rows: hand-labelled rows with `article` and `inclusion_p`.
        unit: what was drawn, `article` or `sentence`.
        assumed: whether the probabilities are assumed: these say nothing of strata without hand labels.
    """
    size = pl.col("n_sentences").sum() if unit == "sentence" else pl.len()
    sizes = strata.group_by("stratum").agg(
        size.alias("n"), pl.col("article").is_in(rows["article"].unique().implode()).any().alias("there")
    )
    missing = sizes.filter(~pl.col("there")).sort("stratum")
    drawn = rows if unit == "sentence" else rows.unique("article")
    stands_for = float((1 / drawn["inclusion_p"].to_numpy()).sum())
    with_labels, without = int(sizes.filter("there")["n"].sum()), int(missing["n"].sum())
    return missing["stratum"].to_list() if assumed or stands_for < with_labels + without / 2 else []
