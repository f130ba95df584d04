"""Everything the report says, as tables and facts; the writers (page, text, figures) only lay it out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..model.scheme import Scheme
from .confusion import confusion_table, error_tests, scores_table
from .layout import ALL, WIRE_GROUP, WIRE_MODES
from .measures import MEASURES, Measure, measure_named
from .missing import missing_articles
from .pairs import cramers_v
from .resample import MIN_ARTICLES, Estimates, ratio
from .study import Study, corrected_table, differences_table, estimates_table, study_of
from .table import prepared

#: Measures that are compared between groups.
COMPARED = ("speaker", "stance", "asserted", "lean")
#: Columns that only a model's labels have.
PROBABILITIES = ("speaker_p", "stance_p")
#: More groups than this make more pairs than anybody reads: they are not compared.
MOST_GROUPS = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for.

    Attributes:
        by: columns to group by; the first is the report's main one.
        lean: two speakers whose lean is measured, or None.
        wire: how wire copy counts.
        resamples: bootstrap samples.
        seed: of the bootstrap.
    """

    by: tuple[str, ...] = ("outlet",)
    lean: tuple[str, str] | None = None
    wire: str = "once"
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class GoldFacts:
    """The hand-labelled sample in numbers.

    Attributes:
        n_articles: articles with hand labels, among the rows that count.
        n_sentences: sentences with hand labels, likewise.
        unit: `article` or `sentence`: what was drawn.
        assumed: the design that is assumed for want of inclusion probabilities, in words; else empty.
        stated: whether the file says what was drawn.
        left_out: groups that the sample was evidently not drawn from, each with its column.
        n_unmatched: hand-labelled sentences that no counted row has.
        n_partial: sampled articles that are not labelled to the end.
        missing: hand-labelled articles that are not among the rows.
    """

    n_articles: int
    n_sentences: int
    unit: str
    assumed: str
    stated: bool
    left_out: tuple[str, ...]
    n_unmatched: int
    n_partial: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """The findings for one way to group.

    Attributes:
        by: the column.
        groups: names of the groups.
        nested: whether every article lies in one group; a sample can correct nothing where not.
        estimates: rows as of `shares` and, with a sample, of `corrected`, for all measures.
        voices: sentences of every group by speaker and stance.
        differences: rows as of `compare` for the measures in COMPARED; no rows where groups are not compared.
        distances: Cramer's V of speaker for every pair.
        uncompared: why groups are not compared, if they are not.
        scores: how often the model is right (with a sample).
        confusion: human against model labels (with a sample).
        tests: does the model err differently for the groups (with a sample).
        n_copies: articles left out as copies of another one in their group.
        n_outside_total: articles left out of the total of all groups only, as copies of one in another group.
    """

    by: str
    groups: tuple[str, ...]
    nested: bool
    estimates: pl.DataFrame
    voices: pl.DataFrame
    differences: pl.DataFrame
    distances: pl.DataFrame
    uncompared: str | None
    scores: pl.DataFrame | None
    confusion: pl.DataFrame | None
    tests: pl.DataFrame | None
    n_copies: int
    n_outside_total: int

    @property
    def corrected(self) -> bool:
        """Whether any figure is corrected for the model's errors."""
        return "corrected" in self.estimates.columns and self.estimates["corrected"].is_not_null().any()

    @property
    def tested(self) -> bool:
        """Whether any two groups are compared."""
        return "q" in self.differences.columns and bool(self.differences["q"].is_not_null().any())

    @property
    def thin(self) -> tuple[str, ...]:
        """Groups with too few articles for an interval."""
        few = self.estimates.filter((pl.col("measure") == "speaker") & (pl.col("n_articles") < MIN_ARTICLES))
        return tuple(few["group"].unique(maintain_order=True))


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is known about a corpus.

    Attributes:
        scheme: the labels.
        plan: what was asked for.
        rows: all prepared rows, for the reading view.
        views: one for each column of the plan.
        gold: the sample, if there is one.
        wire: speaker shares of the main groups under each way to count wire copy; None where there is none.
    """

    scheme: Scheme
    plan: Plan
    rows: pl.DataFrame
    views: tuple[View, ...]
    gold: GoldFacts | None
    wire: pl.DataFrame | None

    @property
    def predicted(self) -> bool:
        """Whether the rows show that a model labelled them: people's labels have no probabilities."""
        return any(name in self.rows.columns and self.rows[name].is_not_null().any() for name in PROBABILITIES)

    @property
    def main(self) -> View:
        """The view by the plan's first column."""
        return self.views[0]


def find(rows: pl.DataFrame, gold: pl.DataFrame | None, scheme: Scheme, plan: Plan) -> Findings:
    """Measure a corpus.

    Args:
        rows: labelled rows.
        gold: hand-labelled rows of a sample of them, or None.
        scheme: the labels.
        plan: what is asked for.

    Raises:
        RowError: rows, gold rows or the plan are wrong.
        SchemeError: a label is not of the scheme.
    """
    table = prepared(rows, scheme)
    missing = () if gold is None else missing_articles(gold, table)
    studies = [study_of(table, gold, scheme, by, plan.wire, plan.by) for by in plan.by]
    first = studies[0].gold
    facts = None
    if first is not None:
        facts = GoldFacts(
            n_articles=first.rows["article"].n_unique(),
            n_sentences=first.rows.height,
            unit=first.sample.unit,
            assumed=first.assumed,
            stated=first.stated,
            left_out=first.left_out,
            n_unmatched=first.n_unmatched,
            n_partial=first.n_partial,
            missing=missing,
        )
    views = tuple(_view(study, plan) for study in studies)
    return Findings(scheme, plan, table, views, facts, _wire_table(table, scheme, plan))


def _measures(study: Study, plan: Plan) -> list[Measure]:
    measures = [m for m in MEASURES.values() if study.layout.nested or not m.scale.whole_articles]
    return measures if plan.lean is None else [*measures, measure_named("lean", study.scheme, plan.lean)]


def _view(study: Study, plan: Plan) -> View:
    estimates, pairs = [], []
    uncompared = _why_uncompared(study)
    distances = pl.DataFrame()
    for measure in _measures(study, plan):
        table, found = estimates_table(study, measure, plan.resamples, plan.seed)
        right = None
        if study.gold is not None and study.layout.nested and _correctable(study, measure):
            columns, right = corrected_table(study, measure, "coverage")
            table = pl.concat([table, columns.drop("by", "measure", "group", "item")], how="horizontal")
        estimates.append(table)
        if measure.name in COMPARED and uncompared is None:
            pairs.append(differences_table(study, measure, found, right))
        if measure.name == "speaker" and uncompared is None:
            distances = _distances(study, measure, found)
    gold = study.gold if study.layout.nested else None
    return View(
        by=study.by,
        groups=study.layout.groups,
        nested=study.layout.nested,
        estimates=pl.concat(estimates, how="diagonal_relaxed"),
        voices=study.table.group_by("group", "speaker", "stance")
        .agg(pl.len().alias("n_sentences"))
        .sort("group", "speaker", "stance"),
        differences=pl.concat(pairs, how="diagonal_relaxed") if pairs else pl.DataFrame(),
        distances=distances,
        uncompared=uncompared,
        scores=None if gold is None else scores_table(study, gold),
        confusion=None if gold is None else confusion_table(gold),
        tests=None if gold is None else error_tests(study, gold),
        n_copies=study.layout.n_copies,
        n_outside_total=study.layout.n_outside_total,
    )


def _correctable(study: Study, measure: Measure) -> bool:
    return study.gold is not None and study.gold.corrects(measure)


def _why_uncompared(study: Study) -> str | None:
    n_groups = len(study.layout.groups)
    if n_groups < 2:
        return "there is one group only"
    if not study.layout.nested:
        return "one article lies in several groups, so that they are not independent"
    if n_groups > MOST_GROUPS:
        return f"{n_groups} groups make {n_groups * (n_groups - 1) // 2} pairs; at most {MOST_GROUPS} are compared"
    return None


def _distances(study: Study, measure: Measure, found: Estimates) -> pl.DataFrame:
    """Cramer's V between the speaker distributions of every pair, by the model's labels."""
    totals = measure.count(study.data)
    counts = np.zeros((len(study.layout.groups), len(totals.items)))
    np.add.at(counts, study.layout.group, totals.y)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = found.se[:-1] ** 2 / (found.value[:-1] * (1 - found.value[:-1]) / found.n_units[:-1])
    # A group's mean design effect over the speakers that have one; nan where none has (too few articles).
    known = effect > 0
    effect = ratio(np.where(known, effect, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))
    n_effective = np.where(np.isfinite(effect), counts.sum(axis=1) / effect, 0.0)
    v, bias_corrected = cramers_v(counts, n_effective)
    first, second = np.triu_indices(len(counts), 1)
    names = np.array(study.layout.groups)
    return pl.DataFrame(
        {
            "by": [study.by] * len(first),
            "group": names[first].tolist(),
            "versus": names[second].tolist(),
            "cramers_v": v,
            "cramers_v_bias_corrected": np.where(
                np.minimum(n_effective[first], n_effective[second]) > 0, bias_corrected, np.nan
            ),
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _wire_table(table: pl.DataFrame, scheme: Scheme, plan: Plan) -> pl.DataFrame | None:
    """Speaker shares with wire copy counted once, apart and every time; None if no story has copies."""
    stories = table.filter(pl.col("cluster").is_not_null()).group_by("cluster").agg(pl.col("article").n_unique())
    if stories.filter(pl.col("article") > 1).height == 0:
        return None
    parts = []
    for mode in WIRE_MODES:
        study = study_of(table, None, scheme, plan.by[0], mode)
        found, _ = estimates_table(study, MEASURES["speaker"], plan.resamples, plan.seed)
        columns = ("group", "item", "n_articles", "estimate", "low", "high")
        parts.append(found.select(pl.lit(mode).alias("wire"), *columns))
    return pl.concat(parts)


__all__ = ["ALL", "WIRE_GROUP", "Findings", "GoldFacts", "Plan", "View", "find"]
