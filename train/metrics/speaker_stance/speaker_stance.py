"""Speaker and stance against gold, as an `evaluate` module: `evaluate.load("train/metrics/speaker_stance")`.

The library copies this file elsewhere before it runs it, so it imports the package by its full name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import evaluate
import numpy as np

from sayso.evaluation.scores import confusion, macro_f1

_DESCRIPTION = "Macro-F1 of speaker and of stance, and the share of sentences with both right, all 0 to 1."
_INPUTS = "predictions, references: one {'speaker': id, 'stance': id} a sentence, in the same order."


class SpeakerStance(evaluate.Metric):  # type: ignore[misc]
    """Macro-F1 over the labels in gold or prediction, as scikit-learn's `f1_score(average="macro")`."""

    def _info(self) -> Any:
        labels = {"speaker": datasets.Value("string"), "stance": datasets.Value("string")}
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": labels, "references": labels}),
        )

    def _compute(
        self, predictions: Sequence[Mapping[str, str]], references: Sequence[Mapping[str, str]]
    ) -> dict[str, float]:
        figures = {f"{head}_macro_f1": _macro_f1(predictions, references, head) for head in ("speaker", "stance")}
        n_right = sum(dict(p) == dict(r) for p, r in zip(predictions, references, strict=True))
        return figures | {"both_right": n_right / max(1, len(references))}


def _macro_f1(predictions: Sequence[Mapping[str, str]], references: Sequence[Mapping[str, str]], head: str) -> float:
    labels = sorted({row[head] for row in (*predictions, *references)})
    gold, predicted = (
        np.array([labels.index(row[head]) for row in rows], np.int64) for rows in (references, predictions)
    )
    return macro_f1(confusion(gold, predicted, len(labels)))
