"""The hand-labelled sample beside the model's labels of the same sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..model.errors import RowError
from ..model.scheme import Scheme, unknown_label
from .correction import GoldSample
from .layout import Layout
from .measures import Measure, Sentences, Totals, sentence_arrays
from .table import Rows, as_polars, typed

UNITS = ("article", "sentence")
#: Hand-labelled sentences whose text differs from the row of the same number: above this share nothing fits.
MOST_STRAY = 0.05


@dataclass(frozen=True, slots=True)
class Gold:
    """A matched sample.

    Attributes:
        rows: matched sentences, sorted by article and sentence, with the model's labels in `speaker` and `stance`,
            the human ones in `human_speaker` and `human_stance`, and `group`, `cell`, `inclusion_p`.
        sample: how they were drawn.
        model: the model's labels as arrays, weighted where sentences were drawn.
        human: the human labels as arrays, likewise.
        assumed: whether the inclusion probabilities were missing, and a simple random sample within each group is
            assumed.
        n_unmatched: hand-labelled sentences that no counted row has.
        n_partial: sampled articles of which some sentences have no hand label.
    """

    rows: pl.DataFrame
    sample: GoldSample
    model: Sentences
    human: Sentences
    assumed: bool
    n_unmatched: int
    n_partial: int

    def totals(self, measure: Measure) -> tuple[Totals, Totals]:
        """The measure's weighted sums for the sampled articles: by the model's labels, by the human ones."""
        return self._weighted(measure.count(self.model)), self._weighted(measure.count(self.human))

    def _weighted(self, totals: Totals) -> Totals:
        cell = self.sample.cell
        # Where sentences were drawn, each sentence carries its weight already.
        weight = 1 / (1 - self.sample.open) if self.sample.unit == "article" else np.ones(len(cell))
        y, x, size = totals.y[cell], totals.x[cell], totals.size[cell]
        return Totals(totals.measure, totals.items, y * weight[:, None], x * weight[:, None], size * weight)


def match(gold: Rows, table: pl.DataFrame, layout: Layout, scheme: Scheme) -> Gold:
    """Match hand-labelled rows with the rows of the corpus by (article, sentence).

    Args:
        gold: hand-labelled rows; `inclusion_p` is the probability with which the article (or the sentence, if
            `sample_unit` says so) was drawn.
        table: the rows that count, from `lay_out`.
        layout: their cells.
        scheme: the labels.

    Raises:
        RowError: nothing matches, texts do not fit, or a probability is none.
        SchemeError: a label is not of the scheme.
    """
    hand = typed(as_polars(gold), "gold")
    for column, known in (("speaker", scheme.speaker_ids), ("stance", scheme.stance_ids)):
        for label in sorted(set(hand[column].unique()) - set(known)):
            raise unknown_label(column, label, known, "gold")
    twice = hand.filter(pl.struct("article", "sentence").is_duplicated())
    if twice.height:
        place = f"sentence {twice['sentence'][0]} of article {twice['article'][0]!r}"
        raise RowError(f"gold: {place} stands there twice", hint="`sayso agree --resolve` makes one label of several")
    unit = _unit(hand)
    rows = _joined(hand, table)
    n_unmatched = hand.height - rows.height
    rows, assumed = _with_probability(rows, layout, unit)
    rows = rows.sort("article", "sentence")
    articles = rows.group_by("cell").agg(pl.len().alias("n"), pl.col("inclusion_p").first()).sort("cell")
    sizes = table.group_by("cell").len().sort("cell")["len"].to_numpy()
    cell = articles["cell"].cast(pl.Int64).to_numpy()
    n_sentences = articles["n"].cast(pl.Float64).to_numpy()
    p = articles["inclusion_p"].to_numpy()
    by_hand = rows.with_columns(pl.col("human_speaker").alias("speaker"), pl.col("human_stance").alias("stance"))
    weight = 1 / rows["inclusion_p"].to_numpy() if unit == "sentence" else None
    return Gold(
        rows=rows,
        sample=GoldSample(cell, 1 - p if unit == "article" else np.ones(len(cell)), unit, n_sentences),
        model=sentence_arrays(rows, layout.n_cells, scheme, weight),
        human=sentence_arrays(by_hand, layout.n_cells, scheme, weight),
        assumed=assumed,
        n_unmatched=n_unmatched,
        n_partial=int((n_sentences < sizes[cell]).sum()) if unit == "article" else 0,
    )


def _unit(hand: pl.DataFrame) -> str:
    found = set(hand["sample_unit"].drop_nulls().unique()) if "sample_unit" in hand.columns else set()
    if len(found) > 1 or not found <= set(UNITS):
        raise RowError(
            "gold: what was drawn?",
            expected="one value in column sample_unit: article or sentence",
            found=", ".join(sorted(found)),
        )
    return str(found.pop()) if found else "article"


def _joined(hand: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """The rows of the corpus that have hand labels, with them."""
    columns = [pl.col(c).alias(f"human_{c}") for c in ("speaker", "stance", "text")]
    given = ["inclusion_p"] if "inclusion_p" in hand.columns else []
    rows = table.drop("inclusion_p", strict=False)
    rows = rows.join(hand.select("article", "sentence", *columns, *given), on=["article", "sentence"], how="inner")
    if rows.height == 0:
        raise RowError(
            "no hand-labelled sentence is among the rows",
            expected="gold rows with the article ids and sentence numbers of the rows",
            found=f"articles {', '.join(hand['article'].unique().sort()[:3])} ... in gold; "
            f"{', '.join(table['article'].unique().sort()[:3])} ... in the rows",
            hint="draw the sample from these rows with `sayso sample`",
        )
    stray = rows.filter(pl.col("text").str.strip_chars() != pl.col("human_text").str.strip_chars())
    if stray.height > MOST_STRAY * rows.height:
        raise RowError(
            f"{stray.height} of {rows.height} hand-labelled sentences are other sentences than the rows say",
            expected=f"{stray['text'][0]!r} as sentence {stray['sentence'][0]} of article {stray['article'][0]!r}",
            found=repr(stray["human_text"][0]),
            hint="the articles were split again after the sample was drawn: label the same rows that were sampled",
        )
    return rows.join(stray.select("article", "sentence"), on=["article", "sentence"], how="anti")


def _with_probability(rows: pl.DataFrame, layout: Layout, unit: str) -> tuple[pl.DataFrame, bool]:
    """The rows with `inclusion_p`, and whether it is assumed: that of a simple random sample in each group."""
    n_without = rows["inclusion_p"].null_count() if "inclusion_p" in rows.columns else rows.height
    if 0 < n_without < rows.height:
        raise RowError(
            "gold: 'inclusion_p' is missing in some rows",
            expected="the probability with which it was drawn in every row, or in none",
            found=f"{n_without} of {rows.height} rows without",
        )
    if n_without == 0:
        p = rows["inclusion_p"]
        if not ((p > 0) & (p <= 1)).all():
            wrong = p.filter(~((p > 0) & (p <= 1)))[0]
            raise RowError(
                "gold: bad 'inclusion_p'", expected="a probability, more than 0, at most 1", found=str(wrong)
            )
        varying = rows.group_by("article").agg(pl.col("inclusion_p").n_unique()).filter(pl.col("inclusion_p") > 1)
        if unit == "article" and varying.height:
            raise RowError(
                f"gold: article {varying['article'][0]!r} has several inclusion probabilities",
                expected="one for the whole article",
                hint="if sentences were drawn, say so: sample_unit = sentence",
            )
        return rows, False
    if unit == "sentence":
        raise RowError(
            "gold: no 'inclusion_p'",
            expected="the probability with which each sentence was drawn",
            hint="`sayso sample` writes it",
        )
    n_articles = np.bincount(layout.group, minlength=len(layout.groups))
    sizes = pl.DataFrame({"group": layout.groups, "n_articles": n_articles})
    drawn = pl.col("article").n_unique().over("group")
    rows = (
        rows.drop("inclusion_p", strict=False)
        .join(sizes, on="group")
        .with_columns((drawn / pl.col("n_articles")).clip(upper_bound=1.0).alias("inclusion_p"))
    )
    return rows.drop("n_articles"), True
