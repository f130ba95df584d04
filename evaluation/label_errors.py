"""Gold labels that are probably wrong, by confident learning.

Northcutt, Jiang and Chuang (2021) Confident Learning, JAIR 70:1373: a sentence counts as label j if its probability of
j is at least the mean probability of j among the sentences labelled j; sentences that count as another label than
their own (the off-diagonal of the confident joint) are suspects. The probabilities must come from a model that has not
learned from these labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model.scheme import Scheme
from .judge import Judged


@dataclass(frozen=True, slots=True)
class Suspect:
    """A gold label that is probably wrong.

    Attributes:
        head: `speaker` or `stance`.
        given: the gold label.
        likely: the label that the sentence counts as.
        margin: probability of the likely label less that of the given one, 0 to 1.
    """

    head: str
    given: str
    likely: str
    margin: float


def suspects(judged: Sequence[Judged], scheme: Scheme) -> dict[tuple[int, int], list[Suspect]]:
    """Suspect gold labels by (number of the article, number of the row in it); {} where there are no probabilities.

    Articles whose gold names no speakers have no suspect speakers, and no say in which of the others' are.
    """
    found: dict[tuple[int, int], list[Suspect]] = {}
    for head in ("speaker", "stance"):
        labels = scheme.speaker_ids if head == "speaker" else scheme.stance_ids
        known = [(i, j) for i, j in enumerate(judged) if head == "stance" or j.gold.knows_speakers]
        places = [(i, k) for i, j in known for k in range(len(j.predicted))]
        p = _probabilities([j for _, j in known], head, labels)
        if p is None:
            continue
        given = np.array([labels.index(getattr(row, head)) for _, j in known for row in j.gold.rows], np.int64)
        likely = confident_labels(given, p)
        for n in np.flatnonzero(likely != given):
            margin = float(p[n, likely[n]] - p[n, given[n]])
            suspect = Suspect(head, labels[given[n]], labels[likely[n]], round(margin, 4))
            found.setdefault(places[n], []).append(suspect)
    return found


def _probabilities(judged: Sequence[Judged], head: str, labels: Sequence[str]) -> NDArray[np.float64] | None:
    """(n_sentences, n_labels); None where a row has none."""
    rows = [row.probabilities for j in judged for row in j.predicted]
    known = [row for row in rows if row is not None]
    if len(known) < len(rows) or not rows:
        return None
    return np.array([[row[head][label] for label in labels] for row in known])


def confident_labels(given: NDArray[np.int64], p: NDArray[np.float64]) -> NDArray[np.int64]:
    """What each sentence confidently counts as; its own label where it counts as none.

    Args:
        given: (n,) gold label numbers.
        p: (n, n_labels) probabilities, rows summing to 1.

    Returns:
        (n,) label numbers. Of several labels whose threshold is reached, the most probable one.
    """
    n_labels = p.shape[1]
    thresholds = np.array([p[given == j, j].mean() if (given == j).any() else np.inf for j in range(n_labels)])
    reached = np.where(p >= thresholds, p, -1.0)
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), given).astype(np.int64)
