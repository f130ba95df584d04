"""What abstaining buys: error against coverage (El-Yaniv and Wiener (2010) JMLR 11:1605)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .judge import Judged

#: Shares of the sentences that are kept, from all of them down.
COVERAGES = tuple(round(1 - 0.05 * i, 2) for i in range(20))


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What happens when only the most certain sentences are kept.

    Attributes:
        coverage: share of the sentences that are kept, 0 to 1.
        min_confidence: the least certainty among them; `sayso label --min-confidence` takes it.
        risk: share of the kept ones with a wrong label (either, or the stance where gold names no speakers), 0 to 1.
    """

    coverage: float
    min_confidence: float
    risk: float


def risk_coverage(judged: Sequence[Judged]) -> tuple[RiskPoint, ...]:
    """Points of the curve, at the COVERAGES that keep a sentence; () where predictions have no probabilities.

    A sentence is as certain as its less certain label. Sentences of equal certainty are kept or left together, so that
    a point may keep more than its share.
    """
    with_speaker = all(j.gold.knows_speakers for j in judged)
    sure, wrong = [], []
    for j in judged:
        for gold, row in zip(j.gold.rows, j.predicted, strict=True):
            if row.speaker_p is None or row.stance_p is None:
                return ()
            sure.append(min(row.speaker_p, row.stance_p) if with_speaker else row.stance_p)
            wrong.append(row.stance != gold.stance or (with_speaker and row.speaker != gold.speaker))
    certainty, errors = np.array(sure), np.array(wrong, dtype=bool)
    points: dict[float, RiskPoint] = {}
    for share in COVERAGES:
        n_kept = round(share * len(certainty))
        if n_kept == 0:
            continue
        threshold = float(np.sort(certainty)[-n_kept])
        kept = certainty >= threshold
        points.setdefault(threshold, RiskPoint(float(kept.mean()), threshold, float(errors[kept].mean())))
    return tuple(points.values())
