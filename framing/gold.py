"""The hand-labelled sample beside the model's labels of the same sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..model.errors import RowError
from ..model.scheme import Scheme, unknown_label
from .correction import GoldSample
from .design import assumed_probabilities, assumption, left_out
from .layout import Layout
from .measures import Measure, Sentences, Totals, sentence_arrays
from .table import Rows, as_polars, typed

UNITS = ("article", "sentence")
#: Hand-labelled sentences whose text differs from the row of the same number: above this share nothing fits. An
#: article of which no more than this share lacks a hand label counts as labelled from end to end.
MOST_STRAY = 0.05
#: No model is right in so many sentences running that nobody corrected one.
CERTAINLY_NOT_ALL_RIGHT = 100


@dataclass(frozen=True, slots=True)
class Gold:
    """A matched sample.

    Attributes:
        rows: matched sentences, sorted by article and sentence, with the model's labels in `speaker` and `stance`,
            the human ones in `human_speaker` and `human_stance`, and `group`, `cell`, `inclusion_p`.
        sample: how they were drawn.
        model: the model's labels as arrays, weighted where sentences were drawn.
        human: the human labels as arrays, likewise.
        whole: (n_gold,) whether the article is labelled from end to end.
        assumed: where the inclusion probabilities were missing, the design that is assumed, in words; else empty.
        stated: whether the file says what was drawn.
        left_out: groups that the sample was evidently not drawn from, each with its column: `outlet X`.
        n_unmatched: hand-labelled sentences that no counted row has.
        n_partial: hand-labelled articles that are not labelled from end to end, where articles were drawn. They take
            no part in measures of whole articles, and in none where the file does not say what was drawn.
    """

    rows: pl.DataFrame
    sample: GoldSample
    model: Sentences
    human: Sentences
    whole: NDArray[np.bool_]
    assumed: str
    stated: bool
    left_out: tuple[str, ...]
    n_unmatched: int
    n_partial: int

    def corrects(self, measure: Measure) -> bool:
        """Whether the sample says anything of the measure: some need whole articles."""
        return not measure.scale.whole_articles or (self.sample.unit == "article" and bool(self.whole.any()))

    def sample_of(self, measure: Measure) -> GoldSample:
        """The sampled articles that the measure can be counted in."""
        sample = self.sample
        if not measure.scale.whole_articles or self.whole.all():
            return sample
        parts = (sample.cell[self.whole], sample.open[self.whole], sample.n_sentences[self.whole])
        return replace(sample, cell=parts[0], open=parts[1], n_sentences=parts[2])

    def totals(self, measure: Measure) -> tuple[Totals, Totals]:
        """The measure's weighted sums for the articles of `sample_of`: by the model's labels, by the human ones."""
        sample = self.sample_of(measure)
        return self._weighted(measure.count(self.model), sample), self._weighted(measure.count(self.human), sample)

    @staticmethod
    def _weighted(totals: Totals, sample: GoldSample) -> Totals:
        cell = sample.cell
        # Where sentences were drawn, each sentence carries its weight already.
        weight = 1 / (1 - sample.open) if sample.unit == "article" else np.ones(len(cell))
        y, x, size = totals.y[cell], totals.x[cell], totals.size[cell]
        return Totals(totals.measure, totals.items, y * weight[:, None], x * weight[:, None], size * weight)


def match(
    gold: Rows, table: pl.DataFrame, layout: Layout, scheme: Scheme, strata: Sequence[tuple[str, pl.DataFrame]]
) -> Gold:
    """Match hand-labelled rows with the rows of the corpus by (article, sentence).

    Args:
        gold: hand-labelled rows; `inclusion_p` is the probability with which the article (or the sentence, if
            `sample_unit` says so) was drawn.
        table: the rows that count, from `lay_out`.
        layout: their cells.
        scheme: the labels.
        strata: columns with their groups, from `strata_of`. Without `inclusion_p` the sample is assumed to be drawn
            within those of the first; and all of them are looked through for groups that it leaves out.

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
    unit, stated = _unit(hand)
    rows = _joined(hand, table)
    _check_by_hand(hand, rows)
    n_unmatched = hand.height - rows.height
    rows, whole = _whole_articles(rows, table)
    n_partial = 0 if unit == "sentence" else int((~whole["whole"]).sum())
    if n_partial and not stated:
        rows = _only_whole(rows, whole)
    drawn = hand["article"] if stated else _labelled_whole(hand, strata[0][1])
    rows, assumed = _with_probability(rows, *strata[0], unit, pl.concat([drawn, rows["article"]]))
    rows = rows.sort("article", "sentence")
    articles = (
        rows.group_by("cell")
        .agg(pl.len().alias("n"), pl.col("inclusion_p").first(), pl.col("whole").first())
        .sort("cell")
    )
    cell = articles["cell"].cast(pl.Int64).to_numpy()
    n_sentences = articles["n"].cast(pl.Float64).to_numpy()
    p = articles["inclusion_p"].to_numpy()
    by_hand = rows.with_columns(pl.col("human_speaker").alias("speaker"), pl.col("human_stance").alias("stance"))
    weight = 1 / rows["inclusion_p"].to_numpy() if unit == "sentence" else None
    missed, beyond = _beyond(rows, layout, unit, strata[:1] if assumed else strata, assumed=bool(assumed))
    return Gold(
        rows=rows,
        sample=GoldSample(cell, 1 - p if unit == "article" else np.ones(len(cell)), unit, n_sentences, beyond),
        model=sentence_arrays(rows, layout.n_cells, scheme, weight),
        human=sentence_arrays(by_hand, layout.n_cells, scheme, weight),
        whole=articles["whole"].to_numpy(),
        assumed=assumed,
        stated=stated,
        left_out=missed,
        n_unmatched=n_unmatched,
        n_partial=n_partial,
    )


def _check_by_hand(hand: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Refuse a model's own labels, by which it would be right in all sentences."""
    predicted = any(column in hand.columns and hand[column].is_not_null().all() for column in ("speaker_p", "stance_p"))
    same = (pl.col("human_speaker") == pl.col("speaker")) & (pl.col("human_stance") == pl.col("stance"))
    if predicted and rows.height >= CERTAINLY_NOT_ALL_RIGHT and rows.select(same.all()).item():
        raise RowError(
            "gold: these are the model's own labels, with its probabilities",
            expected="labels that a person gave, in a file without speaker_p and stance_p",
            found=f"{rows.height} sentences, all with the labels of the rows",
            hint="`sayso sample` draws what to label by hand",
        )


def _whole_articles(rows: pl.DataFrame, table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Hand-labelled rows with the column `whole`, and the same by cell: is the article labelled from end to end?"""
    sizes = table.group_by("cell").agg(pl.len().alias("n_rows"))
    cells = rows.group_by("cell").agg(pl.len().alias("n_labelled")).join(sizes, on="cell")
    whole = pl.col("n_labelled") >= (1 - MOST_STRAY) * pl.col("n_rows")
    cells = cells.select("cell", whole.alias("whole"))
    return rows.join(cells, on="cell"), cells


def _labelled_whole(hand: pl.DataFrame, strata: pl.DataFrame) -> pl.Series:
    """Ids of the hand-labelled articles that are labelled from end to end, whether or not they count as copies."""
    counts = hand.group_by("article").agg(pl.len().alias("n_labelled")).join(strata, on="article")
    return counts.filter(pl.col("n_labelled") >= (1 - MOST_STRAY) * pl.col("n_sentences"))["article"]


def _only_whole(rows: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """The rows of articles that are labelled from end to end: of the others nobody knows how they were drawn.

    Raises:
        RowError: there are none.
    """
    if not cells["whole"].any():
        raise RowError(
            "gold: no article is labelled from end to end, and nothing says how its sentences were drawn",
            expected="sample_unit (article or sentence) and inclusion_p in every row, or hand labels of whole articles",
            found=f"{rows.height} hand-labelled sentences of {cells.height} articles",
            hint="`sayso sample` writes both columns; articles drawn whole but labelled in part: sample_unit = article",
        )
    return rows.filter("whole")


def _beyond(
    rows: pl.DataFrame, layout: Layout, unit: str, strata: Sequence[tuple[str, pl.DataFrame]], *, assumed: bool
) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """The groups that the sample leaves out, and which cells are of their articles."""
    counted = pl.DataFrame({"article": layout.articles}, schema={"article": pl.String}).unique()
    names: list[str] = []
    articles: set[str] = set()
    for by, groups in strata:
        mine = groups.join(counted, on="article")
        found = left_out(mine, rows, unit, assumed=assumed)
        names += [f"{by} {name}" for name in found]
        articles |= set(mine.filter(pl.col("stratum").is_in(found))["article"])
    return tuple(names), np.array([article in articles for article in layout.articles], bool)


def _unit(hand: pl.DataFrame) -> tuple[str, bool]:
    """What was drawn, and whether the file says so: else articles."""
    found = set(hand["sample_unit"].drop_nulls().unique()) if "sample_unit" in hand.columns else set()
    if len(found) > 1 or not found <= set(UNITS):
        raise RowError(
            "gold: what was drawn?",
            expected="one value in column sample_unit: article or sentence",
            found=", ".join(sorted(found)),
        )
    return (str(found.pop()), True) if found else ("article", False)


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


def _with_probability(
    rows: pl.DataFrame, by: str, strata: pl.DataFrame, unit: str, drawn: pl.Series
) -> tuple[pl.DataFrame, str]:
    """The rows with `inclusion_p`, and the design that is assumed if they had none: for it, `drawn` was drawn."""
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
        return rows, ""
    if unit == "sentence":
        raise RowError(
            "gold: no 'inclusion_p'",
            expected="the probability with which each sentence was drawn",
            hint="`sayso sample` writes it",
        )
    # Copies that do not count were drawn all the same: without them the others would weigh too much.
    assumed = assumed_probabilities(strata, drawn)
    return rows.drop("inclusion_p", strict=False).join(assumed, on="article"), assumption(strata, by)
