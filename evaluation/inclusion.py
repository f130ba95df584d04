"""Gold drawn with unequal probabilities: what its figures say, and shares weighted to the corpus that it came from.

`sayso sample --equal` and `--uncertain` draw some sentences more often than others. A share among what was drawn is
then not the corpus's; the ratio of the sums weighted by 1 / `inclusion_p` estimates it (Hajek, 1971).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..model.records import LabelledSentence, probability
from .resample import Interval, Resampler, article_sums
from .scores import Floats, Ints, shares

#: Probabilities that differ by less are the same, written with fewer digits.
_ROUNDING = 1e-6
_AS_DRAWN = (
    "drawn with unequal probabilities (column inclusion_p): figures are of the sample as drawn, not of the corpus"
)
_FRAME = "`sayso frame --gold` corrects a study's own figures"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """How gold was drawn, where its sentences were drawn with unequal probabilities.

    Attributes:
        note: what that means for the figures.
        weighted: estimates for the corpus: accuracy of each head by its name, and `both` for the share of sentences
            with both labels right; {} where some sentences have no probability.
    """

    note: str
    weighted: dict[str, Interval]


def inclusion_of(row: LabelledSentence) -> float | None:
    """The probability with which a row was drawn, None where it does not say.

    Raises:
        RowError: it is no probability.
    """
    where = f"sentence {row.sentence} of article {row.article!r}"
    expected = "a probability, more than 0, at most 1"
    return probability(row.extra.get("inclusion_p"), "inclusion_p", where, expected=expected, zero=False)


def inclusion(
    rows: Sequence[LabelledSentence], right: Mapping[str, Floats], article: Ints, resampler: Resampler
) -> Inclusion | None:
    """How gold was drawn; None where it does not say, or all its sentences were drawn with one probability.

    Args:
        rows: gold rows.
        right: (n_rows,) 1 where a figure counts the row as right, else 0, by the figure's name.
        article: (n_rows,) number of the row's article.
        resampler: of these articles.
    """
    found = [inclusion_of(row) for row in rows]
    known = [p for p in found if p is not None]
    if not known:
        return None
    if len(known) < len(found):
        lacking = f"{len(found) - len(known)} of {len(found)} sentences have no inclusion_p"
        return Inclusion(f"{_AS_DRAWN}; {lacking}; {_FRAME}", {})
    if max(known) - min(known) < _ROUNDING:
        return None
    weights = 1 / np.array(known)
    weighted = {}
    for name, hits in right.items():
        counts = article_sums(np.stack([weights * hits, weights], axis=1), article, resampler.n_articles)
        weighted[name] = resampler.interval(counts, shares)
    return Inclusion(f"{_AS_DRAWN}, but for the shares weighted by 1 / inclusion_p; {_FRAME}", weighted)
