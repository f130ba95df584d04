"""How like real news the corpus is: the same measures of both, the gap between them, and what gives ours away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .measures import MEASURES
from .table import Cell, Column, Table
from .telling import Skill, tell_apart
from .views import View

#: Gaps in standard deviations of real articles (Cohen, 1988: small, medium).
LIKE, UNLIKE = 0.2, 0.5
#: Resamples of articles for the intervals of gaps.
N_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Gap:
    """How far ours is from real news in one measure.

    Attributes:
        d: mean of ours less mean of real, over the standard deviation of real articles.
        low: end of its 95 % interval, by resampling the articles of both.
        high: the other end.
    """

    d: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """`like`, `near` or `unlike`, by the size of the gap."""
        if np.isnan(self.d):
            return ""
        return "like" if abs(self.d) < LIKE else "near" if abs(self.d) < UNLIKE else "unlike"


def gap(ours: npt.NDArray[np.float64], real: npt.NDArray[np.float64], seed: int = 0) -> Gap:
    """The gap in one measure.

    Args:
        ours: the measure of our articles, shape (n_ours,); NaN where an article has none.
        real: of real articles, shape (n_real,).
        seed: of the resampling.
    """
    ours, real = ours[~np.isnan(ours)], real[~np.isnan(real)]
    spread = real.std(ddof=1) if len(real) > 1 else 0.0
    if spread == 0.0 or not len(ours):
        return Gap(np.nan, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    means = [rng.choice(values, (N_RESAMPLES, len(values))).mean(axis=1) for values in (ours, real)]
    low, high = np.quantile((means[0] - means[1]) / spread, [0.025, 0.975])
    return Gap(float((ours.mean() - real.mean()) / spread), float(low), float(high))


def compare(
    ours: Mapping[str, Sequence[View]], real: Sequence[View], others: Mapping[str, Sequence[View]], seed: int = 0
) -> Table:
    """One row a measure: its mean in each collection, and the gap of each of ours from real news.

    Args:
        ours: name to articles, such as the first ones and all of them.
        real: the news that ours should be like.
        others: name to articles of other real news, for scale.
        seed: of the resampling.
    """
    columns = [Column("measure, mean of articles", "text"), *(Column(name, "number") for name in (*ours, "real"))]
    columns += [Column(name, "number") for name in others]
    columns += [Column(f"gap of {name}", "text") for name in ours]
    rows: list[tuple[Cell, ...]] = []
    for measure in MEASURES:
        taken = {name: np.array([measure.take(view) for view in views]) for name, views in {**ours, **others}.items()}
        theirs = np.array([measure.take(view) for view in real])
        scale = 100 if measure.kind == "share" else 1
        means = [scale * _mean(values) for values in (*(taken[n] for n in ours), theirs, *(taken[n] for n in others))]
        gaps = [_written(gap(taken[name], theirs, seed)) for name in ours]
        rows.append((measure.name + (", %" if scale == 100 else ""), *means, *gaps))
    return Table(
        "Ours beside real news",
        tuple(columns),
        tuple(rows),
        "Gaps are in standard deviations of real articles, with 95 % intervals by resampling articles: under "
        f"{LIKE} like, under {UNLIKE} near, else unlike.",
    )


def _mean(values: npt.NDArray[np.float64]) -> float:
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else float("nan")


def _written(found: Gap) -> str:
    return f"{found.d:+.2f} [{found.low:+.2f}, {found.high:+.2f}] {found.verdict}" if found.verdict else ""


def tell(pairs: Mapping[str, tuple[Sequence[View], Sequence[View]]], seed: int = 0) -> tuple[Table, Table]:
    """A classifier's skill at telling the two collections of each pair apart, and what it goes by.

    Args:
        pairs: name of the pair to its two collections.
        seed: of the folds.
    """
    skills: list[tuple[str, Skill]] = []
    for name, (first, second) in pairs.items():
        skills += [(name, tell_apart(first, second, features, seed)) for features in ("words", "form")]
    columns = (
        Column("told apart", "text"),
        Column("by", "text"),
        *(Column(c, "number") for c in ("AUC, a sentence", "sd over folds", "AUC, an article")),
    )
    rows = tuple((name, s.features, s.by_sentence, s.by_sentence_sd, s.by_article) for name, s in skills)
    note = (
        "Logistic regression on TF-IDF, 5 folds by article; 0.5 is chance. `words`: one or two words; `form`: function "
        "words, verbs of speech, marks and the shapes of other words, up to three in a row, so no topic."
    )
    told = Table("A classifier's skill at telling one from the other", columns, rows, note)
    shown = tuple(
        (name, s.features, " ".join(f"`{f}`" for f in s.ours), " ".join(f"`{f}`" for f in s.theirs))
        for name, s in skills
    )
    headings = ("told apart", "by", "speaks for the first", "speaks for the second")
    return told, Table("What it goes by", tuple(Column(c, "text") for c in headings), shown)
