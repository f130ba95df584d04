"""Everything that is said of a model on gold articles, as frozen records."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .inclusion import Inclusion
from .resample import Interval
from .risk import RiskPoint
from .spans import SpanScore


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """One label's precision, recall and F1, 0 to 1, and how often gold and prediction have it."""

    label: str
    precision: Interval
    recall: Interval
    f1: Interval
    n_gold: int
    n_predicted: int


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """The sentences whose label was given a probability between `low` and `high`.

    Attributes:
        low: lower bound.
        high: upper bound, not in the bin itself, except 1.
        n: sentences.
        confidence: their mean probability; 0 in an empty bin.
        accuracy: the share of them whose label is right; 0 in an empty bin.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class HeadScores:
    """One head's scores.

    Attributes:
        head: `speaker`, `stance` or `attributed`.
        labels: in the scheme's order.
        macro_f1: mean F1 over the labels in gold or prediction, 0 to 1.
        accuracy: share of right labels, 0 to 1.
        by_label: labels in gold or prediction.
        confusion: counts, gold by row, prediction by column.
        calibration_error: mean distance of confidence and accuracy over 10 bins, 0 to 1; None without probabilities.
        bins: what the calibration error was computed from; () without probabilities.
    """

    head: str
    labels: tuple[str, ...]
    macro_f1: Interval
    accuracy: Interval
    by_label: tuple[LabelFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration_error: Interval | None
    bins: tuple[CalibrationBin, ...]


@dataclass(frozen=True, slots=True)
class GroupScores:
    """The main figures of one group of articles: an outlet's, or a collection's.

    Attributes:
        kind: `outlet` or `gold`.
        name: of the group.
        n_articles: in it.
        n_sentences: in it.
        figures: macro-F1 by head, and `both` for the share of sentences with both labels right.
    """

    kind: str
    name: str
    n_articles: int
    n_sentences: int
    figures: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All scores of a model on gold articles.

    Attributes:
        n_articles: scored.
        n_sentences: scored.
        heads: `speaker` (only where gold names speakers), `stance`, `attributed`.
        both_right: share of sentences whose speaker and stance are both right; None where gold names no speakers.
        groups: by outlet and by collection, where there are at least two.
        inclusion: how gold was drawn, where that was with unequal probabilities; None otherwise.
        risk_coverage: what abstaining on the least certain sentences buys; () without probabilities.
        spans: sources, cues and contents against gold spans; () where gold has none.
        n_resamples: samples of articles behind the intervals.
        seed: of the samples.
    """

    n_articles: int
    n_sentences: int
    heads: tuple[HeadScores, ...]
    both_right: Interval | None
    groups: tuple[GroupScores, ...]
    inclusion: Inclusion | None
    risk_coverage: tuple[RiskPoint, ...]
    spans: tuple[SpanScore, ...]
    n_resamples: int
    seed: int

    def head(self, name: str) -> HeadScores:
        """The scores of a head.

        Raises:
            KeyError: it was not scored.
        """
        for scores in self.heads:
            if scores.head == name:
                return scores
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; figures are rounded to 4 places, those that are not defined are None."""
        plain: dict[str, Any] = asdict(self, dict_factory=_plain)
        return plain


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(items)
    if set(values) == {"value", "low", "high"}:
        return dict(Interval(**values).to_dict())
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in items}
